import MartinetSimulation
import MartinetTCP

/// Threads of virtual time: how they come and go.
extension VirtualDriver {
  /// Registers the calling thread while `body` runs. Returns when the threads that were spawned meanwhile have ended.
  package func run<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Swift.Result<Result, DriverError> {
    let waiter = ThreadWaiter.current
    guard waiter.seat == nil else { return .failure(.alreadyRegistered) }
    let seat = Seat(driver: self, name: "main")
    enter(seat)
    waiter.seat = seat
    defer {
      waiter.seat = nil
      leave(seat)
    }
    defer { joinAll(of: seat, waiter) }
    return .success(try body())
  }

  /// Starts a thread that is registered from the start. It runs when the token comes to it.
  package func spawn(
    name: String, _ body: @escaping @Sendable () -> Void
  ) throws(DriverError) -> VirtualThread {
    guard let parent = ThreadWaiter.current.seat, parent.driver === self else { throw .unregisteredThread }
    let seat = Seat(driver: self, name: name)
    let started = OSThread.start(name: name) {
      _ = seat.parker.sleep(until: .never)
      ThreadWaiter.current.seat = seat
      body()
      ThreadWaiter.current.seat = nil
      self.leave(seat)
    }
    guard started else { throw .noThread }
    lock.withLock { ready.append(seat) }
    parent.children.append(seat)
    return VirtualThread(seat: seat)
  }

  /// Lets virtual time pass for the calling thread.
  package func sleep(until deadline: Instant) throws(DriverError) -> WaitOutcome {
    let waiter = ThreadWaiter.current
    try admit(waiter)
    return wait(waiter, until: deadline)
  }

  /// Waits for the end of `seat`'s thread. False: a deadlock.
  func join(_ seat: Seat, _ waiter: ThreadWaiter) -> Bool {
    let hasToWait = lock.withLock { () -> Bool in
      if seat.activity != .ended { seat.joiners.append(waiter) }
      return seat.activity != .ended
    }
    guard hasToWait else { return true }
    if wait(waiter, until: .never) == .fired { return true }
    let cancelled = lock.withLock { seat.joiners.remove(waiter) }
    if !cancelled { _ = wait(waiter, until: .never) }
    return !cancelled
  }

  /// Waits for the threads that `seat` has spawned, and for theirs. A deadlock ends the waiting of those who are in it, so that they end as well.
  private func joinAll(of seat: Seat, _ waiter: ThreadWaiter) {
    while let child = seat.children.popLast() {
      while !join(child, waiter) {}
      seat.children += child.children
    }
  }

  private func enter(_ seat: Seat) {
    lock.lock()
    guard running != nil || ready.count > 0 else {
      running = seat
      seat.activity = .running
      lock.unlock()
      return
    }
    ready.append(seat)
    lock.unlock()
    _ = seat.parker.sleep(until: .never)
  }

  private func leave(_ seat: Seat) {
    lock.lock()
    seat.activity = .ended
    var fired = FiredWaiters()
    while let joiner = seat.joiners.takeFirst() { fired.append(joiner) }
    lock.unlock()
    fired.fire()
    lock.lock()
    handOn(from: seat)
  }
}

/// A thread that was spawned in virtual time.
package final class VirtualThread: Sendable {
  let seat: Seat

  init(seat: Seat) {
    self.seat = seat
  }

  /// Waits until the thread has ended. False: everybody waits for ever, this thread included.
  package func join() throws(DriverError) -> Bool {
    let waiter = ThreadWaiter.current
    try seat.driver.admit(waiter)
    return seat.driver.join(seat, waiter)
  }
}
