import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetWire

/// What turns a host. There are two.
enum Driver: Sendable {
  case real(RealDriver)
  /// A host of a simulated network.
  case virtual(VirtualDriver, host: HostID)
}

/// One host as programs use it: every call that blocks elsewhere tries once here, and says who is to be told when it would do better.
///
/// Blocking sockets, async types, event-loop channels and a C interface are layers over it. Nothing of theirs runs under its lock.
package final class StackCore: Sendable {
  let driver: Driver

  init(_ driver: Driver) {
    self.driver = driver
  }

  /// Does something with the host under its lock, then what follows from it: output, wake-ups.
  func turn<Result, Failure: Error>(
    _ body: (inout Host, inout Notices, Instant) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch driver {
    case .real(let driver): try driver.turn(body)
    case .virtual(let driver, let host): try driver.turn(host, body)
    }
  }

  /// The time of the host's clock.
  package var now: Instant {
    switch driver {
    case .real: MonotonicClock.now
    case .virtual(let driver, _): driver.now
    }
  }

  /// 64 bits that nobody outside can predict (RFC 4086); in virtual time they come from the seed.
  package func randomWord() -> UInt64 {
    switch driver {
    case .real: Entropy.word()
    case .virtual(let driver, let host): driver.randomWord(for: host)
    }
  }

  /// Whether the stack was shut down.
  package var isStopped: Bool {
    if case .real(let driver) = driver { driver.isStopping } else { false }
  }

  /// Says whether the calling thread may block here.
  package func admit() throws(DriverError) -> ThreadWaiter {
    let waiter = ThreadWaiter.current
    switch driver {
    case .real(let driver): try driver.admit(waiter)
    case .virtual(let driver, _): try driver.admit(waiter)
    }
    return waiter
  }

  /// Blocks the calling thread, whose waiter is registered somewhere.
  package func wait(_ waiter: ThreadWaiter, until deadline: Instant) -> WaitOutcome {
    switch driver {
    case .real(let driver): driver.wait(waiter, until: deadline)
    case .virtual(let driver, _): driver.wait(waiter, until: deadline)
    }
  }

  /// Takes the notification of a waiter that was taken out to be fired, so that it does not end a later wait.
  package func consume(_ waiter: ThreadWaiter) {
    switch driver {
    case .real: _ = waiter.parker.sleep(until: .never)
    case .virtual(let driver, _): _ = driver.wait(waiter, until: .never)
    }
  }
}
