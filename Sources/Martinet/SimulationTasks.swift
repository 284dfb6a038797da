import MartinetRuntime
import MartinetTCP

// Async code in virtual time.
extension Simulation {
  /// Runs `body` and its child tasks in virtual time, and returns when it has ended.
  ///
  /// The tasks run one at a time on the calling thread, which is registered meanwhile if it is not already. When all of them wait, other registered
  /// threads run, or time moves on; so the same program with the same seed runs the same way each time. Child tasks come along by themselves; a
  /// task that is not a child runs elsewhere, and Martinet's calls fail there with ``SocketError/Reason/unregisteredThread``. While a task waits for something
  /// else than Martinet's calls and its own child tasks, virtual time goes on without it.
  public func runAsync<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result
  ) throws -> Result {
    switch driver.runTasks({ await Swift.Result(of: body) }) {
    case .success(let outcome): return try outcome.get()
    case .failure(let error): throw SocketError(.open, nil, from: error)
    }
  }

  /// Runs `body` and its child tasks in virtual time, on a thread of their own, and waits until it has ended. Cancelling the calling task cancels `body`.
  public func runAsync<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let outcome: Swift.Result<Result, any Error>
    do throws(DriverError) {
      outcome = try await driver.runTasks { await Swift.Result(of: body) }
    } catch {
      throw SocketError(.open, nil, from: error)
    }
    return try outcome.get()
  }

  /// Lets virtual time pass for the calling task, which must run in ``runAsync(_:)``.
  /// - Throws: ``SocketError/Reason/interrupted`` if the task is cancelled.
  public func sleep(for time: Duration) async throws(SocketError) {
    let outcome: WaitOutcome
    do throws(DriverError) {
      outcome = try await driver.sleep(until: .deadline(after: time, from: driver.now))
    } catch {
      throw SocketError(.sleep, nil, from: error)
    }
    try SocketError.check(outcome)
  }
}

extension Result where Failure == any Error, Success: Sendable {
  /// What `body` brings.
  fileprivate init(of body: @Sendable () async throws -> Success) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}
