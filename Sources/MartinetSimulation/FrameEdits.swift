import MartinetWire

/// What a wire does to the octets of a frame.
enum FrameEdits {
  /// Turns an ECN-capable IP packet that begins at `start` into one that has met congestion (RFC 3168 section 5); false if it is not
  /// ECN-capable or not IP.
  static func markCongestion(_ bytes: inout MutableRawSpan, from start: Int) -> Bool {
    guard bytes.byteCount >= start + 20 else { return false }
    switch bytes.bytes.uint8(at: start) >> 4 {
    case 4: return markIPv4(&bytes, from: start)
    case 6: return markIPv6(&bytes, from: start)
    default: return false
    }
  }

  private static func markIPv4(_ bytes: inout MutableRawSpan, from start: Int) -> Bool {
    let old = bytes.bytes.uint8(at: start + 1)
    guard old & 3 == 1 || old & 3 == 2 else { return false }
    bytes.storeBytes(of: old | 3, toByteOffset: start + 1, as: UInt8.self)
    let added = UInt32((old | 3) - old)
    // The traffic class is the low octet of its word: HC' = ~(~HC + ~m + m') of RFC 1624 section 3, where ~m + m' adds the
    // difference.
    let checksum = UInt32(bytes.bytes.uint8(at: start + 10)) << 8 | UInt32(bytes.bytes.uint8(at: start + 11))
    var sum = (~checksum & 0xFFFF) + added
    sum = (sum & 0xFFFF) + (sum >> 16)
    let result = UInt16(truncatingIfNeeded: ~sum)
    bytes.storeBytes(of: UInt8(result >> 8), toByteOffset: start + 10, as: UInt8.self)
    bytes.storeBytes(of: UInt8(result & 0xFF), toByteOffset: start + 11, as: UInt8.self)
    return true
  }

  private static func markIPv6(_ bytes: inout MutableRawSpan, from start: Int) -> Bool {
    let old = bytes.bytes.uint8(at: start + 1)
    let codepoint = (old >> 4) & 3
    guard codepoint == 1 || codepoint == 2 else { return false }
    bytes.storeBytes(of: old | 0x30, toByteOffset: start + 1, as: UInt8.self)
    return true
  }

  /// Flips `count` bits at places that `lot` chooses, behind the first `start` octets.
  static func flipBits(_ bytes: inout MutableRawSpan, from start: Int, count: Int, lot: Lot) {
    let bits = (bytes.byteCount - start) * 8
    guard bits > 0 else { return }
    var chance = lot.number(for: .corruptedBits)
    for _ in 0..<count {
      chance = RandomStream.mixed(chance &+ RandomStream.increment)
      let bit = Int(chance.multipliedFullWidth(by: UInt64(bits)).high)
      let place = start + bit / 8
      bytes.storeBytes(of: bytes.bytes.uint8(at: place) ^ (0x80 >> UInt8(bit % 8)), toByteOffset: place, as: UInt8.self)
    }
  }
}
