import MartinetWire

/// A snapshot of a connection (RFC 9293 section 3.10.6), in octets and intervals.
public struct ConnectionStatus: Sendable {
  public var id = ConnectionID.none
  public var local = Endpoint(.v4(.any), 0)
  public var remote = Endpoint(.v4(.any), 0)
  public var phase = Phase.closed
  public var endReason: EndReason?
  public var softError: UnreachableCause?
  public var sendUnacknowledged = SequenceNumber(0)
  public var sendNext = SequenceNumber(0)
  public var sendWindow = 0
  public var receiveNext = SequenceNumber(0)
  public var receiveWindow = 0
  public var congestionWindow = 0
  public var slowStartThreshold = 0
  /// The last sample of the rate at which the path delivers, and what data may leave at, in octets per second; zero for no sample, and no pace.
  public var deliveryRate = 0
  public var pacingRate = 0
  /// Whether that sample tells rather of how little there was to send.
  public var isApplicationLimited = false
  /// The payload octets of a full segment.
  public var segmentSize = 0
  public var smoothedRoundTrip = Interval.zero
  public var roundTripVariation = Interval.zero
  public var minimumRoundTrip = Interval.zero
  public var retransmissionTimeout = Interval.zero
  /// Shift counts of the window field, ours and the peer's (RFC 7323 section 2).
  public var sendWindowScale = WindowScale.none
  public var receiveWindowScale = WindowScale.none
  /// What both SYNs agreed on (RFC 7323, RFC 2018).
  public var hasTimestamps = false
  public var hasSelectiveAcknowledgement = false
  /// The largest IP packet that the path is known to take.
  public var pathMTU = 0
  /// Where the search for larger packets stands, and the largest that it may still find.
  public var pathSearch = PathSearchPhase.none
  public var pathSearchLimit = 0
  /// Probes of the path, those that were lost, and how often packets were made smaller because large ones vanished.
  public var pathProbes = 0
  public var lostPathProbes = 0
  public var blackHoles = 0
  public var congestion = CongestionAlgorithm.reno
  public var recovery = RecoveryPhase.open
  /// How both ends tell of congestion marks, and whether new data are sent as ECN-capable.
  public var ecn = ECNMode.none
  public var isECNCapable = false
  /// Retransmissions by the timer, or probes of a closed window, since something was acknowledged.
  public var unansweredRetransmissions = 0
  /// Keep-alive probes since something was heard.
  public var unansweredProbes = 0
  /// The time since data last left.
  public var sinceSent = Interval.zero
  /// The time since an acceptable segment last came.
  public var sinceHeard = Interval.zero
  /// Octets that are taken for lost and not yet sent again.
  public var lostBytes = 0
  /// The user timeout that the peer advertised last (RFC 5482), and the one in force; zero for none.
  public var peerUserTimeout = Interval.zero
  public var userTimeout = Interval.zero
  public var unreadBytes = 0
  public var unsentBytes = 0
  /// The sizes of the buffers, as far as they have grown.
  public var receiveBufferSize = 0
  public var sendBufferSize = 0
  public var bytesInFlight = 0
  public var statistics = ConnectionStatistics()
  public init() {}
}

/// Where loss recovery stands.
public enum RecoveryPhase: UInt8, Sendable, CaseIterable {
  /// Nothing is missing that is known of.
  case open
  /// Fast recovery (RFC 5681 section 3.2).
  case fast
  /// Repair after the retransmission timer expired.
  case timeout
}

/// What a connection counts.
public struct ConnectionStatistics: Equatable, Sendable {
  public var segmentsSent: UInt64 = 0
  public var segmentsReceived: UInt64 = 0
  public var bytesSent: UInt64 = 0
  public var bytesAcknowledged: UInt64 = 0
  public var bytesReceived: UInt64 = 0
  // What happens seldom is counted in 32 bits, and stays at the largest number when it gets there.
  private var fastRetransmissionsCount: UInt32 = 0
  private var timeoutRetransmissionsCount: UInt32 = 0
  private var otherRetransmissionsCount: UInt32 = 0
  private var duplicateAcknowledgementsCount: UInt32 = 0
  private var reorderedSegmentsCount: UInt32 = 0
  private var droppedSegmentsCount: UInt32 = 0
  private var challengesCount: UInt32 = 0
  private var spuriousTimeoutsCount: UInt32 = 0
  private var spuriousRecoveriesCount: UInt32 = 0
  private var marksReceivedCount: UInt32 = 0
  private var marksReportedCount: UInt32 = 0
  private var congestionNotificationsCount: UInt32 = 0
  public init() {}

  /// Adds what another connection counted.
  public mutating func add(_ other: ConnectionStatistics) {
    segmentsSent &+= other.segmentsSent
    segmentsReceived &+= other.segmentsReceived
    bytesSent &+= other.bytesSent
    bytesAcknowledged &+= other.bytesAcknowledged
    bytesReceived &+= other.bytesReceived
    if other.hasRareCounts { addRareCounts(of: other) }
  }

  /// Whether anything happened that happens seldom.
  @inline(__always)
  private var hasRareCounts: Bool {
    let recovery = fastRetransmissionsCount | timeoutRetransmissionsCount | otherRetransmissionsCount
    let arrivals = duplicateAcknowledgementsCount | reorderedSegmentsCount | droppedSegmentsCount | challengesCount
    let spurious = spuriousTimeoutsCount | spuriousRecoveriesCount
    let marks = marksReceivedCount | marksReportedCount | congestionNotificationsCount
    return recovery | arrivals | spurious | marks != 0
  }

  @inline(never)
  private mutating func addRareCounts(of other: ConnectionStatistics) {
    fastRetransmissions &+= other.fastRetransmissions
    timeoutRetransmissions &+= other.timeoutRetransmissions
    otherRetransmissions &+= other.otherRetransmissions
    duplicateAcknowledgements &+= other.duplicateAcknowledgements
    reorderedSegments &+= other.reorderedSegments
    droppedSegments &+= other.droppedSegments
    challenges &+= other.challenges
    spuriousTimeouts &+= other.spuriousTimeouts
    spuriousRecoveries &+= other.spuriousRecoveries
    marksReceived &+= other.marksReceived
    marksReported &+= other.marksReported
    congestionNotifications &+= other.congestionNotifications
  }

  public var fastRetransmissions: UInt64 {
    get { UInt64(fastRetransmissionsCount) }
    set { fastRetransmissionsCount = UInt32(clamping: newValue) }
  }

  public var timeoutRetransmissions: UInt64 {
    get { UInt64(timeoutRetransmissionsCount) }
    set { timeoutRetransmissionsCount = UInt32(clamping: newValue) }
  }

  public var otherRetransmissions: UInt64 {
    get { UInt64(otherRetransmissionsCount) }
    set { otherRetransmissionsCount = UInt32(clamping: newValue) }
  }

  public var duplicateAcknowledgements: UInt64 {
    get { UInt64(duplicateAcknowledgementsCount) }
    set { duplicateAcknowledgementsCount = UInt32(clamping: newValue) }
  }

  public var reorderedSegments: UInt64 {
    get { UInt64(reorderedSegmentsCount) }
    set { reorderedSegmentsCount = UInt32(clamping: newValue) }
  }

  public var droppedSegments: UInt64 {
    get { UInt64(droppedSegmentsCount) }
    set { droppedSegmentsCount = UInt32(clamping: newValue) }
  }

  public var challenges: UInt64 {
    get { UInt64(challengesCount) }
    set { challengesCount = UInt32(clamping: newValue) }
  }

  /// Timeouts, and recoveries, that turned out to be needless and were taken back.
  public var spuriousTimeouts: UInt64 {
    get { UInt64(spuriousTimeoutsCount) }
    set { spuriousTimeoutsCount = UInt32(clamping: newValue) }
  }

  public var spuriousRecoveries: UInt64 {
    get { UInt64(spuriousRecoveriesCount) }
    set { spuriousRecoveriesCount = UInt32(clamping: newValue) }
  }

  /// Segments that arrived with a congestion mark.
  public var marksReceived: UInt64 {
    get { UInt64(marksReceivedCount) }
    set { marksReceivedCount = UInt32(clamping: newValue) }
  }

  /// Marks that the peer told of, each as often as it did.
  public var marksReported: UInt64 {
    get { UInt64(marksReportedCount) }
    set { marksReportedCount = UInt32(clamping: newValue) }
  }

  /// How often the window was reduced for that.
  public var congestionNotifications: UInt64 {
    get { UInt64(congestionNotificationsCount) }
    set { congestionNotificationsCount = UInt32(clamping: newValue) }
  }

  public var retransmissions: UInt64 { fastRetransmissions + timeoutRetransmissions + otherRetransmissions }
}

extension Connection {
  /// A snapshot of everything that is worth knowing (RFC 9293 section 3.10.6).
  public func status(in environment: borrowing Environment, at now: Instant) -> ConnectionStatus {
    var status = ConnectionStatus()
    status.id = id
    status.local = local
    status.remote = remote
    status.phase = phase
    status.endReason = endReason
    status.softError = softError
    status.sendUnacknowledged = snd.una
    status.sendNext = snd.nxt
    status.sendWindow = snd.wnd
    status.receiveNext = rcv.nxt
    status.receiveWindow = rcv.wnd
    // What a rest leaves of it is what goes on.
    let (congestion, roundTrip) =
      transferPart.isPresent
      ? (self.congestion, self.roundTrip) : (TransferState(wokenTransfer).congestion, wokenTransfer.roundTrip)
    status.congestionWindow = congestion.window
    status.slowStartThreshold = congestion.threshold
    status.deliveryRate = scoreboard.rate.latest.octetsPerSecond
    status.isApplicationLimited = scoreboard.rate.latestIsApplicationLimited
    status.pacingRate = pacingRate?.octetsPerSecond ?? 0
    status.segmentSize = segmentSize
    status.smoothedRoundTrip = roundTrip.smoothed
    status.roundTripVariation = roundTrip.variation
    status.minimumRoundTrip = roundTrip.minimum
    status.retransmissionTimeout = roundTrip.timeout(environment.configuration)
    status.sendWindowScale = snd.scale
    status.receiveWindowScale = rcv.scale
    status.hasTimestamps = negotiated.timestamps
    status.hasSelectiveAcknowledgement = negotiated.sack
    describePath(&status)
    status.congestion = congestion.algorithm
    status.recovery = recovery.mode
    status.ecn = ecn.mode
    status.isECNCapable = ecn.mayMark && ecn.mode != .none && heedsMarks
    status.unansweredRetransmissions = flags.contains(.synAcknowledged) ? recovery.timeouts : synRetransmissions
    status.unansweredProbes = keepAlive.unanswered
    status.sinceSent = now - lastSentAt
    status.sinceHeard = now - keepAlive.lastHeard
    status.lostBytes = scoreboard.lost
    status.peerUserTimeout = userTimeout.remote
    status.userTimeout = userTimeoutInForce
    status.unreadBytes = received.count
    (status.receiveBufferSize, status.sendBufferSize) = (receiveBufferSize, sendBufferSize)
    status.unsentBytes = unsentBytes
    status.bytesInFlight = scoreboard.inFlight
    status.statistics = statistics
    return status
  }
}
