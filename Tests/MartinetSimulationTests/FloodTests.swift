import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// A server that one client sends to, and a flood of SYNs from ends that do not exist.
private struct Siege: ~Copyable {
  /// 64 Mbit/s of SYNs.
  static let rate = 200_000
  /// A million SYNs; a tenth of that where the compiler has not optimized.
  static let milliseconds = _isDebugAssertConfiguration() ? 500 : 5000
  /// The wire has room for the flood and for the flow, which its receiver holds to 64 KiB in 20 ms.
  static let wire = WireDescription(Impairment(rate: 200_000_000, delay: .milliseconds(10)))
  static let server = Endpoint(TestAddress.v4(2), Crossing.port)

  var crossing = Crossing(Siege.wire)
  private(set) var sent = 0
  /// The most connections that the server had at once.
  private(set) var most = 0

  init(withFlow: Bool) throws {
    var options = ConnectionOptions()
    options.receiveBufferSize = 65536
    if withFlow {
      try crossing.open(.client(1 << 40), .server(0), serverOptions: options)
    } else {
      try crossing.pair.scenario.serve(crossing.pair.right, on: Siege.server, .transfer(.server(0)))
    }
    crossing.run(seconds: 1) { _ in true }
  }

  private mutating func flood(_ count: Int) {
    for number in sent..<sent + count {
      let stranger = IPv4Address(10, 0, UInt8(1 + number % 200), UInt8(number / 200 % 250))
      let source = Endpoint(.v4(stranger), UInt16(1024 + number / 50_000))
      let syn = Build.segment(source, Siege.server, .syn, sequence: UInt32(number), mss: 1460)
      crossing.pair.scenario.network.inject(syn, into: crossing.pair.wire, .toRight)
    }
    sent += count
  }

  /// Lets some milliseconds pass, with the flood or without; returns how many octets of the flow came across.
  mutating func pass(flooding: Bool) -> UInt64 {
    let (before, start) = (received, crossing.pair.scenario.network.now)
    for millisecond in 0..<Int64(Siege.milliseconds) {
      if flooding { flood(Siege.rate / 1000) }
      crossing.pair.scenario.run(until: start + .milliseconds(millisecond + 1)) { _ in true }
      most = max(most, connections)
    }
    return received - before
  }

  /// How many connections the server has.
  var connections: Int {
    mutating get { crossing.pair.scenario.network.withHost(crossing.pair.right) { host, _ in host.connectionCount } }
  }

  private var received: UInt64 { crossing.server?.received ?? 0 }

  var statistics: HostStatistics {
    mutating get { crossing.pair.scenario.network.withHost(crossing.pair.right) { host, _ in host.statistics } }
  }
}

@Suite("A million SYNs from ends that do not exist")
struct FloodTests {
  @Test("A flow that is there keeps its throughput, and what is half-open stays within its queue", .proves("ATK-02"))
  func throughput() throws {
    var calm = try Siege(withFlow: true)
    var siege = try Siege(withFlow: true)
    let usual = calm.pass(flooding: false)
    let flooded = siege.pass(flooding: true)
    #expect(usual > 0 && Double(flooded) >= 0.9 * Double(usual), "\(flooded) octets instead of \(usual)")
    #expect(siege.most <= HostConfiguration().synQueue + 1)
  }

  @Test(
    "A SYN is answered six times at the most, most of them once; clients get through meanwhile, and nothing stays behind",
    .proves("ATK-02", "ATK-44"))
  func amplification() throws {
    var siege = try Siege(withFlow: false)
    _ = siege.pass(flooding: true)
    let left = siege.crossing.pair.left
    let friend = try siege.crossing.pair.scenario.open(left, to: Siege.server, .client(1000))
    _ = siege.pass(flooding: true)
    #expect(siege.crossing.pair.scenario.transfer(friend)?.sent == 1000)
    siege.crossing.run(seconds: 200) { _ in true }
    // Most SYNs are answered with a cookie, once; those in the queue as often as RFC 9293's R2 has it.
    let repeated = HostConfiguration().synQueue * HostConfiguration().tcp.synAckRetransmissions
    let answers = siege.crossing.pair.scenario.network.statistics(of: siege.crossing.pair.wire, .toLeft).entered
    #expect(answers <= UInt64(siege.sent + repeated + 10))
    #expect(siege.statistics.synCookiesSent > UInt64(siege.sent / 2))
    let pages = siege.crossing.pair.scenario.network.withHost(siege.crossing.pair.right) { host, _ in
      host.environment.pool.pagesInUse
    }
    #expect(siege.connections == 0 && pages == 0)
  }
}
