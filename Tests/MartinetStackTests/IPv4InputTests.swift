import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("IPv4 packets that come in")
struct IPv4InputTests {
  private static let echo = Build.icmp(.echoRequest(identifier: 7, sequence: 1), [1, 2, 3])

  private static func echo(from source: IPv4Address, to destination: IPv4Address = StackBench.ours4) -> [UInt8] {
    Build.ipv4(from: source, to: destination, protocolNumber: IPProtocol.icmp, echo)
  }

  private static let good = echo(from: StackBench.theirs4)

  @Test("A good packet is answered: the tests below can fail")
  func good() {
    #expect(StackBench.onIP().answers(to: Self.good).count == 1)
  }

  @Test("A packet of another version is discarded in silence", .proves("1122-01"))
  func version() {
    let bench = StackBench.onIP()
    var packet = Self.good
    packet[0] = 0x55
    #expect(bench.answers(to: Build.refreshedIPv4(packet)).isEmpty)
    #expect(bench.discarded(.malformedHeader) == 1)
  }

  @Test("A packet with a wrong header checksum is discarded in silence", .proves("1122-02", "1122-38"))
  func headerChecksum() {
    let bench = StackBench.onIP()
    var packet = Self.good
    packet[10] ^= 1
    #expect(bench.answers(to: packet).isEmpty)
    #expect(bench.discarded(.badHeaderChecksum) == 1)
    #expect(bench.pagesInUse == 0)
  }

  @Test(
    "Lengths that contradict each other or the packet are discarded", .proves("791-01"),
    arguments: [(0, 0x44), (0, 0x4F), (2, 0xFF), (3, 19), (3, 0)] as [(Int, UInt8)])
  func lengths(_ offset: Int, _ value: UInt8) {
    let bench = StackBench.onIP()
    var packet = Self.good
    packet[offset] = value
    packet[10] = 0
    packet[11] = 0
    let sum = packet.withOctets(0..<min(packet.count, Int(packet[0] & 15) * 4)) { Checksum.of($0) }
    packet[10] = UInt8(sum >> 8)
    packet[11] = UInt8(sum & 255)
    #expect(bench.answers(to: packet).isEmpty)
    #expect(bench.allDiscarded == 1)
    #expect(bench.pagesInUse == 0)
  }

  @Test("A packet cut off anywhere is discarded without a trap", .proves("791-01"))
  func everyPrefix() {
    let bench = StackBench.onIP()
    for length in 0..<Self.good.count {
      #expect(bench.answers(to: Array(Self.good[0..<length])).isEmpty)
    }
    #expect(bench.pagesInUse == 0)
  }

  @Test("What is behind the total length is padding and ignored", .proves("791-01", "1122-28"))
  func padding() throws {
    let bench = StackBench.onIP()
    let answer = try #require(bench.answers(to: Self.good + [UInt8](repeating: 0xEE, count: 20)).first)
    #expect(answer.body == [1, 2, 3])
  }

  @Test("Packets for other hosts and for other networks' broadcasts are not for us", .proves("1122-04"))
  func foreign() {
    let bench = StackBench.onIP()
    for address in [IPv4Address(10, 0, 0, 77), IPv4Address(10, 9, 255, 255), IPv4Address(224, 0, 0, 99)] {
      #expect(bench.answers(to: Self.echo(from: StackBench.theirs4, to: address)).isEmpty)
    }
    #expect(bench.discarded(.notForUs) == 3)
  }

  @Test(
    "Sources that no host can have are discarded", .proves("1122-05", "9293-MUST-63"),
    arguments: [
      IPv4Address(255, 255, 255, 255), IPv4Address(10, 0, 0, 255), IPv4Address(224, 0, 0, 5), IPv4Address(0, 0, 0, 0),
      IPv4Address(0, 1, 2, 3), IPv4Address(240, 0, 0, 1), IPv4Address(127, 0, 0, 1),
    ])
  func martians(_ source: IPv4Address) throws {
    let bench = StackBench.onIP()
    _ = try bench.host.listen(on: Endpoint(.v4(.any), 80), backlog: 5, at: bench.now)
    #expect(bench.answers(to: Self.echo(from: source)).isEmpty)
    let syn = Build.segment(Endpoint(.v4(source), 5000), Endpoint(StackBench.ours, 80), .syn)
    #expect(bench.answers(to: syn).isEmpty)
    #expect(bench.discarded(.martianSource) == 2)
    #expect(bench.pagesInUse == 0)
  }

  @Test("Loopback addresses do not come from a wire", .proves("ATK-52"))
  func loopbackFromOutside() {
    let bench = StackBench.onIP()
    #expect(bench.answers(to: Self.echo(from: StackBench.theirs4, to: IPv4Address(127, 0, 0, 1))).isEmpty)
    #expect(bench.answers(to: Self.echo(from: IPv4Address(127, 3, 2, 1))).isEmpty)
    let six = Build.ipv6(
      from: StackBench.theirs6, to: .loopback, nextHeader: IPProtocol.icmpv6,
      Build.icmp(
        .echoRequest(identifier: 1, sequence: 1), from: .v6(StackBench.theirs6), to: .v6(.loopback)))
    #expect(bench.answers(to: six).isEmpty)
    let back = Build.ipv6(
      from: .loopback, to: StackBench.ours6, nextHeader: IPProtocol.icmpv6,
      Build.icmp(.echoRequest(identifier: 1, sequence: 1), from: .v6(.loopback), to: .v6(StackBench.ours6)))
    #expect(bench.answers(to: back).isEmpty)
    #expect(bench.discarded(.martianDestination) == 2)
    #expect(bench.discarded(.martianSource) == 2)
  }

  @Test("A time to live of 1 or 0 is no reason to discard what is for us", .proves("1122-10"))
  func timeToLive() throws {
    let bench = StackBench.onIP()
    for ttl in [UInt8(0), 1] {
      let packet = Build.ipv4(
        from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.icmp, Self.echo, ttl: ttl)
      let answer = try #require(bench.answers(to: packet).first)
      #expect(answer.hopLimit == 64)
    }
  }

  @Test("The time to live is 64 unless it is configured, and never 0", .proves("1122-10", "1122-11"))
  func configuredTimeToLive() throws {
    #expect(StackBench.onIP().answers(to: Self.good).first?.hopLimit == 64)
    #expect(StackBench.onIP { $0.hopLimit = 9 }.answers(to: Self.good).first?.hopLimit == 9)
    #expect(StackBench.onIP { $0.hopLimit = 0 }.answers(to: Self.good).first?.hopLimit == 1)
  }

  @Test(
    "Options that are unknown are ignored, and the segment behind them processed", .proves("1122-12", "9293-MUST-50"))
  func options() throws {
    let bench = StackBench.onIP()
    let unknown = Build.ipv4(
      from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.icmp,
      options: [1, 0x99, 6, 1, 2, 3, 4, 0], Self.echo)
    #expect(bench.answers(to: unknown).first?.body == [1, 2, 3])
    _ = try bench.host.listen(on: Endpoint(StackBench.ours, 80), backlog: 5, at: bench.now)
    let header = TCPHeader(
      sourcePort: 5000, destinationPort: 80, sequence: SequenceNumber(9), acknowledgement: SequenceNumber(0),
      flags: .syn, window: 1000)
    let syn = Build.ipv4(
      from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.tcp, options: [0x88, 4, 0, 0],
      Build.tcp(header, from: StackBench.theirs, to: StackBench.ours))
    #expect(bench.answers(to: syn).first?.tcp?.flags == [.syn, .ack])
  }

  @Test("Options with impossible lengths are discarded safely", .proves("1122-12"))
  func malformedOptions() {
    let bench = StackBench.onIP()
    for options in [[0x99, 0], [0x99, 1], [0x99, 200], [7, 2, 0, 0], [1, 1, 1, 0x99]] as [[UInt8]] {
      let packet = Build.ipv4(
        from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.icmp, options: options, Self.echo)
      #expect(bench.answers(to: packet).isEmpty)
    }
    #expect(bench.discarded(.malformedHeader) == 5)
  }

  @Test("A packet with a source route is dropped")
  func sourceRoute() {
    let bench = StackBench.onIP()
    let packet = Build.ipv4(
      from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.icmp,
      options: [131, 7, 8, 10, 0, 0, 9, 0], Self.echo)
    #expect(bench.answers(to: packet).isEmpty)
    #expect(bench.discarded(.sourceRouted) == 1)
  }

  @Test("An interface that does not exist takes nothing in")
  func noInterface() {
    let bench = StackBench.onIP()
    bench.feed(Self.good, on: InterfaceID(rawValue: 9))
    #expect(bench.discarded(.noSuchInterface) == 1)
    #expect(bench.pagesInUse == 0)
  }

  @Test("Octets at random never trap and never keep a page")
  func noise() {
    let bench = StackBench.onIP()
    var random = SplitMix(seed: 11)
    for round in 0..<20_000 {
      var packet = Self.good
      if round % 2 == 0 {
        packet = Build.ipv6(
          from: StackBench.theirs6, to: StackBench.ours6, nextHeader: UInt8(truncatingIfNeeded: random.next()),
          (0..<60).map { _ in UInt8(truncatingIfNeeded: random.next()) })
      }
      for _ in 0..<(random.next() % 4) {
        packet[Int(random.next() % UInt64(packet.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      if packet[0] >> 4 == 4 && packet[0] & 15 >= 5 && packet.count >= Int(packet[0] & 15) * 4 {
        packet = Build.refreshedIPv4(packet)
      }
      bench.feed(packet)
      _ = bench.drain()
    }
    bench.wait(.seconds(70))
    #expect(bench.pagesInUse == 0)
  }
}
