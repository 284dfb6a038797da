import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// What each congestion control makes of a path, measured from the first octet.
@Suite("Congestion controls on paths with loss, and with each other")
struct CongestionComparisonTests {
  struct Cell: Sendable {
    var algorithm: CongestionAlgorithm
    /// In parts per million.
    var loss: UInt32
    /// The least goodput, in Mbit/s.
    var least: Double
  }

  private func goodput(_ cell: Cell, rate: UInt64, roundTrip: Interval, queue: Int, seconds: Int64) throws -> Double {
    var total = 0.0
    for seed in 1...2 as ClosedRange<UInt64> {
      var path = Bottleneck(
        rate: rate, roundTrip: roundTrip, queue: queue, loss: Probability(partsPerBillion: cell.loss * 1000), seed: seed
      )
      try path.begin(cell.algorithm)
      total += path.goodput(over: .seconds(seconds)) / 2e6
    }
    return total
  }

  @Test(
    "100 Mbit/s and 20 ms: what is lost at random costs CUBIC what its equation says, and BBR little up to one in a hundred",
    arguments: [
      Cell(algorithm: .cubic, loss: 0, least: 94), Cell(algorithm: .cubic, loss: 10_000, least: 5.6),
      Cell(algorithm: .cubic, loss: 50_000, least: 2.0), Cell(algorithm: .bbr, loss: 0, least: 92),
      Cell(algorithm: .bbr, loss: 1000, least: 92), Cell(algorithm: .bbr, loss: 10_000, least: 90),
    ])
  func fast(cell: Cell) throws {
    let goodput = try goodput(cell, rate: 100_000_000, roundTrip: .milliseconds(20), queue: 250_000, seconds: 4)
    #expect(goodput >= cell.least, "\(goodput)")
  }

  @Test(
    "10 Mbit/s and 100 ms: the same",
    arguments: [
      Cell(algorithm: .cubic, loss: 0, least: 9.2), Cell(algorithm: .cubic, loss: 10_000, least: 1.24),
      Cell(algorithm: .cubic, loss: 50_000, least: 0.42), Cell(algorithm: .bbr, loss: 0, least: 9.0),
      Cell(algorithm: .bbr, loss: 10_000, least: 8.6),
    ])
  func slow(cell: Cell) throws {
    let goodput = try goodput(cell, rate: 10_000_000, roundTrip: .milliseconds(100), queue: 125_000, seconds: 15)
    #expect(goodput >= cell.least, "\(goodput)")
  }

  /// (sum of x)^2 / (n * sum of x^2): one if all have the same.
  private func fairness(_ shares: [Double]) -> Double {
    let sum = shares.reduce(0, +)
    return sum * sum / (Double(shares.count) * shares.reduce(0) { $0 + $1 * $1 })
  }

  private func shares(_ algorithms: [CongestionAlgorithm], queue: Int) throws -> [Double] {
    var path = Bottleneck(rate: 20_000_000, roundTrip: .milliseconds(40), queue: queue)
    for algorithm in algorithms {
      try path.begin(algorithm)
      path.run(for: .milliseconds(1500))
    }
    path.run(for: .seconds(12))
    var before: [UInt64] = []
    for flow in algorithms.indices { before.append(path.acknowledged(flow)) }
    path.run(for: .seconds(12))
    var shares: [Double] = []
    for flow in algorithms.indices { shares.append(Double(path.acknowledged(flow) - before[flow]) * 8 / 12e6) }
    return shares
  }

  @Test("Two flows of a kind share a path fairly and fill it", arguments: CongestionAlgorithm.allCases)
  func fair(algorithm: CongestionAlgorithm) throws {
    let shares = try shares([algorithm, algorithm], queue: 100_000)
    #expect(fairness(shares) > 0.9 && shares.reduce(0, +) > 17.5, "\(shares)")
  }

  @Test("In the steady state BBR keeps the queue short where CUBIC fills it")
  func queue() throws {
    var delays: [Interval] = []
    for algorithm in [CongestionAlgorithm.cubic, .bbr] {
      var path = Bottleneck(rate: 20_000_000, roundTrip: .milliseconds(40), queue: 400_000)
      try path.begin(algorithm)
      path.run(for: .seconds(3))
      var sum = Interval.zero
      for _ in 0..<100 {
        path.run(for: .milliseconds(20))
        sum = sum + path.status().smoothedRoundTrip
      }
      delays.append(sum / 100)
    }
    #expect(delays[1] < .milliseconds(50) && delays[0] > delays[1] * 2, "\(delays)")
  }

  @Test("On 100 Mbit/s and 100 ms CUBIC's window is where its curve is", .proves("9438-15"))
  func curve() throws {
    // One loss, when the window has grown to 600 segments; then the curve: K is the cube root of 0.3 * 600 / 0.4, 7.7 s.
    var path = Bottleneck(rate: 1_000_000_000, roundTrip: .milliseconds(100), queue: 8_000_000, tracing: true)
    try path.begin(.cubic) { $0.maximumSegmentSize = 1448 }
    var isLost = false
    var sent = 0
    path.pair.scenario.network.setFilter(of: path.pair.wire, .toRight) { bytes, _ in
      sent += 1
      guard sent == 1200, !isLost else { return .passes }
      isLost = true
      return .isLost
    }
    path.run(for: .milliseconds(900))
    var epoch: Instant?
    var start = 0
    var checked = 0
    for _ in 0..<70 {
      path.run(for: .milliseconds(100))
      for event in path.takeTrace() {
        guard case .congestion(let window, let threshold, _, let cause) = event.kind else { continue }
        if cause == .leftFastRecovery { start = window }
        guard cause == .congestionAvoidance, start > 0 else { continue }
        if epoch == nil { epoch = event.time }
        let size = Double(path.status().segmentSize)
        let maximum = Double(threshold) / 0.7 / size
        let inflection = CongestionComparisonTests.cubeRoot((maximum - Double(start) / size) / 0.4)
        let time = Double((event.time - epoch!).nanoseconds) / 1e9 - inflection
        let expected = maximum + 0.4 * time * time * time
        // The window follows the curve within a round trip: what the curve rises by in one, and a segment.
        let rise = 1.2 * time * time * 0.1 + 1.5
        #expect(
          abs(Double(window) / size - expected) <= max(rise, 2), "\(Double(window) / size) \(expected) at \(time)")
        checked += 1
      }
    }
    #expect(checked > 100)
  }

  private static func cubeRoot(_ number: Double) -> Double {
    var root = 1.0
    for _ in 0..<60 { root -= (root * root * root - number) / (3 * root * root) }
    return root
  }
}
