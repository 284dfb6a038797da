import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Which shard gets a packet")
struct SteeringPacketTests {
  private static let steering = Steering(secret: HostSecret(1, 2), shards: 2)

  /// Ends of a flow that shard 1 owns, in one of the families.
  private static func foreignEnds(_ isIPv4: Bool) throws -> (ours: Endpoint, theirs: Endpoint) {
    let theirs = Endpoint(isIPv4 ? StackBench.theirs : .v6(StackBench.theirs6), 40000)
    let address = isIPv4 ? StackBench.ours : IPAddress.v6(StackBench.ours6)
    let port = try #require(
      (UInt16(1)..<1000).first { steering.owner(of: FlowKey(local: Endpoint(address, $0), remote: theirs)) == 1 })
    return (Endpoint(address, port), theirs)
  }

  private static func destination(_ packet: [UInt8], isFrame: Bool = false) -> SteeredPacket {
    packet.withOctets(0..<packet.count) { steering.destination(of: $0, count: packet.count, isFrame: isFrame) }
  }

  @Test("A segment goes to the owner of its flow, as a packet and in a frame", arguments: [true, false])
  func segment(isIPv4: Bool) throws {
    let (ours, theirs) = try Self.foreignEnds(isIPv4)
    let packet = Build.segment(theirs, ours, .ack, [1, 2, 3])
    #expect(Self.destination(packet) == .shard(1))
    let type = isIPv4 ? EtherType.ipv4 : EtherType.ipv6
    let frame = Build.frame(type, from: StackBench.theirMAC, to: StackBench.ourMAC, packet)
    #expect(Self.destination(frame, isFrame: true) == .shard(1))
  }

  @Test("An ICMP error goes to the owner of the flow that it quotes", arguments: [true, false])
  func error(isIPv4: Bool) throws {
    let (ours, theirs) = try Self.foreignEnds(isIPv4)
    let quoted = Array(Build.segment(ours, theirs, .ack, [1, 2, 3]).prefix(isIPv4 ? 28 : 48))
    let router = isIPv4 ? IPAddress.v4(IPv4Address(10, 9, 9, 9)) : .v6(IPv6Address(high: 0xFD99 << 48, low: 9))
    let message =
      isIPv4
      ? Build.icmp(ICMPMessage.destinationUnreachable(code: 4, nextHopMTU: 1400), quoted)
      : Build.icmp(ICMPv6Message.packetTooBig(mtu: 1400), quoted, from: router, to: ours.address)
    let number = isIPv4 ? IPProtocol.icmp : IPProtocol.icmpv6
    #expect(Self.destination(Build.ip(from: router, to: ours.address, protocolNumber: number, message)) == .shard(1))
  }

  @Test("UDP, errors about it, and echo go to the first shard")
  func common() throws {
    let (ours, theirs) = try Self.foreignEnds(true)
    let datagram = Build.datagram(theirs, ours, [1])
    #expect(Self.destination(datagram) == .shard(0))
    let quoted = Array(Build.datagram(ours, theirs, [1]).prefix(28))
    let error = Build.icmp(ICMPMessage.destinationUnreachable(code: 3, nextHopMTU: 0), quoted)
    let echo = Build.icmp(ICMPMessage.echoRequest(identifier: 1, sequence: 1), [1, 2])
    for message in [error, echo] {
      let packet = Build.ip(
        from: theirs.address, to: ours.address, protocolNumber: IPProtocol.icmp, message)
      #expect(Self.destination(packet) == .shard(0))
    }
  }

  @Test("Answers about neighbours go to everyone, questions to the first shard")
  func neighbours() {
    for (operation, wanted) in [(ARPPacket.Operation.request, SteeredPacket.shard(0)), (.reply, .everyShard)] {
      let packet = ARPPacket(
        operation, senderHardware: StackBench.theirMAC, sender: StackBench.theirs4, targetHardware: StackBench.ourMAC,
        target: StackBench.ours4)
      let frame = Build.frame(EtherType.arp, from: StackBench.theirMAC, to: StackBench.ourMAC, Build.arp(packet))
      #expect(Self.destination(frame, isFrame: true) == wanted)
    }
    let (near, far) = (IPAddress.v6(StackBench.ours6), IPAddress.v6(StackBench.theirs6))
    let answer = NeighbourAdvertisement(target: StackBench.theirs6, isSolicited: true, overrides: true)
    let advertisement = ICMPv6Message.neighbourAdvertisement(answer)
    let solicitation = ICMPv6Message.neighbourSolicitation(NeighbourSolicitation(target: StackBench.ours6))
    for (message, wanted) in [(advertisement, SteeredPacket.everyShard), (solicitation, .shard(0))] {
      let octets = Build.icmp(message, from: far, to: near)
      let packet = Build.ip(from: far, to: near, protocolNumber: IPProtocol.icmpv6, octets, hopLimit: 255)
      #expect(Self.destination(packet) == wanted)
    }
  }

  /// Where the first and the last fragment of a packet go, over IPv4 and IPv6.
  private static func destinations(
    ofFragments number: UInt8, identification: UInt16
  ) -> (v4: [SteeredPacket], v6: [SteeredPacket]) {
    var found: (v4: [SteeredPacket], v6: [SteeredPacket]) = ([], [])
    for (offset, more) in [(0, true), (64, false)] {
      let octets = [UInt8](repeating: UInt8(offset), count: 64)
      found.v4.append(
        destination(
          Build.ipv4(
            from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: number, octets,
            identification: identification, more: more, offset: offset)))
      let header = Build.fragmentHeader(
        number, offset: offset, more: more, identification: UInt32(identification))
      found.v6.append(
        destination(
          Build.ipv6(
            from: StackBench.theirs6, to: StackBench.ours6, nextHeader: IPProtocol.fragment, header + octets)))
    }
    return found
  }

  @Test("Fragments of a segment go to one shard, another for the next segment; those of datagrams go to the first")
  func fragments() {
    var (shards4, shards6): ([SteeredPacket], [SteeredPacket]) = ([], [])
    for identification in UInt16(0)..<32 {
      let (v4, v6) = Self.destinations(ofFragments: IPProtocol.tcp, identification: identification)
      #expect(v4[0] == v4[1] && v6[0] == v6[1])
      shards4.append(v4[0])
      shards6.append(v6[0])
      let (datagrams4, datagrams6) = Self.destinations(ofFragments: IPProtocol.udp, identification: identification)
      #expect((datagrams4 + datagrams6).allSatisfy { $0 == .shard(0) })
    }
    for shards in [shards4, shards6] { #expect(shards.contains(.shard(0)) && shards.contains(.shard(1))) }
  }

  @Test("Whatever a packet is cut to, somebody gets it", arguments: [true, false])
  func truncated(isIPv4: Bool) throws {
    let (ours, theirs) = try Self.foreignEnds(isIPv4)
    let packet = Build.segment(theirs, ours, .ack, [1, 2, 3])
    for length in 0..<packet.count {
      #expect(Self.destination(Array(packet.prefix(length))) == .shard(0))
      #expect(Self.destination(Array(packet.prefix(length)), isFrame: true) == .shard(0))
    }
  }

  // MARK: Handing over

  private static let note = HandoverBuffer.Note(interface: 3, trust: .vouched, segmentSize: 1448)

  private static func append(_ octets: [UInt8], to buffer: inout HandoverBuffer) -> Bool {
    buffer.append(note, count: octets.count) { room in
      octets.withOctets(0..<octets.count) { room.copy($0, at: 0) }
    }
  }

  @Test("Packets are handed over as they are, in order, and the room is there again")
  func handover() {
    var buffer = HandoverBuffer(capacity: 1000)
    for round in UInt8(0)..<3 {
      let packets = (UInt8(1)...5).map { [UInt8](repeating: $0 + round, count: Int($0) * 20) }
      for packet in packets { #expect(Self.append(packet, to: &buffer)) }
      let found = (0..<buffer.count).map { index in
        buffer.withPacket(index) { note, octets in
          #expect(note.interface == 3 && note.trust == .vouched && note.segmentSize == 1448)
          return (0..<octets.byteCount).map { octets.uint8(at: $0) }
        }
      }
      #expect(found == packets)
      buffer.removeAll()
      #expect(buffer.isEmpty)
    }
  }

  @Test("What is handed over has a bound, in octets and for the smallest packets in number")
  func bound() {
    var buffer = HandoverBuffer(capacity: 6400)
    var count = 0
    while Self.append([1], to: &buffer) { count += 1 }
    #expect(count == 100 && buffer.count == 100)
    buffer.removeAll()
    #expect(Self.append([UInt8](repeating: 1, count: 6400), to: &buffer))
    #expect(!Self.append([1], to: &buffer))
    buffer.removeAll()
    #expect(!Self.append([UInt8](repeating: 1, count: 6401), to: &buffer))
    #expect(buffer.isEmpty)
  }
}
