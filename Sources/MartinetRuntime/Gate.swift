import Synchronization

/// Lets one caller through at a time, in the order of their coming; who has to wait does so through the driver, so that a
/// thread in virtual time hands its token on, and a task holds no thread.
package final class Gate: Sendable {
  private struct State {
    var isTaken = false
    var queue = WaiterQueue()
  }

  private let state = Mutex(State())

  package init() {}

  /// Goes through, or registers `waiter`, who is through when it is fired.
  package func tryEnter(otherwise waiter: Waiter?) -> Bool {
    state.withLock { state in
      if state.isTaken {
        if let waiter { state.queue.append(waiter) }
        return false
      }
      state.isTaken = true
      return true
    }
  }

  /// Cancels a registration; false if the waiter was taken out to be fired, and so is through.
  package func cancel(_ waiter: Waiter) -> Bool {
    state.withLock { $0.queue.remove(waiter) }
  }

  /// Lets the next one through.
  package func leave() {
    let next = state.withLock { state in
      let next = state.queue.takeFirst()
      if next == nil { state.isTaken = false }
      return next
    }
    next?.fire()
  }
}
