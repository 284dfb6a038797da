/// Somebody who waits for one readiness: a thread, or code that wants to be called.
///
/// A waiter stands in at most one queue. It leaves it exactly once: taken out and fired, or cancelled by its owner. So a
/// waiter that could not be cancelled has been fired or is about to be.
package class Waiter: @unchecked Sendable {
  /// The next in the queue; belongs to the lock of the queue.
  @exclusivity(unchecked) final var next: Waiter?

  /// Runs when the readiness has come, once per registration and never under a lock of the runtime.
  package func fire() {}
}

/// Code that is called when a readiness comes: what an event loop or a continuation stands on.
package final class CallbackWaiter: Waiter, @unchecked Sendable {
  private let body: @Sendable () -> Void

  package init(_ body: @escaping @Sendable () -> Void) {
    self.body = body
  }

  package override func fire() {
    body()
  }
}

/// Waiters in the order in which they came. They are few: a queue is walked.
struct WaiterQueue {
  private var head: Waiter?

  var isEmpty: Bool { head == nil }

  mutating func append(_ waiter: Waiter) {
    guard var last = head else {
      head = waiter
      return
    }
    while let next = last.next { last = next }
    last.next = waiter
  }

  /// Takes out the one that has waited longest.
  mutating func takeFirst() -> Waiter? {
    guard let first = head else { return nil }
    head = first.next
    first.next = nil
    return first
  }

  /// Takes `waiter` out; false if it does not stand here.
  mutating func remove(_ waiter: Waiter) -> Bool {
    if head === waiter {
      _ = takeFirst()
      return true
    }
    var before = head
    while let one = before {
      if one.next === waiter {
        one.next = waiter.next
        waiter.next = nil
        return true
      }
      before = one.next
    }
    return false
  }
}

/// Waiters that were taken out of their queues under a lock, to be fired after it is released.
struct FiredWaiters {
  private var head: Waiter?
  private var last: Waiter?

  var isEmpty: Bool { head == nil }

  mutating func append(_ waiter: Waiter) {
    if let last {
      last.next = waiter
    } else {
      head = waiter
    }
    last = waiter
  }

  mutating func takeFirst() -> Waiter? {
    guard let waiter = head else { return nil }
    head = waiter.next
    waiter.next = nil
    if head == nil { last = nil }
    return waiter
  }

  /// Fires all, in the order in which they were taken out.
  mutating func fire() {
    while let waiter = takeFirst() { waiter.fire() }
  }
}
