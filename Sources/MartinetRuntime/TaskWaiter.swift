import MartinetTCP
import Synchronization

/// A task that waits once, or once more after it began anew. Whatever comes first resumes it: the readiness, its deadline, its cancellation, the end of the stack; all that
/// comes later changes nothing.
package final class TaskWaiter: Waiter, @unchecked Sendable {
  private enum State {
    case running
    case suspended(UnsafeContinuation<WaitOutcome, Never>)
    case over(WaitOutcome)
  }

  private let state = Mutex(State.running)

  package override init() {}

  /// Makes the waiter what it was at first.
  func begin() {
    state.withLock { $0 = .running }
  }

  package override func fire() {
    end(.fired)
  }

  /// Ends the wait, now or before it begins.
  func end(_ outcome: WaitOutcome) {
    let continuation = state.withLock { state -> UnsafeContinuation<WaitOutcome, Never>? in
      switch state {
      case .running:
        state = .over(outcome)
        return nil
      case .suspended(let continuation):
        state = .over(outcome)
        return continuation
      case .over:
        return nil
      }
    }
    continuation?.resume(returning: outcome)
  }

  /// Suspends the task until the wait has ended. To be called once. Its frame is part of the caller's: each task that waits holds it.
  @inline(__always)
  func outcome() async -> WaitOutcome {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let outcome = state.withLock { state -> WaitOutcome? in
          if case .over(let outcome) = state { return outcome }
          state = .suspended(continuation)
          return nil
        }
        if let outcome { continuation.resume(returning: outcome) }
      }
    } onCancel: {
      end(.cancelled)
    }
  }
}
