import Logging
import Martinet

/// Writes the trace of a stack to a swift-log logger: every segment, state, timer and decision, with its cause.
///
/// Segments, timers and measurements are logged as `trace`, states and what was dropped or lost as `debug`, a connection that ends in order as `info`, errors of
/// the network as `notice`, warnings and connections that end in any other way as `warning`. What the logger's level would not show costs a comparison.
public struct TraceLogger: Sendable {
  private let stack: NetworkStack
  private let logger: Logger

  /// A logger of what `stack` does from now on.
  public init(_ stack: NetworkStack, to logger: Logger) {
    self.stack = stack
    self.logger = logger
    stack.setTracing(true)
  }

  /// Logs until the stack is shut down or, in virtual time, until nothing is left to happen. Blocks: give it a thread of its own.
  public func run() {
    var lost: UInt64 = 0
    while let events = try? stack.nextTraceEvents() {
      for event in events { log(event) }
      if stack.lostTraceEvents > lost {
        logger.warning("\(stack.lostTraceEvents - lost) events of the trace were lost")
        lost = stack.lostTraceEvents
      }
    }
  }

  /// Logs one event.
  public func log(_ event: TraceEvent) {
    logger.log(
      level: event.kind.level, "\(event)",
      metadata: [
        "connection": "\(event.connection.slot).\(event.connection.generation)",
        "time": "\(Duration.nanoseconds(event.time.nanoseconds))",
      ])
  }
}

extension TraceKind {
  /// How important the event is to somebody who runs a server.
  var level: Logger.Level {
    switch self {
    case .sent, .received, .timerExpired, .congestion, .roundTrip, .deliveryRate, .sendWindow, .receiveBuffer: .trace
    case .opened, .phaseChanged, .dropped, .lossDetected, .pathMTU, .blackHole, .userTimeout: .debug
    case .softError: .notice
    case .warning: .warning
    case .ended(.closed), .ended(.aborted): .info
    case .ended: .warning
    }
  }
}
