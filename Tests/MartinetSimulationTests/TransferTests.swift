import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Streams cross whatever the wire does")
struct TransferTests {
  /// 20 Mbit/s and 10 ms one way.
  static func link() -> Impairment {
    Impairment(rate: 20_000_000, delay: .milliseconds(10))
  }

  static func cross(
    _ impairment: Impairment, _ family: Family = .v4, seed: UInt64 = 1, sending: UInt64 = 300_000,
    receiving: UInt64 = 0
  ) throws -> ChannelStatistics {
    var crossing = Crossing(WireDescription(impairment), seed: seed)
    try crossing.open(.client(sending), .server(receiving), family)
    crossing.run(seconds: 1000)
    crossing.expectWhole()
    return crossing.statistics
  }

  @Test("Without loss nothing is sent twice", arguments: Family.allCases)
  func clean(family: Family) throws {
    var crossing = Crossing(WireDescription(TransferTests.link()))
    try crossing.open(.client(200_000), .server(0), family)
    crossing.run(seconds: 10)
    crossing.expectWhole()
    let retransmissions = crossing.trace.filter { event in
      if case .sent(_, let reason) = event.kind { reason.isRetransmission } else { false }
    }
    #expect(retransmissions.isEmpty)
  }

  @Test("Loss of 1, 5 and 20 percent", arguments: [1, 5, 20], Family.allCases)
  func loss(percent: UInt32, family: Family) throws {
    var impairment = TransferTests.link()
    impairment.loss = .percent(percent)
    let statistics = try TransferTests.cross(impairment, family, seed: UInt64(percent))
    #expect(statistics.lostAtRandom > 0)
  }

  @Test("Loss of 5 percent under twenty seeds", arguments: 1...20)
  func seeds(seed: UInt64) throws {
    var impairment = Impairment(rate: 100_000_000, delay: .milliseconds(50))
    impairment.loss = .percent(5)
    _ = try TransferTests.cross(impairment, seed: seed, sending: 150_000)
  }

  @Test("Loss in bursts")
  func bursts() throws {
    var impairment = TransferTests.link()
    impairment.burstLoss = BurstLoss(turnsBad: .percent(1), turnsGood: .percent(15))
    #expect(try TransferTests.cross(impairment, seed: 3).lostInBursts > 3)
  }

  @Test("Reordering, jitter and duplication")
  func reordering() throws {
    var impairment = TransferTests.link()
    impairment.reordering = .percent(10)
    impairment.reorderingDelay = .milliseconds(4)
    impairment.jitter = .milliseconds(3)
    impairment.duplication = .percent(10)
    let statistics = try TransferTests.cross(impairment)
    #expect(statistics.reordered > 10 && statistics.duplicated > 10)
  }

  @Test("Corruption is caught by the checksums", arguments: Family.allCases)
  func corruption(family: Family) throws {
    var impairment = TransferTests.link()
    impairment.corruption = .percent(5)
    #expect(try TransferTests.cross(impairment, family).corrupted > 5)
  }

  @Test("Everything at once, both directions at once", arguments: Family.allCases)
  func everything(family: Family) throws {
    var impairment = TransferTests.link()
    impairment.loss = .percent(3)
    impairment.reordering = .percent(3)
    impairment.duplication = .percent(3)
    impairment.corruption = .percent(2)
    impairment.jitter = .milliseconds(2)
    _ = try TransferTests.cross(impairment, family, seed: 11, sending: 200_000, receiving: 250_000)
  }

  @Test("A queue too short for the window drops, and the streams still cross")
  func shortQueue() throws {
    var impairment = TransferTests.link()
    impairment.queueCapacity = 10_000
    #expect(try TransferTests.cross(impairment, sending: 2_000_000).lostToFullQueue > 0)
  }

  @Test("A partition that heals delays the streams and harms them not")
  func partition() throws {
    var crossing = Crossing(WireDescription(TransferTests.link()))
    try crossing.open(.client(2_000_000), .server(0))
    crossing.pair.scenario.network.schedule(.condition(.partitioned), of: crossing.pair.wire, at: .milliseconds(300))
    crossing.pair.scenario.network.schedule(.condition(.whole), of: crossing.pair.wire, at: .seconds(20))
    crossing.run(seconds: 100)
    crossing.expectWhole()
    #expect(crossing.statistics.lostToPartition > 0)
  }

  @Test("Sequence numbers wrap in the middle of the stream", arguments: [1, 30_000, 65_535])
  func wrap(octetsBefore: UInt32) throws {
    let first = try TransferTests.firstSequence(startingAt: .zero)
    // The ISN grows by one each 4 microseconds (RFC 6528 section 3).
    let missing = (0 &- octetsBefore) &- first
    let start = Instant(nanoseconds: Int64(missing) * 4000)
    #expect(try TransferTests.firstSequence(startingAt: start) == 0 &- octetsBefore)
    var impairment = TransferTests.link()
    impairment.loss = .percent(5)
    var crossing = Crossing(WireDescription(impairment))
    crossing.pair.scenario.network.advance(to: start)
    try crossing.open(.client(300_000), .server(0))
    crossing.run(seconds: 1000)
    crossing.expectWhole()
  }

  /// ISS of the connection that opens at `start`.
  static func firstSequence(startingAt start: Instant) throws -> UInt32 {
    var crossing = Crossing(WireDescription(TransferTests.link()))
    crossing.pair.scenario.network.advance(to: start)
    try crossing.open(.client(0), .server(0))
    crossing.run(seconds: 1)
    for event in crossing.trace {
      if case .sent(let segment, _) = event.kind { return segment.sequence.rawValue }
    }
    return 0
  }
}
