/// The Internet checksum of RFC 1071: a one's complement sum of 16-bit words that is fed in pieces of any length.
@frozen
public struct Checksum: Sendable {
  /// The words as they lie in memory: the sum does not depend on byte order (RFC 1071 section 2), so that it is turned
  /// once, at the end.
  @usableFromInline var sum: UInt64 = 0
  /// Whether an odd number of octets has been added: the next one is the lower half of its word.
  @usableFromInline var isOdd = false

  @inlinable
  public init() {}

  /// Adds the next octets.
  @inline(__always)
  public mutating func add(_ bytes: RawSpan) {
    let words = Checksum.sumOfWords(bytes)
    // Less than 2^38 each: no packet has so many runs that they overflow.
    sum &+= isOdd ? UInt64(Checksum.fold(words).byteSwapped) : words
    if bytes.byteCount & 1 == 1 { isOdd.toggle() }
  }

  /// Adds the octets of `bytes` from `start` on.
  mutating func add(_ bytes: [UInt8], from start: Int) {
    add(unsafe bytes.span.bytes.extracting(start..<bytes.count))
  }

  /// Adds a word, which must begin at an even octet of what is summed.
  @inlinable
  public mutating func add(word: UInt16) {
    sum &+= UInt64(word.bigEndian)
  }

  /// Adds the two words of a 32-bit number, which must begin at an even octet of what is summed.
  @inlinable
  public mutating func add(doubleWord: UInt32) {
    sum &+= UInt64(doubleWord.bigEndian)
  }

  /// Adds the four words of a 64-bit number, which must begin at an even octet of what is summed.
  @inlinable
  public mutating func add(quadWord: UInt64) {
    let words = quadWord.bigEndian
    sum &+= (words & 0xFFFF_FFFF) &+ (words >> 32)
  }

  /// Adds an IP address, which must begin at an even octet of what is summed.
  @inlinable
  public mutating func add(_ address: IPAddress) {
    switch address {
    case .v4(let address):
      add(doubleWord: address.rawValue)
    case .v6(let address):
      add(doubleWord: UInt32(truncatingIfNeeded: address.high >> 32))
      add(doubleWord: UInt32(truncatingIfNeeded: address.high))
      add(doubleWord: UInt32(truncatingIfNeeded: address.low >> 32))
      add(doubleWord: UInt32(truncatingIfNeeded: address.low))
    }
  }

  /// Adds the pseudo-header of RFC 9293 section 3.1 or of RFC 8200 section 8.1: their sums only differ in the addresses.
  @inlinable
  public mutating func addPseudoHeader(
    source: IPAddress, destination: IPAddress, protocolNumber: UInt8, length: Int
  ) {
    add(source)
    add(destination)
    add(word: UInt16(protocolNumber))
    add(doubleWord: UInt32(truncatingIfNeeded: length))
  }

  /// The sum as 16 bits, not complemented: what a link that completes checksums finds in the field.
  @inlinable
  public var folded: UInt16 {
    UInt16(bigEndian: Checksum.fold(sum))
  }

  /// The checksum: the complement of the sum. Zero over a header or segment whose checksum field is right.
  @inlinable
  public func finish() -> UInt16 {
    ~folded
  }

  /// The checksum over `bytes` alone.
  public static func of(_ bytes: RawSpan) -> UInt16 {
    var sum = Checksum()
    sum.add(bytes)
    return sum.finish()
  }

  /// A checksum after one word of what it covers has changed (RFC 1624 section 3, equation 3).
  @inlinable
  public static func update(_ checksum: UInt16, replacing old: UInt16, with new: UInt16) -> UInt16 {
    let sum = UInt32(~checksum) &+ UInt32(~old) &+ UInt32(new)
    return ~UInt16(truncatingIfNeeded: fold(UInt64(sum)))
  }

  /// The sum with its carries added at the bottom until it fits into 16 bits.
  @inlinable
  static func fold(_ sum: UInt64) -> UInt16 {
    // The upper half of a number and itself turned by half is the sum of its halves, with the carry of that added at the bottom.
    let half = UInt32(truncatingIfNeeded: (sum &+ (sum &<< 32 | sum &>> 32)) &>> 32)
    return UInt16(truncatingIfNeeded: (half &+ (half &<< 16 | half &>> 16)) &>> 16)
  }

  /// The sum of the words of `bytes` as they lie in memory, padded with zero octets and folded as far as 64 bits.
  ///
  /// Words of 64 bits are added in chains: each addition takes the carry of the one before, so that eight octets cost one instruction. A chain
  /// begins anew with every round of the loop, which lets a processor work at several rounds at once.
  @inline(__always)
  static func sumOfWords(_ bytes: RawSpan) -> UInt64 {
    unsafe bytes.withUnsafeBytes { buffer in
      guard var place = buffer.baseAddress else { return 0 }
      var missing = buffer.count
      var sum: UInt64 = 0
      var carries: UInt64 = 0
      while missing >= 64 {
        var carry: UInt64 = 0
        var chain = unsafe word(at: place)
        chain = add(chain, unsafe word(at: place + 8), &carry)
        chain = add(chain, unsafe word(at: place + 16), &carry)
        chain = add(chain, unsafe word(at: place + 24), &carry)
        chain = add(chain, unsafe word(at: place + 32), &carry)
        chain = add(chain, unsafe word(at: place + 40), &carry)
        chain = add(chain, unsafe word(at: place + 48), &carry)
        chain = add(chain, unsafe word(at: place + 56), &carry)
        sum = add(sum, chain, &carry)
        carries &+= carry
        unsafe place += 64
        missing &-= 64
      }
      if missing >= 32 {
        var carry: UInt64 = 0
        sum = add(sum, unsafe word(at: place), &carry)
        sum = add(sum, unsafe word(at: place + 8), &carry)
        sum = add(sum, unsafe word(at: place + 16), &carry)
        sum = add(sum, unsafe word(at: place + 24), &carry)
        carries &+= carry
        unsafe place += 32
        missing &-= 32
      }
      while missing >= 8 {
        let (next, overflow) = sum.addingReportingOverflow(unsafe word(at: place))
        sum = next
        carries &+= overflow ? 1 : 0
        unsafe place += 8
        missing &-= 8
      }
      return (sum & 0xFFFF_FFFF) &+ (sum >> 32) &+ carries &+ (unsafe lastWord(at: place, octets: missing))
    }
  }

  /// The sum of two words and a carry, and its own carry.
  @inline(__always)
  private static func add(_ one: UInt64, _ other: UInt64, _ carry: inout UInt64) -> UInt64 {
    let (partial, overflow) = one.addingReportingOverflow(other)
    let (sum, again) = partial.addingReportingOverflow(carry)
    carry = (overflow ? 1 : 0) | (again ? 1 : 0)
    return sum
  }

  @unsafe @inline(__always)
  private static func word(at place: UnsafeRawPointer) -> UInt64 { unsafe place.loadUnaligned(as: UInt64.self) }

  /// The sum of the words of the last octets, fewer than eight.
  @unsafe @inline(__always)
  private static func lastWord(at place: UnsafeRawPointer, octets: Int) -> UInt64 {
    var sum: UInt64 = 0
    var offset = 0
    if octets & 4 != 0 {
      sum = UInt64(unsafe place.loadUnaligned(as: UInt32.self))
      offset = 4
    }
    if octets & 2 != 0 {
      sum &+= UInt64(unsafe place.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
      offset &+= 2
    }
    if octets & 1 != 0 {
      let last = UInt16(unsafe place.loadUnaligned(fromByteOffset: offset, as: UInt8.self)) << 8
      sum &+= UInt64(last.bigEndian)
    }
    return sum
  }
}
