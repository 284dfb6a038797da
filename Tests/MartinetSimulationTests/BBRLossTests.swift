import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// Where this BBR leaves the draft (docs/deviations.tsv, bbr-09), and where it does not.
@Suite("BBR on wires that lose at random: no more than is tolerable, and more")
struct BBRLossTests {
  /// The goodput of `seconds` in Mbit/s, and the mean time that packets waited in the queue.
  private func fare(
    rate: UInt64, roundTrip: Interval, queue: Int, loss: Probability, seed: UInt64, seconds: Int64,
    jitter: Interval = .zero
  ) throws -> (goodput: Double, wait: Interval) {
    var path = Bottleneck(rate: rate, roundTrip: roundTrip, queue: queue, loss: loss, seed: seed) {
      $0.jitter = jitter
    }
    try path.begin(.bbr)
    let goodput = path.goodput(over: .seconds(seconds)) / 1e6
    let wire = path.pair.scenario.network.statistics(of: path.pair.wire, .toRight)
    return (goodput, wire.waited / Int64(wire.entered))
  }

  @Test("Two losses by chance in a flight of 83 segments end a probe, and the path stays full all the same")
  func smallFlight() throws {
    var sum = 0.0
    for seed in 1...8 as ClosedRange<UInt64> {
      let (goodput, wait) = try fare(
        rate: 10_000_000, roundTrip: .milliseconds(100), queue: 125_000, loss: .percent(1), seed: seed, seconds: 20)
      #expect(goodput > 8.9 && wait < .milliseconds(15), "seed \(seed): \(goodput), \(wait.milliseconds)")
      sum += goodput
    }
    // Startup and three probes for the round trip have the rest of 9.56.
    #expect(sum / 8 > 8.96, "\(sum / 8)")
  }

  @Test("A bandwidth that jitter has made too large keeps no queue for a whole cycle if something is lost in it")
  func queueOfJitter() throws {
    let (goodput, wait) = try fare(
      rate: 100_000_000, roundTrip: .milliseconds(20), queue: 250_000, loss: .percent(1), seed: 1, seconds: 6,
      jitter: .milliseconds(1))
    #expect(goodput > 91, "\(goodput)")
    // The queue has room for 20 ms, and would be half full.
    #expect(wait < .milliseconds(6), "\(wait.nanoseconds)")
  }

  @Test(
    "Losses of five in a hundred are answered in every round: the flight sinks to where a round without loss is likely")
  func heavy() throws {
    var path = Bottleneck(
      rate: 100_000_000, roundTrip: .milliseconds(20), queue: 250_000, loss: .percent(5), seed: 1)
    try path.begin(.bbr)
    path.run(for: .seconds(8))
    let goodput = path.goodput(over: .seconds(4)) / 1e6
    // One segment in twenty is lost: of twenty in flight none is in 36 rounds of a hundred.
    let flight = goodput * 1e6 / 8 * 0.020 / Double(Bottleneck.segment)
    #expect(flight > 8 && flight < 60, "\(flight)")
  }
}
