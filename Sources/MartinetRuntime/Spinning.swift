import CMartinetLinux
import MartinetTCP

/// What a thread that has to wait does before it sleeps.
public enum Spinning: Hashable, Sendable {
  /// It sleeps at once.
  case off
  /// It looks again and again for at most so long, 0 to 1 ms. A thread that looked in vain does so less and less often, until it finds something again.
  case adaptive(Duration)

  /// Twenty microseconds where the process may use several processors; with one there is nobody who could bring anything meanwhile.
  public static var automatic: Spinning {
    martinet_processors() > 1 ? .adaptive(.microseconds(20)) : .off
  }

  /// How long a thread looks.
  var limit: Interval {
    guard case .adaptive(let limit) = self else { return .zero }
    let bounded = max(.zero, min(limit, .milliseconds(1)))
    return Interval(nanoseconds: bounded.components.attoseconds / 1_000_000_000)
  }
}

/// What one thread has learnt from looking before it slept.
package struct SpinExperience {
  /// After so many vain looks in a row their distance doubles no more.
  private static let mostMisses = 10
  private var misses = 0
  /// The waits in which the thread does not look.
  private var pass = 0

  package init() {}

  /// Whether the thread looks in the wait that begins.
  package mutating func looks() -> Bool {
    guard pass > 0 else { return true }
    pass -= 1
    return false
  }

  /// What came of a look.
  package mutating func note(found: Bool) {
    misses = found ? 0 : min(misses + 1, SpinExperience.mostMisses)
    pass = found ? 0 : 1 << misses
  }
}
