import CMartinetLinux
import Glibc
import MartinetLinks
import MartinetSimulation
import MartinetTCP

/// A pipe in real time: with a timer that is readable when the next packet is due.
struct TimedPipe: ~Copyable, Sendable {
  var pipe: ImpairedPipe
  let timer: Int32
  /// What the timer is set to.
  private var deadline = Instant.never

  init(_ pipe: consuming ImpairedPipe) throws(LinkError) {
    let timer = martinet_timer_create()
    if timer < 0 { throw .system("timerfd_create", code: -timer) }
    self.timer = timer
    self.pipe = pipe
  }

  deinit { _ = Glibc.close(timer) }

  /// Sets the timer to when the next packet is due, or to `time` if that is later. One that is due stays so until it is taken.
  mutating func arm(notBefore time: Instant) { set(max(pipe.nextArrival, time)) }

  /// Lets the timer sleep, though packets may be due.
  mutating func disarm() { set(.never) }

  private mutating func set(_ wanted: Instant) {
    guard wanted != deadline else { return }
    deadline = wanted
    _ = martinet_timer_set(timer, wanted.nanoseconds)
  }
}
