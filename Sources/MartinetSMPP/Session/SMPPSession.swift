import Martinet

/// A session of SMPP 3.4 as a pure state machine: octets, calls and time go in, octets and events come out.
///
/// It has no thread, no socket and no clock. Times are those of one clock, such as ``NetworkStack/now``. ``SMPPConnection`` drives it over a
/// blocking socket.
public struct SMPPSession: Sendable {
  /// What has happened.
  public enum Event: Sendable {
    /// The peer asks for something; ``respond(to:status:_:at:)`` answers, unless the command has no response.
    case request(SMPPPDU)
    /// A request of this side has been settled, by a response or by the lack of one.
    case settled(sequence: UInt32, Result<SMPPPDU, Unsettled>)
    /// The session is over; nothing follows.
    case ended(SMPPEnd)
  }

  /// Why a request has no response that agrees.
  public struct Unsettled: Error, Equatable, Sendable {
    public var reason: SMPPError.Reason
  }

  /// What a session has counted.
  public struct Statistics: Hashable, Sendable {
    public var requestsSent: UInt64 = 0
    public var requestsReceived: UInt64 = 0
    /// Responses to nothing that waits for one, such as those that came too late.
    public var strayResponses: UInt64 = 0
    /// PDUs that could not be read or have an unknown command.
    public var malformed: UInt64 = 0
    /// Requests that were refused because too many wait.
    public var throttled: UInt64 = 0
    /// Requests that the peer may not send in the state that the session was in.
    public var misplaced: UInt64 = 0
    public var enquireLinksSent: UInt64 = 0
    public var enquireLinksReceived: UInt64 = 0
  }

  /// A request of this side that nobody has answered.
  struct Outstanding {
    let sequence: UInt32
    let command: SMPPCommand
    let deadline: Duration
  }

  /// A request of the peer that this side has not answered.
  struct Waiting {
    let sequence: UInt32
    let command: SMPPCommand
  }

  public let role: SMPPRole
  public let configuration: SMPPConfiguration
  /// Whom errors name.
  public let peer: Endpoint?
  public internal(set) var state = SMPPSessionState.open
  public internal(set) var end: SMPPEnd?
  public internal(set) var statistics = Statistics()

  var framer: SMPPFramer
  var events: [Event] = []
  var output: [UInt8] = []
  var outstanding: [Outstanding] = []
  var waiting: [Waiting] = []
  var lastSequence: UInt32 = 0
  var heartbeat: Heartbeat?
  var lastTransaction: Duration
  /// Until when somebody must have bound.
  var bindDeadline: Duration?
  /// Nothing but unbind may be sent any more.
  var isUnbinding = false
  /// The inactivity_timer is what unbinds.
  var isUnbindingForInactivity = false

  /// A session over a connection that was established at `now`.
  /// - Throws: ``SMPPError/Reason/invalidArgument(_:)`` for a knob out of its bounds.
  public init(
    _ role: SMPPRole, configuration: SMPPConfiguration = SMPPConfiguration(), peer: Endpoint? = nil, at now: Duration
  ) throws(SMPPError) {
    try configuration.check(role == .esme ? .connect : .accept)
    self.role = role
    self.configuration = configuration
    self.peer = peer
    framer = SMPPFramer(limit: configuration.largestPDU)
    lastTransaction = now
    if role == .messageCentre { bindDeadline = now + configuration.sessionInitTimeout }
  }

  // MARK: Questions

  /// Whether another request fits into the window.
  public var hasRoom: Bool { outstanding.count < configuration.window }
  /// The requests of this side that nobody has answered yet.
  public var outstandingRequests: Int { outstanding.count }
  /// Whether the caller is to go on reading: not while too much waits to be written.
  public var wantsInput: Bool { end == nil && output.count <= SMPPConfiguration.outputLimit }

  /// When to call ``expire(at:)`` at the latest; nil after the end.
  public var nextDeadline: Duration? {
    if end != nil { return nil }
    var deadlines = outstanding.map(\.deadline)
    if let bindDeadline { deadlines.append(bindDeadline) }
    if let heartbeat { deadlines.append(heartbeat.deadline) }
    if let inactivityDeadline { deadlines.append(inactivityDeadline) }
    return deadlines.min()
  }

  var inactivityDeadline: Duration? {
    guard let limit = configuration.inactivityTimeout, state.isBound, !isUnbinding, outstanding.isEmpty, waiting.isEmpty
    else { return nil }
    return lastTransaction + limit
  }

  // MARK: Effects

  /// The octets to write; they count as written.
  public mutating func takeOutput() -> [UInt8] {
    defer { output = [] }
    return output
  }

  /// What has happened and was not told yet, in order.
  public mutating func takeEvents() -> [Event] {
    defer { events = [] }
    return events
  }

  // MARK: The end

  /// The connection failed.
  public mutating func fail(_ error: SocketError) { finish(.socket(error)) }

  /// The peer has closed the connection.
  public mutating func receiveEnd() { finish(.closed(byPeer: true)) }

  /// This side closes without unbinding.
  public mutating func close() { finish(.closed(byPeer: false)) }

  /// The one place where a session ends; the first reason counts.
  mutating func finish(_ end: SMPPEnd) {
    guard self.end == nil else { return }
    self.end = end
    if case .unbound = end { state = .unbound } else { state = .closed }
    if case .socket = end { output = [] }
    for request in outstanding { settle(request, .failure(.ended(end))) }
    outstanding = []
    waiting = []
    heartbeat = nil
    bindDeadline = nil
    events.append(.ended(end))
  }

  mutating func settle(_ request: Outstanding, _ result: Result<SMPPPDU, Unsettled>) {
    events.append(.settled(sequence: request.sequence, result))
  }

  /// The peer is bound.
  mutating func enter(_ state: SMPPSessionState, at now: Duration) throws(SocketError) {
    self.state = state
    bindDeadline = nil
    lastTransaction = now
    if let interval = configuration.enquireLinkInterval {
      heartbeat = try Heartbeat(interval: interval, bound: configuration.enquireLinkBound, from: now)
    }
  }
}

extension SMPPSession.Unsettled {
  static func ended(_ end: SMPPEnd) -> Self { Self(reason: .ended(end)) }
}
