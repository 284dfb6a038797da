import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// Where this BBR keeps a smaller queue than the draft (docs/deviations.tsv, bbr-04 and bbr-05).
@Suite("The queue that BBR keeps: what a probe makes, and what late acknowledgements make")
struct BBRQueueTests {
  private static let rate: UInt64 = 20_000_000
  private static let roundTrip = Interval.milliseconds(40)

  /// A flow whose acknowledgements come up to `jitter` late, none before one that left before it.
  private func path(jitter: Interval) throws -> Bottleneck {
    var path = Bottleneck(
      rate: BBRQueueTests.rate, roundTrip: BBRQueueTests.roundTrip, queue: 400_000, tracing: true)
    var back = Impairment(rate: 0, delay: BBRQueueTests.roundTrip / 2)
    back.jitter = jitter
    path.pair.scenario.network.setImpairment(back, of: path.pair.wire, .toLeft)
    try path.begin(.bbr)
    return path
  }

  /// How often cruising turned to draining, in `turns`.
  private func drains(in turns: [BBRTurn]) -> Int {
    zip(turns, turns.dropFirst()).count { $0.state == .cruising && $1.state == .probingDown }
  }

  /// The mean time that packets waited from now on, and the part of the link that was filled.
  private func fare(_ path: inout Bottleneck, for time: Interval) -> (wait: Interval, part: Double) {
    let before = path.pair.scenario.network.statistics(of: path.pair.wire, .toRight)
    let goodput = path.goodput(over: time)
    let after = path.pair.scenario.network.statistics(of: path.pair.wire, .toRight)
    return ((after.waited - before.waited) / Int64(after.entered - before.entered), goodput / 8 / path.payloadRate)
  }

  @Test("Without jitter cruising keeps no queue, and the probes of each cycle make one of less than 1.6 products")
  func clean() throws {
    var path = try path(jitter: .zero)
    let turns = path.follow(for: .milliseconds(4900))
    #expect(turns.contains { $0.state == .probingUp } && drains(in: turns) == 0, "\(turns.map(\.state))")
    let peak = try #require(turns.filter { $0.state == .probingDown }.map(\.inFlight).max())
    #expect(Double(peak) < 1.6 * path.payloadRate * 0.040, "\(peak)")
    let (wait, part) = fare(&path, for: .seconds(8))
    #expect(wait < .milliseconds(2) && part > 0.96, "\(wait.nanoseconds) \(part)")
  }

  @Test(
    "Acknowledgements that come late make the bandwidth too large by more than the margin; the queue is drained again",
    arguments: [(2, 12), (4, 16)] as [(Int64, Int64)])
  func late(milliseconds: Int64, most: Int64) throws {
    var path = try path(jitter: .milliseconds(milliseconds))
    let turns = path.follow(for: .milliseconds(4900))
    #expect(drains(in: turns) >= 1, "\(turns.map(\.state))")
    // Undrained it would be 17 and 28 ms.
    let (wait, part) = fare(&path, for: .seconds(8))
    #expect(wait < .milliseconds(most), "\(wait.nanoseconds)")
    #expect(part > 0.97, "\(part)")
  }

  @Test("Beside CUBIC, whose queue never empties, going down goes on, and yet a fair share is left")
  func besideCUBIC() throws {
    var path = Bottleneck(rate: BBRQueueTests.rate, roundTrip: BBRQueueTests.roundTrip, queue: 100_000)
    try path.begin(.cubic)
    try path.begin(.bbr)
    path.run(for: .seconds(10))
    let before = (path.acknowledged(0), path.acknowledged(1))
    path.run(for: .seconds(20))
    let cubic = path.acknowledged(0) - before.0
    let bbr = path.acknowledged(1) - before.1
    #expect(bbr * 3 > cubic && cubic * 3 > bbr, "\(cubic) \(bbr)")
  }
}
