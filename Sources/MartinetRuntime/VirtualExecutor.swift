import MartinetSimulation

/// Runs tasks in virtual time: their jobs run one after the other, in the order in which they became ready, on a thread that is
/// registered and holds the token meanwhile.
package final class VirtualExecutor: TaskExecutor, @unchecked Sendable {
  private let driver: VirtualDriver

  // MARK: Under the driver's lock

  /// The place of the thread, once there is one.
  private var seat: Seat?
  private var jobs = Line<UnownedJob>()
  /// The thread has left: what still comes is none of virtual time's.
  private var isOver = false

  init(driver: VirtualDriver) {
    self.driver = driver
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let isTaken = driver.lock.withLock {
      guard !isOver else { return false }
      jobs.append(job)
      if let seat, seat.isIdle {
        seat.isIdle = false
        driver.stopWaiting(seat, .fired)
      }
      return true
    }
    if !isTaken { globalConcurrentExecutor.enqueue(job) }
  }

  /// Runs jobs in the calling thread, whose place is `seat`, until there is a `result`.
  func run<Result>(on seat: Seat, until result: () -> Result?) -> Result {
    driver.lock.withLock { self.seat = seat }
    while true {
      if let result = result() {
        leave()
        return result
      }
      if let job = nextJob(for: seat) { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
  }

  /// The thread runs no more jobs.
  func leave() {
    // Tasks that nobody waited for end where every other task runs.
    let left = driver.lock.withLock {
      isOver = true
      return jobs
    }
    var rest = left
    while let job = rest.popFirst() { globalConcurrentExecutor.enqueue(job) }
  }

  /// The next job; nil after a time in which there was none.
  private func nextJob(for seat: Seat) -> UnownedJob? {
    driver.lock.lock()
    if let job = jobs.popFirst() {
      driver.lock.unlock()
      return job
    }
    seat.isIdle = true
    seat.activity = .waiting
    driver.handOn(from: seat)
    return nil
  }
}
