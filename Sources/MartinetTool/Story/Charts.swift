import MartinetTCP

/// A segment with data in the time-sequence graph.
package struct DataMark: Equatable, Sendable {
  package var time: Instant
  package var range: Range<Int>
  package var reason: TransmissionReason
}

/// An acknowledgement as the sender saw it arrive.
package struct AcknowledgementMark: Equatable, Sendable {
  package var time: Instant
  package var acknowledged: Int
  /// The right edge of the window that it offers.
  package var edge: Int
}

/// Octets that the receiver said it holds beyond a gap.
package struct SACKMark: Equatable, Sendable {
  package var time: Instant
  package var range: Range<Int>
}

package struct CongestionMark: Equatable, Sendable {
  package var time: Instant
  package var window: Int
  package var threshold: Int
  package var inFlight: Int
  package var cause: CongestionCause
}

package struct RoundTripMark: Equatable, Sendable {
  package var time: Instant
  package var sample: Interval
  package var smoothed: Interval
  package var timeout: Interval
}

/// A list of marks with a bound: when it is full every second mark goes and only every second one of those to come
/// is kept, so that what remains covers the whole time evenly.
package struct Marks<Mark: Sendable>: Sendable {
  package private(set) var kept: [Mark] = []
  private let limit: Int
  private var stride = 1
  private var phase = 0
  /// The marks that there were.
  package private(set) var count = 0

  package init(limit: Int) {
    self.limit = max(2, limit)
  }

  package mutating func append(_ mark: Mark) {
    count += 1
    phase += 1
    guard phase == stride else { return }
    phase = 0
    kept.append(mark)
    guard kept.count == limit else { return }
    kept = kept.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    stride *= 2
  }
}

/// What is plotted of the sender, which is the left side.
package struct Charts: Sendable {
  package var data = Marks<DataMark>(limit: 16384)
  /// Segments that repeat octets sent before.
  package var repairs = Marks<DataMark>(limit: 4096)
  /// Segments that never arrived.
  package var losses = Marks<DataMark>(limit: 4096)
  package var acknowledgements = Marks<AcknowledgementMark>(limit: 16384)
  package var sacks = Marks<SACKMark>(limit: 4096)
  package var congestion = Marks<CongestionMark>(limit: 8192)
  package var roundTrips = Marks<RoundTripMark>(limit: 8192)
  package var shortestRoundTrip: Interval?
  package var longestRoundTrip: Interval?
  package var sumOfRoundTrips = Interval.zero
  package init() {}

  package var meanRoundTrip: Interval? {
    roundTrips.count == 0 ? nil : sumOfRoundTrips / Int64(roundTrips.count)
  }

  package mutating func addRoundTrip(_ mark: RoundTripMark) {
    roundTrips.append(mark)
    sumOfRoundTrips = sumOfRoundTrips + mark.sample
    shortestRoundTrip = min(shortestRoundTrip ?? mark.sample, mark.sample)
    longestRoundTrip = max(longestRoundTrip ?? mark.sample, mark.sample)
  }
}
