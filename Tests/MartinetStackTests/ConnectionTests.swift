import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Connections of a host")
struct ConnectionTests {
  private static let remote = Endpoint(StackBench.theirs, 80)

  @Test("The local address may be given, and has to be ours", .proves("9293-MUST-43"))
  func localAddress() throws {
    let bench = StackBench.onIP()
    let second = IPAddress.v4(IPv4Address(10, 0, 0, 9))
    bench.host.addAddress(IPPrefix(second, 24), to: InterfaceID(rawValue: 0), at: bench.now)
    let handle = try bench.connect(to: Self.remote, from: Endpoint(second, 1234))
    #expect(bench.status(handle)?.local == Endpoint(second, 1234))
    #expect(bench.drain().first?.source == second)
    #expect(throws: HostError.addressNotAvailable) {
      _ = try bench.connect(to: Self.remote, from: Endpoint(.v4(IPv4Address(9, 9, 9, 9)), 0))
    }
    #expect(throws: HostError.addressInUse) {
      _ = try bench.connect(to: Self.remote, from: Endpoint(second, 1234))
    }
  }

  @Test("Without one the route decides, before the first SYN leaves", .proves("9293-MUST-44", "1122-03", "1122-22"))
  func sourceSelection() throws {
    let bench = StackBench()
    let near = bench.addInterface(LinkDescription(name: InterfaceName("a"), mtu: 1500))
    let far = bench.addInterface(
      LinkDescription(name: InterfaceName("b"), mtu: 1400), ipv4: IPPrefix(.v4(IPv4Address(10, 1, 0, 1)), 16),
      ipv6: IPPrefix(.v6(IPv6Address(high: 0xFD88 << 48, low: 1)), 64))
    bench.host.addRoute(IPPrefix(.v4(.any), 0), via: .v4(IPv4Address(10, 1, 0, 254)), on: far)
    bench.host.addRoute(IPPrefix(.v4(IPv4Address(192, 168, 0, 0)), 16), via: StackBench.theirs, on: near)
    for (remote, source, interface) in [
      (IPv4Address(10, 0, 0, 2), IPv4Address(10, 0, 0, 1), 0), (IPv4Address(10, 1, 9, 9), IPv4Address(10, 1, 0, 1), 1),
      (IPv4Address(8, 8, 8, 8), IPv4Address(10, 1, 0, 1), 1),
      (IPv4Address(192, 168, 3, 4), IPv4Address(10, 0, 0, 1), 0),
    ] {
      _ = try bench.connect(to: Endpoint(.v4(remote), 80))
      let syn = try #require(bench.drain().first)
      #expect(syn.source == .v4(source) && Int(syn.interface) == interface)
    }
    #expect(throws: HostError.noRoute) {
      _ = try bench.connect(to: Endpoint(.v6(IPv6Address(high: 1 << 60, low: 1)), 80))
    }
  }

  @Test("All segments of a connection have the address of the first", .proves("9293-MUST-45"))
  func sameAddress() throws {
    let bench = StackBench.onIP()
    let handle = try bench.connect(to: Self.remote)
    let local = try #require(bench.status(handle)).local
    var peer = RawPeer(bench, port: 80, to: local)
    peer.answerOpening()
    let closer = IPAddress.v4(IPv4Address(10, 0, 0, 3))
    bench.host.addAddress(IPPrefix(closer, 31), to: InterfaceID(rawValue: 0), at: bench.now)
    try bench.write(Array("hello".utf8), on: handle)
    let sent = bench.drain()
    #expect(sent.count == 1)
    #expect(sent.first?.source == local.address)
  }

  @Test(
    "Addresses that are no single host's are refused, and nothing leaves", .proves("9293-MUST-46"),
    arguments: [
      IPAddress.v4(.any), .v4(.limitedBroadcast), .v4(IPv4Address(10, 0, 0, 255)), .v4(IPv4Address(224, 0, 0, 1)),
      .v6(.any), .v6(.allNodes), .v4(IPv4Address(240, 0, 0, 1)),
    ])
  func invalidRemote(_ address: IPAddress) throws {
    let bench = StackBench.onIP()
    #expect(throws: HostError.invalidRemote) { _ = try bench.connect(to: Endpoint(address, 80)) }
    #expect(throws: HostError.invalidRemote) { _ = try bench.connect(to: Endpoint(StackBench.theirs, 0)) }
    #expect(bench.drain().isEmpty && bench.connectionCount == 0)
  }

  @Test(
    "The offered MSS is the link's MTU without the fixed headers, for far destinations, too",
    .proves("9293-MUST-67", "8200-10", "1191-07"),
    arguments: [(1500, 1460, 1440), (1280, 1240, 1220), (9000, 8960, 8940), (576, 536, 516)])
  func segmentSize(_ mtu: Int, _ mss4: Int, _ mss6: Int) throws {
    let bench = StackBench.onIP(mtu: mtu)
    bench.host.addRoute(IPPrefix(.v4(.any), 0), via: StackBench.theirs, on: InterfaceID(rawValue: 0))
    for (address, mss) in [
      (StackBench.theirs, mss4), (.v4(IPv4Address(8, 8, 8, 8)), mss4), (.v6(StackBench.theirs6), mss6),
    ] {
      _ = try bench.connect(to: Endpoint(address, 80))
      let options = try #require(bench.drain().first?.tcp).options
      #expect(options.has(.maximumSegmentSize) && Int(options.maximumSegmentSize) == mss)
    }
  }

  @Test(
    "Segments are atomic datagrams: never fragmented, with no identification", .proves("6864-01", "6864-04", "1191-01"))
  func atomic() throws {
    let bench = StackBench.onIP()
    let handle = try bench.connect(to: Self.remote)
    var peer = RawPeer(bench, port: 80, to: try #require(bench.status(handle)).local)
    peer.answerOpening()
    try bench.write([UInt8](repeating: 1, count: 1460 * 4), on: handle)
    let sent = bench.drain()
    #expect(sent.count == 4)
    for sighting in sent {
      let header = try #require(sighting.ipv4)
      #expect(header.doesNotFragment && !header.isFragment && header.identification == 0)
      #expect(header.totalLength <= 1500 && sighting.hasRightChecksum)
    }
  }

  @Test("Traffic class and hop limit are the connection's", .proves("9293-MUST-48", "9293-MUST-49"))
  func envelope() throws {
    for address in [StackBench.theirs, .v6(StackBench.theirs6)] {
      let bench = StackBench.onIP()
      var options = ConnectionOptions()
      options.hopLimit = 7
      options.trafficClass = 0xB8
      _ = try bench.connect(to: Endpoint(address, 80), options: options)
      let syn = try #require(bench.drain().first)
      #expect(syn.hopLimit == 7 && syn.trafficClass.map { $0 & 0xFC } == 0xB8)
    }
  }

  @Test("Segments of connections that differ in one number only find their own")
  func demultiplexing() throws {
    let bench = StackBench.onIP()
    let listener = try bench.listen(on: Endpoint(.v4(.any), 80), backlog: 100)
    var peers: [RawPeer] = []
    for number in 0..<50 as Range<UInt16> {
      peers.append(RawPeer(bench, port: 5000 + number, to: Endpoint(StackBench.ours, 80)))
      peers.append(
        RawPeer(
          bench, port: 5000, to: Endpoint(StackBench.ours, 80), from: .v4(IPv4Address(10, 0, 0, UInt8(100 + number)))))
    }
    for index in peers.indices { peers[index].open() }
    var handles: [ConnectionHandle] = []
    while let handle = bench.accept(listener) { handles.append(handle) }
    #expect(handles.count == 100)
    for index in peers.indices { peers[index].send([.ack, .psh], [UInt8(index)]) }
    for (index, handle) in handles.enumerated() {
      #expect(try bench.read(handle) == [UInt8(index)])
      #expect(bench.status(handle)?.remote == peers[index].end)
      let ends = bench.host.ends(of: handle)
      #expect(ends?.remote == peers[index].end && ends?.local == bench.status(handle)?.local)
      bench.host.abort(handle, at: bench.now)
      #expect(bench.host.ends(of: handle) == nil)
    }
  }

  @Test("Ready connections take turns: none waits for another to finish")
  func fairness() throws {
    let bench = StackBench.onIP { $0.trainOctets = 0 }
    var handles: [ConnectionHandle] = []
    for port in 80..<84 as Range<UInt16> {
      let handle = try bench.connect(to: Endpoint(StackBench.theirs, port))
      var peer = RawPeer(bench, port: port, to: try #require(bench.status(handle)).local)
      peer.answerOpening()
      handles.append(handle)
    }
    for handle in handles { try bench.write([UInt8](repeating: 1, count: 14_600), on: handle) }
    let order = bench.drain().compactMap { $0.tcp?.destinationPort }
    #expect(order.count == 40)
    for round in 0..<2 { #expect(Set(order[(round * 16)..<(round * 16 + 16)]).count == 4) }
  }

  @Test("A handle that was closed means nothing, even when its slot is used again")
  func staleHandles() throws {
    let bench = StackBench.onIP()
    let handle = try bench.connect(to: Self.remote)
    bench.abort(handle)
    _ = bench.drain()
    #expect(bench.connectionCount == 0)
    let other = try bench.connect(to: Self.remote)
    #expect(other.slot == handle.slot)
    #expect(bench.status(handle) == nil)
    #expect(throws: HostError.doesNotExist) { try bench.write([1], on: handle) }
    bench.close(handle)
    #expect(bench.phase(other) == .synSent)
  }

  @Test("The number of connections is bounded")
  func limit() throws {
    let bench = StackBench.onIP { $0.connections = 3 }
    for _ in 0..<3 { _ = try bench.connect(to: Self.remote) }
    #expect(throws: HostError.limitReached) { _ = try bench.connect(to: Self.remote) }
    _ = try bench.listen(on: Endpoint(StackBench.ours, 81))
    _ = bench.drain()
    var peer = RawPeer(bench, port: 5000, to: Endpoint(StackBench.ours, 81))
    #expect(peer.send(.syn).isEmpty)
    #expect(bench.discarded(.connectionLimit) == 2)
  }

  @Test("A connection that was refused stays as a record until its handle is closed")
  func refused() throws {
    let bench = StackBench.onIP()
    let handle = try bench.connect(to: Self.remote)
    var peer = RawPeer(bench, port: 80, to: try #require(bench.status(handle)).local)
    peer.hear(bench.drain())
    peer.send([.rst, .ack])
    guard case .connection(handle, let events)? = bench.events().first else {
      Issue.record("no event")
      return
    }
    #expect(events.contains(.ended))
    #expect(bench.status(handle)?.endReason == .refused)
    #expect(bench.connectionCount == 1)
    // The two ends are free for another attempt.
    let local = try #require(bench.status(handle)).local
    let again = try bench.connect(to: Self.remote, from: local)
    bench.close(handle)
    _ = bench.drain()
    #expect(bench.connectionCount == 1 && bench.phase(again) == .synSent)
  }
}
