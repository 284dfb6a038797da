import Synchronization

/// Tells those who wait that something has changed: whoever changes it rings, whoever waits looks again.
///
/// It wakes everybody, or one where there is something for one, and counts: who has looked before it rang misses nothing.
package final class Bell: Sendable {
  private struct State {
    var rings: UInt64 = 0
    var queue = WaiterQueue()
  }

  private let state = Mutex(State())

  package init() {}

  /// How often it has rung.
  package var rings: UInt64 { state.withLock { $0.rings } }

  /// A waiter that rings the bell when what it is registered for has come.
  package func waiter() -> Waiter { CallbackWaiter { self.ring() } }

  /// Wakes everybody who waits.
  package func ring() {
    var fired = state.withLock { state in
      state.rings += 1
      var fired = FiredWaiters()
      while let waiter = state.queue.takeFirst() { fired.append(waiter) }
      return fired
    }
    fired.fire()
  }

  /// Wakes the one who has waited longest.
  package func ringForOne() {
    let waiter = state.withLock { state in
      state.rings += 1
      return state.queue.takeFirst()
    }
    waiter?.fire()
  }

  /// Whether it has rung more than `rings` times; registers `waiter` otherwise.
  package func hasRung(since rings: UInt64, otherwise waiter: Waiter?) -> Bool {
    state.withLock { state in
      if state.rings != rings { return true }
      if let waiter { state.queue.append(waiter) }
      return false
    }
  }

  /// Cancels a registration; false if the waiter was taken out to be fired.
  package func cancel(_ waiter: Waiter) -> Bool {
    state.withLock { $0.queue.remove(waiter) }
  }
}
