import MartinetStack
import MartinetTCP

/// The trace of a stack: what its connections do, and why.
extension StackCore {
  package func setTracing(_ on: Bool) {
    for shard in 0..<shardCount { turn(in: shard) { host, _, _ in host.setTracing(on) } }
  }

  /// Takes up to `limit` events, oldest first; none: `waiter` is registered. The events of a stack of several shards come from one shard at a time, each in
  /// the order in which they happened there.
  package func pollTrace(limit: Int, otherwise waiter: Waiter?) -> [TraceEvent] {
    guard let traceBell else { return pollTrace(limit: limit, in: 0, otherwise: waiter) { nil } ?? [] }
    let events = traceBell.look(otherwise: waiter) { shard, rope in
      pollTrace(limit: limit, in: shard, otherwise: nil, rope: rope)
    }
    return events ?? []
  }

  /// Nil: there is none, and `waiter` is registered. The waiter that `rope` gives is, in any case: others may wait for the next ones.
  private func pollTrace(
    limit: Int, in shard: Int, otherwise waiter: Waiter?, rope: () -> Waiter?
  ) -> [TraceEvent]? {
    turn(in: shard) { host, notices, _ in
      var events: [TraceEvent] = []
      while events.count < limit, let event = host.pollTrace() { events.append(event) }
      // The end of the turn fires one who waits if events are left.
      if let rope = rope() { notices.trace.append(rope) }
      if !events.isEmpty { return events }
      if let waiter { notices.trace.append(waiter) }
      return nil
    }
  }

  /// Cancels a registration for the trace; false if the waiter was taken out to be fired.
  package func cancelTrace(_ waiter: Waiter) -> Bool {
    traceBell?.cancel(waiter) ?? turn { _, notices, _ in notices.trace.remove(waiter) }
  }

  package var lostTraceEvents: UInt64 {
    (0..<shardCount).reduce(0) { sum, shard in sum + turn(in: shard) { host, _, _ in host.lostTraceEvents } }
  }
}
