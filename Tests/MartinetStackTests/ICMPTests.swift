import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("ICMP that the host answers")
struct ICMPTests {
  private static func packet(
    _ message: ICMPMessage, _ body: [UInt8] = [], to destination: IPv4Address = StackBench.ours4
  ) -> [UInt8] {
    Build.ipv4(
      from: StackBench.theirs4, to: destination, protocolNumber: IPProtocol.icmp, Build.icmp(message, body))
  }

  @Test(
    "An echo request comes back with the same identifier, sequence number and data", .proves("792-01", "1122-20"),
    arguments: [0, 1, 56, 1472])
  func echo(_ count: Int) throws {
    let bench = StackBench.onIP()
    let data = StreamPattern.theirs.octets(from: 0, count: count)
    let answers = bench.answers(to: Self.packet(.echoRequest(identifier: 0x1234, sequence: 0x5678), data))
    #expect(answers.count == 1)
    let answer = try #require(answers.first)
    #expect(answer.icmp == .echoReply(identifier: 0x1234, sequence: 0x5678))
    #expect(answer.body == data)
    #expect(answer.source == StackBench.ours && answer.destination == StackBench.theirs)
    #expect(answer.hasRightChecksum)
    #expect(bench.pagesInUse == 0)
  }

  @Test(
    "A large echo that came in fragments leaves in fragments, none overlapping", .proves("791-02", "5722-02", "792-01"))
  func largeEcho() throws {
    let bench = StackBench.onIP(mtu: 1500)
    let data = StreamPattern.theirs.octets(from: 0, count: 5000)
    let message = Build.icmp(.echoRequest(identifier: 1, sequence: 2), data)
    for start in stride(from: 0, to: message.count, by: 1480) {
      let end = min(message.count, start + 1480)
      bench.feed(
        Build.ipv4(
          from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.icmp, Array(message[start..<end]),
          identification: 77, more: end < message.count, offset: start))
    }
    let pieces = bench.drain()
    #expect(pieces.count == 4)
    var whole: [UInt8] = []
    for (index, piece) in pieces.enumerated() {
      let header = try #require(piece.ipv4)
      #expect(header.fragmentOffset == whole.count && header.fragmentOffset % 8 == 0)
      #expect(header.hasMoreFragments == (index < pieces.count - 1))
      #expect(!header.doesNotFragment && header.totalLength <= 1500)
      #expect(header.identification == pieces[0].ipv4?.identification)
      whole += piece.transport
    }
    #expect(Array(whole[8...]) == data)
    #expect(whole.withOctets(0..<whole.count) { Checksum.of($0) } == 0)
    #expect(bench.pagesInUse == 0)
  }

  @Test("An echo with a wrong checksum is not answered", .proves("792-01"))
  func checksum() {
    let bench = StackBench.onIP()
    var packet = Self.packet(.echoRequest(identifier: 1, sequence: 1), [1, 2, 3, 4])
    packet[packet.count - 1] ^= 1
    #expect(bench.answers(to: packet).isEmpty)
    #expect(bench.discarded(.badTransportChecksum) == 1)
  }

  @Test("An echo to a broadcast address is ignored unless it is asked for", .proves("1122-20", "1122-25", "ATK-37"))
  func broadcastEcho() throws {
    let request = ICMPMessage.echoRequest(identifier: 1, sequence: 1)
    for address in [IPv4Address.limitedBroadcast, IPv4Address(10, 0, 0, 255), IPv4Address(224, 0, 0, 1)] {
      let silent = StackBench.onIP()
      #expect(silent.answers(to: Self.packet(request, to: address)).isEmpty)
      #expect(silent.discarded(.icmpIgnored) == 1)
      let open = StackBench.onIP { $0.acceptsBroadcastEcho = true }
      #expect(open.answers(to: Self.packet(request, to: address)).first?.source == StackBench.ours)
    }
  }

  @Test(
    "Types that are unknown or out of use are discarded in silence", .proves("1122-14"),
    arguments: [1, 2, 4, 13, 15, 17, 255])
  func unknownTypes(_ type: UInt8) {
    let bench = StackBench.onIP()
    #expect(bench.answers(to: Self.packet(.other(type: type, code: 0), [0, 0, 0, 0])).isEmpty)
    #expect(bench.discarded(.icmpIgnored) == 1)
  }

  // MARK: Errors

  private static let unheard = Build.datagram(
    Endpoint(StackBench.theirs, 4000), Endpoint(StackBench.ours, 9), Array("nobody".utf8))

  @Test(
    "A datagram that nobody hears is answered with port unreachable, which quotes it unchanged",
    .proves("1122-17", "1122-31", "1122-16", "792-02"))
  func portUnreachable() throws {
    let bench = StackBench.onIP()
    let answer = try #require(bench.answers(to: Self.unheard).first)
    #expect(answer.icmp == .destinationUnreachable(code: 3, nextHopMTU: 0))
    #expect(answer.body == Self.unheard)
    #expect(answer.hasRightChecksum)
    #expect(answer.source == StackBench.ours && answer.destination == StackBench.theirs)
    #expect(bench.pagesInUse == 0)
  }

  @Test("An error about a large packet quotes no more than fits into 576 octets", .proves("792-02", "1122-16"))
  func quoteLimit() throws {
    let bench = StackBench.onIP()
    let large = Build.datagram(
      Endpoint(StackBench.theirs, 4000), Endpoint(StackBench.ours, 9), [UInt8](repeating: 5, count: 1400))
    let answer = try #require(bench.answers(to: large).first)
    #expect(answer.packet.count == 576)
    #expect(answer.body == Array(large[0..<548]))
  }

  @Test("A protocol that is unknown is answered with protocol unreachable", .proves("1122-17"))
  func protocolUnreachable() throws {
    let bench = StackBench.onIP()
    let packet = Build.ipv4(from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: 99, [1, 2, 3])
    let answer = try #require(bench.answers(to: packet).first)
    #expect(answer.icmp == .destinationUnreachable(code: 2, nextHopMTU: 0))
    #expect(answer.body == packet)
    #expect(bench.discarded(.unknownProtocol) == 1)
  }

  @Test("No error answers an error, a group, or a source that is no single host", .proves("1122-15", "ATK-43"))
  func silence() {
    let bench = StackBench.onEthernet()
    func frame(_ packet: [UInt8], to address: MACAddress = StackBench.ourMAC) -> [UInt8] {
      Build.frame(EtherType.ipv4, from: StackBench.theirMAC, to: address, packet)
    }
    let strange: UInt8 = 99
    let packets = [
      frame(Build.ipv4(from: StackBench.theirs4, to: .limitedBroadcast, protocolNumber: strange, [1])),
      frame(Build.ipv4(from: StackBench.theirs4, to: IPv4Address(10, 0, 0, 255), protocolNumber: strange, [1])),
      frame(Build.ipv4(from: StackBench.theirs4, to: IPv4Address(224, 0, 0, 1), protocolNumber: strange, [1])),
      frame(Build.ipv4(from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: strange, [1]), to: .broadcast),
      frame(Build.ipv4(from: .any, to: StackBench.ours4, protocolNumber: strange, [1])),
      frame(Build.ipv4(from: .loopback, to: StackBench.ours4, protocolNumber: strange, [1])),
      frame(Build.ipv4(from: IPv4Address(240, 1, 1, 1), to: StackBench.ours4, protocolNumber: strange, [1])),
      frame(
        Build.ipv4(
          from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: strange, [1], identification: 3, offset: 80)),
      frame(Self.packet(.destinationUnreachable(code: 3, nextHopMTU: 0), Self.unheard)),
    ]
    for packet in packets { #expect(bench.answers(to: packet).isEmpty) }
    #expect(bench.statistics.icmpErrorsSent == 0)
    bench.wait(.seconds(61))
    #expect(bench.pagesInUse == 0)
  }

  @Test("A fragmented datagram that nobody hears is answered once it is whole", .proves("1122-15"))
  func reassembledComplaint() throws {
    let bench = StackBench.onIP()
    let payload = Array(Self.unheard[20...])
    func piece(_ range: Range<Int>) -> [UInt8] {
      Build.ipv4(
        from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.udp, Array(payload[range]),
        identification: 3, more: range.upperBound < payload.count, offset: range.lowerBound)
    }
    #expect(bench.answers(to: piece(8..<14)).isEmpty)
    let answer = try #require(bench.answers(to: piece(0..<8)).first)
    #expect(answer.icmp == .destinationUnreachable(code: 3, nextHopMTU: 0))
    #expect(Array(answer.body[20...]) == payload)
  }

  @Test("Errors are limited by a bucket of tokens", .proves("ATK-37"))
  func rateLimit() {
    let bench = StackBench.onIP {
      $0.icmpErrorBurst = 5
      $0.icmpErrorsPerSecond = 10
    }
    for _ in 0..<100 { bench.feed(Self.unheard) }
    #expect(bench.drain().count == 5)
    #expect(bench.discarded(.rateLimited) == 95)
    bench.wait(.milliseconds(300))
    for _ in 0..<100 { bench.feed(Self.unheard) }
    #expect(bench.drain().count == 3)
    #expect(bench.pagesInUse == 0)
  }

  @Test("Source quench and redirects change nothing and are counted", .proves("6633-01", "6633-02"))
  func obsolete() {
    let bench = StackBench.onIP()
    #expect(bench.answers(to: Self.packet(.other(type: 4, code: 0), Self.unheard)).isEmpty)
    #expect(
      bench.answers(to: Self.packet(.redirect(code: 1, gateway: IPv4Address(10, 0, 0, 9)), Self.unheard)).isEmpty)
    #expect(bench.discarded(.icmpIgnored) == 2)
    // What overflows a queue is dropped without a word: no source quench.
    #expect(bench.statistics.icmpErrorsSent == 0)
  }
}
