import CMartinetLinux
import MartinetTCP

/// The clock of the real driver: CLOCK_MONOTONIC, so that a deadline of the host is a deadline of a futex.
enum MonotonicClock {
  static var now: Instant { Instant(nanoseconds: martinet_monotonic_nanoseconds()) }
}
