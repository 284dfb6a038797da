/// A span of time in whole nanoseconds, positive or negative.
@frozen
public struct Interval: Comparable, Sendable {
  public let nanoseconds: Int64

  @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  @inlinable public static var zero: Interval { Interval(nanoseconds: 0) }
  /// Longer than any stack runs: about 146 years.
  @inlinable public static var forever: Interval { Interval(nanoseconds: Int64.max / 2) }

  @inlinable
  public static func microseconds(_ count: Int64) -> Interval { Interval(nanoseconds: count &* 1000) }
  @inlinable
  public static func milliseconds(_ count: Int64) -> Interval { Interval(nanoseconds: count &* 1_000_000) }
  @inlinable
  public static func seconds(_ count: Int64) -> Interval { Interval(nanoseconds: count &* 1_000_000_000) }
  @inlinable
  public static func minutes(_ count: Int64) -> Interval { Interval(nanoseconds: count &* 60_000_000_000) }

  @inlinable public static func < (one: Interval, other: Interval) -> Bool { one.nanoseconds < other.nanoseconds }
  @inlinable
  public static func + (one: Interval, other: Interval) -> Interval {
    Interval(nanoseconds: one.nanoseconds &+ other.nanoseconds)
  }
  @inlinable
  public static func - (one: Interval, other: Interval) -> Interval {
    Interval(nanoseconds: one.nanoseconds &- other.nanoseconds)
  }
  @inlinable
  public static func * (one: Interval, factor: Int64) -> Interval {
    Interval(nanoseconds: one.nanoseconds &* factor)
  }
  @inlinable
  public static func / (one: Interval, divisor: Int64) -> Interval {
    Interval(nanoseconds: one.nanoseconds / divisor)
  }

  /// The interval in whole milliseconds, rounded down.
  @inlinable public var milliseconds: Int64 { nanoseconds / 1_000_000 }
}

/// A point in time: nanoseconds since an origin that whoever drives the stack chooses. The core reads no clock.
@frozen
public struct Instant: Comparable, Sendable {
  public let nanoseconds: Int64

  @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The origin.
  @inlinable public static var zero: Instant { Instant(nanoseconds: 0) }
  /// After every instant there is: the deadline of what is not to happen.
  @inlinable public static var never: Instant { Instant(nanoseconds: Int64.max) }

  @inlinable public static func < (one: Instant, other: Instant) -> Bool { one.nanoseconds < other.nanoseconds }

  /// The instant `interval` later; ``never`` stays never, and so does what would lie beyond it.
  @inlinable
  public static func + (instant: Instant, interval: Interval) -> Instant {
    let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(interval.nanoseconds)
    return overflow || instant == .never ? .never : Instant(nanoseconds: sum)
  }

  @inlinable
  public static func - (instant: Instant, origin: Instant) -> Interval {
    Interval(nanoseconds: instant.nanoseconds &- origin.nanoseconds)
  }
}
