/// The knobs of a session: its window, its timers (SMPP 3.4 section 2.9) and its bounds.
public struct SMPPConfiguration: Hashable, Sendable {
  /// The requests that may be unanswered at once; a further one waits. 10 by default; at least 1.
  public var window = 10
  /// The response_timer: how long a request may stay unanswered. 10 s by default; more than zero.
  public var responseTimeout = Duration.seconds(10)
  /// The session_init_timer: how long a program may be connected to a server without having bound. 10 s by default; more than zero.
  public var sessionInitTimeout = Duration.seconds(10)
  /// The enquire_link_timer: the silence after which a peer is sent an enquire_link, again and again. 30 s by default, more than zero; nil never asks.
  public var enquireLinkInterval: Duration? = .seconds(30)
  /// The silence after which a peer that is asked counts as lost. 75 s by default; more than ``enquireLinkInterval``.
  public var enquireLinkBound = Duration.seconds(75)
  /// The inactivity_timer: how long a session without any request but enquire_link lasts before it is unbound. Nil, for ever, by default; more than zero.
  public var inactivityTimeout: Duration?
  /// The octets of the largest PDU that is sent or taken: 70,000 by default, for the largest message_payload and its surroundings; 16 to 16 MiB.
  public var largestPDU = 70_000
  /// The requests of the peer that may wait to be answered; a further one is refused with ``SMPPStatus/throttled``. 100 by default; at least 1.
  public var largestBacklog = 100
  /// How long the end of a session waits for the peer to take what was written and to close. 5 s by default; more than zero.
  public var closingTimeout = Duration.seconds(5)

  public init() {}

  /// Octets that may wait to be written before nothing more is read.
  static let outputLimit = 1 << 16

  /// Throws if a value is out of its bounds.
  func check(_ operation: SMPPError.Operation) throws(SMPPError) {
    func demand(_ condition: Bool, _ text: String) throws(SMPPError) {
      if !condition { throw SMPPError(operation, nil, .invalidArgument(text)) }
    }
    try demand(window >= 1, "a window is at least 1, not \(window)")
    try demand(largestBacklog >= 1, "a backlog is at least 1, not \(largestBacklog)")
    try demand((16...(1 << 24)).contains(largestPDU), "the largest PDU has 16 octets to 16 MiB, not \(largestPDU)")
    for (name, timer) in [
      ("response timeout", responseTimeout), ("session init timeout", sessionInitTimeout),
      ("enquire_link interval", enquireLinkInterval ?? .seconds(1)), ("closing timeout", closingTimeout),
      ("inactivity timeout", inactivityTimeout ?? .seconds(1)),
    ] {
      try demand(timer > .zero, "the \(name) is more than zero, not \(timer)")
    }
    if let interval = enquireLinkInterval {
      try demand(enquireLinkBound > interval, "the enquire_link bound is more than its interval, \(interval)")
    }
  }

  /// The shortest time from any event to a deadline that it brings. Who looks at the deadlines that often misses none.
  var shortestTimer: Duration {
    var shortest = min(responseTimeout, sessionInitTimeout)
    if let interval = enquireLinkInterval { shortest = min(shortest, interval, enquireLinkBound - interval) }
    if let inactivityTimeout { shortest = min(shortest, inactivityTimeout) }
    return shortest
  }
}
