import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetWire
import Testing

/// A connection whose wire, hosts and programs are all made from one seed.
struct Storm: ~Copyable {
  let seed: UInt64
  var pair: Pair
  private var chance: RandomStream
  /// How long the transfer may take: far longer than any that makes progress.
  static let limit = Interval.seconds(20_000)

  init(seed: UInt64) throws {
    self.seed = seed
    var chance = RandomStream(seed: seed, purpose: .program, index: 0)
    var wire = WireDescription(Storm.impairment(&chance), mtu: [576, 1280, 1500, 9000][Int(chance.next(below: 4))])
    wire.toLeft = Storm.impairment(&chance)
    let family = wire.mtu >= 1280 && chance.next(below: 2) == 0 ? Family.v6 : .v4
    pair = Pair(seed: seed, wire, left: Storm.configuration(&chance), right: Storm.configuration(&chance))
    self.chance = chance
    pair.scenario.network.advance(to: .zero + .milliseconds(Int64(self.chance.next(below: 20_000_000))))
    let endpoint = Endpoint(family.address(2), 80)
    let server = Storm.plan(.server(self.chance.next(below: 80_000)), &self.chance)
    try pair.scenario.serve(pair.right, on: endpoint, options: Storm.options(&self.chance), .transfer(server))
    let client = Storm.plan(.client(self.chance.next(below: 80_000)), &self.chance)
    _ = try pair.scenario.open(pair.left, to: endpoint, options: Storm.options(&self.chance), client)
  }

  static func impairment(_ chance: inout RandomStream) -> Impairment {
    var impairment = Impairment()
    impairment.rate = [0, 1_000_000, 10_000_000, 100_000_000][Int(chance.next(below: 4))]
    impairment.delay = .microseconds(Int64(chance.next(below: 150_000)))
    impairment.jitter = .microseconds(Int64(chance.next(below: 3) * chance.next(below: 50_000)))
    impairment.queueCapacity = 3000 + Int(chance.next(below: 200_000))
    impairment.loss = .perMille(UInt32(chance.next(below: 2) * chance.next(below: 120)))
    impairment.reordering = .percent(UInt32(chance.next(below: 2) * chance.next(below: 30)))
    impairment.reorderingDelay = .microseconds(Int64(chance.next(below: 100_000)))
    impairment.duplication = .percent(UInt32(chance.next(below: 2) * chance.next(below: 30)))
    impairment.corruption = .percent(UInt32(chance.next(below: 2) * chance.next(below: 6)))
    impairment.markingThreshold = Int(chance.next(below: 2) * 5000)
    return impairment
  }

  static func configuration(_ chance: inout RandomStream) -> HostConfiguration {
    var configuration = HostConfiguration()
    configuration.tcp.selectiveAcknowledgement = chance.next(below: 3) > 0
    configuration.tcp.timestamps = chance.next(below: 3) > 0
    configuration.tcp.windowScaling = chance.next(below: 3) > 0
    // A connection is not to be given up here, however badly the wire treats it.
    configuration.tcp.giveUpAfter = .seconds(100_000)
    configuration.tcp.connectGiveUpAfter = .seconds(100_000)
    configuration.tcp.synAckRetransmissions = 100
    return configuration
  }

  static func options(_ chance: inout RandomStream) -> ConnectionOptions {
    var options = ConnectionOptions()
    options.noDelay = chance.next(below: 2) == 0
    options.receiveBufferSize = [600, 4000, 20_000, 65_536, 1 << 20][Int(chance.next(below: 5))]
    options.sendBufferSize = [1000, 10_000, 1 << 20][Int(chance.next(below: 3))]
    options.quickAcknowledgement = chance.next(below: 4) == 0
    options.keepAlive = chance.next(below: 4) == 0
    options.keepAliveIdle = .seconds(30)
    options.keepAliveCount = 1000
    return options
  }

  static func plan(_ plan: TransferPlan, _ chance: inout RandomStream) -> TransferPlan {
    var plan = plan
    plan.writeSize = 1 + Int(chance.next(below: 10_000))
    plan.readSize = 1 + Int(chance.next(below: 20_000))
    if chance.next(below: 4) == 0 { plan.readPause = .microseconds(Int64(chance.next(below: 20_000))) }
    if chance.next(below: 4) == 0 { plan.readDelay = .milliseconds(Int64(chance.next(below: 40_000))) }
    if chance.next(below: 4) == 0 { plan.writeDelay = .milliseconds(Int64(chance.next(below: 40_000))) }
    return plan
  }

  /// What is wrong after the storm; nil if both streams crossed whole and nothing is left behind.
  mutating func fault() -> String? {
    let end = pair.scenario.network.now + Storm.limit
    pair.scenario.run(until: end) { !$0.isOver && $0.network.eventsHandled < 2_000_000 }
    let ends = "client \(Crossing.text(pair.scenario.transfer(0))), server \(Crossing.text(pair.scenario.transfer(1)))"
    guard pair.scenario.transfer(0)?.isWhole == true, pair.scenario.transfer(1)?.isWhole == true else { return ends }
    if pair.scenario.network.fruitlessTimers > 0 { return "a timer that changes nothing" }
    pair.scenario.run(until: pair.scenario.network.now + .seconds(1000)) { _ in true }
    for host in [pair.left, pair.right] {
      let pages = pair.scenario.network.withHost(host) { host, _ in host.environment.pool.pagesInUse }
      if pages > 0 { return "\(pages) pages that nobody gave back" }
    }
    return pair.scenario.network.packetsInFlight > 0 ? "packets that never arrive" : nil
  }
}

@Suite("Storms made from seeds")
struct StormTests {
  @Test("Whatever the wire, the hosts and the programs are like, both streams cross", arguments: 1...120)
  func storm(seed: UInt64) throws {
    var storm = try Storm(seed: seed)
    let fault = storm.fault()
    #expect(fault == nil)
  }
}
