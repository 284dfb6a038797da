import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// 20 Mbit/s and a round trip of 40 ms, as in ``BBRTests``.
@Suite("The draft's example cases for BBR: acknowledgements that come in bunches")
struct BBRAggregationTests {
  private static let product = 96_000

  private func path(queue: Int = 400_000) -> Bottleneck {
    Bottleneck(
      rate: BBRTests.rate, roundTrip: BBRTests.roundTrip, queue: queue, seed: 1, tracing: true)
  }

  /// Acknowledgements wait up to `time`, and those behind them with them.
  private func bunch(_ path: inout Bottleneck, _ time: Interval) {
    var back = Impairment(rate: 0, delay: BBRTests.roundTrip / 2)
    back.jitter = time
    path.pair.scenario.network.setImpairment(back, of: path.pair.wire, .toLeft)
  }

  @Test("Startup finds the bandwidth where acknowledgements come in bunches")
  func bunchesInStartup() throws {
    var path = path()
    bunch(&path, .milliseconds(30))
    try path.begin(.bbr)
    let turns = path.follow(for: .seconds(5), until: .drain)
    #expect(turns.map(\.state) == [.startup, .drain])
    #expect(turns[1].window > 2 * BBRAggregationTests.product, "\(turns[1].window)")
    // Drain leaves at half the bandwidth.
    #expect(Double(path.status().pacingRate) > 0.5 * 0.95 * path.payloadRate)
  }

  @Test("While cruising the window makes room for the bunches, and the path stays full")
  func bunchesInCruise() throws {
    var path = path()
    try path.begin(.bbr)
    _ = path.follow(for: .seconds(5), until: .cruising)
    let before = path.status().congestionWindow
    bunch(&path, .milliseconds(30))
    #expect(path.goodput(over: .milliseconds(1200)) > 0.93 * 8 * path.payloadRate)
    #expect(path.status().congestionWindow > max(before, 2 * BBRAggregationTests.product))
  }
}
