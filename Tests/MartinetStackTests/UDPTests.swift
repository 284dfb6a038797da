import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("UDP")
struct UDPTests {
  private static let remote = Endpoint(StackBench.theirs, 4000)
  private static let local = Endpoint(StackBench.ours, 5000)

  private static func bench(configure: (inout HostConfiguration) -> Void = { _ in }) throws -> (
    StackBench, DatagramHandle
  ) {
    let bench = StackBench.onIP(configure: configure)
    return (bench, try bench.open(Endpoint(.v4(.any), 5000)))
  }

  private static func datagram(_ text: [UInt8], change: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
    var bytes = Build.udp(remote, local, text)
    change(&bytes)
    return Build.ip(from: remote.address, to: local.address, protocolNumber: IPProtocol.udp, bytes)
  }

  @Test("A datagram arrives with where it came from and the address that it was sent to", .proves("1122-34"))
  func arrival() throws {
    let (bench, handle) = try Self.bench()
    bench.feed(Self.datagram([1, 2, 3]))
    let (bytes, datagram) = try #require(bench.receive(from: handle))
    #expect(bytes == [1, 2, 3])
    #expect(datagram.remote == Self.remote && datagram.local == Self.local && datagram.hopLimit == 64)
    #expect(bench.receive(from: handle) == nil)
    #expect(bench.pagesInUse == 0)
  }

  @Test("What a reader has no room for is lost, and he is told how much there was")
  func truncation() throws {
    let (bench, handle) = try Self.bench()
    bench.feed(Self.datagram([1, 2, 3, 4, 5]))
    bench.feed(Self.datagram([6]))
    let (bytes, datagram) = try #require(bench.receive(from: handle, room: 2))
    #expect(bytes == [1, 2] && datagram.length == 5)
    #expect(bench.receive(from: handle)?.bytes == [6])
  }

  @Test("A length field below 8 or beyond the packet is discarded; octets beyond it are ignored", .proves("768-01"))
  func lengths() throws {
    let (bench, handle) = try Self.bench()
    for length in [0, 7, 12, 200] as [UInt8] { bench.feed(Self.datagram([1, 2, 3]) { $0[5] = length }) }
    #expect(bench.discarded(.malformedTransport) == 4)
    let padded = Self.datagram([1, 2, 3]) { $0 += [9, 9, 9] }
    bench.feed(padded)
    #expect(bench.receive(from: handle)?.bytes == [1, 2, 3])
    bench.feed(Build.ipv4(from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.udp, [1, 2, 3]))
    #expect(bench.discarded(.malformedTransport) == 5)
    #expect(bench.pagesInUse == 0)
  }

  @Test("A wrong checksum is discarded in silence; none at all is accepted over IPv4", .proves("1122-33"))
  func checksum() throws {
    let (bench, handle) = try Self.bench()
    #expect(bench.answers(to: Self.datagram([1, 2, 3]) { $0[9] ^= 1 }).isEmpty)
    #expect(bench.discarded(.badTransportChecksum) == 1)
    bench.feed(
      Self.datagram([1, 2, 3]) {
        $0[6] = 0
        $0[7] = 0
      })
    #expect(bench.receive(from: handle)?.bytes == [1, 2, 3])
  }

  @Test("Over IPv6 a datagram without a checksum is discarded", .proves("8200-09"))
  func checksumOfIPv6() throws {
    let bench = StackBench.onIP()
    let handle = try bench.open(Endpoint(.v6(.any), 5000))
    var bytes = Build.udp(
      Endpoint(.v6(StackBench.theirs6), 4000), Endpoint(.v6(StackBench.ours6), 5000), [1, 2, 3])
    let good = bytes
    bytes[6] = 0
    bytes[7] = 0
    for datagram in [bytes, good] {
      bench.feed(
        Build.ipv6(from: StackBench.theirs6, to: StackBench.ours6, nextHeader: IPProtocol.udp, datagram))
    }
    #expect(bench.discarded(.badTransportChecksum) == 1)
    #expect(bench.receive(from: handle)?.bytes == [1, 2, 3])
    #expect(bench.receive(from: handle) == nil)
  }

  @Test(
    "What is sent carries a checksum; one that comes out as zero is sent as all ones",
    .proves("768-02", "1122-33", "8200-09"))
  func zeroChecksum() throws {
    for (local, remote) in [
      (Self.local, Self.remote), (Endpoint(.v6(StackBench.ours6), 5000), Endpoint(.v6(StackBench.theirs6), 4000)),
    ] {
      let bench = StackBench.onIP()
      let handle = try bench.open(local)
      // The two octets that make the sum come out as all ones.
      let open = Build.udp(local, remote, [0, 0])
      let balance = Array(open[6..<8])
      try bench.send(balance, to: remote, from: handle)
      let sent = try #require(bench.drain().first)
      #expect(Array(sent.transport[6..<8]) == [0xFF, 0xFF])
      #expect(sent.hasRightChecksum)
      try bench.send([1, 2, 3], to: remote, from: handle)
      #expect(bench.drain().first?.hasRightChecksum == true)
    }
  }

  @Test("A source that is no single host is discarded", .proves("1122-35"))
  func invalidSource() throws {
    let (bench, handle) = try Self.bench()
    for address in [IPv4Address(10, 0, 0, 255), .limitedBroadcast, IPv4Address(224, 0, 0, 1), .any] {
      let source = Endpoint(.v4(address), 4000)
      #expect(bench.answers(to: Build.datagram(source, Self.local, [1])).isEmpty)
    }
    #expect(bench.receive(from: handle) == nil)
  }

  @Test("Broadcasts reach the wildcard endpoint; sending them has to be allowed", .proves("1122-25"))
  func broadcast() throws {
    let (bench, handle) = try Self.bench()
    for address in [IPv4Address.limitedBroadcast, IPv4Address(10, 0, 0, 255)] {
      bench.feed(Build.datagram(Self.remote, Endpoint(.v4(address), 5000), [1]))
      #expect(bench.receive(from: handle)?.datagram.local.address == .v4(address))
    }
    let everybody = Endpoint(.v4(IPv4Address(10, 0, 0, 255)), 9)
    #expect(throws: HostError.invalidRemote) { try bench.send([1], to: everybody, from: handle) }
    var options = DatagramOptions()
    options.mayBroadcast = true
    try bench.host.setOptions(options, of: handle)
    try bench.send([1], to: everybody, from: handle)
    #expect(bench.drain().first?.source == StackBench.ours)
  }

  @Test("Datagrams of one size that come as one are as many as they were, and each counts")
  func together() throws {
    let (bench, handle) = try Self.bench { $0.datagramCount = 5 }
    let text = (0..<4500).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    bench.feed(Self.datagram(text), trust: .vouched, segmentSize: 1000)
    for start in stride(from: 0, to: 4500, by: 1000) {
      let (bytes, datagram) = try #require(bench.receive(from: handle, room: 2000))
      #expect(bytes == Array(text[start..<min(4500, start + 1000)]))
      #expect(datagram.remote == Self.remote && datagram.local == Self.local)
    }
    #expect(bench.receive(from: handle) == nil)
    bench.feed(Self.datagram(text), trust: .vouched, segmentSize: 500)
    #expect(bench.discarded(.datagramQueueFull) == 4)
    bench.host.close(handle, at: bench.now)
    #expect(bench.pagesInUse == 0)
  }

  @Test("A reader who does not read has a bounded queue")
  func bounds() throws {
    let (bench, handle) = try Self.bench { $0.datagramCount = 10 }
    for _ in 0..<50 { bench.feed(Self.datagram([1])) }
    #expect(bench.discarded(.datagramQueueFull) == 40)
    #expect(bench.pagesInUse == 10)
    bench.host.close(handle, at: bench.now)
    #expect(bench.pagesInUse == 0)
    let (small, _) = try Self.bench { $0.datagramBytes = 3 * PagePool.pageSize }
    for _ in 0..<50 { small.feed(Self.datagram([1])) }
    #expect(small.pagesInUse == 3)
  }

  @Test(
    "Time to live, traffic class and local address are the program's to choose",
    .proves("1122-36", "1122-24", "1122-09"))
  func options() throws {
    let bench = StackBench.onIP()
    bench.host.addAddress(IPPrefix(.v4(IPv4Address(10, 0, 0, 5)), 24), to: InterfaceID(rawValue: 0), at: bench.now)
    let handle = try bench.open(Endpoint(.v4(IPv4Address(10, 0, 0, 5)), 0))
    var options = DatagramOptions()
    options.hopLimit = 3
    options.trafficClass = 0xB8
    try bench.host.setOptions(options, of: handle)
    try bench.send([1], to: Self.remote, from: handle)
    let sent = try #require(bench.drain().first)
    #expect(sent.hopLimit == 3 && sent.trafficClass == 0xB8)
    #expect(sent.source == .v4(IPv4Address(10, 0, 0, 5)))
    let (other, heard) = try Self.bench()
    other.feed(
      Build.ipv4(
        from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.udp,
        Build.udp(Self.remote, Self.local, [1]), trafficClass: 0x28))
    #expect(other.receive(from: heard)?.datagram.trafficClass == 0x28)
  }

  @Test(
    "A datagram larger than the link leaves in fragments; where that is forbidden it is refused",
    .proves("791-02", "1122-23", "6864-04"))
  func largeDatagrams() throws {
    let (bench, handle) = try Self.bench()
    let text = StreamPattern.ours.octets(from: 0, count: 4000)
    try bench.send(text, to: Self.remote, from: handle)
    let pieces = bench.drain()
    #expect(pieces.count == 3)
    #expect(pieces.allSatisfy { $0.ipv4?.doesNotFragment == false && $0.packet.count <= 1500 })
    let whole = pieces.flatMap { $0.transport }
    #expect(Array(whole[8...]) == text)
    var options = DatagramOptions()
    options.dontFragment = true
    try bench.host.setOptions(options, of: handle)
    #expect(throws: HostError.messageTooLong) { try bench.send(text, to: Self.remote, from: handle) }
    #expect(bench.drain().isEmpty)
    try bench.send([1], to: Self.remote, from: handle)
    #expect(bench.drain().first?.ipv4?.doesNotFragment == true)
    #expect(bench.pagesInUse == 0)
  }

  @Test(
    "What is not cut needs no identification; what is cut has one that others can't foresee",
    .proves("6864-01", "6864-05"))
  func identifications() throws {
    let (bench, handle) = try Self.bench()
    for _ in 0..<3 {
      try bench.send([1], to: Self.remote, from: handle)
      #expect(bench.drain().first?.ipv4?.identification == 0)
    }
    let text = [UInt8](repeating: 0, count: 2000)
    func identification(to address: IPv4Address) throws -> UInt16 {
      try bench.send(text, to: Endpoint(.v4(address), 9), from: handle)
      return try #require(bench.drain().first?.ipv4).identification
    }
    let one = try identification(to: StackBench.theirs4)
    let two = try identification(to: StackBench.theirs4)
    #expect(one != two)
    let others = try (3..<53).map { try identification(to: IPv4Address(10, 0, 0, $0)) }
    #expect(Set(others).count > 45)
    #expect(zip(others, others.dropFirst()).count { $1 == $0 &+ 1 } < 3)
  }

  @Test("Errors that the network reports reach the endpoint that sent", .proves("1122-32", "1122-19", "1122-16"))
  func errors() throws {
    let (bench, handle) = try Self.bench()
    try bench.send([1, 2, 3], to: Self.remote, from: handle)
    let sent = try #require(bench.drain().first).packet
    for (message, type, code) in [
      (.destinationUnreachable(code: 3, nextHopMTU: 0), 3, 3), (.timeExceeded(code: 0), 11, 0),
      (.parameterProblem(code: 0, pointer: 1), 12, 0),
    ] as [(ICMPMessage, UInt8, UInt8)] {
      bench.feed(
        Build.ipv4(
          from: IPv4Address(10, 0, 0, 254), to: StackBench.ours4, protocolNumber: IPProtocol.icmp,
          Build.icmp(message, Array(sent.prefix(28)))))
      guard case .datagram(handle)? = bench.events().first else {
        Issue.record("no event")
        return
      }
      let error = bench.host.pollError(of: handle)
      #expect(error?.cause == UnreachableCause(isIPv6: false, type: type, code: code))
      #expect(error?.remote == Self.remote)
      #expect(bench.host.pollError(of: handle) == nil)
    }
  }

  @Test("A connected endpoint hears its peer only, and others reach the port's other endpoint")
  func connected() throws {
    let (bench, handle) = try Self.bench()
    try bench.host.connect(handle, to: Self.remote, at: bench.now)
    bench.feed(Self.datagram([1]))
    let answers = bench.answers(to: Build.datagram(Endpoint(StackBench.theirs, 4001), Self.local, [2]))
    #expect(answers.first?.icmp == .destinationUnreachable(code: 3, nextHopMTU: 0))
    #expect(bench.receive(from: handle)?.bytes == [1])
    #expect(bench.receive(from: handle) == nil)
  }

  @Test("Two endpoints of one port conflict unless their addresses differ")
  func conflicts() throws {
    let bench = StackBench.onIP()
    _ = try bench.open(Endpoint(StackBench.ours, 5000))
    #expect(throws: HostError.addressInUse) { _ = try bench.open(Endpoint(StackBench.ours, 5000)) }
    #expect(throws: HostError.addressInUse) { _ = try bench.open(Endpoint(.v4(.any), 5000)) }
    _ = try bench.open(Endpoint(.v6(.any), 5000))
    #expect(throws: HostError.addressNotAvailable) { _ = try bench.open(Endpoint(.v4(IPv4Address(9, 9, 9, 9)), 1)) }
  }

  @Test("A host talks to itself without a link", .proves("1122-03"))
  func loopback() throws {
    let (bench, handle) = try Self.bench()
    let other = try bench.open(Endpoint(.v4(.loopback), 6000))
    try bench.send([7], to: Endpoint(.v4(.loopback), 5000), from: other)
    #expect(bench.drain().isEmpty)
    let (bytes, datagram) = try #require(bench.receive(from: handle))
    #expect(bytes == [7] && datagram.remote == Endpoint(.v4(.loopback), 6000))
    // From the loopback address nothing goes out on a wire.
    #expect(throws: HostError.noRoute) { try bench.send([7], to: Self.remote, from: other) }
    try bench.send([8], to: Self.local, from: handle)
    #expect(bench.drain().isEmpty)
    #expect(bench.receive(from: handle)?.bytes == [8])
    #expect(bench.pagesInUse == 0)
  }
}
