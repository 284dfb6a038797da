/// A sequence number: a position in the 32-bit circle that RFC 9293 section 3.4 counts octets on.
///
/// Two sequence numbers have no `<`: on a circle each is before the other. One asks whether a number lies in a
/// ``SequenceRange``, or which of two numbers that are less than 2^31 apart comes first.
@frozen
public struct SequenceNumber: Equatable, Sendable {
  /// The number as it stands in the header.
  public let rawValue: UInt32

  @inlinable
  public init(_ rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// The number `octets` further on, modulo 2^32.
  @inlinable
  public static func + (number: SequenceNumber, octets: Int) -> SequenceNumber {
    SequenceNumber(number.rawValue &+ UInt32(truncatingIfNeeded: octets))
  }

  /// The number `octets` further back, modulo 2^32.
  @inlinable
  public static func - (number: SequenceNumber, octets: Int) -> SequenceNumber {
    SequenceNumber(number.rawValue &- UInt32(truncatingIfNeeded: octets))
  }

  @inlinable
  public static func += (number: inout SequenceNumber, octets: Int) {
    number = number + octets
  }

  /// The signed way from `origin` to this number, between -2^31 and 2^31 - 1: the comparison that RFC 9293
  /// section 3.4 asks for, correct as long as the two are less than 2^31 apart.
  @inlinable
  public func distance(from origin: SequenceNumber) -> Int {
    Int(Int32(bitPattern: rawValue &- origin.rawValue))
  }

  /// Whether this number comes after `other` within half the circle.
  @inlinable
  public func isAfter(_ other: SequenceNumber) -> Bool {
    distance(from: other) > 0
  }

  /// Whether this number is `other` or comes after it within half the circle.
  @inlinable
  public func isAtOrAfter(_ other: SequenceNumber) -> Bool {
    distance(from: other) >= 0
  }

  /// Whether this number comes before `other` within half the circle.
  @inlinable
  public func isBefore(_ other: SequenceNumber) -> Bool {
    distance(from: other) < 0
  }

  /// The later of two numbers less than 2^31 apart.
  @inlinable
  public static func later(_ one: SequenceNumber, _ other: SequenceNumber) -> SequenceNumber {
    one.isAfter(other) ? one : other
  }

  /// The earlier of two numbers less than 2^31 apart.
  @inlinable
  public static func earlier(_ one: SequenceNumber, _ other: SequenceNumber) -> SequenceNumber {
    one.isBefore(other) ? one : other
  }
}

/// A half-open run of sequence numbers: `lower` belongs to it, `upper` does not.
@frozen
public struct SequenceRange: Equatable, Sendable {
  public var lower: SequenceNumber
  public var upper: SequenceNumber

  /// The numbers from `lower` up to, and without, `upper`.
  @inlinable
  public init(from lower: SequenceNumber, upTo upper: SequenceNumber) {
    self.lower = lower
    self.upper = upper
  }

  /// The `count` numbers from `lower` on.
  @inlinable
  public init(from lower: SequenceNumber, count: Int) {
    self.lower = lower
    self.upper = lower + count
  }

  /// How many numbers the range holds: 0 to 2^32 - 1, or to the largest `Int` where that is less.
  @inlinable
  public var count: Int {
    Int(clamping: upper.rawValue &- lower.rawValue)
  }

  @inlinable
  public var isEmpty: Bool {
    lower == upper
  }

  /// Whether `number` is in the range: `lower =< number < upper`.
  @inlinable
  public func contains(_ number: SequenceNumber) -> Bool {
    number.rawValue &- lower.rawValue < upper.rawValue &- lower.rawValue
  }

  /// Whether `number` is in the range or is its end: `lower =< number =< upper`.
  @inlinable
  public func containsOrEnds(at number: SequenceNumber) -> Bool {
    number.rawValue &- lower.rawValue <= upper.rawValue &- lower.rawValue
  }

  /// Whether `number` lies after the start and not after the end: `lower < number =< upper`, the shape of the
  /// acknowledgement test of RFC 9293 section 3.10.7.4.
  @inlinable
  public func advances(to number: SequenceNumber) -> Bool {
    number != lower && containsOrEnds(at: number)
  }
}

/// A window scale shift of RFC 7323 section 2.3: 0 to 14 and nothing else.
@frozen
public struct WindowScale: Equatable, Sendable {
  public let shift: UInt8

  /// The largest shift there is: it makes windows of up to 2^30 octets.
  @inlinable public static var maximum: WindowScale { WindowScale(clamping: 14) }

  /// No scaling.
  @inlinable public static var none: WindowScale { WindowScale(clamping: 0) }

  /// A shift of `count`, or of 14 if `count` is more (RFC 7323 section 2.3).
  @inlinable
  public init(clamping count: UInt8) {
    self.shift = count > 14 ? 14 : count
  }

  /// The smallest shift with which 16 bits can express `window` octets.
  public init(for window: Int) {
    var shift: UInt8 = 0
    while shift < 14 && window >> Int(shift) > 0xFFFF {
      shift += 1
    }
    self.shift = shift
  }
}
