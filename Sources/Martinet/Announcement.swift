import MartinetRuntime
import MartinetTCP

/// Where threads wait for what other threads do, in the time of a stack.
///
/// What they wait for is the program's own, behind its own lock. Whoever changes it calls ``announce()`` afterwards; whoever waits looks again.
/// So threads that wait for each other pass virtual time on, which a condition variable of the system would stop.
public final class Announcement: Sendable {
  public let stack: NetworkStack
  private let bell = Bell()

  public init(on stack: NetworkStack) {
    self.stack = stack
  }

  /// Lets everybody who waits look again.
  public func announce() {
    bell.ring()
  }

  /// Blocks the calling thread until `look` finds something, and returns that; nil if it finds nothing by `deadline`.
  ///
  /// - Parameters:
  ///   - deadline: a time of the stack's clock, ``NetworkStack/now``; nil waits for ever.
  ///   - look: is called at once and after each announcement, under no lock of the stack.
  public func wait<Found>(until deadline: Duration? = nil, _ look: () -> Found?) throws(SocketError) -> Found? {
    _ = try stack.admit(.wait, nil)
    let end = deadline.map { Instant.zero + Interval($0) } ?? .never
    while true {
      let rings = bell.rings
      if let found = look() { return found }
      if stack.core.now >= end { return nil }
      try stack.wait(for: bell, since: rings, until: end, .wait)
    }
  }
}
