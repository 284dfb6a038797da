import MartinetSimulation
import MartinetTCP
import MartinetWire
import Testing

@Suite("A router")
struct RouterTests {
  static let protocolNumber: UInt8 = 253

  /// A chain of two routers whose middle wire takes packets of 1,280 octets.
  static func chain(silent: Bool = false) -> Chain {
    var chain = Chain(
      seed: 1, [WireDescription(), WireDescription(Impairment(), mtu: 1280), WireDescription()], silentRouters: silent)
    chain.scenario.network.tap(chain.left)
    chain.scenario.network.tap(chain.right)
    return chain
  }

  static func ipv4(_ octets: Int, hops: UInt8 = 64, to: IPAddress? = nil, fragments: Bool = false) -> [UInt8] {
    guard case .v4(let source) = Chain.leftAddresses.v4, case .v4(let target) = to ?? Chain.rightAddresses.v4 else {
      return []
    }
    let header = IPv4Header(
      totalLength: octets, identification: 5, doesNotFragment: !fragments, timeToLive: hops,
      protocolNumber: protocolNumber, source: source, destination: target)
    var bytes = (0..<octets).map { UInt8(truncatingIfNeeded: $0) }
    bytes.withMutableOctets(0..<octets) { header.encode(into: &$0, at: 0) }
    return bytes
  }

  static func ipv6(_ octets: Int, hops: UInt8 = 64) -> [UInt8] {
    guard case .v6(let source) = Chain.leftAddresses.v6, case .v6(let target) = Chain.rightAddresses.v6 else {
      return []
    }
    let header = IPv6Header(
      payloadLength: octets - 40, nextHeader: protocolNumber, hopLimit: hops, source: source, destination: target)
    var bytes = [UInt8](repeating: 7, count: octets)
    bytes.withMutableOctets(0..<octets) { header.encode(into: &$0, at: 0) }
    return bytes
  }

  /// Sends `packet` from the left; what the left host then hears from routers, and what the right one hears.
  static func cross(_ packet: [UInt8], _ chain: inout Chain) -> (left: [[UInt8]], right: [[UInt8]]) {
    chain.scenario.network.inject(packet, into: chain.wires[0], .toRight)
    chain.scenario.network.advance(to: chain.scenario.network.now + .milliseconds(1))
    let right = chain.scenario.network.arrivals(at: chain.right).map(\.bytes)
    let left = chain.scenario.network.arrivals(at: chain.left).map(\.bytes)
    return (left.filter { $0[12..<14] == [10, 9] || $0[8..<12] == [0xFD, 0x77, 0, 9] }, right)
  }

  static func header(_ bytes: [UInt8]) throws -> IPv4Header {
    try bytes.withOctets(0..<bytes.count) { bytes throws(WireError) in try IPv4Header.parse(bytes) }
  }

  /// The ICMP message that follows an IPv4 header, whose checksum must be right.
  static func icmp(_ bytes: [UInt8]) throws -> ICMPMessage {
    let header = try header(bytes)
    #expect(header.protocolNumber == IPProtocol.icmp)
    return try bytes.withOctets(20..<bytes.count) { bytes throws(WireError) in
      #expect(Checksum.of(bytes) == 0)
      return try ICMPMessage.parse(bytes)
    }
  }

  @Test("It takes one from the TTL and keeps the checksum right, and nothing else changes")
  func forwarding() throws {
    var chain = RouterTests.chain()
    let packet = RouterTests.ipv4(500)
    let (_, right) = RouterTests.cross(packet, &chain)
    let arrived = try #require(right.first)
    #expect(try RouterTests.header(arrived).timeToLive == 62)
    #expect(Array(arrived[12...]) == Array(packet[12...]))
    let (_, right6) = RouterTests.cross(RouterTests.ipv6(500), &chain)
    #expect(right6.first?[7] == 62)
  }

  @Test("A packet whose TTL ends at the second router is told about by the second router")
  func timeExceeded() throws {
    var chain = RouterTests.chain()
    let packet = RouterTests.ipv4(500, hops: 2)
    let (left, right) = RouterTests.cross(packet, &chain)
    #expect(right.isEmpty)
    let notice = try #require(left.first)
    #expect(try RouterTests.icmp(notice) == .timeExceeded(code: 0))
    #expect(try RouterTests.header(notice).source == IPv4Address(10, 9, 0, 2))
    #expect(Array(notice[40..<notice.count]) == Array(packet[12..<notice.count - 28]))
  }

  @Test("A packet too big for the next wire is refused with its MTU, in both families")
  func packetTooBig() throws {
    var chain = RouterTests.chain()
    let (left, _) = RouterTests.cross(RouterTests.ipv4(1281), &chain)
    #expect(
      try RouterTests.icmp(try #require(left.first)) == .destinationUnreachable(code: 4, nextHopMTU: 1280))
    let (left6, right6) = RouterTests.cross(RouterTests.ipv6(1281), &chain)
    #expect(right6.isEmpty)
    let notice = try #require(left6.first)
    #expect(notice.count == 1280)
    #expect(Array(notice[40..<42]) == [2, 0])
    #expect(Array(notice[44..<48]) == [0, 0, 5, 0])
    var sum = Checksum()
    notice.withOctets(40..<notice.count) { sum.add($0) }
    sum.addPseudoHeader(
      source: .v6(IPv6Address(high: 0xFD77_0009 << 32, low: 1)), destination: Chain.leftAddresses.v6,
      protocolNumber: IPProtocol.icmpv6, length: notice.count - 40)
    #expect(sum.finish() == 0)
    #expect(RouterTests.cross(RouterTests.ipv6(1280), &chain).right.count == 1)
  }

  @Test("A packet that may be cut is cut, and its pieces make the whole")
  func fragments() throws {
    var chain = RouterTests.chain()
    let packet = RouterTests.ipv4(1500, fragments: true)
    let (left, right) = RouterTests.cross(packet, &chain)
    #expect(left.isEmpty)
    #expect(right.map(\.count) == [1276, 244])
    var payload = [UInt8](repeating: 0, count: 1480)
    for (index, piece) in right.enumerated() {
      let header = try RouterTests.header(piece)
      #expect(header.identification == 5)
      #expect(header.timeToLive == 62)
      #expect(header.hasMoreFragments == (index == 0))
      for offset in 0..<header.payloadLength { payload[header.fragmentOffset + offset] = piece[20 + offset] }
    }
    #expect(payload == Array(packet[20...]))
  }

  @Test("No route and a partitioned wire are told about, with different codes")
  func unreachable() throws {
    var chain = RouterTests.chain()
    let lost = RouterTests.ipv4(100, to: .v4(IPv4Address(192, 0, 2, 1)))
    #expect(
      try RouterTests.icmp(try #require(RouterTests.cross(lost, &chain).left.first))
        == .destinationUnreachable(code: 0, nextHopMTU: 0))
    chain.scenario.network.partition(chain.wires[2])
    #expect(
      try RouterTests.icmp(try #require(RouterTests.cross(RouterTests.ipv4(100), &chain).left.first))
        == .destinationUnreachable(code: 1, nextHopMTU: 0))
  }

  @Test("A silent cut is told about by nobody, and a silent router says nothing")
  func silence() {
    var chain = RouterTests.chain()
    chain.scenario.network.cut(chain.wires[2])
    #expect(RouterTests.cross(RouterTests.ipv4(100), &chain).left.isEmpty)
    var silent = RouterTests.chain(silent: true)
    #expect(RouterTests.cross(RouterTests.ipv4(1400), &silent).left.isEmpty)
    #expect(RouterTests.cross(RouterTests.ipv4(100, hops: 1), &silent).left.isEmpty)
  }

  @Test("Nothing is said about errors, later fragments, groups and broken headers")
  func unanswerable() {
    var chain = RouterTests.chain()
    var packet = RouterTests.ipv4(100, hops: 1)
    packet[15] ^= 1
    #expect(RouterTests.cross(packet, &chain).left.isEmpty)
    #expect(RouterTests.cross(RouterTests.ipv4(100, hops: 1, to: .v4(IPv4Address(224, 0, 0, 1))), &chain).left.isEmpty)
    #expect(RouterTests.cross([0x45, 0, 0, 9], &chain).left.isEmpty)
    #expect(RouterTests.cross([0x60, 0, 0, 9] + [UInt8](repeating: 0, count: 30), &chain).left.isEmpty)
    #expect(chain.scenario.network.packetsInFlight == 0)
  }
}
