import MartinetStack
import MartinetTCP
import MartinetWire

/// One host on a bench: packets go in as octets, and come out as sightings.
final class StackBench {
  var host: Host
  var now = Instant.zero + .seconds(1000)
  private var departure = Departure()
  private var isEthernet: [Bool] = []

  static let ours4 = IPv4Address(10, 0, 0, 1)
  static let theirs4 = IPv4Address(10, 0, 0, 2)
  static let ours6 = IPv6Address(high: 0xFD77 << 48, low: 1)
  static let theirs6 = IPv6Address(high: 0xFD77 << 48, low: 2)
  static let ours = IPAddress.v4(ours4)
  static let theirs = IPAddress.v4(theirs4)
  static let ourMAC = MACAddress(2, 0, 0, 0, 0, 1)
  static let theirMAC = MACAddress(2, 0, 0, 0, 0, 2)

  /// A host without interfaces.
  init(configuration: HostConfiguration = HostConfiguration(), secret: HostSecret = HostSecret(1, 2)) {
    host = Host(configuration: configuration, secret: secret)
  }

  /// A host that was made elsewhere.
  init(_ host: consuming Host) { self.host = host }

  /// A host with one interface that has 10.0.0.1/24 and fd77::1/64.
  static func onIP(mtu: Int = 1500, configure: (inout HostConfiguration) -> Void = { _ in }) -> StackBench {
    var configuration = HostConfiguration()
    configure(&configuration)
    let bench = StackBench(configuration: configuration)
    bench.addInterface(LinkDescription(name: InterfaceName("ip0"), mtu: mtu))
    return bench
  }

  /// The same on Ethernet.
  static func onEthernet(mtu: Int = 1500, configure: (inout HostConfiguration) -> Void = { _ in }) -> StackBench {
    var configuration = HostConfiguration()
    configure(&configuration)
    let bench = StackBench(configuration: configuration)
    bench.addInterface(LinkDescription(name: InterfaceName("eth0"), mtu: mtu, kind: .ethernet(ourMAC)))
    return bench
  }

  @discardableResult
  func addInterface(
    _ link: LinkDescription, ipv4: IPPrefix = IPPrefix(.v4(ours4), 24), ipv6: IPPrefix = IPPrefix(.v6(ours6), 64)
  ) -> InterfaceID {
    let interface = host.addInterface(link)
    isEthernet.append(link.kind != .ip)
    host.addAddress(ipv4, to: interface, at: now)
    host.addAddress(ipv6, to: interface, at: now)
    return interface
  }

  // MARK: Packets

  func feed(
    _ bytes: [UInt8], on interface: InterfaceID = InterfaceID(rawValue: 0), trust: ChecksumTrust = .unverified,
    segmentSize: UInt16 = 0, moreFollows: Bool = false
  ) {
    let chain = bytes.withOctets(0..<bytes.count) { host.environment.pool.chain(copying: $0) }
    guard let chain else { return }
    host.receive(
      Packet(chain, trust: trust, segmentSize: segmentSize), on: interface, at: now, moreFollows: moreFollows)
  }

  /// Everything that leaves at this moment.
  func drain() -> [Sighting] {
    var sightings: [Sighting] = []
    while host.pollTransmit(into: &departure, at: now) {
      var bytes = [UInt8](repeating: 0, count: departure.count)
      bytes.withMutableOctets(0..<bytes.count) { departure.copy(into: &$0) }
      var sighting = Sighting(bytes, isFrame: isEthernet[Int(departure.interface)])
      sighting.interface = departure.interface
      sighting.duty = departure.duty
      sightings.append(sighting)
      host.release(&departure)
    }
    return sightings
  }

  /// What leaves when `bytes` come in.
  func answers(to bytes: [UInt8], on interface: InterfaceID = InterfaceID(rawValue: 0)) -> [Sighting] {
    feed(bytes, on: interface)
    return drain()
  }

  // MARK: Time

  /// Lets time pass up to `interval` from now, with every deadline on the way; returns what left.
  @discardableResult
  func wait(_ interval: Interval) -> [Sighting] {
    let end = now + interval
    var sightings = drain()
    while host.nextDeadline <= end {
      now = max(now, host.nextDeadline)
      host.expire(at: now)
      sightings += drain()
    }
    now = end
    return sightings
  }

  // MARK: Conclusions

  func discarded(_ reason: DiscardReason) -> UInt64 { host.statistics.discarded(reason) }
  var allDiscarded: UInt64 { host.statistics.allDiscarded }
  var pagesInUse: Int { host.environment.pool.pagesInUse }

  func events() -> [HostEvent] {
    var events: [HostEvent] = []
    while let event = host.pollEvent() { events.append(event) }
    return events
  }
}

extension StackBench {
  /// Sends `bytes` on a UDP endpoint.
  func send(_ bytes: [UInt8], to remote: Endpoint, from handle: DatagramHandle) throws(HostError) {
    let now = now
    try bytes.withOctets(0..<bytes.count) { (octets) throws(HostError) in
      try host.send(octets, to: remote, from: handle, at: now)
    }
  }

  /// Reads one datagram.
  func receive(from handle: DatagramHandle, room: Int = 65536) -> (bytes: [UInt8], datagram: ReceivedDatagram)? {
    var bytes = [UInt8](repeating: 0, count: room)
    let received = bytes.withMutableOctets(0..<room) { host.receive(into: &$0, from: handle) }
    guard let received else { return nil }
    return (Array(bytes[0..<received.count]), received)
  }

  /// Writes on a connection; returns how many octets were accepted.
  @discardableResult
  func write(_ bytes: [UInt8], on handle: ConnectionHandle) throws(HostError) -> Int {
    let now = now
    return try bytes.withOctets(0..<bytes.count) { (octets) throws(HostError) in
      try host.send(octets, on: handle, at: now)
    }
  }

  /// Reads what is there on a connection.
  func read(_ handle: ConnectionHandle, room: Int = 65536) throws(HostError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: room)
    let now = now
    let received = try bytes.withMutableOctets(0..<room) { (octets) throws(HostError) in
      try host.receive(into: &octets, from: handle, at: now)
    }
    guard case .bytes(let count) = received else { return [] }
    return Array(bytes[0..<count])
  }
}

extension StackBench {
  func connect(to remote: Endpoint, from local: Endpoint? = nil, options: ConnectionOptions? = nil) throws(HostError)
    -> ConnectionHandle
  {
    try host.connect(to: remote, from: local, options: options, at: now)
  }

  func listen(on local: Endpoint, backlog: Int = 5, sharesPort: Bool = false) throws(HostError) -> ListenerHandle {
    try host.listen(on: local, backlog: backlog, sharesPort: sharesPort, at: now)
  }

  func accept(_ listener: ListenerHandle) -> ConnectionHandle? { host.accept(listener, at: now) }

  func open(_ local: Endpoint) throws(HostError) -> DatagramHandle { try host.openDatagram(on: local, at: now) }

  func status(_ handle: ConnectionHandle) -> ConnectionStatus? { host.status(of: handle, at: now) }

  func phase(_ handle: ConnectionHandle) -> Phase? { status(handle)?.phase }

  func close(_ handle: ConnectionHandle) { host.close(handle, at: now) }

  func abort(_ handle: ConnectionHandle) { host.abort(handle, at: now) }

  var statistics: HostStatistics { host.statistics }
}

extension StackBench {
  var connectionCount: Int { host.connectionCount }

  var hasUnfinishedBusiness: Bool { host.hasUnfinishedBusiness }

  var nextDeadline: Instant { host.nextDeadline }

  func local(of listener: ListenerHandle) -> Endpoint? { host.localEndpoint(of: listener) }

  func listen(onPort port: UInt16, backlog: Int = 5) throws(HostError) -> ListenerHandle {
    try host.listen(onPort: port, backlog: backlog, at: now)
  }

  func close(_ listener: ListenerHandle) { host.close(listener, at: now) }
}
