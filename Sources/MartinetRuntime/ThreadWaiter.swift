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
  var seat: Seat?
  /// Belongs to the thread itself, as well.
  var experience = SpinExperience()
  /// Whether the thread reads the links of a driver; the thread's own, too.
  private(set) var attends = false
  /// Whether it goes on with that between two waits.
  var keepsAttending = false
  var transfers = TransferExperience()
  /// The thread's own, like those before it.
  var role = ThreadRole.caller
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
