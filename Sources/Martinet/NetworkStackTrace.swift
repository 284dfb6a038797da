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
    let blocked = core.block(waiter, until: .deadline(after: limit, from: core.now)) { waiter in
      core.cancelTrace(waiter)
    } attempt: { waiter -> [TraceEvent]? in
      let events = core.pollTrace(limit: count, otherwise: waiter)
      return events.isEmpty ? nil : events
    }
    return try blocked.result(of: .wait, nil, limit: limit)
  }

  /// The events that were lost because nobody took them in time.
  public var lostTraceEvents: UInt64 { core.lostTraceEvents }
}
