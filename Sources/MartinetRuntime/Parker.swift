import CMartinetLinux
import MartinetTCP

/// Where one thread sleeps until it is notified. A notification that comes first is kept, once.
struct Parker: ~Copyable, Sendable {
  private static let nothing: UInt32 = 0
  private static let notified: UInt32 = 1
  private static let asleep: UInt32 = 2

  private let word = FutexWord(Parker.nothing)

  /// Lets the thread go on, now or at its next ``sleep(until:)``. Only a sleeper costs a system call.
  borrowing func notify() {
    if word.exchange(Parker.notified) == Parker.asleep { word.wake(1) }
  }

  /// How often the word is looked at for each look at the clock.
  private static let looks = 16

  /// Looks for a notification until `end` without sleeping, and consumes it. False: there was none.
  borrowing func look(until end: Instant) -> Bool {
    repeat {
      for _ in 0..<Parker.looks {
        if word.load() == Parker.notified {
          _ = word.exchange(Parker.nothing)
          return true
        }
        martinet_spin_hint()
      }
    } while MonotonicClock.now < end
    return false
  }

  /// Waits for a notification and consumes it. False: the deadline came first.
  borrowing func sleep(until deadline: Instant) -> Bool {
    guard word.replace(Parker.nothing, with: Parker.asleep) else {
      _ = word.exchange(Parker.nothing)
      return true
    }
    while word.load() == Parker.asleep {
      if !word.sleep(while: Parker.asleep, until: deadline.nanoseconds)
        && word.replace(Parker.asleep, with: Parker.nothing)
      {
        return false
      }
    }
    _ = word.exchange(Parker.nothing)
    return true
  }
}
