/// A key of SipHash.
struct SipKey {
  var k0: UInt64
  var k1: UInt64
}

/// SipHash-2-4: a keyed hash whose values nobody without the key can foresee or make collide.
///
/// It works on 64-bit words; for octets, eight of them in little-endian order make a word.
package struct SipHash {
  private var v0: UInt64
  private var v1: UInt64
  private var v2: UInt64
  private var v3: UInt64
  private var words: UInt64 = 0

  package init(k0: UInt64, k1: UInt64) {
    v0 = k0 ^ 0x736F_6D65_7073_6575
    v1 = k1 ^ 0x646F_7261_6E64_6F6D
    v2 = k0 ^ 0x6C79_6765_6E65_7261
    v3 = k1 ^ 0x7465_6462_7974_6573
  }

  init(_ key: SipKey) { self.init(k0: key.k0, k1: key.k1) }

  /// Takes in one word.
  @inline(__always)
  package mutating func add(_ word: UInt64) {
    words &+= 1
    absorb(word)
  }

  /// The hash of all words and of the `count` octets (0 to 7) in `tail`, the first of them least significant.
  @inline(__always)
  package mutating func finish(tail: UInt64 = 0, count: UInt64 = 0) -> UInt64 {
    absorb((words &* 8 &+ count) << 56 | tail)
    v2 ^= 0xFF
    round()
    round()
    round()
    round()
    return v0 ^ v1 ^ v2 ^ v3
  }

  @inline(__always)
  private mutating func absorb(_ word: UInt64) {
    v3 ^= word
    round()
    round()
    v0 ^= word
  }

  @inline(__always)
  private mutating func round() {
    v0 = v0 &+ v1
    v1 = SipHash.rotate(v1, 13) ^ v0
    v0 = SipHash.rotate(v0, 32)
    v2 = v2 &+ v3
    v3 = SipHash.rotate(v3, 16) ^ v2
    v0 = v0 &+ v3
    v3 = SipHash.rotate(v3, 21) ^ v0
    v2 = v2 &+ v1
    v1 = SipHash.rotate(v1, 17) ^ v2
    v2 = SipHash.rotate(v2, 32)
  }

  @inline(__always)
  private static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 {
    word << count | word >> (64 &- count)
  }
}
