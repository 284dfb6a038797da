import MartinetTCP
import MartinetWire

/// How a connection to a name with several addresses is attempted (RFC 8305, "Happy Eyeballs version 2").
public struct HappyEyeballs: Hashable, Sendable {
  /// How long one attempt is waited for before the next begins beside it: 250 ms by default, 10 ms to 2 s (RFC 8305 sections 5 and 8).
  public var connectionAttemptDelay = Duration.milliseconds(250)
  /// How long the IPv6 addresses of a name are waited for when its IPv4 addresses are known: 50 ms by default, 0 to 2 s (RFC 8305 sections 3 and 8).
  public var resolutionDelay = Duration.milliseconds(50)

  public init() {}

  /// Throws if a value is out of its bounds.
  func check() throws(SocketError) {
    guard (.milliseconds(10) ... .seconds(2)).contains(connectionAttemptDelay) else {
      throw SocketError(.connect, nil, .invalidArgument("the connection attempt delay is from 10 ms to 2 s"))
    }
    guard (.zero ... .seconds(2)).contains(resolutionDelay) else {
      throw SocketError(.connect, nil, .invalidArgument("the resolution delay is from 0 to 2 s"))
    }
  }
}

/// Which address to try next, and when: the decisions of RFC 8305, without sockets and clocks.
package struct AddressRace {
  package enum Step: Equatable {
    case attempt(IPAddress)
    /// Nothing is to be begun before then, unless something else happens.
    case wait(until: Instant)
    /// Every address was tried, and no more will come.
    case exhausted
  }

  private let attemptDelay: Interval
  private let resolutionDelay: Interval
  /// The addresses that wait for their turn, best first.
  private var untried: [IPAddress] = []
  /// The families whose addresses are not known yet.
  private var unresolved = Set(AddressFamily.allCases)
  /// Whether IPv6 addresses are known: then there is nothing to hold back for.
  private var hasIPv6 = false
  /// Until when an IPv4 address waits for the IPv6 addresses.
  private var heldUntil = Instant.zero
  private var running = 0
  private var lastFamily: AddressFamily?
  private var nextAttempt = Instant.zero

  package init(_ knobs: HappyEyeballs) {
    attemptDelay = Interval(knobs.connectionAttemptDelay)
    resolutionDelay = Interval(knobs.resolutionDelay)
  }

  /// The addresses of a family have come, perhaps none. `sort` puts addresses into the order of preference; those that come while others were tried are sorted in
  /// with those that wait (RFC 8305 section 3).
  package mutating func resolved(
    _ family: AddressFamily, _ addresses: [IPAddress], at now: Instant, sort: ([IPAddress]) -> [IPAddress]
  ) {
    guard unresolved.remove(family) != nil else { return }
    if family == .ipv6 { hasIPv6 = !addresses.isEmpty }
    if family == .ipv4 && !addresses.isEmpty && unresolved.contains(.ipv6) { heldUntil = now + resolutionDelay }
    let sorted = sort(untried + addresses)
    guard let best = sorted.first else { return }
    let first = lastFamily.map { $0 == .ipv6 ? AddressFamily.ipv4 : .ipv6 } ?? AddressFamily(of: best)
    untried = sorted.interleaved(beginningWith: first)
  }

  package func isWaiting(for family: AddressFamily) -> Bool { unresolved.contains(family) }

  /// What to do now. An attempt that it names counts as begun.
  package mutating func next(at now: Instant) -> Step {
    guard let address = untried.first else {
      return running == 0 && unresolved.isEmpty ? .exhausted : .wait(until: .never)
    }
    // The first attempt is held back for IPv6 addresses that may yet come (RFC 8305 section 3).
    let isHeld = lastFamily == nil && !hasIPv6 && unresolved.contains(.ipv6)
    if isHeld && now < heldUntil { return .wait(until: heldUntil) }
    if running > 0 && now < nextAttempt { return .wait(until: nextAttempt) }
    untried.removeFirst()
    running += 1
    lastFamily = AddressFamily(of: address)
    nextAttempt = now + attemptDelay
    return .attempt(address)
  }

  /// An attempt has failed: the next one need not wait.
  package mutating func failed(at now: Instant) {
    running -= 1
    nextAttempt = now
  }
}
