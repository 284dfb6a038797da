/// Lets one caller through at a time, in the order of their coming; who has to wait does so through the driver, so that a
/// thread in virtual time hands its token on.
package final class Gate: @unchecked Sendable {
  private let lock = HostLock()
  private var isTaken = false
  private var queue = WaiterQueue()

  package init() {}

  /// Goes through, or registers `waiter`, who is through when it is fired.
  package func tryEnter(otherwise waiter: Waiter) -> Bool {
    lock.withLock {
      if isTaken {
        queue.append(waiter)
        return false
      }
      isTaken = true
      return true
    }
  }

  /// Cancels a registration; false if the waiter was taken out to be fired, and so is through.
  package func cancel(_ waiter: Waiter) -> Bool {
    lock.withLock { queue.remove(waiter) }
  }

  /// Lets the next one through.
  package func leave() {
    let next = lock.withLock {
      let next = queue.takeFirst()
      if next == nil { isTaken = false }
      return next
    }
    next?.fire()
  }
}
