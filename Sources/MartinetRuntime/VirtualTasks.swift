import MartinetTCP
import Synchronization

// Tasks of virtual time.
extension VirtualDriver {
  /// Runs `body` and the tasks that it makes on the calling thread, which is registered for the time being unless it is already. Returns when
  /// `body` has ended.
  package func runTasks<Result: Sendable>(
    _ body: @escaping @Sendable () async -> Result
  ) -> Swift.Result<Result, DriverError> {
    let executor = VirtualExecutor(driver: self)
    let box = Box<Result>()
    Task(executorPreference: executor) {
      let value = await body()
      box.value.withLock { $0 = value }
    }
    return lend(to: executor) { box.value.withLock { $0 } }
  }

  /// Runs `body` and the tasks that it makes on a thread of their own, while the calling task is suspended. Cancelling it cancels `body`.
  package func runTasks<Result: Sendable>(
    _ body: @escaping @Sendable () async -> Result
  ) async throws(DriverError) -> Result {
    let executor = VirtualExecutor(driver: self)
    let isOver = Box<Bool>()
    let started = OSThread.start(name: "tasks") { [self] in
      // A new thread is not registered: nothing can fail.
      _ = lend(to: executor) { isOver.value.withLock { $0 } }
    }
    guard started else { throw .noThread }
    let task = Task(executorPreference: executor) {
      let value = await body()
      isOver.value.withLock { $0 = true }
      return value
    }
    return await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
  }

  /// Lets the calling thread run the jobs of `executor` until there is a `result`.
  private func lend<Result>(to executor: VirtualExecutor, until result: () -> Result?)
    -> Swift.Result<Result, DriverError>
  {
    guard let seat = ThreadWaiter.current.seat else {
      return run { lend(to: executor, until: result) }.flatMap { $0 }
    }
    guard seat.driver === self else {
      executor.leave()
      return .failure(.alreadyRegistered)
    }
    return .success(executor.run(on: seat, until: result))
  }

  /// Suspends the calling task, which must run in virtual time, until `deadline`.
  package func sleep(until deadline: Instant) async throws(DriverError) -> WaitOutcome {
    try admit(ThreadWaiter.current)
    let waiter = TaskWaiter()
    let alarm = Alarm { waiter.end($0) }
    set(alarm, at: deadline)
    let outcome = await waiter.outcome()
    lock.withLock { _ = alarms.remove(alarm) }
    return outcome
  }
}

/// Where a task leaves what it brings.
private final class Box<Value: Sendable>: Sendable {
  let value = Mutex<Value?>(nil)
}
