import MartinetTestSupport
import MartinetWire
import Testing

@Suite("ICMP messages")
struct ICMPTests {
  @Test(
    "Messages of IPv4 stand as RFC 792 puts them and are read back",
    arguments: [
      (ICMPMessage.echoReply(identifier: 1, sequence: 2), "00 00 00 00 00 01 00 02"),
      (.destinationUnreachable(code: 4, nextHopMTU: 1400), "03 04 00 00 00 00 05 78"),
      (.redirect(code: 1, gateway: IPv4Address(10, 0, 0, 9)), "05 01 00 00 0a 00 00 09"),
      (.echoRequest(identifier: 0xFFFE, sequence: 3), "08 00 00 00 ff fe 00 03"),
      (.timeExceeded(code: 1), "0b 01 00 00 00 00 00 00"),
      (.parameterProblem(code: 0, pointer: 21), "0c 00 00 00 15 00 00 00"),
      (.other(type: 13, code: 0), "0d 00 00 00 00 00 00 00"),
    ])
  func version4(message: ICMPMessage, expected: String) throws {
    let octets = [UInt8](written: 8) { message.encode(into: &$0, at: 0) }
    #expect(octets == [UInt8](hex: expected))
    #expect(try octets.parsed { (bytes) throws(WireError) in try ICMPMessage.parse(bytes) } == message)
    for count in 0..<8 {
      let refused = Array(octets.prefix(count)).refused { (bytes) throws(WireError) in try ICMPMessage.parse(bytes) }
      #expect(refused == .truncated)
    }
  }

  @Test("Errors are told from questions and answers, so that no error answers an error")
  func errors() throws {
    for type in UInt8.min ... .max {
      let four = try [type, 0, 0, 0, 0, 0, 0, 0].parsed { (bytes) throws(WireError) in try ICMPMessage.parse(bytes) }
      #expect(four.isError == [3, 4, 5, 11, 12].contains(type))
      // Messages of neighbour discovery as long as they are without options.
      let counts: [UInt8: Int] = [133: 8, 134: 16, 137: 40]
      let body = [UInt8](repeating: 0, count: (counts[type] ?? 24) - 1)
      let six = try ([type] + body).parsed { (bytes) throws(WireError) in try ICMPv6Message.parse(bytes) }
      #expect(six.isErrorOrRedirect == (type < 128 || type == 137))
    }
  }

  @Test(
    "Messages of IPv6 stand as RFC 4443 puts them and are read back",
    arguments: [
      (ICMPv6Message.destinationUnreachable(code: 4), "01 04 00 00 00 00 00 00"),
      (.packetTooBig(mtu: 1280), "02 00 00 00 00 00 05 00"), (.timeExceeded(code: 1), "03 01 00 00 00 00 00 00"),
      (.parameterProblem(code: 2, pointer: 42), "04 02 00 00 00 00 00 2a"),
      (.echoRequest(identifier: 1, sequence: 2), "80 00 00 00 00 01 00 02"),
      (.echoReply(identifier: 1, sequence: 2), "81 00 00 00 00 01 00 02"),
      (
        .routerSolicitation(NeighbourOptions(sourceLinkLayer: MACAddress(2, 0, 0, 0, 0, 5))),
        "85 00 00 00 00 00 00 00 01 01 02 00 00 00 00 05"
      ),
      (.other(type: 200, code: 7), "c8 07 00 00 00 00 00 00"),
    ])
  func version6(message: ICMPv6Message, expected: String) throws {
    let wanted = [UInt8](hex: expected)
    #expect([UInt8](written: wanted.count) { message.encode(into: &$0, at: 0) } == wanted)
    let parsed = try wanted.parsed { (bytes) throws(WireError) in try ICMPv6Message.parse(bytes) }
    #expect([UInt8](written: wanted.count) { parsed.encode(into: &$0, at: 0) } == wanted)
  }

  @Test(
    "The packet that an error quotes is found by addresses, protocol and ports", .proves("1122-16"), arguments: 0..<2)
  func quoted(family: Int) throws {
    let (source, destination) = families[family]
    var departure = Departure()
    TCPHeader(
      sourcePort: 50000, destinationPort: 80, sequence: SequenceNumber(0x0102_0304), acknowledgement: SequenceNumber(0),
      flags: .syn, window: 1
    ).encode(into: &departure)
    switch (source, destination) {
    case (.v4(let source), .v4(let destination)):
      IPv4Header(protocolNumber: 6, source: source, destination: destination).encode(into: &departure)
    case (.v6(let source), .v6(let destination)):
      IPv6FragmentHeader(nextHeader: 6, offset: 0, hasMoreFragments: true, identification: 1).encode(into: &departure)
      IPv6Header(nextHeader: IPProtocol.fragment, source: source, destination: destination).encode(into: &departure)
    default: break
    }
    let octets = departure.octets
    let whole = octets.count - 20 + 8
    for count in 0...octets.count {
      let quotation = Array(octets.prefix(count))
      let refused = quotation.refused { (bytes) throws(WireError) in try QuotedPacket.parse(bytes) }
      #expect((refused == nil) == (count >= whole))
    }
    let packet = try octets.parsed { (bytes) throws(WireError) in try QuotedPacket.parse(bytes) }
    #expect(packet.source == source && packet.destination == destination && packet.protocolNumber == 6)
    #expect(packet.sourcePort == 50000 && packet.destinationPort == 80)
    #expect(packet.sequence == SequenceNumber(0x0102_0304))
  }

  @Test("A quoted piece that does not begin its datagram tells nobody's ports")
  func quotedFragment() {
    let header = IPv4Header(
      doesNotFragment: false, fragmentOffset: 8, protocolNumber: 6, source: .loopback, destination: .loopback)
    let four = [UInt8](written: 40) { header.encode(into: &$0, at: 0) }
    #expect(four.refused { (bytes) throws(WireError) in try QuotedPacket.parse(bytes) } == .fragment)
  }
}
