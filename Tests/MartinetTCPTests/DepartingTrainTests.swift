import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Trains of segments that leave together")
struct DepartingTrainTests {
  /// A connection whose SYN was answered with `flags`.
  private func opened(_ ecn: ECNPreference, by flags: TCPFlags) -> ConnectionBench {
    var bench = ConnectionBench { $0.connection.ecn = ecn }
    bench.drain()
    let theirs = bench.theirs
    bench.arrive(flags) {
      $0.sequence = theirs
      $0.options.present.insert(.maximumSegmentSize)
      $0.options.maximumSegmentSize = 1460
    }
    return bench
  }

  /// The payloads of what leaves now where trains may.
  private func departures(_ bench: inout ConnectionBench) -> [Int] {
    var payloads: [Int] = []
    var departure = Departure()
    while bench.connection.pollTransmit(
      into: &departure, maximumTrain: 61440, in: &bench.environment, at: bench.now) != nil
    {
      if departure.payloadCount > 0 { payloads.append(departure.payloadCount) }
      departure.release(to: &bench.environment.pool)
    }
    return payloads
  }

  @Test(
    "While CWR stands in the counter of accurate ECN segments leave one by one, since trains lose it",
    .proves("9768-09"))
  func counters() throws {
    var bench = opened(.ask, by: [.syn, .ack, .cwr])
    _ = departures(&bench)
    // The counter begins with 5, and has CWR at 6 and 7.
    for hasTrains in [false, false, true] {
      var facts = ArrivalFacts()
      facts.ecn = .congestionExperienced
      guard let chain = bench.environment.pool.chain(copying: ([1] as [UInt8]).span.bytes) else {
        Issue.record("no page")
        return
      }
      bench.connection.receive(bench.header(.ack), payload: chain, facts: facts, in: &bench.environment, at: bench.now)
      _ = departures(&bench)
      #expect(bench.write([UInt8](repeating: 1, count: 2920)) == 2920)
      let largest = try #require(departures(&bench).max())
      #expect((largest > 1460) == hasTrains, "\(largest)")
    }
  }
}
