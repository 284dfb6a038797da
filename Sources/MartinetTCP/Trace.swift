import MartinetWire

/// The connection that a trace event belongs to: the host's slot and its generation.
@frozen
public struct ConnectionID: Equatable, Sendable {
  public let slot: UInt32
  public let generation: UInt32
  @inlinable
  public init(slot: UInt32, generation: UInt32) {
    self.slot = slot
    self.generation = generation
  }
  /// No connection.
  @inlinable public static var none: ConnectionID { ConnectionID(slot: UInt32.max, generation: 0) }
}

/// A segment as a trace shows it.
public struct SegmentSummary: Sendable {
  public var sequence: SequenceNumber
  public var acknowledgement: SequenceNumber
  public var flags: TCPFlags
  /// The window in octets, scaled where it is.
  public var window: Int
  public var payload: Int
  public var options: TCPOptions
  /// What stands in the ECN field of the IP header.
  public var ecn: ECNCodepoint
  public init(_ header: TCPHeader, payload: Int, windowShift: UInt8, ecn: ECNCodepoint = .notECT) {
    sequence = header.sequence
    acknowledgement = header.acknowledgement
    flags = header.flags
    window = Int(header.window) << Int(windowShift)
    self.payload = payload
    options = header.options
    self.ecn = ecn
  }
}

/// Why a segment left.
public enum TransmissionReason: UInt8, Sendable, CaseIterable {
  case handshake
  case newData
  /// Data on a first or second duplicate acknowledgement (RFC 3042).
  case limitedTransmit
  /// The third duplicate acknowledgement, or SACK evidence (RFC 5681 section 3.2).
  case fastRetransmission
  /// A partial acknowledgement in recovery (RFC 6582 section 3.2).
  case partialAcknowledgement
  /// The retransmission timer expired (RFC 6298 section 5.4).
  case timeout
  /// Further loss repaired after a timeout.
  case timeoutRecovery
  /// The peer did not take the text of our SYN (RFC 7413 section 4.2.2).
  case refusedInSYN
  /// A probe for the tail of a flight (RFC 8985 section 7).
  case tailLossProbe
  /// The path refuses packets of that size (RFC 1191, RFC 8201).
  case packetTooBig
  /// New data in a segment that is larger than those that are known to get through (RFC 4821).
  case pathProbe
  /// A probe of a zero window (RFC 9293 section 3.8.6.1).
  case windowProbe
  /// A probe of an idle peer (RFC 9293 section 3.8.4).
  case keepAliveProbe
  /// The second full segment arrived, or a program read.
  case acknowledgement
  /// The delayed-acknowledgement timer expired.
  case delayedAcknowledgement
  /// An out-of-order, duplicate or gap-filling segment (RFC 5681 section 3.2).
  case duplicateAcknowledgement
  /// Congestion marks arrived that the peer is to hear of at once (RFC 8257 section 3.2, RFC 9768 section 3.2.2.5.1).
  case congestionFeedback
  /// The window opened (RFC 9293 section 3.8.6.2.2).
  case windowUpdate
  /// An answer to a doubtful segment (RFC 5961).
  case challengeAcknowledgement
  /// The user timeout that we advertise changed (RFC 5482 section 3).
  case userTimeout
  case fin
  case reset

  /// Whether the segment repeats octets that were sent before.
  public var isRetransmission: Bool {
    switch self {
    case .fastRetransmission, .partialAcknowledgement, .timeout, .timeoutRecovery, .refusedInSYN, .packetTooBig: true
    default: false
    }
  }
}

/// Why an arriving segment was dropped, wholly or as far as its text goes.
public enum DropReason: UInt8, Sendable, CaseIterable {
  case outsideWindow
  case pawsOldTimestamp
  case timestampMissing
  case resetOutsideWindow
  case resetNotAtLeftEdge
  case synInSynchronizedState
  case acknowledgementMissing
  case acknowledgementOfNothingSent
  case acknowledgementTooOld
  case duplicateData
  case dataAfterFin
  case dataAfterClose
  case noRoom
  case unacceptableInState
  case resetInTimeWait
}

/// Why the congestion window or its threshold changed.
public enum CongestionCause: UInt8, Sendable, CaseIterable {
  case initialWindow
  case slowStart
  case congestionAvoidance
  case enteredFastRecovery
  case inflatedByDuplicate
  case partialAcknowledgement
  /// What may leave for one acknowledgement in recovery (RFC 9937).
  case proportionalRate
  /// A probe repaired the only loss (RFC 8985 section 7.4.2).
  case tailLossRepaired
  case leftFastRecovery
  case retransmissionTimeout
  case idleRestart
  /// RFC 7661 section 4.4.
  case windowUnused
  case explicitNotification
  /// BBR looks for the bandwidth, empties the queue that it made, sends less than the path takes, as much, fills it, sends more, or shrinks the flight to
  /// see the bare round trip (draft-ietf-ccwg-bbr section 5.3).
  case startup
  case drain
  case probingDown
  case cruising
  case refilling
  case probingUp
  case probingRoundTrip
  case spuriousUndone
}

/// A timer of a connection (RFC 9293 section 3.10.8).
///
/// What saves a timeout stands before the timeout: of timers that expire together it is the first.
public enum TimerKind: UInt8, Sendable, CaseIterable {
  /// A segment that was overtaken is lost (RFC 8985 section 6.2, step 5).
  case reordering
  /// A probe for the tail of a flight is due (RFC 8985 section 7.2).
  case tailLossProbe
  case retransmission
  case persist
  case delayedAcknowledgement
  case sillyWindowOverride
  case keepAlive
  case userTimeout
  case deadPeer
  case timeWait
  case finWait2
  case pacing
  /// An idle connection gives back what it needs to send.
  case rest
  /// Marks came while the window was one segment: the next leaves when this expires (RFC 3168 section 6.1.2).
  case congestionHold
}

/// What happened in a connection, and why.
public enum TraceKind: Sendable {
  case opened(local: Endpoint, remote: Endpoint, passive: Bool)
  case sent(SegmentSummary, TransmissionReason)
  case received(SegmentSummary)
  case dropped(SegmentSummary, DropReason)
  case phaseChanged(from: Phase, to: Phase, Trigger)
  case timerExpired(TimerKind)
  case congestion(window: Int, threshold: Int, inFlight: Int, CongestionCause)
  case roundTrip(sample: Interval, smoothed: Interval, variation: Interval, timeout: Interval)
  /// A sample of the rate at which the path delivers, in octets per second.
  case deliveryRate(Int, isApplicationLimited: Bool)
  case lossDetected(SequenceRange, TransmissionReason)
  case sendWindow(Int)
  /// The receive buffer has grown to so many octets.
  case receiveBuffer(Int)
  case pathMTU(Int)
  /// Packets of that size vanish on the path, it seems (RFC 4821 section 7.7).
  case blackHole(packetSize: Int)
  /// The peer advertised a user timeout; adopted is zero if it is not taken over.
  case userTimeout(peer: Interval, adopted: Interval)
  case softError(UnreachableCause)
  case warning(ConnectionWarning)
  case ended(EndReason)
}

public struct TraceEvent: Sendable {
  public var time: Instant
  public var connection: ConnectionID
  public var kind: TraceKind
  public init(time: Instant, connection: ConnectionID, kind: TraceKind) {
    self.time = time
    self.connection = connection
    self.kind = kind
  }
}

/// The events that wait for whoever listens: a bounded queue that counts what it could not hold.
public struct TraceBuffer: ~Copyable {
  /// Whether anybody listens; nothing is recorded otherwise.
  public var isEnabled = false
  /// Events that were lost because nobody took them in time.
  public private(set) var lost: UInt64 = 0
  private var events: [TraceEvent] = []
  private var head = 0
  private let capacity: Int

  public init(capacity: Int) {
    self.capacity = capacity
  }

  public mutating func record(_ kind: TraceKind, of connection: ConnectionID, at time: Instant) {
    guard events.count - head < capacity else {
      lost += 1
      return
    }
    events.append(TraceEvent(time: time, connection: connection, kind: kind))
  }

  public var isEmpty: Bool { head == events.count }

  /// Takes the oldest event.
  public mutating func poll() -> TraceEvent? {
    guard head < events.count else { return nil }
    let event = events[head]
    head += 1
    if head == events.count {
      events.removeAll(keepingCapacity: true)
      head = 0
    } else if head >= 4096 && head * 2 >= events.count {
      events.removeFirst(head)
      head = 0
    }
    return event
  }
}

/// What every connection of a host works with: the page pool, the knobs, the trace.
public struct Environment: ~Copyable {
  private let anchor = Anchor()
  public var pool: PagePool
  public var configuration: Configuration
  public var trace: TraceBuffer
  /// What the connection has in common with others that was opened last: nearly all have the same options.
  private var latest: Shared<CommonState>

  public init(configuration: Configuration, pages: Int, traceCapacity: Int = 65536) {
    pool = PagePool(limit: pages)
    self.configuration = configuration
    trace = TraceBuffer(capacity: traceCapacity)
    latest = Shared(CommonState(configuration.connection, configuration))
  }

  /// What a connection with these options has in common with others.
  mutating func common(for options: ConnectionOptions) -> Shared<CommonState> {
    if !latest.value.has(options) { latest = Shared(CommonState(options, configuration)) }
    return latest.share()
  }
}
