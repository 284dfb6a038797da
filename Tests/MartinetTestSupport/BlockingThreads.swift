import Foundation
import Synchronization
import Testing

/// Runs tests that block on threads of their own.
///
/// Swift's tasks share as many threads as there are processors. A test that blocks one, by a call on a socket or by waiting for another program, keeps
/// everybody else waiting; two that block and wait for a task have stopped all of them.
public struct BlockingThreads: SuiteTrait, TestTrait, TestScoping {
  public var isRecursive: Bool { true }

  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(ThreadExecutor.shared) { try await function() }
  }
}

extension Trait where Self == BlockingThreads {
  /// The tests block threads: they get some of their own. A `Task` that blocks and is not a child needs `Task(executorPreference: ThreadExecutor.shared)` besides.
  public static var blocksThreads: Self { Self() }
}

/// Runs jobs on a few threads that may block: each on one that has nothing else to do, and where there is none it starts one or waits.
public final class ThreadExecutor: TaskExecutor {
  public static let shared = ThreadExecutor()

  private struct State {
    var jobs: [UnownedJob] = []
    var idle = 0
    var threads = 0
  }

  /// So few that tests with bounds on real time do not crowd each other out, and more than ever wait for each other.
  private static let mostThreads = 4

  private let state = Mutex(State())
  private let work = DispatchSemaphore(value: 0)

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let needsThread = state.withLock { state in
      state.jobs.append(job)
      guard state.jobs.count > state.idle, state.threads < ThreadExecutor.mostThreads else { return false }
      state.threads += 1
      state.idle += 1
      return true
    }
    work.signal()
    if needsThread { Thread.detachNewThread { self.run() } }
  }

  /// Runs jobs for as long as the process lives.
  private func run() {
    while true {
      work.wait()
      let job = state.withLock { state in
        state.idle -= 1
        return state.jobs.removeFirst()
      }
      job.runSynchronously(on: asUnownedTaskExecutor())
      state.withLock { $0.idle += 1 }
    }
  }
}
