import MartinetTCP
import Synchronization

/// Threads that wait for something that others do. Unlike a ``Bell``, which one waits for, it wakes everybody, and counts: who looked before it rang misses nothing.
package final class AnnouncementBell: Sendable {
  private struct State {
    var rings: UInt64 = 0
    var queue = WaiterQueue()
  }

  private let state = Mutex(State())

  package init() {}

  /// How often it has rung.
  package var rings: UInt64 { state.withLock { $0.rings } }

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

  /// Whether it has rung more than `rings` times; registers `waiter` otherwise.
  fileprivate func hasRung(since rings: UInt64, otherwise waiter: Waiter?) -> Bool {
    state.withLock { state in
      if state.rings != rings { return true }
      if let waiter { state.queue.append(waiter) }
      return false
    }
  }

  fileprivate func cancel(_ waiter: Waiter) -> Bool {
    state.withLock { $0.queue.remove(waiter) }
  }
}

extension StackCore {
  /// Blocks the calling thread until `bell` has rung more than `rings` times, at most until `deadline`.
  package func wait(
    for bell: AnnouncementBell, since rings: UInt64, _ waiter: ThreadWaiter, until deadline: Instant
  ) -> Blocked<Void> {
    block(waiter, until: deadline) { waiter in
      bell.cancel(waiter)
    } attempt: { waiter -> Void? in
      bell.hasRung(since: rings, otherwise: waiter) ? () : nil
    }
  }
}
