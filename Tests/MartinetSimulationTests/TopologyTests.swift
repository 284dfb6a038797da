import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Many hosts, switches and routers")
struct TopologyTests {
  @Test("Thirty-two hosts on one Ethernet share a bottleneck, and every stream crosses")
  func dumbbell() throws {
    var dumbbell = Dumbbell(
      seed: 4, flows: 16, bottleneck: WireDescription(Impairment(rate: 50_000_000, delay: .milliseconds(10))))
    for number in 0..<16 {
      let family = number % 2 == 0 ? Family.v4 : .v6
      let endpoint = Endpoint(family.address(257 + number), 80)
      try dumbbell.scenario.serve(dumbbell.right[number], on: endpoint, .transfer(.server(1000)))
      _ = try dumbbell.scenario.open(dumbbell.left[number], to: endpoint, .client(150_000))
    }
    let isOver = dumbbell.scenario.run(until: .seconds(200))
    #expect(isOver)
    #expect(dumbbell.scenario.programs.count == 32)
    for number in 0..<32 {
      #expect(dumbbell.scenario.transfer(number)?.isWhole == true)
    }
    #expect(dumbbell.scenario.network.statistics(of: dumbbell.bottleneck, .toRight).octetsDelivered > 16 * 150_000)
  }

  @Test("Through routers with a narrow wire between them the path MTU is found", arguments: Family.allCases)
  func pathMTU(family: Family) throws {
    let wire = WireDescription(Impairment(rate: 20_000_000, delay: .milliseconds(5)))
    var narrow = wire
    narrow.mtu = 1280
    var chain = Chain(seed: 2, [wire, narrow, wire])
    chain.scenario.network.withHost(chain.left) { host, _ in host.setTracing(true) }
    let endpoint = Endpoint(family == .v4 ? Chain.rightAddresses.v4 : Chain.rightAddresses.v6, 80)
    try chain.scenario.serve(chain.right, on: endpoint, .transfer(.server(0)))
    _ = try chain.scenario.open(chain.left, to: endpoint, .client(200_000))
    let isOver = chain.scenario.run(until: .seconds(100))
    #expect(isOver)
    #expect(chain.scenario.transfer(0)?.isWhole == true && chain.scenario.transfer(1)?.isWhole == true)
    var found: Int?
    var largest = 0
    while let event = chain.scenario.network.pollTrace(of: chain.left) {
      switch event.kind {
      case .pathMTU(let mtu): found = mtu
      case .sent(let segment, _): if found != nil { largest = max(largest, segment.payload) }
      default: break
      }
    }
    #expect(found == 1280)
    #expect(largest == 1280 - (family == .v4 ? 20 : 40) - 32)
  }

  @Test("A partition behind a router is reported as a soft error and does not end the connection")
  func softError() throws {
    let wire = WireDescription(Impairment(rate: 20_000_000, delay: .milliseconds(5)))
    var chain = Chain(seed: 2, [wire, wire])
    chain.scenario.network.withHost(chain.left) { host, _ in host.setTracing(true) }
    let endpoint = Endpoint(Chain.rightAddresses.v4, 80)
    try chain.scenario.serve(chain.right, on: endpoint, .transfer(.server(0)))
    _ = try chain.scenario.open(chain.left, to: endpoint, .client(1_000_000))
    chain.scenario.network.schedule(.condition(.partitioned), of: chain.wires[1], at: .milliseconds(200))
    chain.scenario.network.schedule(.condition(.whole), of: chain.wires[1], at: .seconds(5))
    var softErrors: [UnreachableCause] = []
    let left = chain.left
    chain.scenario.run(until: .seconds(100)) { scenario in
      while let event = scenario.network.pollTrace(of: left) {
        if case .softError(let cause) = event.kind, !softErrors.contains(cause) { softErrors.append(cause) }
      }
      return !scenario.isOver
    }
    #expect(softErrors == [UnreachableCause(isIPv6: false, type: 3, code: 1)])
    #expect(chain.scenario.transfer(0)?.isWhole == true && chain.scenario.transfer(1)?.isWhole == true)
  }

  @Test("An echo request is answered across the wire", arguments: Family.allCases)
  func ping(family: Family) throws {
    var pair = Pair(seed: 1, WireDescription(Impairment(rate: 0, delay: .milliseconds(7))))
    pair.scenario.network.tap(pair.left)
    let request = family == .v4 ? TopologyTests.echo4() : TopologyTests.echo6()
    pair.scenario.network.inject(request, into: pair.wire, .toRight)
    pair.scenario.network.advance(to: .milliseconds(20))
    let reply = try #require(pair.scenario.network.arrivals(at: pair.left).first)
    #expect(reply.time == 14_000_000)
    let start = family == .v4 ? 20 : 40
    #expect(reply.bytes[start] == (family == .v4 ? 0 : 129))
    #expect(reply.bytes[(start + 4)...] == request[(start + 4)...])
  }

  static func echo4() -> [UInt8] {
    guard case .v4(let source) = TestAddress.v4(1), case .v4(let target) = TestAddress.v4(2) else { return [] }
    var bytes = [UInt8](repeating: 0xA5, count: 84)
    bytes.withMutableOctets(0..<84) { bytes in
      IPv4Header(totalLength: 84, protocolNumber: IPProtocol.icmp, source: source, destination: target)
        .encode(into: &bytes, at: 0)
      ICMPMessage.echoRequest(identifier: 7, sequence: 9).encode(into: &bytes, at: 20)
      bytes.store(Checksum.of(bytes.bytes.extracting(20..<84)), at: 22)
    }
    return bytes
  }

  static func echo6() -> [UInt8] {
    guard case .v6(let source) = TestAddress.v6(1), case .v6(let target) = TestAddress.v6(2) else { return [] }
    var bytes = [UInt8](repeating: 0xA5, count: 104)
    bytes.withMutableOctets(0..<104) { bytes in
      IPv6Header(payloadLength: 64, nextHeader: IPProtocol.icmpv6, source: source, destination: target)
        .encode(into: &bytes, at: 0)
      ICMPv6Message.echoRequest(identifier: 7, sequence: 9).encode(into: &bytes, at: 40)
      var sum = Checksum()
      sum.addPseudoHeader(
        source: .v6(source), destination: .v6(target), protocolNumber: IPProtocol.icmpv6, length: 64)
      sum.add(bytes.bytes.extracting(40..<104))
      bytes.store(sum.finish(), at: 42)
    }
    return bytes
  }
}
