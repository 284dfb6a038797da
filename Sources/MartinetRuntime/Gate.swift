import MartinetTCP
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

extension StackCore {
  /// Takes the calling thread through `gate`, waiting as long as it takes; what else than ``WaitOutcome/fired`` ends the wait leaves it outside.
  package func enter(_ gate: Gate, _ waiter: ThreadWaiter) -> WaitOutcome {
    if gate.tryEnter(otherwise: waiter) { return .fired }
    let outcome = wait(waiter, until: .never)
    if outcome == .fired || gate.cancel(waiter) { return outcome }
    consume(waiter)
    return .fired
  }

  /// Takes the calling task through `gate`, waiting as long as it takes; what else than ``WaitOutcome/fired`` ends the wait leaves it outside.
  package func enter(_ gate: Gate) async -> WaitOutcome {
    if gate.tryEnter(otherwise: nil) { return .fired }
    let waiter = TaskWaiter.spare()
    if gate.tryEnter(otherwise: waiter) { return .fired }
    let outcome = await wait(waiter, until: .never)
    return outcome == .fired || gate.cancel(waiter) ? outcome : .fired
  }
}
