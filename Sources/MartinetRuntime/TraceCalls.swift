import MartinetStack
import MartinetTCP

/// The trace of a host: what its connections do, and why.
extension StackCore {
  package func setTracing(_ on: Bool) {
    turn { host, _, _ in host.setTracing(on) }
  }

  /// Takes up to `limit` events, oldest first; none: `waiter` is registered.
  package func pollTrace(limit: Int, otherwise waiter: Waiter?) -> [TraceEvent] {
    turn { host, notices, _ in
      var events: [TraceEvent] = []
      while events.count < limit, let event = host.pollTrace() { events.append(event) }
      if events.isEmpty, let waiter { notices.trace.append(waiter) }
      return events
    }
  }

  /// Cancels a registration for the trace; false if the waiter was taken out to be fired.
  package func cancelTrace(_ waiter: Waiter) -> Bool {
    turn { _, notices, _ in notices.trace.remove(waiter) }
  }

  package var lostTraceEvents: UInt64 { turn { host, _, _ in host.lostTraceEvents } }
}
