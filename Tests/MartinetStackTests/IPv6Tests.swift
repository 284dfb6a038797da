import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("IPv6 and ICMPv6")
struct IPv6Tests {
  static let ours = IPAddress.v6(StackBench.ours6)
  static let theirs = IPAddress.v6(StackBench.theirs6)

  static func packet(
    _ nextHeader: UInt8, _ payload: [UInt8], from source: IPv6Address = StackBench.theirs6,
    to destination: IPv6Address = StackBench.ours6, hopLimit: UInt8 = 64
  ) -> [UInt8] {
    Build.ipv6(from: source, to: destination, nextHeader: nextHeader, payload, hopLimit: hopLimit)
  }

  private static func echo(_ data: [UInt8], to destination: IPv6Address = StackBench.ours6) -> [UInt8] {
    Build.icmp(.echoRequest(identifier: 3, sequence: 4), data, from: theirs, to: .v6(destination))
  }

  @Test("An echo request is answered from the address that it was sent to", .proves("4443-06"))
  func echo() throws {
    let bench = StackBench.onIP()
    let data = StreamPattern.theirs.octets(from: 0, count: 100)
    let answer = try #require(bench.answers(to: Self.packet(IPProtocol.icmpv6, Self.echo(data))).first)
    #expect(answer.source == Self.ours && answer.destination == Self.theirs)
    #expect(answer.body == data && answer.hasRightChecksum)
    guard case .echoReply(3, 4) = answer.icmpv6 else {
      Issue.record("no echo reply")
      return
    }
    #expect(bench.pagesInUse == 0)
  }

  @Test("A message with a wrong checksum is discarded", .proves("4443-07"))
  func checksum() {
    let bench = StackBench.onIP()
    var message = Self.echo([1, 2, 3])
    message[8] ^= 1
    #expect(bench.answers(to: Self.packet(IPProtocol.icmpv6, message)).isEmpty)
    #expect(bench.discarded(.badTransportChecksum) == 1)
  }

  @Test("A hop limit of 0 is no reason to discard what is for us", .proves("8200-01"))
  func hopLimit() {
    let bench = StackBench.onIP()
    #expect(bench.answers(to: Self.packet(IPProtocol.icmpv6, Self.echo([]), hopLimit: 0)).count == 1)
  }

  // MARK: Errors

  private static let unheard = packet(
    IPProtocol.udp, Build.udp(Endpoint(theirs, 4000), Endpoint(ours, 9), [UInt8](repeating: 7, count: 1400)))

  @Test("A datagram that nobody hears is answered with port unreachable, in 1280 octets", .proves("4443-05", "4443-02"))
  func portUnreachable() throws {
    let bench = StackBench.onIP()
    let answer = try #require(bench.answers(to: Self.unheard).first)
    #expect(answer.icmpType == [1, 4])
    #expect(answer.packet.count == 1280)
    #expect(answer.body == Array(Self.unheard[0..<1232]))
    #expect(answer.hasRightChecksum)
  }

  @Test("No error answers an error, a redirect, a group or an unspecified source", .proves("4443-03"))
  func silence() {
    let bench = StackBench.onIP()
    let packets = [
      Self.packet(99, [1, 2, 3, 4], to: .allNodes),
      Self.packet(99, [1, 2, 3, 4], from: .any),
      Self.packet(99, [1, 2, 3, 4], from: .allNodes),
      Self.packet(
        IPProtocol.icmpv6,
        Build.icmp(.destinationUnreachable(code: 4), Self.unheard, from: Self.theirs, to: Self.ours)),
      Self.packet(
        IPProtocol.icmpv6, Build.icmp(.other(type: 100, code: 0), Self.unheard, from: Self.theirs, to: Self.ours)),
      Self.packet(
        IPProtocol.icmpv6, Build.icmp(.other(type: 200, code: 0), Self.unheard, from: Self.theirs, to: Self.ours)),
    ]
    for packet in packets { #expect(bench.answers(to: packet).isEmpty) }
    #expect(bench.statistics.icmpErrorsSent == 0)
    #expect(bench.pagesInUse == 0)
    let frames = StackBench.onEthernet()
    let multicast = Build.frame(
      EtherType.ipv6, from: StackBench.theirMAC, to: MACAddress(multicast: .allNodes), Self.packet(99, [1]))
    #expect(frames.answers(to: multicast).isEmpty)
  }

  @Test("Errors are limited by a bucket of tokens", .proves("4443-04"))
  func rateLimit() {
    let bench = StackBench.onIP {
      $0.icmpErrorBurst = 4
      $0.icmpErrorsPerSecond = 100
    }
    for _ in 0..<20 { bench.feed(Self.unheard) }
    #expect(bench.drain().count == 4)
    bench.wait(.milliseconds(20))
    for _ in 0..<20 { bench.feed(Self.unheard) }
    #expect(bench.drain().count == 2)
  }

  @Test("An unknown next header is answered with a parameter problem that points at it", .proves("4443-08"))
  func unknownHeader() throws {
    let bench = StackBench.onIP()
    let plain = try #require(bench.answers(to: Self.packet(99, [1, 2, 3, 4])).first)
    #expect(plain.icmpType == [4, 1])
    #expect(Array(plain.transport[4..<8]) == [0, 0, 0, 6])
    let behindOptions = Self.packet(IPProtocol.destinationOptions, [99, 0, 1, 4, 0, 0, 0, 0])
    let second = try #require(bench.answers(to: behindOptions).first)
    #expect(Array(second.transport[4..<8]) == [0, 0, 0, 40])
  }

  @Test(
    "An unknown option is skipped, dropped or reported as its upper bits say", .proves("8200-03", "4443-08"),
    arguments: [(0x1E, nil, true), (0x5E, nil, false), (0x9E, [4, 2], false), (0xDE, [4, 2], false)]
      as [(UInt8, [UInt8]?, Bool)])
  func options(_ type: UInt8, _ complaint: [UInt8]?, _ isProcessed: Bool) {
    let bench = StackBench.onIP()
    let header: [UInt8] = [IPProtocol.icmpv6, 0, type, 4, 0, 0, 0, 0]
    let answers = bench.answers(to: Self.packet(IPProtocol.destinationOptions, header + Self.echo([1])))
    #expect(answers.contains { $0.icmpType == [129, 0] } == isProcessed)
    #expect(answers.first { $0.icmpType?[0] == 4 }?.icmpType == complaint)
  }

  @Test("Next header 59 ends the packet without a word", .proves("8200-12"))
  func noNextHeader() {
    let bench = StackBench.onIP()
    #expect(bench.answers(to: Self.packet(IPProtocol.noNextHeader, [1, 2, 3])).isEmpty)
  }

  // MARK: Fragments

  static func fragment(
    _ payload: [UInt8], _ range: Range<Int>, identification: UInt32 = 5, more: Bool? = nil,
    nextHeader: UInt8 = IPProtocol.icmpv6
  ) -> [UInt8] {
    let header = Build.fragmentHeader(
      nextHeader, offset: range.lowerBound, more: more ?? (range.upperBound < payload.count),
      identification: identification)
    return packet(IPProtocol.fragment, header + payload[range])
  }

  @Test("Fragments become a datagram, and a large answer leaves in fragments", .proves("8200-08", "5722-02"))
  func fragments() throws {
    let bench = StackBench.onIP(mtu: 1280)
    let data = StreamPattern.theirs.octets(from: 0, count: 3000)
    let message = Self.echo(data)
    for start in [1200, 2400, 0] { bench.feed(Self.fragment(message, start..<min(message.count, start + 1200))) }
    let pieces = bench.drain()
    var whole: [UInt8] = []
    for piece in pieces {
      #expect(piece.packet.count <= 1280)
      #expect(piece.ipv6?.nextHeader == IPProtocol.fragment)
      let field = Int(piece.transport[2]) << 8 | Int(piece.transport[3])
      #expect(field & 0xFFF8 == whole.count)
      whole += piece.transport[8...]
    }
    #expect(pieces.count == 3)
    #expect(Array(whole[8...]) == data)
    #expect(bench.pagesInUse == 0)
  }

  @Test("Any overlap drops the datagram and what comes later, in silence", .proves("5722-01", "ATK-10"))
  func overlap() {
    let message = Self.echo([UInt8](repeating: 3, count: 1000))
    for second in [0..<512, 504..<800, 496..<512, 400..<504] as [Range<Int>] {
      let bench = StackBench.onIP()
      bench.feed(Self.fragment(message, 0..<504))
      bench.feed(Self.fragment(message, second, more: true))
      bench.feed(Self.fragment(message, 504..<1008))
      bench.feed(Self.fragment(message, 0..<504))
      #expect(bench.wait(.seconds(61)).isEmpty)
      #expect(bench.discarded(.overlappingFragment) >= 1)
      #expect(bench.pagesInUse == 0)
    }
  }

  @Test("After 60 seconds the sender of a first fragment is told", .proves("8200-05"))
  func timeout() throws {
    let bench = StackBench.onIP()
    let message = Self.echo([UInt8](repeating: 3, count: 1000))
    let first = Self.fragment(message, 0..<504)
    bench.feed(first)
    bench.feed(Self.fragment(message, 504..<1008, identification: 6))
    #expect(bench.wait(.seconds(59)).isEmpty)
    let answers = bench.wait(.seconds(2))
    #expect(answers.count == 1)
    #expect(answers.first?.icmpType == [3, 1])
    #expect(answers.first?.body == first)
    #expect(bench.pagesInUse == 0)
  }

  @Test(
    "Fragments of a wrong length, or beyond 65,535 octets, are reported where they are wrong",
    .proves("8200-06", "ATK-12"))
  func malformedFragments() throws {
    let bench = StackBench.onIP()
    let message = Self.echo([UInt8](repeating: 3, count: 1000))
    let odd = try #require(bench.answers(to: Self.fragment(message, 0..<500, more: true)).first)
    #expect(odd.icmpType == [4, 0])
    #expect(Array(odd.transport[4..<8]) == [0, 0, 0, 4])
    let header = Build.fragmentHeader(IPProtocol.icmpv6, offset: 65528, more: false, identification: 1)
    let beyond = Self.packet(IPProtocol.fragment, header + [UInt8](repeating: 0, count: 16))
    let answer = try #require(bench.answers(to: beyond).first)
    #expect(answer.icmpType == [4, 0])
    #expect(Array(answer.transport[4..<8]) == [0, 0, 0, 42])
    #expect(bench.pagesInUse == 0)
  }

  @Test("A fragment that is a whole datagram does not touch others of its identification", .proves("6946-01"))
  func atomicFragment() {
    let bench = StackBench.onIP()
    let large = Self.echo([UInt8](repeating: 3, count: 1000))
    let small = Self.echo([9])
    bench.feed(Self.fragment(large, 0..<504))
    #expect(bench.answers(to: Self.fragment(small, 0..<small.count)).first?.body == [9])
    #expect(bench.answers(to: Self.fragment(large, 504..<1008)).first?.body.count == 1000)
  }
}
