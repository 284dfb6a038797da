import MartinetTCP
import Synchronization

/// How a wait ended.
package enum WaitOutcome: Sendable {
  /// What was waited for may have come: look again. The registration is gone.
  case fired
  /// The deadline has come. The registration still stands unless somebody takes it out at this moment.
  case timedOut
  /// Virtual time: everybody waits for ever and no event is left that could end it. The registration still stands.
  case deadlock
  /// The stack was shut down. The registration still stands unless somebody takes it out at this moment.
  case stopped
  /// The waiting task was cancelled. The registration still stands unless somebody takes it out at this moment.
  case cancelled
}

/// What a thread does at the moment, as far as a driver treats it otherwise than others.
enum ThreadRole {
  /// It makes calls.
  case caller
  /// It is that of a ``LinkExecutor`` and looks for something to do.
  case executor
  /// It is that of a ``LinkExecutor`` and runs a task.
  case task
  /// As ``task``, and no other task waits for it.
  case lastTask
}

/// The calling thread as a waiter.
package final class ThreadWaiter: Waiter, @unchecked Sendable {
  let parker = Parker()
  /// The seat of the thread while it is registered with virtual time; the thread itself alone changes it.
  @exclusivity(unchecked) var seat: Seat?
  /// Belongs to the thread itself, as well.
  @exclusivity(unchecked) var experience = SpinExperience()
  /// Whether the thread reads the links of a driver; the thread's own, too.
  @exclusivity(unchecked) private(set) var attends = false
  /// Whether it goes on with that between two waits.
  @exclusivity(unchecked) var keepsAttending = false
  @exclusivity(unchecked) var transfers = TransferExperience()
  /// The thread's own, like those before it.
  @exclusivity(unchecked) var role = ThreadRole.caller
  /// A waiter that a task gave back on this thread, for the next; the thread's own, too.
  @exclusivity(unchecked) fileprivate var spare: TaskWaiter?
  /// What ends its poll.
  private let event = Mutex<AttendanceEvent?>(nil)

  /// The waiter of the calling thread.
  package static var current: ThreadWaiter { ThreadLocal.waiter }

  package override func fire() {
    if let seat {
      seat.fire()
    } else {
      if parker.notify() { event.withLock { $0 }?.raise() }
    }
  }

  func beginAttending(_ ending: AttendanceEvent) {
    event.withLock { event in
      if event !== ending { event = ending }
    }
    attends = true
  }

  func endAttending() { attends = false }
}

extension TaskWaiter {
  /// A waiter that nobody uses: one that was given back, if there is one, so that most waits allocate nothing, and a try that turns out to have nothing to wait for costs as little as one
  /// without a waiter.
  package static func spare() -> TaskWaiter {
    let thread = ThreadWaiter.current
    guard let spare = thread.spare else { return TaskWaiter() }
    thread.spare = nil
    return spare
  }

  /// Keeps the waiter for the next who needs one. It must not be registered anywhere, and nobody may be about to end its wait.
  package func giveBack() {
    let thread = ThreadWaiter.current
    guard thread.spare == nil else { return }
    begin()
    thread.spare = self
  }
}
