import MartinetStack
import MartinetTCP

// Waiting without a thread.
extension StackCore {
  /// Suspends the calling task until `deadline`.
  package func sleep(until deadline: Instant) async -> WaitOutcome {
    await wait(TaskWaiter.spare(), until: deadline)
  }

  /// Suspends the task of `waiter`, which is registered somewhere.
  package func wait(_ waiter: TaskWaiter, until deadline: Instant) async -> WaitOutcome {
    guard needsAlarm(for: deadline) else {
      // Who registered before the end of the stack is fired by it; who registered after it sees that here.
      if hasEnded { return .stopped }
      let outcome = await waiter.outcome()
      // Nothing else knows of it any more: it was taken out to be fired, and no alarm of its own can still ring.
      if outcome == .fired { waiter.giveBack() }
      return outcome
    }
    let alarm = Alarm { waiter.end($0) }
    guard set(alarm, at: deadline) else { return .stopped }
    let outcome = await waiter.outcome()
    cancel(alarm)
    return outcome
  }

  /// In virtual time an alarm that never rings says that somebody waits: a deadlock ends that, too.
  private func needsAlarm(for deadline: Instant) -> Bool {
    if case .virtual = driver { return true }
    return deadline != .never
  }

  private var hasEnded: Bool {
    if case .real(let driver) = driver { return driver.isStopping }
    return false
  }
}

// Alarms, on the stack's clock.
extension StackCore {
  /// Lets `alarm` ring at `deadline`. False: the stack was shut down, and nothing is set.
  package func set(_ alarm: Alarm, at deadline: Instant) -> Bool {
    switch driver {
    case .real(let driver): return driver.set(alarm, at: deadline)
    case .virtual(let driver, _):
      driver.set(alarm, at: deadline)
      return true
    }
  }

  /// Takes `alarm` back; false if it is not set, has rung or is about to.
  @discardableResult
  package func cancel(_ alarm: Alarm) -> Bool {
    switch driver {
    case .real(let driver): driver.lock.withLock { driver.alarms.remove(alarm) }
    case .virtual(let driver, _): driver.lock.withLock { driver.alarms.remove(alarm) }
    }
  }
}
