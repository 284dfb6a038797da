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
  public mutating func add(_ bytes: RawSpan) {
    let part = Checksum.fold(Checksum.sumOfWords(bytes))
    sum &+= UInt64(isOdd ? part.byteSwapped : part)
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
    var value = (sum & 0xFFFF_FFFF) &+ (sum >> 32)
    value = (value & 0xFFFF) &+ (value >> 16)
    value = (value & 0xFFFF) &+ (value >> 16)
    value = (value & 0xFFFF) &+ (value >> 16)
    return UInt16(truncatingIfNeeded: value)
  }

  /// The sum of the words of `bytes` as they lie in memory, padded with zero octets and folded as far as 64 bits. Words of 64 bits in a sum of 128
  /// keep their carries: an addition and one of its carry for eight octets.
  @usableFromInline
  static func sumOfWords(_ bytes: RawSpan) -> UInt64 {
    unsafe bytes.withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress else { return 0 }
      let count = buffer.count
      var sum: UInt128 = 0
      var offset = 0
      while offset &+ 32 <= count {
        sum &+= UInt128(unsafe base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        sum &+= UInt128(unsafe base.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self))
        sum &+= UInt128(unsafe base.loadUnaligned(fromByteOffset: offset &+ 16, as: UInt64.self))
        sum &+= UInt128(unsafe base.loadUnaligned(fromByteOffset: offset &+ 24, as: UInt64.self))
        offset &+= 32
      }
      while offset &+ 4 <= count {
        sum &+= UInt128(unsafe base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        offset &+= 4
      }
      if count & 2 != 0 {
        sum &+= UInt128(unsafe base.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        offset &+= 2
      }
      if count & 1 != 0 {
        let last = UInt16(unsafe base.loadUnaligned(fromByteOffset: offset, as: UInt8.self)) << 8
        sum &+= UInt128(last.bigEndian)
      }
      let low = UInt64(truncatingIfNeeded: sum)
      return (low & 0xFFFF_FFFF) &+ (low >> 32) &+ UInt64(truncatingIfNeeded: sum >> 64)
    }
  }
}
