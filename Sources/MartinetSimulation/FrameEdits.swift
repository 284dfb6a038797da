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
    let version = UInt16(bytes.bytes.uint8(at: start)) << 8
    bytes.store(old | 3, at: start + 1)
    replace(version | UInt16(old), with: version | UInt16(old | 3), &bytes, from: start)
    return true
  }

  /// Accounts for a changed word in the checksum of the IPv4 header that begins at `start`.
  private static func replace(_ old: UInt16, with new: UInt16, _ bytes: inout MutableRawSpan, from start: Int) {
    let checksum = bytes.bytes.uint16(at: start + 10)
    bytes.store(Checksum.update(checksum, replacing: old, with: new), at: start + 10)
  }

  /// Takes one from the TTL or the hop limit of the IP packet that `bytes` holds.
  static func countHop(_ bytes: inout MutableRawSpan) {
    if bytes.bytes.uint8(at: 0) >> 4 == 6 {
      bytes.store(bytes.bytes.uint8(at: 7) &- 1, at: 7)
    } else {
      let old = bytes.bytes.uint16(at: 8)
      bytes.store(old &- 0x100, at: 8)
      replace(old, with: old &- 0x100, &bytes, from: 0)
    }
  }

  private static func markIPv6(_ bytes: inout MutableRawSpan, from start: Int) -> Bool {
    let old = bytes.bytes.uint8(at: start + 1)
    let codepoint = (old >> 4) & 3
    guard codepoint == 1 || codepoint == 2 else { return false }
    bytes.store(old | 0x30, at: start + 1)
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
      bytes.store(bytes.bytes.uint8(at: place) ^ (0x80 >> UInt8(bit % 8)), at: place)
    }
  }
}
