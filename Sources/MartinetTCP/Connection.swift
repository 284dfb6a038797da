import MartinetWire

/// One TCP connection (RFC 9293): events and calls go in, segments and events come out, and nothing else happens.
///
/// A connection performs no effect. After each call ask ``pollTransmit(into:maximumTrain:in:at:)`` until it says no, take
/// ``pollEvents()``, and call ``expire(in:at:)`` at ``nextDeadline``. A connection that is over may still have an RST to send.
public struct Connection: ~Copyable {
  private let anchor = Anchor()
  public let id: ConnectionID
  public let local: Endpoint
  public let remote: Endpoint
  /// Whether the connection began in LISTEN: an RST in SYN-RECEIVED leads back there (RFC 9293 MUST-11).
  public let isPassive: Bool
  public internal(set) var phase = Phase.closed
  var common: Shared<CommonState>

  var snd: SendVariables
  var rcv = ReceiveVariables()
  var negotiated = Negotiated()
  var flags: ConnectionFlags = []
  var debt = AcknowledgementDebt()
  var keepAlive: KeepAliveState
  var received = PageChain()

  // What is needed at times only: an idle connection has none of it.
  var transferPart = Part<TransferState>()
  var timerPart = Part<Timers>()
  var rarePart = Part<RareState>()
  var tuningPart = Part<BufferTuning>()
  var ecnPart = Part<ECNState>()
  var resting = RestingState()

  /// The largest IP packets that the path and the link take.
  @Narrow<UInt32> var pathMTU: Int
  @Narrow<UInt32> private(set) var linkMTU: Int
  /// The octets behind the header of a segment, when the IP packet is as large as the path and the peer take it.
  @Narrow<UInt16> var spaceForOptionsAndText = 0
  /// SMSS: the payload octets of a full data segment.
  @Narrow<UInt16> var segmentSize = 1
  /// What the MSS option offers: what the link can take, whatever the options (RFC 9293 section 3.7.1, MUST-67).
  var offeredSegmentSize: UInt16 = 0
  let timestampOffset: UInt32
  /// An RST that answers a doubtful segment and leaves the connection alone (RFC 9293 section 3.10.7.4).
  var owedReset: SequenceNumber?
  /// Handshake segments that were repeated.
  @Narrow<UInt16> var synRetransmissions = 0
  /// When data last left (RFC 5681 section 4.1).
  var lastSentAt: Instant
  var softError: UnreachableCause?
  /// Probes of a closed window since it was closed.
  @Narrow<UInt16> var probes = 0
  var events: ConnectionEvents = []
  /// The payload of the largest segment that was acknowledged: maxsizeacked of RFC 5927 section 7.2.
  var largestAcknowledged: UInt16 = 0
  var warnings: WarningKinds = []
  public package(set) var statistics = ConnectionStatistics()

  private init(_ parameters: OpenParameters, isPassive: Bool, in environment: inout Environment, at now: Instant) {
    id = parameters.id
    local = parameters.local
    remote = parameters.remote
    self.isPassive = isPassive
    common = environment.common(for: parameters.options)
    pathMTU = Connection.initialPathMTU(parameters)
    linkMTU = parameters.linkMTU
    timestampOffset = parameters.timestampOffset
    // RFC 9293 section 3.7.1: 536 or 1220 until the peer says otherwise.
    snd = SendVariables(
      parameters.initialSequence, peerSegmentSize: parameters.remote.address.isIPv4 ? 536 : 1220)
    keepAlive = KeepAliveState(lastHeard: now)
    lastSentAt = now
    makeTransfer(
      TransferStart(
        next: parameters.initialSequence, roundTrip: RoundTrip(environment.configuration),
        algorithm: options.congestion))
    settleSegmentSize()
    fastOpen = parameters.fastOpen
    rcv.scale = environment.configuration.windowScaling ? WindowScale(for: largestReceiveBuffer) : .none
    debt.quick = environment.configuration.quickAcknowledgements
    trace(.opened(local: local, remote: remote, passive: isPassive), in: &environment, at: now)
  }

  /// Active OPEN (RFC 9293 section 3.10.1): CLOSED to SYN-SENT. The SYN leaves with the next poll.
  public init(opening parameters: OpenParameters, in environment: inout Environment, at now: Instant) {
    self.init(parameters, isPassive: false, in: &environment, at: now)
    move(on: .activeOpen, in: &environment, at: now)
    flags.insert(.synDue)
    recovery.silentSince = now
    if !parameters.mayAskForNotification && preferredNotification != .none { ecn.isRefused = true }
    if options.connectTimeout > .zero { timers[.userTimeout] = now + options.connectTimeout }
  }

  /// Passive OPEN (RFC 9293 section 3.10.1): a record in LISTEN for one SYN, which is to be given to it at once.
  ///
  /// If the phase is LISTEN again later, the handshake came to nothing: drop the record and tell nobody.
  public init(listening parameters: OpenParameters, in environment: inout Environment, at now: Instant) {
    self.init(parameters, isPassive: true, in: &environment, at: now)
    move(on: .passiveOpen, in: &environment, at: now)
  }

  /// A record in TIME-WAIT that was one before: nothing of it is a change of the phase.
  init(inTimeWait parameters: OpenParameters, in environment: inout Environment, at now: Instant) {
    self.init(parameters, isPassive: false, in: &environment, at: now)
    phase = .timeWait
    dropTransfer()
  }

  /// A record in SYN-RECEIVED that was one before: nothing of it is a change of the phase.
  init(inSYNReceived parameters: OpenParameters, in environment: inout Environment, at now: Instant) {
    self.init(parameters, isPassive: true, in: &environment, at: now)
    phase = .synReceived
  }

  // MARK: The one writer of the phase

  /// Follows the arrow of the state diagram that `trigger` names.
  mutating func move(on trigger: Trigger, in environment: inout Environment, at now: Instant) {
    guard let next = phase.after(trigger) else {
      preconditionFailure("the state diagram has no such arrow")
    }
    let previous = phase
    phase = next
    trace(.phaseChanged(from: previous, to: next, trigger), in: &environment, at: now)
  }

  /// The connection is over: everything is given back, and the program hears why (RFC 9293 section 3.10.5 and others).
  mutating func end(_ reason: EndReason, on trigger: Trigger, in environment: inout Environment, at now: Instant) {
    move(on: trigger, in: &environment, at: now)
    endReason = reason
    events.insert([.ended, .readable, .writable])
    timers.cancelAll()
    debt.clear()
    debt.duplicates = 0
    flags.subtract([.synDue, .probeDue, .overrideDue])
    keepAlive.probeDue = false
    if transferPart.isPresent { recovery.front = nil }
    // What arrived in order can still be read, but for what a reset takes with it (RFC 9293 section 3.10.7.4, second).
    let unread = reason.keepsUnreadData ? received.take() : PageChain()
    releaseMemory(in: &environment)
    received = unread
    trace(.ended(reason), in: &environment, at: now)
  }

  /// Gives every page back. Call it before the record is dropped.
  public mutating func releaseMemory(in environment: inout Environment) {
    if transferPart.isPresent {
      queue.removeAll(in: &environment.pool)
      scoreboard.removeAll()
    }
    if hasReordered { reassembly.removeAll(in: &environment.pool) }
    environment.pool.release(received.take())
  }

  /// Gives back everything that the connection holds, which is to be dropped at once.
  package mutating func dissolve(in environment: inout Environment) {
    releaseMemory(in: &environment)
    dropTransfer()
    dropTimers()
    dropTuning()
  }

  func trace(_ kind: @autoclosure () -> TraceKind, in environment: inout Environment, at now: Instant) {
    if environment.trace.isEnabled {
      environment.trace.record(kind(), of: id, at: now)
    }
  }
}

// MARK: - Questions

extension Connection {
  /// When ``expire(in:at:)`` is to be called next; ``Instant/never`` if no timer runs.
  public var nextDeadline: Instant { timers.earliest }

  /// When something is due that the peer or the program may notice: without the time when an idle connection gives memory back.
  package var nextProtocolDeadline: Instant { timers.earliestOfProtocol }

  /// Octets that a receive call would bring at once, an urgent octet that is not in line included.
  public var unreadBytes: Int { received.count }

  /// Octets that a send call would take at once, as far as the buffer goes.
  public var writableBytes: Int { roomToWrite }

  @inline(always)
  var roomToWrite: Int {
    switch phase {
    case .synSent, .synReceived, .established, .closeWait:
      flags.contains(.finQueued) ? 0 : max(0, roomInQueue)
    default: 0
    }
  }

  @inline(__always)
  private var roomInQueue: Int {
    let room = sendBufferSize - queue.count
    // Without a low-water mark what has left counts as much as what has not.
    return options.notSentLowWater > 0 ? min(room, roomLimit - unsentBytes) : room
  }

  /// The most octets that may wait without having left once.
  @inline(__always)
  var roomLimit: Int {
    options.notSentLowWater > 0 ? min(options.notSentLowWater, sendBufferSize) : sendBufferSize
  }

  /// The octets up to the urgent mark; nil if no urgent octets wait (RFC 9293 section 3.8.5, MUST-33).
  public var urgentBytesAhead: Int? {
    guard let up = rcv.up else { return nil }
    let ahead = up.distance(from: readPosition)
    return ahead > 0 ? ahead : nil
  }

  /// The number of the next octet to be read.
  var readPosition: SequenceNumber {
    let end = rcv.fin.map { SequenceNumber.earlier($0, rcv.nxt) } ?? rcv.nxt
    return end - received.count
  }

  /// The number of the first octet in the send queue: SND.UNA, but behind an outstanding SYN, and before an acknowledged FIN.
  var queueStart: SequenceNumber {
    if !flags.contains(.synAcknowledged) { return snd.iss + 1 }
    return finIsAcknowledged ? snd.una - 1 : snd.una
  }

  /// The number of the FIN: behind the last octet of the queue. Meaningful once the FIN is queued.
  var finNumber: SequenceNumber { queueStart + queue.count }

  var finIsAcknowledged: Bool {
    flags.contains(.finSent) && snd.una == snd.nxt
  }

  /// Octets in the queue that never left.
  var unsentBytes: Int {
    @inline(__always) get {
      // Between SYN and FIN nothing but text is outstanding.
      if flags.intersection(.tellsWhatIsOutstanding) == .synAcknowledged {
        return max(0, queue.count - snd.nxt.distance(from: snd.una))
      }
      // The FIN leaves behind all text.
      return flags.contains(.finSent) ? 0 : unsentBytesBehindSYN
    }
  }

  private var unsentBytesBehindSYN: Int {
    let next = SequenceNumber.later(snd.nxt, queueStart)
    return max(0, queue.count - next.distance(from: queueStart))
  }

  /// Whether a FIN is queued and never left.
  var finIsUnsent: Bool {
    @inline(__always) get { flags.intersection(.tellsOfFIN) == .finQueued }
  }

  /// What happened since the last call; forgets it.
  public mutating func pollEvents() -> ConnectionEvents {
    let result = events
    events = []
    return result
  }

  /// In TIME-WAIT: whether `header`, a SYN, may open a new incarnation (RFC 6191 section 2); the number that its ISN must exceed if so.
  public func acceptsReuse(bySYN header: TCPHeader) -> SequenceNumber? {
    guard phase == .timeWait, header.isSYN, !header.isACK, !header.isRST else { return nil }
    let isNewer: Bool
    if negotiated.timestamps && header.options.has(.timestamps) {
      let difference = Int32(bitPattern: header.options.timestamps.value &- rcv.timestampRecent)
      isNewer = difference > 0 || (difference == 0 && header.sequence.isAtOrAfter(rcv.nxt))
    } else if !negotiated.timestamps && header.options.has(.timestamps) {
      isNewer = true
    } else {
      // RCV.NXT - 1 was the last number seen, that of the FIN.
      isNewer = header.sequence.isAtOrAfter(rcv.nxt)
    }
    return isNewer ? snd.nxt : nil
  }
}
