import MartinetSimulation
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
