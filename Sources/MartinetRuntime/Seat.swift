import MartinetTCP

/// A thread's place in virtual time. Everything but the parker belongs to the driver's lock.
final class Seat: @unchecked Sendable {
  /// What the thread does, as the driver sees it.
  enum Activity {
    case running
    case ready
    case waiting
    case ended
  }

  let driver: VirtualDriver
  let name: String
  /// Where the thread sleeps until it gets the token.
  let parker = Parker()
  var activity = Activity.ready
  var outcome = WaitOutcome.fired
  /// What the thread has registered for came, and the thread has not seen it yet.
  var isFired = false
  /// Ends the wait, if the thread waits, at its deadline.
  var alarm: Alarm?
  /// The thread runs tasks and has none to run: it waits outside of time, which goes on or ends without it.
  var isIdle = false
  /// Who waits for the end of the thread.
  var joiners = WaiterQueue()
  /// The threads that this one has spawned; belongs to the thread itself, after its end to who joins it.
  var children: [Seat] = []

  init(driver: VirtualDriver, name: String) {
    self.driver = driver
    self.name = name
  }

  /// What the thread waited for has come.
  func fire() {
    driver.makeReady(self)
  }
}
