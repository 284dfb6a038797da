import Synchronization

/// Brings what many may bring to one who waits: waiters for several things ring it, and a thread that serves all of them waits for the bell.
///
/// A ring that comes while nobody waits is kept, once.
package final class Bell: Sendable {
  private struct State {
    var hasRung = false
    var queue = WaiterQueue()
  }

  private let state = Mutex(State())

  package init() {}

  /// A waiter that rings the bell when what it is registered for has come.
  package func waiter() -> Waiter { CallbackWaiter { self.ring() } }

  package func ring() {
    let waiter = state.withLock { state in
      let waiter = state.queue.takeFirst()
      state.hasRung = true
      return waiter
    }
    waiter?.fire()
  }

  /// Takes the ring that has come; if there was none, `waiter` is registered for the next.
  package func take(otherwise waiter: Waiter?) -> Bool {
    state.withLock { state in
      let hasRung = state.hasRung
      state.hasRung = false
      if !hasRung, let waiter { state.queue.append(waiter) }
      return hasRung
    }
  }

  /// Cancels a registration; false if the waiter was taken out to be fired.
  package func cancel(_ waiter: Waiter) -> Bool {
    state.withLock { $0.queue.remove(waiter) }
  }
}
