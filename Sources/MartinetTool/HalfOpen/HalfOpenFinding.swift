import Martinet
import MartinetTCP

/// What the server's program was told in the end.
package enum HalfOpenVerdict: Sendable {
  /// Nothing, for as long as it was watched.
  case nothing
  /// The end of the stream: a FIN.
  case endOfStream
  case error(SocketError)
  case heartbeatLost(HeartbeatEvidence)

  /// A name for programs; nil for nothing.
  package var cause: String? {
    switch self {
    case .nothing: nil
    case .endOfStream: "endOfStream"
    case .heartbeatLost: "heartbeatLost"
    case .error(let error):
      switch error.reason {
      case .timedOut: "timedOut"
      case .reset: "reset"
      case .ended(.keepAliveTimedOut): "keepAliveTimedOut"
      case .ended(.userTimedOut): "userTimedOut"
      case .ended(.retransmissionTimedOut): "retransmissionTimedOut"
      case .ended(.unreachable): "unreachable"
      default: "other"
      }
    }
  }

  /// What a person reads; nil for nothing.
  package var words: String? {
    switch self {
    case .nothing: nil
    case .endOfStream: "the end of the stream (FIN)"
    case .error(let error): "\(error)"
    case .heartbeatLost(let lost): "\(lost)"
    }
  }
}

/// What one mechanism made of one cut.
package struct HalfOpenFinding: Sendable {
  package var mechanism: HalfOpenMechanism
  package var cut: HalfOpenCut
  /// Within which the mechanism has to notice; nil if it need not.
  package var limit: Duration?
  package var verdict: HalfOpenVerdict
  /// How long after the cut the program was told; nil if it was not.
  package var noticed: Duration?
  /// How long after the cut the first warning came; nil if none did.
  package var warned: Duration?
  package var warning: String?
  /// How long after the cut the program was watched at most.
  package var watched: Duration

  /// Whether the mechanism did what is demanded of it.
  package var isAsExpected: Bool {
    guard let limit else { return true }
    return noticed.map { $0 <= limit } ?? false
  }
}

extension Duration {
  /// As the engine counts time, for figures.
  var interval: Interval {
    let (seconds, attoseconds) = components
    return Interval(nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }

  var seconds: Double { Double(interval.nanoseconds) / 1e9 }
}
