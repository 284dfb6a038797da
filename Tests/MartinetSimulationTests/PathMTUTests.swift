import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// Two routers between two hosts, and between the routers 10 Mbit/s, a round trip of 20 ms, and packets of some size at most.
private struct NarrowPath: ~Copyable {
  static let bitsPerSecond: UInt64 = 10_000_000
  var chain: Chain
  private var middle: Impairment
  private var nextPort: UInt16 = 9000

  init(mtu: Int, links: Int = 1500, silent: Bool = true, seed: UInt64 = 1) {
    middle = Impairment(rate: NarrowPath.bitsPerSecond, delay: .milliseconds(10))
    middle.queueCapacity = 50_000
    middle.mtu = mtu
    let link = WireDescription(Impairment(), mtu: links)
    chain = Chain(seed: seed, [link, WireDescription(middle, mtu: links), link], silentRouters: silent)
  }

  /// Begins a flow from left to right; its number.
  mutating func begin(
    _ discovery: PathMTUDiscovery, octets: UInt64 = 1 << 40, isIPv6: Bool = false,
    _ edit: (inout ConnectionOptions) -> Void = { _ in }
  ) throws -> Int {
    var options = ConnectionOptions()
    options.pathMTUDiscovery = discovery
    edit(&options)
    let address = isIPv6 ? Chain.rightAddresses.v6 : Chain.rightAddresses.v4
    let remote = Endpoint(address, nextPort)
    nextPort += 1
    var reader = TransferPlan.server(0)
    reader.waitsForPeer = true
    try chain.scenario.serve(chain.right, on: remote, .transfer(reader))
    var plan = TransferPlan.client(octets)
    plan.writeSize = 65_536
    plan.closesOutput = octets > 0
    return try chain.scenario.open(chain.left, to: remote, options: options, plan)
  }

  mutating func run(for time: Interval) {
    let end = chain.scenario.network.now + time
    chain.scenario.run(until: end) { scenario in scenario.network.now < end }
  }

  /// Runs until a flow is through, for a minute at most; how long that took.
  mutating func finish(_ flow: Int) throws -> Interval {
    let start = chain.scenario.network.now
    chain.scenario.run(until: start + .seconds(60)) { scenario in scenario.transfer(flow)?.isOver == false }
    let transfer = chain.scenario.transfer(flow)
    let isWhole = transfer?.isWhole == true
    try #require(isWhole)
    let end = transfer?.endedAt
    return try #require(end) - start
  }

  mutating func widen(to mtu: Int) {
    middle.mtu = mtu
    chain.scenario.network.setImpairment(middle, of: chain.wires[1])
  }

  mutating func status(_ flow: Int) throws -> ConnectionStatus {
    let transfer = chain.scenario.transfer(flow)
    let connection = try #require(transfer).connection
    let status = chain.scenario.network.withHost(chain.left) { host, now in host.status(of: connection, at: now) }
    return try #require(status)
  }

  /// What a flow brings across in `time`, in octets.
  mutating func acknowledged(_ flow: Int, in time: Interval) throws -> Double {
    let before = try status(flow).statistics.bytesAcknowledged
    run(for: time)
    return Double(try status(flow).statistics.bytesAcknowledged - before)
  }
}

@Suite("Paths that are narrower than they say (RFC 4821)")
struct PathMTUTests {
  /// Three timeouts that double take seven times the first one, 220 ms: then the stream crosses, 1.7 s of it in slow start and at the rate of the wire.
  @Test(
    "Through a router that drops what is too big in silence a stream crosses after seven timeouts", .proves("4821-05"),
    arguments: [(1400, false), (1400, true), (1100, false), (1280, true)])
  func blackHole(mtu: Int, isIPv6: Bool) throws {
    var path = NarrowPath(mtu: mtu)
    let flow = try path.begin(.icmp, octets: 1_000_000, isIPv6: isIPv6)
    let time = try path.finish(flow)
    #expect(time < .milliseconds(3500), "\(time.milliseconds) ms")
  }

  /// Two halves more: 512 after the fifth timeout, which is 31 times the first one.
  @Test("Where packets of 600 octets vanish it takes two timeouts more", .proves("4821-05"))
  func narrow() throws {
    var path = NarrowPath(mtu: 600)
    let flow = try path.begin(.icmp, octets: 1_000_000)
    let time = try path.finish(flow)
    #expect(time < .milliseconds(9500), "\(time.milliseconds) ms")
  }

  @Test("A flow that probes meets no black hole: no timer expires", .proves("4821-01"), arguments: [false, true])
  func probing(isIPv6: Bool) throws {
    var path = NarrowPath(mtu: 1400)
    let flow = try path.begin(.probing, octets: 1_000_000, isIPv6: isIPv6)
    path.run(for: .milliseconds(500))
    let status = try path.status(flow)
    #expect(status.statistics.timeoutRetransmissions == 0 && status.blackHoles == 0)
    let time = try path.finish(flow)
    #expect(time < .milliseconds(1000), "\(time.milliseconds) ms")
  }

  @Test(
    "Probing finds the 1400 octets of a path in a few seconds, and brings no less across meanwhile",
    .proves("4821-01", "4821-02"),
    arguments: [CongestionAlgorithm.reno, .cubic, .bbr])
  func finds(algorithm: CongestionAlgorithm) throws {
    var told = NarrowPath(mtu: 1400, silent: false)
    let reference = try told.begin(.icmp) { $0.congestion = algorithm }
    var path = NarrowPath(mtu: 1400)
    let flow = try path.begin(.probing) { $0.congestion = algorithm }
    let most = try told.acknowledged(reference, in: .seconds(10))
    let got = try path.acknowledged(flow, in: .seconds(10))
    let status = try path.status(flow)
    #expect(status.pathMTU == 1400 && status.pathSearch == .complete)
    #expect(got > 0.97 * most, "\(got) of \(most) octets, \(status.pathProbes) probes, \(status.lostPathProbes) lost")
  }

  @Test("What routers say of probes that are too big ends the search for larger ones at once")
  func reports() throws {
    var path = NarrowPath(mtu: 1400, silent: false)
    let flow = try path.begin(.probing)
    path.run(for: .milliseconds(150))
    let status = try path.status(flow)
    #expect(status.pathMTU == 1400 && status.pathSearch == .complete)
    #expect(status.pathProbes == 2 && status.statistics.fastRetransmissions == 0)
  }

  @Test("Packets of 9000 octets are found in steps of three segments", .proves("4821-01", "4821-06"))
  func wide() throws {
    var path = NarrowPath(mtu: 0, links: 9000)
    let flow = try path.begin(.probing)
    path.run(for: .seconds(2))
    let status = try path.status(flow)
    #expect(status.pathMTU == 9000 && status.pathProbes == 3 && status.lostPathProbes == 0)
  }

  @Test("Other connections to the same host begin with what one of them found out, black hole or probes")
  func sharing() throws {
    for discovery in [PathMTUDiscovery.icmp, .probing] {
      var path = NarrowPath(mtu: 1400)
      _ = try path.begin(discovery)
      path.run(for: .seconds(15))
      let second = try path.begin(.icmp)
      path.run(for: .seconds(5))
      let status = try path.status(second)
      #expect(status.pathMTU == 1400 && status.statistics.timeoutRetransmissions == 0)
    }
  }

  @Test(
    "A path that becomes wider is found out about after ten minutes, by probes",
    .proves("4821-04", "1191-04", "8201-03"),
    arguments: [(PathMTUDiscovery.icmp, false), (.probing, false), (.probing, true)])
  func grows(discovery: PathMTUDiscovery, isIPv6: Bool) throws {
    var path = NarrowPath(mtu: 1400)
    // Bursts with silence in between, so that twenty minutes are soon over.
    let flow = try path.begin(discovery, octets: 0, isIPv6: isIPv6)
    func burst(_ path: inout NarrowPath) throws {
      let transfer = path.chain.scenario.transfer(flow)
      let connection = try #require(transfer).connection
      for _ in 0..<30 {
        path.chain.scenario.network.withHost(path.chain.left) { host, now in
          let octets = [UInt8](repeating: 7, count: 60_000)
          _ = try? octets.withOctets(0..<octets.count) { (span: RawSpan) throws(HostError) in
            try host.send(span, on: connection, at: now)
          }
        }
        path.run(for: .milliseconds(500))
      }
    }
    try burst(&path)
    #expect(try path.status(flow).pathMTU == 1400)
    path.widen(to: 0)
    let found = try path.status(flow).pathProbes
    path.run(for: .minutes(8))
    try burst(&path)
    #expect(try path.status(flow).pathProbes == found)
    path.run(for: .minutes(3))
    try burst(&path)
    let status = try path.status(flow)
    #expect(status.pathMTU == 1500 && status.pathProbes == found + 1)
  }

  @Test("Without path MTU discovery routers cut the packets, and the stream crosses")
  func off() throws {
    var path = NarrowPath(mtu: 1000)
    let flow = try path.begin(.off, octets: 1_000_000)
    let time = try path.finish(flow)
    #expect(time < .milliseconds(1500), "\(time.milliseconds) ms")
    var six = NarrowPath(mtu: 1280)
    let flow6 = try six.begin(.off, octets: 1_000_000, isIPv6: true)
    let time6 = try six.finish(flow6)
    #expect(time6 < .milliseconds(1500), "\(time6.milliseconds) ms")
  }
}
