import MartinetRuntime
import MartinetStack
import MartinetTCP
import Synchronization

// The options of a socket, one by one. A closed socket has none.
extension StreamSocket {
  /// All options at once, as the stack has them.
  public var options: SocketOptions {
    get throws(SocketError) {
      let (handle, options) = try core.state.withLock { state throws(SocketError) in
        if state.isClosed { throw SocketError(.getOption, state.remote, .closed) }
        return (state.stage.handle, state.options)
      }
      guard let handle, let actual = stack.core.options(of: handle) else { return options }
      var current = options
      current.update(from: actual)
      return current
    }
  }

  /// Sets all options at once.
  /// - Throws: ``SocketError/Reason/invalidArgument(_:)`` for an option out of its bounds; then none is changed.
  public func setOptions(_ options: SocketOptions) throws(SocketError) {
    try options.check(.setOption)
    let handle = try core.state.withLock { state throws(SocketError) in
      if state.isClosed { throw SocketError(.setOption, state.remote, .closed) }
      state.options = options
      return state.stage.handle
    }
    guard let handle else { return }
    let base = stack.core.options(of: handle) ?? stack.connectionDefaults
    do throws(HostError) {
      try stack.core.setOptions(options.connectionOptions(over: base), of: handle)
    } catch {
      throw SocketError(.setOption, remoteEndpoint, from: error)
    }
  }

  /// The names of the options that a socket supports: those of ``SocketOption``.
  public static var supportedOptions: Set<String> {
    [
      "noDelay", "keepAlive", "keepAliveIdle", "keepAliveInterval", "keepAliveCount", "userTimeout",
      "advertisedUserTimeout", "acceptsPeerUserTimeout", "fastOpen", "deadPeerBound",
      "notSentLowWater", "maximumSegmentSize", "quickAcknowledgement", "congestion", "pacing", "ecn",
      "pathMTUDiscovery", "receiveBufferSize", "sendBufferSize", "urgentInline", "trafficClass",
      "linger", "reuseAddress", "readTimeout",
    ]
  }

  /// The value of one option.
  /// - Throws: ``SocketError/Reason/unsupported(_:)`` for an option that sockets do not have.
  public func value<Value>(of option: SocketOption<Value>) throws(SocketError) -> Value {
    guard let path = option.path else {
      throw SocketError(.getOption, remoteEndpoint, .unsupported("the option \(option.name)"))
    }
    return try options[keyPath: path]
  }

  /// Sets one option.
  /// - Throws: ``SocketError/Reason/unsupported(_:)`` for an option that sockets do not have.
  public func set<Value>(_ option: SocketOption<Value>, to value: Value) throws(SocketError) {
    guard let path = option.path else {
      throw SocketError(.setOption, remoteEndpoint, .unsupported("the option \(option.name)"))
    }
    try change { $0[keyPath: path] = value }
  }

  /// Accepts what java.net's setPerformancePreferences takes: hints about what matters more. There is one implementation, so no hint changes
  /// anything, as that contract allows.
  public func setPerformancePreferences(connectionTime: Int, latency: Int, bandwidth: Int) {}

  private func change(_ body: (inout SocketOptions) -> Void) throws(SocketError) {
    var changed = try options
    body(&changed)
    try setOptions(changed)
  }

  /// Whether small writes leave at once (Nagle's algorithm off). False by default.
  public var noDelay: Bool { get throws(SocketError) { try options.noDelay } }
  public func setNoDelay(_ on: Bool) throws(SocketError) { try change { $0.noDelay = on } }

  /// Whether an idle connection is probed. False by default.
  public var keepAlive: Bool { get throws(SocketError) { try options.keepAlive } }
  public func setKeepAlive(_ on: Bool) throws(SocketError) { try change { $0.keepAlive = on } }

  /// The silence before the first probe. Two hours by default; more than zero.
  public var keepAliveIdle: Duration { get throws(SocketError) { try options.keepAliveIdle } }
  public func setKeepAliveIdle(_ time: Duration) throws(SocketError) { try change { $0.keepAliveIdle = time } }

  /// The time between two probes. 75 s by default; more than zero.
  public var keepAliveInterval: Duration { get throws(SocketError) { try options.keepAliveInterval } }
  public func setKeepAliveInterval(_ time: Duration) throws(SocketError) { try change { $0.keepAliveInterval = time } }

  /// The unanswered probes that end the connection. 9 by default; at least 2.
  public var keepAliveCount: Int { get throws(SocketError) { try options.keepAliveCount } }
  public func setKeepAliveCount(_ count: Int) throws(SocketError) { try change { $0.keepAliveCount = count } }

  /// How long written octets may stay unacknowledged; nil leaves it to the stack (R2). More than zero.
  public var userTimeout: Duration? { get throws(SocketError) { try options.userTimeout } }
  public func setUserTimeout(_ time: Duration?) throws(SocketError) { try change { $0.userTimeout = time } }

  /// The user timeout that the peer is told of, at once when it changes; nil: none. More than zero, at most 32,767 minutes.
  public var advertisedUserTimeout: Duration? { get throws(SocketError) { try options.advertisedUserTimeout } }
  public func setAdvertisedUserTimeout(_ time: Duration?) throws(SocketError) {
    try change { $0.advertisedUserTimeout = time }
  }

  /// Whether the user timeout that the peer advertises is adopted. False by default.
  public var acceptsPeerUserTimeout: Bool { get throws(SocketError) { try options.acceptsPeerUserTimeout } }
  public func setAcceptsPeerUserTimeout(_ on: Bool) throws(SocketError) {
    try change { $0.acceptsPeerUserTimeout = on }
  }

  /// Whether the first octets may go with the SYN; set it before connecting. False by default. See ``SocketOptions/fastOpen``.
  public var fastOpen: Bool { get throws(SocketError) { try options.fastOpen } }
  public func setFastOpen(_ on: Bool) throws(SocketError) { try change { $0.fastOpen = on } }

  /// The longest silence of a peer that is asked; nil, the default, waits for ever. See ``SocketOptions/deadPeerBound``.
  public var deadPeerBound: Duration? { get throws(SocketError) { try options.deadPeerBound } }
  public func setDeadPeerBound(_ time: Duration?) throws(SocketError) { try change { $0.deadPeerBound = time } }

  /// The octets that may wait in the send buffer without having left once; nil: no bound of its own.
  public var notSentLowWater: Int? { get throws(SocketError) { try options.notSentLowWater } }
  public func setNotSentLowWater(_ octets: Int?) throws(SocketError) { try change { $0.notSentLowWater = octets } }

  /// The largest payload of a segment; nil leaves it to the path.
  public var maximumSegmentSize: Int? { get throws(SocketError) { try options.maximumSegmentSize } }
  public func setMaximumSegmentSize(_ octets: Int?) throws(SocketError) {
    try change { $0.maximumSegmentSize = octets }
  }

  /// Whether every segment that arrives is acknowledged at once. False by default.
  public var quickAcknowledgement: Bool { get throws(SocketError) { try options.quickAcknowledgement } }
  public func setQuickAcknowledgement(_ on: Bool) throws(SocketError) { try change { $0.quickAcknowledgement = on } }

  /// The congestion control; nil: the stack's. A connection that changes it goes on from where its window is.
  public var congestion: CongestionAlgorithm? { get throws(SocketError) { try options.congestion } }
  public func setCongestion(_ algorithm: CongestionAlgorithm) throws(SocketError) {
    try change { $0.congestion = algorithm }
  }

  /// How the size of packets is found out; nil: the stack's.
  public var pathMTUDiscovery: PathMTUDiscovery? { get throws(SocketError) { try options.pathMTUDiscovery } }
  public func setPathMTUDiscovery(_ discovery: PathMTUDiscovery) throws(SocketError) {
    try change { $0.pathMTUDiscovery = discovery }
  }

  /// Whether data leave at a pace also where the congestion control does not ask for it. False by default.
  public var pacing: Bool { get throws(SocketError) { try options.pacing } }
  public func setPacing(_ on: Bool) throws(SocketError) { try change { $0.pacing = on } }

  /// Explicit congestion notification; nil: the stack's. Counts for the handshake: set it before connecting or listening.
  public var ecn: ECNPreference? { get throws(SocketError) { try options.ecn } }
  public func setECN(_ preference: ECNPreference) throws(SocketError) { try change { $0.ecn = preference } }

  /// How long a read may block; nil (and zero) for ever. Takes effect for later reads; not negative.
  public var readTimeout: Duration? { get throws(SocketError) { try options.readTimeout } }
  public func setReadTimeout(_ timeout: Duration?) throws(SocketError) { try change { $0.readTimeout = timeout } }

  /// What closing does with unacknowledged data; see ``SocketOptions/linger``. Longer times than 65,535 s count as that.
  public var linger: Duration? { get throws(SocketError) { try options.linger } }
  public func setLinger(_ time: Duration?) throws(SocketError) {
    try change { $0.linger = time.map { min($0, SocketOptions.longestLinger) } }
  }

  /// The octets that may wait to be read. More than zero.
  public var receiveBufferSize: Int { get throws(SocketError) { try options.receiveBufferSize } }
  public func setReceiveBufferSize(_ size: Int) throws(SocketError) { try change { $0.receiveBufferSize = size } }

  /// The octets that may be written ahead of the acknowledgement. More than zero.
  public var sendBufferSize: Int { get throws(SocketError) { try options.sendBufferSize } }
  public func setSendBufferSize(_ size: Int) throws(SocketError) { try change { $0.sendBufferSize = size } }

  /// Whether urgent octets stay in the stream. False by default.
  public var urgentInline: Bool { get throws(SocketError) { try options.urgentInline } }
  public func setUrgentInline(_ on: Bool) throws(SocketError) { try change { $0.urgentInline = on } }

  /// The traffic class or type of service of the packets, 0 to 255; its lower two bits belong to ECN and are ignored.
  public var trafficClass: UInt8 { get throws(SocketError) { try options.trafficClass } }
  public func setTrafficClass(_ value: Int) throws(SocketError) {
    guard let value = UInt8(exactly: value) else {
      throw SocketError(.setOption, remoteEndpoint, .invalidArgument("a traffic class is from 0 to 255, not \(value)"))
    }
    try change { $0.trafficClass = value }
  }

  /// Whether binding may take a port whose earlier connection is in TIME-WAIT. False by default.
  public var reuseAddress: Bool { get throws(SocketError) { try options.reuseAddress } }
  public func setReuseAddress(_ on: Bool) throws(SocketError) { try change { $0.reuseAddress = on } }
}
