import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Packets that one shard puts together from fragments for another")
struct ForeignPacketTests {
  private static let secret = HostSecret(1, 2)
  private static let steering = Steering(secret: secret, shards: 2)

  private static func shard(_ number: Int) -> StackBench {
    let share = ShardShare(number, of: steering)
    let bench = StackBench(Host(configuration: HostConfiguration(), secret: secret, share: share))
    bench.addInterface(LinkDescription(name: InterfaceName("ip0"), mtu: 1500))
    return bench
  }

  /// A SYN with text to a port of ours whose flow shard 1 owns, and what is behind its IP header.
  private static func syn(_ isIPv4: Bool) throws -> (ours: Endpoint, theirs: Endpoint, segment: [UInt8]) {
    let theirs = Endpoint(isIPv4 ? StackBench.theirs : .v6(StackBench.theirs6), 40000)
    let address = isIPv4 ? StackBench.ours : IPAddress.v6(StackBench.ours6)
    let port = try #require(
      (UInt16(1)..<1000).first { steering.owner(of: FlowKey(local: Endpoint(address, $0), remote: theirs)) == 1 })
    let ours = Endpoint(address, port)
    let packet = Build.segment(
      theirs, ours, .syn, sequence: 1, acknowledgement: 0, [UInt8](repeating: 7, count: 100))
    return (ours, theirs, Array(packet.dropFirst(isIPv4 ? 20 : 40)))
  }

  /// The fragments of what is behind an IP header.
  private static func fragments(_ segment: [UInt8], isIPv4: Bool) -> [[UInt8]] {
    [0, 64].map { offset in
      let (piece, more) = (Array(segment[offset..<min(offset + 64, segment.count)]), offset + 64 < segment.count)
      if isIPv4 {
        return Build.ipv4(
          from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.tcp, piece, identification: 7,
          more: more, offset: offset)
      }
      let header = Build.fragmentHeader(IPProtocol.tcp, offset: offset, more: more, identification: 7)
      return Build.ipv6(
        from: StackBench.theirs6, to: StackBench.ours6, nextHeader: IPProtocol.fragment, header + piece)
    }
  }

  private static func foreignPackets(of bench: StackBench) -> [ForeignPacket] {
    var packets: [ForeignPacket] = []
    while let packet = bench.host.pollForeignPacket() { packets.append(packet) }
    return packets
  }

  private static func hand(_ packet: ForeignPacket, to bench: StackBench) {
    let count = packet.octets.count
    let chain = packet.octets.withOctets(0..<count) { bench.host.environment.pool.chain(copying: $0) }
    guard let chain else { return }
    bench.host.receive(chain, reassembledFrom: packet.interface, at: bench.now)
  }

  @Test("A segment is handed over whole and answered by the owner of its flow alone", arguments: [true, false])
  func segment(isIPv4: Bool) throws {
    let (ours, _, segment) = try Self.syn(isIPv4)
    let (assembler, owner) = (Self.shard(0), Self.shard(1))
    for bench in [assembler, owner] { _ = try bench.listen(on: ours) }
    for fragment in Self.fragments(Array(segment.prefix(120)), isIPv4: isIPv4) {
      #expect(assembler.answers(to: fragment).isEmpty)
    }
    let handedOver = Self.foreignPackets(of: assembler)
    let packet = try #require(handedOver.first)
    #expect(handedOver.count == 1)
    #expect(packet.owner == 1 && packet.interface == InterfaceID(rawValue: 0))
    #expect(Array(packet.octets.suffix(120)) == segment)
    #expect(assembler.statistics.datagramsReassembled == 1 && assembler.allDiscarded == 0 && assembler.pagesInUse == 0)
    Self.hand(packet, to: owner)
    let answers = owner.drain()
    #expect(answers.count == 1 && answers.first?.tcp?.isSYN == true && answers.first?.tcp?.isACK == true)
    #expect(Self.foreignPackets(of: owner).isEmpty)
  }

  @Test("What a shard owns itself it keeps, and what waits to be handed over has a bound")
  func bound() throws {
    let (ours, _, segment) = try Self.syn(true)
    let owner = Self.shard(1)
    _ = try owner.listen(on: ours)
    for fragment in Self.fragments(segment, isIPv4: true) { owner.feed(fragment) }
    #expect(Self.foreignPackets(of: owner).isEmpty && owner.drain().count == 1)
    let assembler = Self.shard(0)
    for _ in 0..<20 { for fragment in Self.fragments(segment, isIPv4: true) { assembler.feed(fragment) } }
    #expect(Self.foreignPackets(of: assembler).count == 16)
    #expect(assembler.discarded(.foreignFlow) == 4 && assembler.pagesInUse == 0)
  }
}
