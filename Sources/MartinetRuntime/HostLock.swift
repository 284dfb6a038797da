import CMartinetLinux

/// The lock around a host: held for microseconds, by a loop and by callers, so a thread spins a little before it sleeps.
///
/// Free, held, or held with somebody asleep: only the last costs a system call at the release. The lock barges: a
/// released lock goes to whoever comes first, which spares a switch of threads for each turn.
final class HostLock: Sendable {
  private static let free: UInt32 = 0
  private static let held: UInt32 = 1
  private static let contended: UInt32 = 2
  /// How often a thread looks again before it sleeps: a few microseconds.
  private static let spins = 100

  private let word = FutexWord(HostLock.free)

  func lock() {
    if word.replace(HostLock.free, with: HostLock.held) { return }
    for _ in 0..<HostLock.spins {
      martinet_spin_hint()
      if word.load() == HostLock.free && word.replace(HostLock.free, with: HostLock.held) { return }
    }
    while word.exchange(HostLock.contended) != HostLock.free {
      _ = word.sleep(while: HostLock.contended, until: Int64.max)
    }
  }

  func unlock() {
    if word.exchange(HostLock.free) == HostLock.contended { word.wake(1) }
  }

  func withLock<Result: ~Copyable, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    lock()
    defer { unlock() }
    return try body()
  }
}
