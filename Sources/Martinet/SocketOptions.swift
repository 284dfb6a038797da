import MartinetTCP
import MartinetWire

/// What a program can set on a socket. What is set before connecting or listening shapes the handshake.
public struct SocketOptions: Hashable, Sendable {
  /// Whether small writes leave at once instead of waiting for the acknowledgement of earlier ones (Nagle's algorithm off, RFC 9293
  /// section 3.7.4). Off by default.
  public var noDelay = false
  /// Whether an idle connection is probed (RFC 9293 section 3.8.4). Off by default.
  public var keepAlive = false
  /// The silence before the first probe: 2 hours by default; more than zero.
  public var keepAliveIdle = Duration.seconds(7200)
  /// The time between two probes: 75 s by default; more than zero.
  public var keepAliveInterval = Duration.seconds(75)
  /// The unanswered probes that end the connection: 9 by default; at least 2 (RFC 9293 section 3.8.4).
  public var keepAliveCount = 9
  /// How long written data may stay unacknowledged; nil leaves it to the stack, whose R2 it replaces (RFC 9293 section 3.8.3). More than zero.
  public var userTimeout: Duration?
  /// The user timeout that the peer is told of (RFC 5482), so that it may keep the connection as long; nil: none. More than zero, at most
  /// 32,767 minutes.
  public var advertisedUserTimeout: Duration?
  /// Whether the user timeout that the peer advertises is adopted (RFC 5482 section 3.1): within the limits of the stack, and only while
  /// ``userTimeout`` is nil. Off by default.
  public var acceptsPeerUserTimeout = false
  /// Whether the first octets may go with the SYN (RFC 7413): those of ``Socket/connect(to:timeout:sending:)``, and on a listening socket those of clients. Set
  /// it only where it does no harm if the same octets reach the program twice (section 6.1). Off by default.
  public var fastOpen = false
  /// The longest silence of a peer that is asked; nil, the default, waits as java.net does: for a peer that vanished without a word, for ever.
  ///
  /// One property turns the detectors on: a peer that is silent for half of the bound is probed, whether octets are outstanding or not, and when nothing was
  /// heard for all of it the connection ends, with the evidence in the error. A peer that is only slow, or keeps its window closed, answers the probes and lives.
  /// More than zero; below a few seconds a lost packet or two look like death.
  public var deadPeerBound: Duration?
  /// The octets that may wait in the send buffer without having left once; nil: no bound but ``sendBufferSize``. At least 1.
  public var notSentLowWater: Int?
  /// The largest payload of a segment, in octets, to offer and to send; nil leaves it to the path. 88 to 65,495; counts for the handshake.
  public var maximumSegmentSize: Int?
  /// Whether every segment that arrives is acknowledged at once instead of every second one (RFC 9293 section 3.8.6.3). Off by default.
  public var quickAcknowledgement = false
  /// The congestion control; nil: the stack's.
  public var congestion: CongestionAlgorithm?
  /// How the size of packets is found out: by what routers report, by probes besides, or not at all, so that routers may fragment; nil: the stack's.
  public var pathMTUDiscovery: PathMTUDiscovery?
  /// Whether data leave at a pace also with Reno and CUBIC: spread over the round trip instead of in bursts. Off by default; BBR always paces.
  public var pacing = false
  /// Explicit congestion notification, which counts for the handshake; nil: the stack's, which does not ask and answers whoever does.
  public var ecn: ECNPreference?
  /// The octets that may wait to be read; at least 1. It begins with 1 MiB and grows as the path and the reader need it, unless it is set: then it is
  /// what it was set to. More than 64 KiB must be set before connecting or listening, since the window scale is agreed upon in the handshake (RFC 7323
  /// section 2.3). ``ConnectionStatus`` has the present size.
  public var receiveBufferSize = 1 << 20 { didSet { tunesReceiveBuffer = false } }
  /// The octets that may be written ahead of the acknowledgement; at least 1. It begins with 1 MiB and grows with the congestion window, unless it is set:
  /// then it is what it was set to.
  public var sendBufferSize = 1 << 20 { didSet { tunesSendBuffer = false } }
  /// Whether the receive buffer grows: true until ``receiveBufferSize`` is set.
  public private(set) var tunesReceiveBuffer = true
  /// Whether the send buffer grows: true until ``sendBufferSize`` is set.
  public private(set) var tunesSendBuffer = true
  /// Whether urgent octets stay in the stream, at their place, instead of being discarded (RFC 6093 section 6). Off by default.
  public var urgentInline = false
  /// The DSCP in the upper six bits of the traffic class or type of service; the lower two belong to ECN and are ignored.
  public var trafficClass: UInt8 = 0
  /// What closing does with data that the peer has not acknowledged. Nil: returns at once, the stack goes on delivering. Zero: resets the connection.
  /// Else: blocks so long until they are acknowledged, then resets. 65,535 s at most.
  public var linger: Duration?
  /// Whether binding may take a port whose earlier connection is in TIME-WAIT. Off by default; counts at the moment of binding. Listening sockets
  /// always may.
  public var reuseAddress = false
  /// How long a read may block; nil (and zero, as in java.net) for ever.
  public var readTimeout: Duration?

  public init() {}

  /// What async streams and listeners begin with: the defaults, and a bound on the silence of a peer.
  ///
  /// Unlike the blocking sockets, which wait as java.net's do, an async stream does not wait for ever for a peer that vanished: tasks are many, and nobody
  /// looks after each.
  public static var asyncDefaults: SocketOptions {
    var options = SocketOptions()
    options.deadPeerBound = .seconds(120)
    return options
  }
}

extension SocketOptions {
  /// The longest linger time.
  static let longestLinger = Duration.seconds(65535)

  /// The sizes that a program may ask for: from what the engine raises a smaller offer to, to what an IPv4 packet carries at most.
  static let segmentSizes = 88...65495

  /// Throws if a value is out of its bounds.
  func check(_ operation: SocketError.Operation) throws(SocketError) {
    func demand(_ condition: Bool, _ text: String) throws(SocketError) {
      if !condition { throw SocketError(operation, nil, .invalidArgument(text)) }
    }
    try demand(keepAliveIdle > .zero, "the keep-alive idle time is more than zero")
    try demand(keepAliveInterval > .zero, "the keep-alive interval is more than zero")
    try demand(keepAliveCount >= 2 && keepAliveCount <= Int(Int32.max), "the keep-alive count is at least 2")
    try demand(userTimeout.map { $0 > .zero } ?? true, "the user timeout is more than zero")
    try demand(
      advertisedUserTimeout.map { $0 > .zero && $0 <= Duration(UserTimeoutOption.longest) } ?? true,
      "the advertised user timeout is more than zero and at most 32767 minutes")
    try demand(deadPeerBound.map { $0 > .zero } ?? true, "the dead-peer bound is more than zero")
    try demand(notSentLowWater.map { $0 > 0 } ?? true, "the not-sent low-water mark is more than zero")
    try demand(
      maximumSegmentSize.map { SocketOptions.segmentSizes.contains($0) } ?? true,
      "the maximum segment size is from \(SocketOptions.segmentSizes.lowerBound) to \(SocketOptions.segmentSizes.upperBound)"
    )
    try demand(receiveBufferSize > 0, "the receive buffer size is more than zero")
    try demand(sendBufferSize > 0, "the send buffer size is more than zero")
    try demand(linger.map { $0 >= .zero } ?? true, "the linger time is not negative")
    try demand(readTimeout.map { $0 >= .zero } ?? true, "the read timeout is not negative")
  }

  /// The options as the engine has them; `base` has the values of those that a socket does not offer.
  func connectionOptions(over base: ConnectionOptions) -> ConnectionOptions {
    var options = base
    options.noDelay = noDelay
    options.keepAlive = keepAlive
    options.keepAliveIdle = Interval(keepAliveIdle)
    options.keepAliveInterval = Interval(keepAliveInterval)
    options.keepAliveCount = keepAliveCount
    options.userTimeout = userTimeout.map { Interval($0) } ?? .zero
    options.advertisedUserTimeout = advertisedUserTimeout.map { Interval($0) } ?? .zero
    options.acceptsPeerUserTimeout = acceptsPeerUserTimeout
    options.fastOpen = fastOpen
    options.deadPeerBound = deadPeerBound.map { Interval($0) } ?? .zero
    options.notSentLowWater = notSentLowWater ?? 0
    if let maximumSegmentSize { options.maximumSegmentSize = UInt16(clamping: maximumSegmentSize) }
    options.quickAcknowledgement = quickAcknowledgement
    if let congestion { options.congestion = congestion }
    if let pathMTUDiscovery { options.pathMTUDiscovery = pathMTUDiscovery }
    options.pacing = pacing
    if let ecn { options.ecn = ecn }
    if !tunesReceiveBuffer { options.receiveBufferSize = receiveBufferSize }
    if !tunesSendBuffer { options.sendBufferSize = sendBufferSize }
    options.urgentInline = urgentInline
    options.trafficClass = trafficClass & 0xFC
    return options
  }

  /// Takes over what the engine says about the options that it has.
  mutating func update(from options: ConnectionOptions) {
    noDelay = options.noDelay
    keepAlive = options.keepAlive
    keepAliveIdle = Duration(options.keepAliveIdle)
    keepAliveInterval = Duration(options.keepAliveInterval)
    keepAliveCount = options.keepAliveCount
    userTimeout = options.userTimeout == .zero ? nil : Duration(options.userTimeout)
    advertisedUserTimeout =
      options.advertisedUserTimeout == .zero ? nil : Duration(options.advertisedUserTimeout)
    acceptsPeerUserTimeout = options.acceptsPeerUserTimeout
    fastOpen = options.fastOpen
    deadPeerBound = options.deadPeerBound == .zero ? nil : Duration(options.deadPeerBound)
    notSentLowWater = options.notSentLowWater == 0 ? nil : options.notSentLowWater
    maximumSegmentSize = options.maximumSegmentSize == 0 ? nil : Int(options.maximumSegmentSize)
    quickAcknowledgement = options.quickAcknowledgement
    congestion = options.congestion
    pathMTUDiscovery = options.pathMTUDiscovery
    pacing = options.pacing
    ecn = options.ecn
    receiveBufferSize = options.receiveBufferSize
    sendBufferSize = options.sendBufferSize
    tunesReceiveBuffer = options.maximumReceiveBufferSize > options.receiveBufferSize
    tunesSendBuffer = options.maximumSendBufferSize > options.sendBufferSize
    urgentInline = options.urgentInline
    trafficClass = options.trafficClass
  }
}
