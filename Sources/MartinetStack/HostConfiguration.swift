import MartinetTCP
import MartinetWire

/// The knobs of a host: each with its default, its unit, and what it bounds.
public struct HostConfiguration: Sendable {
  /// The knobs of the TCP engine.
  public var tcp = Configuration()

  // MARK: Memory

  /// The most pages of 2,048 octets that packets and buffers may take: 128 MiB.
  public var pages = 65536
  /// The most trace events that wait to be polled.
  public var traceCapacity = 65536

  /// The most payload octets that a connection hands down at once to a link that takes single packets only; they are cut on their way out. 0: each
  /// segment is made by itself.
  public var trainOctets = 32_768

  // MARK: Connections

  /// The most connections in any phase.
  public var connections = 262_144
  /// The most connections in TIME-WAIT whose program has gone; the oldest makes room for a new one.
  public var timeWait = 16_384
  /// The most connections whose program has gone while they had something to finish: octets that nobody has acknowledged, a FIN that does not come. The
  /// one that has been so for longest is reset to make room for another.
  public var orphans = 16_384
  /// How long after the last segment of a connection in TIME-WAIT its two ends may be used by the next that this host opens, if both sides use timestamps,
  /// which tell the segments of the two apart (RFC 9293 section 3.6.1, RFC 7323 section 5.8). nil: only when 2 MSL are over.
  public var timeWaitReuse: Interval? = .seconds(1)
  /// The most half-open connections per listener (RFC 4987 section 3.2). With cookies 0 means that every SYN is answered with one; else
  /// it counts as 1.
  public var synQueue = 256
  /// Whether a SYN that finds the queue of half-open connections full is answered with a cookie and forgotten (RFC 4987 section 3.6). Such a
  /// connection has a segment size of the eight that a cookie can tell apart, and window scale and SACK only if the peer offers timestamps.
  public var synCookies = true
  /// Cookies per second and the burst. A SYN beyond is dropped: what is in the queue has the better claim.
  public var synCookiesPerSecond = 200_000
  public var synCookieBurst = 20_000
  /// Without cookies: whether a SYN that finds the queue of half-open connections full takes the place of the oldest entry
  /// (RFC 4987 section 3.4) instead of being dropped.
  public var synQueueRecyclesOldest = true
  /// The most servers of which a Fast Open cookie, or what they don't take, is remembered (RFC 7413 section 4.1.3).
  public var fastOpenCookies = 1024
  /// How long a server that refused Fast Open, or did not answer, is not asked again.
  public var fastOpenRest = Interval.minutes(60)
  /// How long a server that answered only when a SYN did not ask for ECN is not asked again (RFC 9768 section 3.1.4.1).
  public var notificationRest = Interval.minutes(60)
  /// The most Fast Open requests per listener whose handshakes are not complete (RFC 7413 section 4.2); a SYN beyond begins an ordinary handshake.
  public var fastOpenQueue = 64
  /// How often the secret of Fast Open cookies changes; a cookie is good until the next change but one.
  public var fastOpenSecretAge = Interval.minutes(24 * 60)
  /// The most listeners.
  public var listeners = 4096
  /// Whether a SYN to a listener whose accept queue is full is answered with RST instead of silence, unless the listener says otherwise.
  public var refusesWhenFull = false
  /// The ports that a connection without a port of its own is given (RFC 6056 section 3.2).
  public var ephemeralPorts: ClosedRange<UInt16> = 49152...65535
  /// The tick of the clock that initial sequence numbers follow (RFC 6528 section 3, RFC 9293 section 3.4.1).
  public static let sequenceClockTick = Interval.microseconds(4)

  // MARK: Shards

  /// In a stack of several shards, the most octets of packets that wait to be handed over to one shard by the others.
  public var handoverOctets = 1 << 20

  // MARK: Internet layer

  /// The most octets of fragments that wait for the rest of their datagram.
  public var fragmentBytes = 256 << 10
  /// The most datagrams that are being reassembled.
  public var fragmentedDatagrams = 64
  /// The most fragments of one datagram (CVE-2018-5391).
  public var fragmentsPerDatagram = 128
  /// How long fragments wait for the rest (RFC 1122 section 3.3.2, RFC 8200 section 4.5): 60 s.
  public var reassemblyTimeout = Interval.seconds(60)
  /// The most neighbours that are remembered, all interfaces together.
  public var neighbours = 1024
  /// The most packets that wait for one neighbour's link-layer address (RFC 4861 section 7.2.2): at least 1.
  public var unresolvedPackets = 3
  /// The most destinations whose path MTU is remembered.
  public var paths = 4096
  /// How long a lowered path MTU is believed (RFC 1191 section 6.3, RFC 8201 section 4): at least 5 minutes.
  public var pathAge = Interval.minutes(10)
  /// The least path MTU that an ICMP message may bring about for IPv4 (RFC 5927 section 7.2): at least 68.
  public var minimumPathMTU = 552
  /// The most routes.
  public var routes = 1024
  /// The most packets that the host itself has to send: ICMP, ARP, RST, UDP.
  public var outgoingPackets = 4096
  // MARK: ICMP

  /// ICMP errors per second and the burst (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4).
  public var icmpErrorsPerSecond = 100
  public var icmpErrorBurst = 50
  /// Echo replies per second and the burst.
  public var echoRepliesPerSecond = 10_000
  public var echoReplyBurst = 1000
  /// RSTs per second that answer segments without a connection, and the burst.
  public var resetsPerSecond = 1000
  public var resetBurst = 500
  /// Whether an echo request to a broadcast or multicast address is answered (RFC 1122 section 3.2.2.6).
  public var acceptsBroadcastEcho = false
  /// The TTL or hop limit of packets for which nobody says another.
  public var hopLimit: UInt8 = 64

  // MARK: UDP

  /// The most UDP endpoints.
  public var datagramEndpoints = 4096
  /// The most octets that wait to be read from one UDP endpoint, headers counted.
  public var datagramBytes = 256 << 10
  /// The most datagrams that wait to be read from one UDP endpoint.
  public var datagramCount = 256

  public init() {}
}

/// The secret of a host: 128 bits from a generator that nobody outside can predict (RFC 4086). The simulator takes them from
/// its seed.
public struct HostSecret: Sendable {
  let a: UInt64
  let b: UInt64
  public init(_ a: UInt64, _ b: UInt64) {
    self.a = a
    self.b = b
  }
}
