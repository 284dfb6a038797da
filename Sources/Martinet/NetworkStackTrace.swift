import MartinetRuntime
import MartinetTCP

// "Know your protocol": every segment, state, timer and decision of a stack, with its cause.
extension NetworkStack {
  /// Whether the stack records what its connections do. Off at first: with nobody listening, an event costs a branch.
  public func setTracing(_ on: Bool) { core.setTracing(on) }

  /// Takes the oldest events of the trace, and blocks until there is at least one. Each event goes to one caller. What nobody takes in time is lost, and
  /// counted in ``lostTraceEvents``: the buffer has ``HostConfiguration/traceCapacity`` events.
  ///
  /// - Parameters:
  ///   - count: the most events to take at once.
  ///   - limit: how long to wait; nil for ever.
  public func nextTraceEvents(
    upTo count: Int = 256, within limit: Duration? = nil
  ) throws(SocketError) -> [TraceEvent] {
    guard count > 0 else { throw SocketError(.wait, nil, .invalidArgument("at least one event is taken")) }
    let waiter = try admit(.wait, nil)
    let deadline = Instant.deadline(after: limit, from: core.now)
    return try core.block(waiter, TraceCall(core: core, count: count, limit: limit, deadline: deadline))
  }

  /// The events that were lost because nobody took them in time.
  public var lostTraceEvents: UInt64 { core.lostTraceEvents }
}

/// One wait for events of the trace.
private struct TraceCall: WaitingCall {
  let core: StackCore
  let count: Int
  let limit: Duration?
  let deadline: Instant

  var awaited: AwaitedPlace { .unknown }
  func attempt(_ waiter: Waiter?) -> [TraceEvent]? {
    let events = core.pollTrace(limit: count, otherwise: waiter)
    return events.isEmpty ? nil : events
  }

  func cancel(_ waiter: Waiter) -> Bool { core.cancelTrace(waiter) }
  func failure(_ outcome: WaitOutcome) -> SocketError { SocketError(.wait, nil, from: outcome, limit: limit) }
}
