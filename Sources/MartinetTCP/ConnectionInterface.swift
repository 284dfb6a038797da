import MartinetWire

/// What a host decides for a connection before it exists.
public struct OpenParameters: Sendable {
  public var id: ConnectionID
  public var local: Endpoint
  public var remote: Endpoint
  /// ISS, by RFC 6528.
  public var initialSequence: SequenceNumber
  /// What is added to the millisecond clock to make TSval (RFC 7323 section 7.1); one per pair of addresses.
  public var timestampOffset: UInt32
  /// The largest IP packet that the path is known to take, in octets.
  public var pathMTU: Int
  /// The largest IP packet that the local link takes: what the offered MSS is made of (RFC 9293 section 3.7.1).
  public var linkMTU: Int
  public var options: ConnectionOptions

  public init(
    id: ConnectionID, local: Endpoint, remote: Endpoint, initialSequence: SequenceNumber, timestampOffset: UInt32,
    pathMTU: Int, linkMTU: Int, options: ConnectionOptions
  ) {
    self.id = id
    self.local = local
    self.remote = remote
    self.initialSequence = initialSequence
    self.timestampOffset = timestampOffset
    self.pathMTU = pathMTU
    self.linkMTU = linkMTU
    self.options = options
  }
}

/// The two ECN bits of an IP header (RFC 3168 section 5).
public enum ECNCodepoint: UInt8, Sendable {
  case notECT = 0
  case ect1 = 1
  case ect0 = 2
  case congestionExperienced = 3
}

/// What the IP layer knows of an arriving segment.
public struct ArrivalFacts: Sendable {
  public var ecn: ECNCodepoint
  /// The payload octets of each segment of a train; 0 for a single segment.
  public var segmentSize: Int
  public init(ecn: ECNCodepoint = .notECT, segmentSize: Int = 0) {
    self.ecn = ecn
    self.segmentSize = segmentSize
  }
}

/// What the IP layer needs besides the bytes to send a segment.
public struct SegmentEnvelope: Sendable {
  /// DSCP and ECN.
  public var trafficClass: UInt8
  public var hopLimit: UInt8
  public var reason: TransmissionReason
}

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
  /// The payload octets of a full segment.
  public var segmentSize = 0
  public var smoothedRoundTrip = Interval.zero
  public var roundTripVariation = Interval.zero
  public var minimumRoundTrip = Interval.zero
  public var retransmissionTimeout = Interval.zero
  public var unreadBytes = 0
  public var unsentBytes = 0
  public var bytesInFlight = 0
  public var statistics = ConnectionStatistics()
  public init() {}
}

/// What a connection counts.
public struct ConnectionStatistics: Equatable, Sendable {
  public var segmentsSent: UInt64 = 0
  public var segmentsReceived: UInt64 = 0
  public var bytesSent: UInt64 = 0
  public var bytesAcknowledged: UInt64 = 0
  public var bytesReceived: UInt64 = 0
  public var fastRetransmissions: UInt64 = 0
  public var timeoutRetransmissions: UInt64 = 0
  public var otherRetransmissions: UInt64 = 0
  public var duplicateAcknowledgements: UInt64 = 0
  public var reorderedSegments: UInt64 = 0
  public var droppedSegments: UInt64 = 0
  public var challenges: UInt64 = 0
  public init() {}

  /// Adds what another connection counted.
  public mutating func add(_ other: ConnectionStatistics) {
    segmentsSent &+= other.segmentsSent
    segmentsReceived &+= other.segmentsReceived
    bytesSent &+= other.bytesSent
    bytesAcknowledged &+= other.bytesAcknowledged
    bytesReceived &+= other.bytesReceived
    fastRetransmissions &+= other.fastRetransmissions
    timeoutRetransmissions &+= other.timeoutRetransmissions
    otherRetransmissions &+= other.otherRetransmissions
    duplicateAcknowledgements &+= other.duplicateAcknowledgements
    reorderedSegments &+= other.reorderedSegments
    droppedSegments &+= other.droppedSegments
    challenges &+= other.challenges
  }

  public var retransmissions: UInt64 { fastRetransmissions + timeoutRetransmissions + otherRetransmissions }
}
