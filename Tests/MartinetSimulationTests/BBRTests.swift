import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// 20 Mbit/s and a round trip of 40 ms: 96 kB of payload fill the path.
@Suite("The draft's example cases for BBR (draft-ietf-ccwg-bbr, appendix)")
struct BBRTests {
  static let rate: UInt64 = 20_000_000
  static let roundTrip = Interval.milliseconds(40)

  private func path(
    queue: Int = 200_000, loss: Probability = .never, seed: UInt64 = 1, rate: UInt64 = rate,
    roundTrip: Interval = roundTrip
  ) -> Bottleneck {
    Bottleneck(rate: rate, roundTrip: roundTrip, queue: queue, loss: loss, seed: seed, tracing: true)
  }

  /// A flow that has come to the first `state` after Startup.
  private func path(in state: CongestionCause, queue: Int = 200_000, rate: UInt64 = rate) throws -> Bottleneck {
    var path = path(queue: queue, rate: rate)
    try path.begin(.bbr)
    let turns = path.follow(for: .seconds(10), until: state)
    try #require(turns.contains { $0.state == state }, "\(turns.map(\.state))")
    return path
  }

  @Test(
    "Startup ends on a plateau: in few round trips the bandwidth is known within two percent",
    .proves("bbr-01"))
  func startupPlateau() throws {
    var path = path(queue: 400_000)
    try path.begin(.bbr)
    let turns = path.follow(for: .seconds(5), until: .cruising)
    #expect(turns.map(\.state) == [.startup, .drain, .cruising])
    // Three doublings lead from ten segments to the bandwidth; three rounds more, the longer for the queue, show that it is no more.
    #expect(turns[1].time - .zero < BBRTests.roundTrip * 15)
    // While cruising data leave one percent below the bandwidth.
    let bandwidth = Double(path.status().pacingRate) / 0.99
    #expect(abs(bandwidth / path.payloadRate - 1) < 0.02, "\(bandwidth) \(path.payloadRate)")
    #expect(path.status().statistics.retransmissions == 0)
  }

  @Test("Startup ends on loss though the program has little to send", .proves("bbr-02"))
  func startupLoss() throws {
    var path = path()
    try path.begin(.bbr) { $0.sendBufferSize = 80_000 }
    #expect(path.follow(for: .seconds(2)).map(\.state) == [.startup])
    path.change { $0.loss = .percent(25) }
    // So little is in flight that Drain is over as soon as it has begun.
    let turns = path.follow(for: .seconds(1))
    #expect(turns.first?.state == .cruising, "\(turns.map(\.state))")
  }

  @Test(
    "A program that sends less than the path takes ends neither Startup nor, without loss, a probe")
  func applicationLimited() throws {
    var path = path()
    try path.begin(.bbr) { $0.sendBufferSize = 60_000 }
    #expect(path.follow(for: .milliseconds(4500)).map(\.state) == [.startup])
    #expect(path.status().isApplicationLimited)
  }

  @Test("Drain ends when what is in flight is no more than what fills the path", .proves("bbr-03"))
  func drainByFlight() throws {
    var path = try path(in: .drain, queue: 400_000)
    let paced = Double(path.status().pacingRate)
    #expect(abs(paced / (path.payloadRate * 0.5 * 0.99) - 1) < 0.03, "\(paced)")
    let turns = path.follow(for: .seconds(1), until: .cruising)
    let turn = try #require(turns.first)
    #expect(turn.inFlight <= Int(path.payloadRate * 0.040 * 1.03))
  }

  @Test("Drain ends after three rounds if the bandwidth has become less", .proves("bbr-03"))
  func drainByTime() throws {
    var path = try path(in: .drain, queue: 400_000)
    let start = path.now
    path.change { $0.rate = BBRTests.rate / 4 }
    let turns = path.follow(for: .seconds(3), until: .probingDown)
    let turn = try #require(turns.last)
    #expect(turn.state == .probingDown && turn.inFlight > Int(path.payloadRate * 0.040 * 1.5))
    #expect(turn.time - start > BBRTests.roundTrip * 3)
  }

  @Test("The cycle goes down, cruises, refills for a round and goes up, until the rate grows no more")
  func cycle() throws {
    var path = try path(in: .cruising, queue: 400_000)
    let turns = path.follow(for: .milliseconds(4800))
    let states = turns.map(\.state)
    try #require(Array(states.prefix(4)) == [.refilling, .probingUp, .probingDown, .cruising], "\(states)")
    // Refilling takes a round, probing two at least for the plateau to show; the second is the longer for the queue that the first made.
    let refilled = turns[1].time - turns[0].time
    #expect(refilled >= BBRTests.roundTrip && refilled < BBRTests.roundTrip * 2)
    let probed = turns[2].time - turns[1].time
    #expect(probed >= BBRTests.roundTrip * 2 && probed < BBRTests.roundTrip * 3)
    #expect(path.status().statistics.retransmissions == 0)
  }

  @Test("A plateau of three rounds ends a probe where the flight cannot grow to what a probe needs")
  func plateau() throws {
    var path = path(queue: 400_000)
    // The peer takes little more at a time than what fills the path: no queue shows that the probe is in vain.
    try path.begin(.bbr, receiveBuffer: 110_000)
    let turns = path.follow(for: .seconds(12), until: .probingDown)
    try #require(turns.last?.state == .probingDown, "\(turns.map(\.state))")
    let up = try #require(turns.last { $0.state == .probingUp })
    #expect(turns.last!.time - up.time >= BBRTests.roundTrip * 3)
    #expect(turns.last!.inFlight < Int(path.payloadRate * 0.040 * 1.25))
  }

  @Test("Going down ends when the queue is empty")
  func downByFlight() throws {
    var path = try path(in: .probingUp, queue: 400_000)
    let turns = path.follow(for: .seconds(2), until: .cruising)
    let turn = try #require(turns.last)
    #expect(turns.map(\.state) == [.probingDown, .cruising])
    #expect(turn.inFlight <= Int(path.payloadRate * 0.040 * 1.03))
    #expect(turns[0].inFlight > turn.inFlight)
  }

  @Test("If the queue does not empty the next probe comes in its time")
  func downByTime() throws {
    // 33 segments fill this path: so many rounds after a probe is the next.
    var path = path(queue: 400_000, roundTrip: .milliseconds(20))
    try path.begin(.bbr)
    _ = path.follow(for: .seconds(2), until: .probingUp)
    _ = path.follow(for: .seconds(2), until: .probingDown)
    let start = path.now
    path.change { $0.rate = BBRTests.rate * 8 / 10 }
    let turns = path.follow(for: .seconds(4), until: .refilling)
    #expect(turns.map(\.state) == [.refilling], "\(turns.map(\.state))")
    #expect(path.now - start < .milliseconds(2000))
  }

  @Test("Every five seconds the flight shrinks to half for 200 ms and a round", .proves("bbr-06", "bbr-15"))
  func roundTripProbe() throws {
    var path = try path(in: .probingRoundTrip)
    let start = path.now
    #expect(start > .milliseconds(5000) && start < .milliseconds(6000))
    path.run(for: .milliseconds(120))
    #expect(path.status().congestionWindow <= Int(path.payloadRate * 0.040 * 0.53))
    let turns = path.follow(for: .seconds(1), until: .cruising)
    let turn = try #require(turns.last)
    #expect(turn.time - start >= .milliseconds(200) && turn.time - start < .milliseconds(400))
    #expect(path.goodput(over: .seconds(1)) > 0.9 * path.payloadRate * 8)
    // The next one is as far away.
    let next = path.follow(for: .seconds(6), until: .probingRoundTrip)
    #expect(try #require(next.last).time - turn.time > .milliseconds(4900))
  }

  @Test("After a silence of the program no probe is needed", .proves("bbr-11"))
  func silence() throws {
    var path = path()
    try path.begin(.bbr, octets: 0) { $0.sendBufferSize = 1 << 20 }
    for _ in 0..<3000 {
      path.write(65_536)
      path.run(for: .milliseconds(1))
    }
    let before = path.follow(for: .milliseconds(1))
    #expect(path.status().pacingRate > 0)
    // What is queued leaves, and then nothing.
    _ = path.follow(for: .seconds(7))
    let paced = Double(path.status().pacingRate)
    for _ in 0..<1000 {
      path.write(65_536)
      path.run(for: .milliseconds(1))
    }
    let states = path.follow(for: .milliseconds(1)).map(\.state)
    #expect(!states.contains(.probingRoundTrip), "\(before.map(\.state)) \(states)")
    #expect(paced > 0.85 * path.payloadRate)
  }

  @Test("A slow Startup is interrupted for the round trip, and goes on", .proves("bbr-06"))
  func roundTripProbeInStartup() throws {
    var path = path()
    try path.begin(.bbr) { $0.sendBufferSize = 60_000 }
    let turns = path.follow(for: .seconds(7))
    #expect(turns.map(\.state) == [.startup, .probingRoundTrip, .startup])
  }

  @Test("A path that holds less than a segment gets a window of four, and its rate", .proves("bbr-08"))
  func tinyProduct() throws {
    var path = Bottleneck(rate: 1_000_000, roundTrip: .milliseconds(1), queue: 100_000)
    try path.begin(.bbr)
    path.run(for: .seconds(3))
    let goodput = path.goodput(over: .seconds(3)) / 8
    #expect(goodput > 0.9 * path.payloadRate && path.status().congestionWindow >= 4 * Bottleneck.segment)
    #expect(Double(path.status().pacingRate) < 1.3 * path.payloadRate)
  }

  @Test("Ten times the bandwidth are found in the next probes")
  func tenfold() throws {
    var path = try path(in: .cruising, rate: 10_000_000)
    path.change { $0.rate = 100_000_000 }
    var took = Interval.zero
    while Double(path.status().pacingRate) < 0.9 * path.payloadRate && took < .seconds(12) {
      path.run(for: .milliseconds(50))
      took = took + .milliseconds(50)
    }
    #expect(took < .seconds(8), "\(took.milliseconds) ms, \(path.status().pacingRate) of \(path.payloadRate)")
  }

  @Test(
    "A tenth of the bandwidth is noticed by the losses at once, and after two cycles nothing else is remembered",
    .proves("bbr-17"))
  func tenth() throws {
    var path = try path(in: .cruising, rate: 50_000_000)
    path.change { $0.rate = 5_000_000 }
    path.run(for: .seconds(2))
    #expect(Double(path.status().pacingRate) < 4 * path.payloadRate, "\(path.status().pacingRate)")
    path.run(for: .seconds(10))
    _ = path.takeTrace()
    // Whatever the state, no more than its gain above the rate.
    #expect(Double(path.status().pacingRate) < 1.3 * path.payloadRate, "\(path.status().pacingRate)")
    #expect(path.goodput(over: .seconds(3)) > 0.85 * 8 * path.payloadRate)
  }

  @Test("A policer that drops what is too much is obeyed")
  func policer() throws {
    var path = Bottleneck(rate: BBRTests.rate, roundTrip: BBRTests.roundTrip, queue: 12_000)
    try path.begin(.bbr)
    path.run(for: .seconds(8))
    let before = path.status().statistics
    let goodput = path.goodput(over: .seconds(8)) / 8
    let after = path.status().statistics
    let repeated = Double(after.retransmissions - before.retransmissions)
    let sent = Double(after.bytesAcknowledged - before.bytesAcknowledged) / Double(Bottleneck.segment)
    #expect(goodput > 0.8 * path.payloadRate, "\(goodput) of \(path.payloadRate)")
    #expect(repeated / sent < 0.03, "\(repeated) of \(sent)")
  }

  @Test("A recovery that was needless leaves no trace", .proves("bbr-12"))
  func spuriousRecovery() throws {
    var path = Bottleneck(rate: BBRTests.rate, roundTrip: BBRTests.roundTrip, queue: 200_000)
    try path.begin(.bbr)
    path.run(for: .seconds(2))
    path.change {
      $0.reordering = .percent(1)
      $0.reorderingDelay = .milliseconds(25)
    }
    let goodput = path.goodput(over: .seconds(2)) / 8
    #expect(path.status().statistics.spuriousRecoveries > 0)
    #expect(goodput > 0.85 * path.payloadRate, "\(goodput) of \(path.payloadRate)")
  }

  @Test("A timeout that was needless leaves no trace", .proves("bbr-12"))
  func spuriousTimeout() throws {
    var path = try path(in: .cruising)
    let before = path.status()
    path.change { $0.delay = .milliseconds(700) }
    path.run(for: .milliseconds(60))
    path.change { $0.delay = .milliseconds(20) }
    path.run(for: .seconds(2))
    let after = path.status()
    #expect(after.statistics.spuriousTimeouts > 0)
    #expect(
      after.pacingRate * 10 >= before.pacingRate * 9 && after.congestionWindow * 10 >= before.congestionWindow * 8)
  }

  @Test("Too much loss while going up sets a bound and ends it")
  func lossGoingUp() throws {
    var path = try path(in: .probingUp, queue: 400_000)
    var count = 0
    path.pair.scenario.network.setFilter(of: path.pair.wire, .toRight) { bytes, _ in
      count += 1
      return count > 60 && count < 100 && count % 3 == 0 ? .isLost : .passes
    }
    let start = path.now
    let turns = path.follow(for: .seconds(1), until: .probingDown)
    #expect(turns.last?.state == .probingDown && path.now - start < .milliseconds(150))
    // The next probe is a cautious one, and when it does no harm another follows at once.
    let next = path.follow(for: .milliseconds(8000)).map(\.state)
    #expect(next.contains(.probingUp))
  }
}
