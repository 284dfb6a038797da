import CMartinetLinux
import MartinetTCP

/// Where one thread sleeps until it is notified. A notification that comes first is kept, once.
package struct Parker: ~Copyable, Sendable {
  private static let nothing: UInt32 = 0
  private static let notified: UInt32 = 1
  private static let asleep: UInt32 = 2
  private static let polling: UInt32 = 3
  private static let offered: UInt32 = 4

  private let word = FutexWord(Parker.nothing)

  package init() {}

  /// Lets the thread go on, now or at its next ``sleep(until:)``. Only a sleeper costs a system call. True: the thread polls, and the caller has to end that.
  @discardableResult
  package borrowing func notify() -> Bool {
    let before = word.exchange(Parker.notified)
    if before == Parker.asleep { word.wake(1) }
    return before == Parker.polling
  }

  /// Whether a notification waits to be consumed.
  var isNotified: Bool { word.load() == Parker.notified }

  /// Consumes a notification if there is one.
  borrowing func takeNotification() -> Bool {
    isNotified && word.exchange(Parker.nothing) == Parker.notified
  }

  /// The thread is about to poll; false if it has been notified.
  package borrowing func beginPoll() -> Bool {
    word.replace(Parker.nothing, with: Parker.polling)
  }

  /// The thread has polled. A notification is kept.
  package borrowing func endPoll() {
    _ = word.replace(Parker.polling, with: Parker.nothing)
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

  /// What has ended a sleep.
  package enum Awakening {
    case notified
    case offered
    case timedOut
  }

  /// Waits for a notification and consumes it. False: the deadline came first.
  package borrowing func sleep(until deadline: Instant) -> Bool {
    sleepForOffer(until: deadline) != .timedOut
  }

  /// Waits for a notification or an offer, and consumes it. Says, too, whether an offer was made, which may come behind the end of the sleep: it is
  /// consumed as well, so that it ends no later one.
  ///
  /// - Parameter withdraw: takes the wish for an offer back; false: the offer was made.
  package borrowing func awaitOffer(
    until deadline: Instant, withdraw: () -> Bool
  ) -> (awakening: Awakening, hasOffer: Bool) {
    let awakening = sleepForOffer(until: deadline)
    if withdraw() { return (awakening, false) }
    _ = word.replace(Parker.offered, with: Parker.nothing)
    return (awakening, true)
  }

  private borrowing func sleepForOffer(until deadline: Instant) -> Awakening {
    if word.replace(Parker.nothing, with: Parker.asleep) {
      while word.load() == Parker.asleep {
        if !word.sleep(while: Parker.asleep, until: deadline.nanoseconds)
          && word.replace(Parker.asleep, with: Parker.nothing)
        {
          return .timedOut
        }
      }
    }
    return word.exchange(Parker.nothing) == Parker.offered ? .offered : .notified
  }

  /// Wakes a thread that sleeps, or is about to, for something else than what it waits for. A notification counts for more.
  package borrowing func offer() {
    if word.replace(Parker.asleep, with: Parker.offered) {
      word.wake(1)
    } else {
      _ = word.replace(Parker.nothing, with: Parker.offered)
    }
  }
}
