import CoreMetrics
import Martinet
import Synchronization

/// Gives what a stack counts to swift-metrics: call ``record()`` as often as the figures are wanted.
///
/// | label | kind | what |
/// |---|---|---|
/// | `PREFIX_packets_received_total`, `PREFIX_packets_sent_total` | counter | packets |
/// | `PREFIX_packets_discarded_total` | counter, by `reason` | packets that the host dropped |
/// | `PREFIX_connections_opened_total`, `PREFIX_connections_accepted_total` | counter | connections |
/// | `PREFIX_resets_sent_total` | counter | resets without a connection |
/// | `PREFIX_segments_sent_total`, `PREFIX_segments_received_total` | counter | segments of connections |
/// | `PREFIX_bytes_acknowledged_total`, `PREFIX_bytes_received_total` | counter | payload |
/// | `PREFIX_retransmissions_total` | counter, by `cause` (`fast`, `timeout`, `other`) | segments |
/// | `PREFIX_connections` | gauge, by `state` | connections now |
/// | `PREFIX_round_trip_seconds` | timer | the smoothed round trip of each established connection |
public final class StackMetrics: Sendable {
  private let stack: NetworkStack
  private let prefix: String
  private let dimensions: [(String, String)]
  private let factory: any MetricsFactory
  /// What was given to the counters so far.
  private let given = Mutex(Given())

  private struct Given {
    var counters: [String: Counter] = [:]
    var values: [String: UInt64] = [:]
  }

  /// - Parameters:
  ///   - prefix: the beginning of every label.
  ///   - dimensions: what every figure is marked with, such as the name of the stack.
  ///   - factory: who makes the figures; the system's if nobody is named.
  public init(
    _ stack: NetworkStack, prefix: String = "martinet", dimensions: [(String, String)] = [],
    factory: (any MetricsFactory)? = nil
  ) {
    self.stack = stack
    self.prefix = prefix
    self.dimensions = dimensions
    self.factory = factory ?? MetricsSystem.factory
  }

  /// Takes one sample. Looks at every connection.
  public func record() {
    let host = stack.statistics
    count("packets_received_total", host.packetsReceived)
    count("packets_sent_total", host.packetsSent)
    count("connections_opened_total", host.connectionsOpened)
    count("connections_accepted_total", host.connectionsAccepted)
    count("resets_sent_total", host.resetsSent)
    for reason in DiscardReason.allCases where host.discarded(reason) > 0 {
      count("packets_discarded_total", host.discarded(reason), ("reason", "\(reason)"))
    }
    let totals = stack.connectionTotals
    count("segments_sent_total", totals.segmentsSent)
    count("segments_received_total", totals.segmentsReceived)
    count("bytes_acknowledged_total", totals.bytesAcknowledged)
    count("bytes_received_total", totals.bytesReceived)
    count("retransmissions_total", totals.fastRetransmissions, ("cause", "fast"))
    count("retransmissions_total", totals.timeoutRetransmissions, ("cause", "timeout"))
    count("retransmissions_total", totals.otherRetransmissions, ("cause", "other"))
    recordConnections()
  }

  private func recordConnections() {
    var states: [Phase: Int] = [:]
    let trips = Timer(label: "\(prefix)_round_trip_seconds", dimensions: dimensions, factory: factory)
    for status in stack.connections {
      states[status.phase, default: 0] += 1
      if status.phase == .established && status.smoothedRoundTrip > .zero {
        trips.recordNanoseconds(status.smoothedRoundTrip.nanoseconds)
      }
    }
    for phase in Phase.allCases {
      Gauge(label: "\(prefix)_connections", dimensions: dimensions + [("state", phase.words)], factory: factory)
        .record(states[phase] ?? 0)
    }
  }

  /// Raises a counter to `value`.
  private func count(_ name: String, _ value: UInt64, _ dimension: (String, String)? = nil) {
    let key = name + (dimension.map { " \($0.1)" } ?? "")
    given.withLock { given in
      let counter =
        given.counters[key]
        ?? Counter(
          label: "\(prefix)_\(name)", dimensions: dimensions + (dimension.map { [$0] } ?? []), factory: factory)
      given.counters[key] = counter
      counter.increment(by: value &- (given.values[key] ?? 0))
      given.values[key] = value
    }
  }
}
