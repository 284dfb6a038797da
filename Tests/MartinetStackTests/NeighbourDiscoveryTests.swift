import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Neighbour discovery")
struct NeighbourDiscoveryTests {
  private static let mine = StackBench.ourMAC
  private static let peer = StackBench.theirMAC
  private static let group = StackBench.ours6.solicitedNode

  private static func frame(
    _ message: ICMPv6Message, from source: IPv6Address = StackBench.theirs6, to destination: IPv6Address,
    hopLimit: UInt8 = 255, spoil: ((inout [UInt8]) -> Void)? = nil
  ) -> [UInt8] {
    var bytes = Build.icmp(message, from: .v6(source), to: .v6(destination))
    if let spoil {
      spoil(&bytes)
      bytes[2] = 0
      bytes[3] = 0
      let sum = Build.transportChecksum(
        bytes, from: .v6(source), to: .v6(destination), protocolNumber: IPProtocol.icmpv6)
      bytes[2] = UInt8(sum >> 8)
      bytes[3] = UInt8(sum & 255)
    }
    let packet = Build.ipv6(
      from: source, to: destination, nextHeader: IPProtocol.icmpv6, bytes, hopLimit: hopLimit)
    let hardware = destination.isMulticast ? MACAddress(multicast: destination) : mine
    return Build.frame(EtherType.ipv6, from: peer, to: hardware, packet)
  }

  private static func solicitation(
    for target: IPv6Address = StackBench.ours6, hardware: MACAddress? = peer
  ) -> ICMPv6Message {
    .neighbourSolicitation(
      NeighbourSolicitation(target: target, options: NeighbourOptions(sourceLinkLayer: hardware)))
  }

  private static func advertisement(
    _ hardware: MACAddress? = peer, isSolicited: Bool = true, overrides: Bool = true,
    for target: IPv6Address = StackBench.theirs6
  ) -> [UInt8] {
    let message = NeighbourAdvertisement(
      target: target, isSolicited: isSolicited, overrides: overrides,
      options: NeighbourOptions(targetLinkLayer: hardware))
    return frame(.neighbourAdvertisement(message), to: StackBench.ours6)
  }

  private static func bench() throws -> (StackBench, DatagramHandle) {
    let bench = StackBench.onEthernet { $0.unresolvedPackets = 1 }
    return (bench, try bench.open(Endpoint(.v6(StackBench.ours6), 5000)))
  }

  private static func send(_ text: UInt8, on bench: StackBench, _ handle: DatagramHandle) throws {
    try bench.send([text], to: Endpoint(.v6(StackBench.theirs6), 9), from: handle)
  }

  @Test(
    "A solicitation for our address is answered: solicited, override, with our link-layer address", .proves("4861-04"))
  func answer() throws {
    let bench = StackBench.onEthernet()
    let answers = bench.answers(to: Self.frame(Self.solicitation(), to: Self.group))
    #expect(answers.count == 1)
    let answer = try #require(answers.first)
    #expect(answer.frame?.destination == Self.peer)
    #expect(answer.hopLimit == 255 && answer.hasRightChecksum)
    #expect(answer.source == .v6(StackBench.ours6) && answer.destination == .v6(StackBench.theirs6))
    guard case .neighbourAdvertisement(let message) = answer.icmpv6 else {
      Issue.record("no advertisement")
      return
    }
    #expect(message.target == StackBench.ours6 && message.isSolicited && message.overrides && !message.isRouter)
    #expect(message.options.targetLinkLayer == Self.mine)
    #expect(bench.pagesInUse == 0)
  }

  @Test("A probe for duplicates is answered to all nodes and makes no entry", .proves("4861-13"))
  func duplicateProbe() throws {
    let (bench, handle) = try Self.bench()
    let answers = bench.answers(to: Self.frame(Self.solicitation(hardware: nil), from: .any, to: Self.group))
    #expect(answers.first?.destination == .v6(.allNodes))
    guard case .neighbourAdvertisement(let message) = answers.first?.icmpv6 else {
      Issue.record("no advertisement")
      return
    }
    #expect(!message.isSolicited)
    try Self.send(1, on: bench, handle)
    #expect(bench.drain().first?.icmpType == [135, 0])
  }

  @Test(
    "Solicitations that came from further away, or are malformed, are discarded", .proves("4861-01", "ATK-46"),
    arguments: 0..<6)
  func invalidSolicitations(_ variant: Int) {
    let bench = StackBench.onEthernet()
    let good = Self.solicitation()
    let frame =
      switch variant {
      case 0: Self.frame(good, to: Self.group, hopLimit: 254)
      case 1: Self.frame(good, to: Self.group) { $0[1] = 1 }
      case 2: Self.frame(good, to: Self.group) { $0.removeLast(16) }
      case 3: Self.frame(good, to: Self.group) { $0[8] = 0xFF }
      case 4: Self.frame(good, to: Self.group) { $0[25] = 0 }
      default: Self.frame(good, from: .any, to: Self.group)
      }
    #expect(bench.answers(to: frame).isEmpty)
    #expect(bench.allDiscarded == 1)
    #expect(bench.pagesInUse == 0)
  }

  @Test("A solicitation with a wrong checksum is discarded", .proves("4861-01"))
  func badChecksum() {
    let bench = StackBench.onEthernet()
    var frame = Self.frame(Self.solicitation(), to: Self.group)
    frame[frame.count - 1] ^= 1
    #expect(bench.answers(to: frame).isEmpty)
    #expect(bench.discarded(.badTransportChecksum) == 1)
  }

  @Test("A neighbour is asked for at its solicited-node group; the newest packet waits", .proves("4861-02"))
  func resolution() throws {
    let (bench, handle) = try Self.bench()
    for text in 1...3 as ClosedRange<UInt8> { try Self.send(text, on: bench, handle) }
    let questions = bench.drain()
    #expect(questions.count == 1)
    let question = try #require(questions.first)
    #expect(question.frame?.destination == MACAddress(multicast: StackBench.theirs6.solicitedNode))
    #expect(question.destination == .v6(StackBench.theirs6.solicitedNode))
    #expect(question.hopLimit == 255 && question.hasRightChecksum)
    guard case .neighbourSolicitation(let message) = question.icmpv6 else {
      Issue.record("no solicitation")
      return
    }
    #expect(message.target == StackBench.theirs6 && message.options.sourceLinkLayer == Self.mine)
    let sent = bench.answers(to: Self.advertisement())
    #expect(sent.map { $0.body } == [[3]])
    #expect(sent.first?.frame?.destination == Self.peer)
    #expect(bench.pagesInUse == 0)
  }

  @Test("After three questions a second apart whoever sent learns that the address is unreachable", .proves("4861-03"))
  func unreachable() throws {
    let (bench, handle) = try Self.bench()
    try Self.send(1, on: bench, handle)
    let start = bench.now
    #expect(bench.drain().count == 1)
    #expect(bench.wait(.milliseconds(999)).isEmpty)
    #expect(bench.wait(.milliseconds(1)).count == 1)
    #expect(bench.wait(.milliseconds(1000)).count == 1)
    #expect(bench.host.pollError(of: handle) == nil)
    #expect(bench.wait(.milliseconds(1000)).isEmpty)
    #expect(bench.now - start == .seconds(3))
    let error = bench.host.pollError(of: handle)
    #expect(error?.cause == UnreachableCause(isIPv6: true, type: 1, code: 3))
    #expect(error?.remote == Endpoint(.v6(StackBench.theirs6), 9))
    #expect(bench.pagesInUse == 0)
  }

  @Test("A connection hears of it, too, and goes on trying", .proves("9293-MUST-56"))
  func softForConnections() throws {
    let bench = StackBench.onEthernet()
    let handle = try bench.connect(to: Endpoint(.v6(StackBench.theirs6), 80))
    bench.wait(.seconds(4))
    let status = try #require(bench.status(handle))
    #expect(status.softError == UnreachableCause(isIPv6: true, type: 1, code: 3))
    #expect(status.phase == .synSent)
  }

  @Test("An advertisement without an entry is ignored", .proves("4861-05"))
  func unsolicited() throws {
    let (bench, handle) = try Self.bench()
    #expect(bench.answers(to: Self.advertisement()).isEmpty)
    try Self.send(1, on: bench, handle)
    #expect(bench.drain().first?.icmpType == [135, 0])
  }

  @Test("Another link-layer address is taken only with the override flag", .proves("4861-05"))
  func override() throws {
    let (bench, handle) = try Self.bench()
    try Self.send(1, on: bench, handle)
    _ = bench.drain()
    bench.feed(Self.advertisement())
    _ = bench.drain()
    let other = MACAddress(2, 0, 0, 0, 0, 9)
    bench.feed(Self.advertisement(other, overrides: false))
    try Self.send(2, on: bench, handle)
    #expect(bench.drain().first?.frame?.destination == Self.peer)
    bench.feed(Self.advertisement(other))
    try Self.send(3, on: bench, handle)
    #expect(bench.drain().first?.frame?.destination == other)
  }

  @Test(
    "A neighbour that was silent is probed where it was, after a delay of 5 seconds, and then forgotten",
    .proves("4861-06"))
  func probing() throws {
    let (bench, handle) = try Self.bench()
    try Self.send(1, on: bench, handle)
    _ = bench.drain()
    bench.feed(Self.advertisement())
    _ = bench.drain()
    bench.wait(.seconds(60))
    try Self.send(2, on: bench, handle)
    #expect(bench.drain().map { $0.udp != nil } == [true])
    #expect(bench.wait(.milliseconds(4999)).isEmpty)
    let probes = bench.wait(.seconds(4))
    #expect(probes.map { $0.destination } == Array(repeating: .v6(StackBench.theirs6), count: 3))
    #expect(probes.allSatisfy { $0.frame?.destination == Self.peer && $0.icmpType == [135, 0] })
    try Self.send(3, on: bench, handle)
    #expect(bench.drain().first?.destination == .v6(StackBench.theirs6.solicitedNode))
  }

  @Test("A probe that is answered ends the doubt", .proves("4861-06"))
  func probeAnswered() throws {
    let (bench, handle) = try Self.bench()
    try Self.send(1, on: bench, handle)
    _ = bench.drain()
    bench.feed(Self.advertisement())
    bench.wait(.seconds(60))
    try Self.send(2, on: bench, handle)
    bench.wait(.milliseconds(5500))
    bench.feed(Self.advertisement(nil))
    #expect(bench.wait(.seconds(5)).isEmpty)
  }

  @Test("The host sends no router advertisements and believes no redirects", .proves("4861-08"))
  func routers() {
    let bench = StackBench.onEthernet()
    #expect(bench.answers(to: Self.frame(.routerSolicitation(NeighbourOptions()), to: .allNodes)).isEmpty)
    let redirect = NeighbourRedirect(target: StackBench.theirs6, destination: StackBench.theirs6)
    #expect(bench.answers(to: Self.frame(.redirect(redirect), to: StackBench.ours6)).isEmpty)
    #expect(bench.discarded(.icmpIgnored) == 2)
  }
}
