/// The knobs of the engine that all connections of a host share: defaults, bounds and sources.
public struct Configuration: Sendable {
  /// The retransmission timeout before there is a sample (RFC 6298 section 2.1): 1 s.
  public var initialRetransmissionTimeout = Interval.seconds(1)
  /// The least retransmission timeout. Unlike RFC 6298 section 2.4 (1 s) the default is 200 ms, as in the systems one meets.
  public var minimumRetransmissionTimeout = Interval.milliseconds(200)
  /// The largest retransmission timeout (RFC 6298 section 2.5): at least 60 s.
  public var maximumRetransmissionTimeout = Interval.seconds(60)
  /// The granularity G of the retransmission clock (RFC 6298 section 2).
  public var clockGranularity = Interval.milliseconds(1)
  /// R1, in retransmissions, after which the program is warned, and the path suspected of letting full segments vanish (RFC 9293 section 3.8.3, RFC 4821
  /// section 7.7): at least 3.
  public var warningRetransmissions = 3
  /// R2 for data (RFC 9293 section 3.8.3): at least 100 s.
  public var giveUpAfter = Interval.seconds(924)
  /// R2 for a SYN (RFC 9293 section 3.8.3): at least 3 minutes.
  public var connectGiveUpAfter = Interval.seconds(180)
  /// How often a SYN,ACK of a passive open is retransmitted before the record is dropped (RFC 4987 section 3.3).
  public var synAckRetransmissions = 5
  /// The maximum segment lifetime (RFC 9293 section 3.4.2). Unlike the RFC's 2 minutes the default is 30 s.
  public var maximumSegmentLifetime = Interval.seconds(30)
  /// How long an acknowledgement may be delayed (RFC 9293 section 3.8.6.3): under 500 ms.
  public var delayedAcknowledgement = Interval.milliseconds(40)
  /// How many segments at the start of a flow are acknowledged at once.
  public var quickAcknowledgements = 16
  /// The override timer of silly-window avoidance (RFC 9293 section 3.8.6.2.1): 0.1 to 1 s.
  public var sillyWindowOverride = Interval.milliseconds(500)
  /// The longest interval between zero-window probes (RFC 9293 section 3.8.6.1).
  public var maximumProbeInterval = Interval.seconds(60)
  /// How long a connection whose program has gone waits for the peer's FIN in FIN-WAIT-2.
  public var orphanedFinWait2 = Interval.seconds(60)
  /// Challenge acknowledgements per connection in ``challengeInterval`` (RFC 5961 section 7).
  public var challengeLimit = 10
  public var challengeInterval = Interval.seconds(5)
  /// The initial congestion window in segments (RFC 6928).
  public var initialWindowSegments = 10
  /// Whether a window that a program did not use is kept for five minutes (RFC 7661), instead of beginning anew after each silence longer than
  /// the retransmission timeout (RFC 5681 section 4.1).
  public var windowValidation = false
  /// Whether a congestion mark makes the window a fifth (Reno) or 15 % (CUBIC) smaller, less than a loss does (RFC 8511).
  public var alternativeBackoff = true
  /// Duplicate acknowledgements that mean loss (RFC 5681 section 3.2).
  public var duplicateThreshold = 3
  /// Whether the tail of a flight is probed for loss before the retransmission timer expires (RFC 8985 section 7).
  public var tailLossProbes = true
  /// Whether the retransmission timer counts from when the oldest of few outstanding segments left, instead of from the last acknowledgement
  /// (RFC 7765).
  public var earlyRetransmissionTimeout = false
  /// How long a peer is expected to delay the acknowledgement of a single segment (RFC 8985 section 7.2).
  public var maximumAcknowledgementDelay = Interval.milliseconds(200)
  /// Whether timestamps are offered and accepted (RFC 7323 section 3).
  public var timestamps = true
  /// Whether selective acknowledgement is offered and accepted (RFC 2018).
  public var selectiveAcknowledgement = true
  /// Whether window scaling is offered and accepted (RFC 7323 section 2).
  public var windowScaling = true
  /// The packets, in octets, that every path is believed to take: what they shrink to where larger ones vanish, and what probing begins with (RFC 4821
  /// section 7.2): at least 68. With IPv6 it counts as 1,280 at least.
  public var basePathMTU = 1024
  /// Probes of one size that are lost by themselves before nothing as large is tried (RFC 8899 section 5.1.2).
  public var pathProbeAttempts = 3
  /// How long after a search for larger packets the next one begins (RFC 4821 section 7.3): at least 5 minutes.
  public var pathProbeInterval = Interval.minutes(10)
  /// The least maximum segment size taken from a peer, in payload octets: a smaller offer is raised to this.
  public var minimumSegmentSize = 88
  /// Records of transmission and of reordered arrival per connection.
  public var maximumRecords = 16384
  /// The defaults of what each connection can change.
  public var connection = ConnectionOptions()

  public init() {}
}

/// Which congestion control a connection uses.
public enum CongestionAlgorithm: UInt8, Sendable, CaseIterable {
  /// RFC 5681 with RFC 3465.
  case reno
  /// RFC 9438 with HyStart++ (RFC 9406).
  case cubic
  /// BBR version 3 (draft-ietf-ccwg-bbr), which paces.
  case bbr
  /// RFC 8257: for networks that mark early and where all flows use it, never for the open Internet.
  case dctcp

  /// Whether it learns more of the path than a window and a threshold can say.
  @inline(__always)
  var learnsThePath: Bool { self == .bbr || self == .dctcp }
}

/// What a program can set on one connection.
public struct ConnectionOptions: Equatable, Sendable {
  /// Nagle's algorithm off (RFC 9293 section 3.7.4).
  public var noDelay = false
  /// Keep-alive on (RFC 9293 section 3.8.4).
  public var keepAlive = false
  /// Silence before the first probe: at least 2 hours by default (RFC 9293 section 3.8.4).
  public var keepAliveIdle = Interval.seconds(7200)
  /// Time between probes.
  public var keepAliveInterval = Interval.seconds(75)
  /// Unanswered probes that end the connection: at least 2 (RFC 9293 MUST-29).
  public var keepAliveCount = 9
  /// How long data may stay unacknowledged; zero leaves it to R2 (RFC 9293 section 3.8.3, RFC 5482).
  public var userTimeout = Interval.zero
  /// ADV_UTO: the user timeout that the peer is told of (RFC 5482 section 3.1), at most 32,767 minutes; zero tells it nothing.
  public var advertisedUserTimeout = Interval.zero
  /// Whether a user timeout that the peer advertises is adopted, as far as ``userTimeout`` is zero (CHANGEABLE) and within the limits.
  public var acceptsPeerUserTimeout = false
  /// L_LIMIT and U_LIMIT of an adopted user timeout: at least 100 s (RFC 5482 section 3.1).
  public var userTimeoutLowerLimit = Interval.seconds(100)
  public var userTimeoutUpperLimit = Interval.minutes(60)
  /// The longest silence of a peer that is asked: zero for no bound. A peer that is silent for half of it is probed, data or none; when it is over
  /// the connection ends. It says nothing about a slow peer: whoever answers probes, of a closed window too, is alive.
  public var deadPeerBound = Interval.zero
  /// Whether the host may use Fast Open: text in the SYN can reach the peer's program twice, so only for programs to which that does no harm (RFC 7413
  /// section 6.1).
  public var fastOpen = false
  /// How long the SYN may stay unanswered; zero leaves it to R2.
  public var connectTimeout = Interval.zero
  /// Octets that may wait to be read: what the window is made of. Whoever sets it does not want it to grow.
  public var receiveBufferSize = 1 << 20 { didSet { maximumReceiveBufferSize = 0 } }
  /// What the receive buffer grows to for a program that reads as fast as the octets come; with no more than ``receiveBufferSize`` it keeps its
  /// size. The default is enough for 1 Gbit/s over 100 ms.
  public var maximumReceiveBufferSize = 32 << 20
  /// Octets that a program may write ahead of the acknowledgement. Whoever sets it does not want it to grow.
  public var sendBufferSize = 1 << 20 { didSet { maximumSendBufferSize = 0 } }
  /// What the send buffer grows to with the congestion window; with no more than ``sendBufferSize`` it keeps its size.
  public var maximumSendBufferSize = 32 << 20
  /// Octets that may wait in the send buffer without having left once: zero for no bound but the buffer. A program that writes late writes what is
  /// newest.
  public var notSentLowWater = 0
  /// Urgent octets stay in the stream (RFC 6093 section 6).
  public var urgentInline = false
  /// The DSCP in the upper six bits of the traffic class; the lower two belong to ECN (RFC 9293 section 3.9.1.9).
  public var trafficClass: UInt8 = 0
  /// Explicit congestion notification; counts for the handshake.
  public var ecn = ECNPreference.answer
  /// TTL or hop limit, 1 to 255 (RFC 9293 section 3.9.2).
  public var hopLimit: UInt8 = 64
  /// Each arriving segment is acknowledged at once.
  public var quickAcknowledgement = false
  /// The largest segment payload to offer and to send; 0 leaves it to the path.
  public var maximumSegmentSize: UInt16 = 0
  /// How the size of packets is found out.
  public var pathMTUDiscovery = PathMTUDiscovery.icmp
  public var congestion = CongestionAlgorithm.cubic
  /// Whether data leave at a pace also where the congestion control does not ask for it: spread over the round trip instead of in bursts.
  public var pacing = false

  public init() {}
}
