import MartinetWire

/// An endless stream of octets made from a seed, of which every place can be computed by itself: what a sender sends and a
/// receiver compares with.
public struct Pattern: Equatable, Sendable {
  private let key: UInt64

  public init(seed: UInt64) {
    var chance = RandomStream(seed: seed, purpose: .payload, index: 0)
    key = chance.next()
  }

  private func word(_ index: UInt64) -> UInt64 {
    RandomStream.mixed(key &+ index &* RandomStream.increment)
  }

  /// The octet at `position`.
  public func octet(at position: UInt64) -> UInt8 {
    UInt8(truncatingIfNeeded: word(position / 8) >> (56 - (position % 8) * 8))
  }

  /// Writes the octets from `position` on into all of `target`.
  public func fill(_ target: inout MutableRawSpan, from position: UInt64) {
    var offset = 0
    let count = target.byteCount
    while offset < count && (position + UInt64(offset)) % 8 != 0 {
      target.store(octet(at: position + UInt64(offset)), at: offset)
      offset += 1
    }
    while offset + 8 <= count {
      target.store(word((position + UInt64(offset)) / 8), at: offset)
      offset += 8
    }
    while offset < count {
      target.store(octet(at: position + UInt64(offset)), at: offset)
      offset += 1
    }
  }

  /// How many octets at the beginning of `bytes` are those of the pattern from `position` on.
  public func matchingPrefix(of bytes: RawSpan, from position: UInt64) -> Int {
    var offset = 0
    let count = bytes.byteCount
    while offset < count {
      let place = position + UInt64(offset)
      if place % 8 == 0 && offset + 8 <= count && bytes.uint64(at: offset) == word(place / 8) {
        offset += 8
      } else if bytes.uint8(at: offset) == octet(at: place) {
        offset += 1
      } else {
        break
      }
    }
    return offset
  }
}

/// A 64-bit sum of octets and numbers (FNV-1a) that tells two runs apart. It is no protection against anybody.
public struct Digest: Equatable, Sendable {
  public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  public init() {}

  public mutating func add(_ bytes: RawSpan) {
    for offset in 0..<bytes.byteCount {
      value = (value ^ UInt64(bytes.uint8(at: offset))) &* 0x100_0000_01B3
    }
  }

  public mutating func add(_ number: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      value = (value ^ (number >> shift & 0xFF)) &* 0x100_0000_01B3
    }
  }
}
