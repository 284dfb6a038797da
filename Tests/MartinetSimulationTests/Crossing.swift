import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetWire
import Testing

enum Family: CaseIterable {
  case v4
  case v6

  func address(_ number: Int) -> IPAddress {
    switch self {
    case .v4: TestAddress.v4(number)
    case .v6: TestAddress.v6(number)
    }
  }
}

extension TransferPlan {
  /// What the client sends in these tests is pattern 1, what the server sends pattern 2.
  static func client(_ count: UInt64) -> TransferPlan {
    TransferPlan(sending: count, Pattern(seed: 1), expecting: Pattern(seed: 2))
  }

  static func server(_ count: UInt64) -> TransferPlan {
    TransferPlan(sending: count, Pattern(seed: 2), expecting: Pattern(seed: 1))
  }
}

extension Instant {
  static func seconds(_ count: Int64) -> Instant { .zero + .seconds(count) }
  static func milliseconds(_ count: Int64) -> Instant { .zero + .milliseconds(count) }
}

/// A left host that opens one connection to a right one: what crosses, and what the left one says about it.
struct Crossing: ~Copyable {
  static let port: UInt16 = 9000
  static let localPort: UInt16 = 50_000

  var pair: Pair
  /// The trace of the left host.
  var trace: [TraceEvent] = []

  init(
    _ wire: WireDescription, seed: UInt64 = 1, left: HostConfiguration = HostConfiguration(),
    right: HostConfiguration = HostConfiguration()
  ) {
    pair = Pair(seed: seed, wire, left: left, right: right)
    pair.scenario.network.withHost(pair.left) { host, _ in host.setTracing(true) }
  }

  mutating func open(
    _ client: TransferPlan, _ server: TransferPlan, _ family: Family = .v4, options: ConnectionOptions? = nil,
    serverOptions: ConnectionOptions? = nil
  ) throws {
    let endpoint = Endpoint(family.address(2), Crossing.port)
    try pair.scenario.serve(pair.right, on: endpoint, options: serverOptions, .transfer(server))
    let local = Endpoint(family.address(1), Crossing.localPort)
    _ = try pair.scenario.open(pair.left, to: endpoint, from: local, options: options, client)
  }

  /// Runs until both ends are done, or for so many seconds of virtual time.
  mutating func run(seconds: Int64) {
    run(seconds: seconds) { !$0.isOver }
  }

  mutating func run(seconds: Int64, while condition: (inout Scenario) -> Bool) {
    var events: [TraceEvent] = []
    let left = pair.left
    pair.scenario.run(until: pair.scenario.network.now + .seconds(seconds)) { scenario in
      while let event = scenario.network.pollTrace(of: left) { events.append(event) }
      return condition(&scenario)
    }
    while let event = pair.scenario.network.pollTrace(of: left) { events.append(event) }
    trace += events
  }

  var client: Transfer? { pair.scenario.transfer(0) }
  var server: Transfer? { pair.scenario.transfer(1) }

  /// Checks that both streams crossed whole, and that nothing is left behind when TIME-WAIT is over.
  mutating func expectWhole(sourceLocation: SourceLocation = #_sourceLocation) {
    let ends = "client \(Crossing.text(client)), server \(Crossing.text(server))"
    #expect(client?.isWhole == true && server?.isWhole == true, "\(ends)", sourceLocation: sourceLocation)
    #expect(pair.scenario.network.fruitlessTimers == 0, sourceLocation: sourceLocation)
    run(seconds: 130) { _ in true }
    for host in [pair.left, pair.right] {
      let pages = pair.scenario.network.withHost(host) { host, _ in host.environment.pool.pagesInUse }
      #expect(pages == 0, "pages that nobody gave back", sourceLocation: sourceLocation)
    }
    #expect(pair.scenario.network.packetsInFlight == 0, sourceLocation: sourceLocation)
  }

  static func text(_ transfer: Transfer?) -> String {
    guard let transfer else { return "none" }
    let mismatch = transfer.firstMismatch.map { ", mismatch at \($0)" } ?? ""
    let failure = transfer.failure.map { ", \($0)" } ?? ""
    return "sent \(transfer.sent) received \(transfer.received) end read \(transfer.hasReadEnd)\(mismatch)\(failure)"
  }

  var statistics: ChannelStatistics { pair.scenario.network.statistics(of: pair.wire, .toRight) }
}
