import MartinetTCP

/// A token bucket (RFC 4443 section 2.4 (f)): so many per second on average, and so many at once.
package struct RateLimit {
  /// What one token costs, in nanoseconds of waiting; 0 if everything is refused.
  private let cost: Int64
  private let capacity: Int64
  private var credit: Int64
  private var last = Instant.zero
  private let admitsNothing: Bool

  /// A full bucket of `burst` tokens, to which `perSecond` are added each second.
  package init(perSecond: Int, burst: Int) {
    admitsNothing = perSecond <= 0 || burst <= 0
    let rate = Int64(max(1, min(perSecond, 1_000_000_000)))
    cost = 1_000_000_000 / rate
    capacity = cost * Int64(max(1, min(burst, 1_000_000)))
    credit = capacity
  }

  /// Takes a token; false if there is none.
  package mutating func take(at now: Instant) -> Bool {
    if admitsNothing { return false }
    let elapsed = max(0, (now - last).nanoseconds)
    last = now
    credit = elapsed >= capacity - credit ? capacity : credit + elapsed
    guard credit >= cost else { return false }
    credit -= cost
    return true
  }
}
