import MartinetTCP

/// A segment of data as it left the sender.
public struct SegmentMark: Equatable, Sendable {
  public var time: Instant
  /// Where it begins in the stream.
  public var position: UInt64
  public var octets: Int
  public var reason: TransmissionReason
}

/// An acknowledgement as it came to the sender.
public struct ProgressMark: Equatable, Sendable {
  public var time: Instant
  public var acknowledged: UInt64
}

/// What a time-sequence graph shows, in lists with a bound.
public struct SegmentMarks: Sendable {
  public internal(set) var fresh = Marks<SegmentMark>(limit: 6000)
  public internal(set) var repeated = Marks<SegmentMark>(limit: 4000)
  public internal(set) var acknowledged = Marks<ProgressMark>(limit: 6000)

  init() {}
}
