import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// A round trip of 40 ms and room in the queue for everything: what is lost, the wire loses.
@Suite("Recovery at work (RFC 8985, RFC 9937)")
struct RecoveryTests {
  private func crossing(seed: UInt64 = 1, _ edit: (inout Impairment) -> Void = { _ in }) -> Crossing {
    var impairment = Impairment(rate: 50_000_000, delay: .milliseconds(20))
    impairment.queueCapacity = 10_000_000
    var wire = WireDescription(impairment)
    edit(&impairment)
    wire.toRight = impairment
    return Crossing(wire, seed: seed)
  }

  /// A window that the path holds without a queue, so that all round trips are alike.
  private var narrow: ConnectionOptions {
    var options = ConnectionOptions()
    options.receiveBufferSize = 200_000
    return options
  }

  /// Congestion control whose slow start takes two segments at most for an acknowledgement, so that no burst makes a queue.
  private var smooth: ConnectionOptions {
    var options = ConnectionOptions()
    options.congestion = .reno
    return options
  }

  private func octets(_ crossing: borrowing Crossing, since start: Instant, until end: Instant) -> Int {
    crossing.sentData.filter { $0.time > start && $0.time < end }.reduce(0) { $0 + $1.range.count }
  }

  @Test(
    "Random loss is repaired by what is lost and little more, and seldom by the timer", .proves("8985-17", "8985-19"),
    arguments: [(1, 3_000_000, 20), (5, 1_500_000, 20), (20, 200_000, 4)], 1...3 as ClosedRange<UInt64>)
  func randomLoss(wire: (percent: UInt32, octets: UInt64, lossesPerTimeout: Int), seed: UInt64) throws {
    var crossing = crossing(seed: seed) { $0.loss = .percent(wire.percent) }
    try crossing.open(.client(wire.octets), .server(0))
    crossing.run(seconds: 1000)
    let repairs = crossing.sentData.filter { $0.reason.isRetransmission }.count
    let probes = crossing.sentData.filter { $0.reason == .tailLossProbe }.count
    let timeouts = crossing.sentData.filter { $0.reason == .timeout }.count
    let lost = Int(crossing.statistics.lostAtRandom)
    #expect(repairs + probes > 0 && lost > 0)
    // Each timer that expires may have been wrong about one segment.
    #expect(repairs <= lost + timeouts, "\(repairs) repairs of \(lost) losses, \(probes) probes, \(timeouts) timeouts")
    // Where windows are two or three segments nothing may be left to tell of a loss.
    #expect(timeouts * wire.lossesPerTimeout <= lost, "\(timeouts) timeouts for \(lost) losses")
    crossing.expectWhole()
  }

  @Test("A burst of thirty is repaired in a few round trips and without the timer", .proves("9937-12"))
  func burst() throws {
    var crossing = crossing()
    crossing.lose(Set(100..<130))
    try crossing.open(.client(3_000_000), .server(0))
    crossing.run(seconds: 100)
    #expect(!crossing.congestion.contains { $0.cause == .retransmissionTimeout })
    let entry = try #require(crossing.congestion.first { $0.cause == .enteredFastRecovery })
    let exit = try #require(crossing.congestion.first { $0.cause == .leftFastRecovery })
    #expect(exit.time - entry.time < .milliseconds(160))
    #expect(crossing.sentData.filter { $0.reason.isRetransmission }.count == 30)
    // Recovery sends no more than has arrived in it and the segment that is forced, until the flight is what it is to be.
    let arrived = crossing.acknowledgedOctets(since: entry.time, until: exit.time)
    #expect(octets(crossing, since: entry.time, until: exit.time) <= arrived + 2 * CongestionTests.segment)
    crossing.expectWhole()
  }

  @Test(
    "Reordering of up to a twentieth of the segments by less than the window repeats nothing once it was seen",
    .proves("8985-05", "8985-06"), arguments: [1, 2, 5] as [UInt32], 1...3 as ClosedRange<UInt64>)
  func reordering(percent: UInt32, seed: UInt64) throws {
    var crossing = crossing(seed: seed) {
      $0.reordering = .percent(percent)
      $0.reorderingDelay = .milliseconds(6)
    }
    try crossing.open(.client(3_000_000), .server(0), options: smooth, serverOptions: narrow)
    crossing.run(seconds: 100)
    #expect(crossing.statistics.reordered > 10)
    // Before reordering was seen RFC 8985 has a segment lost that three others overtook: so begins one recovery, and no more.
    let repairs = crossing.sentData.filter { $0.reason.isRetransmission }
    #expect(crossing.congestion.filter { $0.cause == .enteredFastRecovery }.count <= 1)
    if let undone = crossing.congestion.first(where: { $0.cause == .spuriousUndone }) {
      #expect(repairs.allSatisfy { $0.time <= undone.time })
    } else {
      #expect(repairs.isEmpty)
    }
    // And what that cost is taken back.
    let last = try #require(crossing.congestion.last)
    #expect(last.threshold == crossing.congestion[0].threshold)
    crossing.expectWhole()
  }

  @Test("Reordering beyond the window widens it until nothing is repeated", .proves("8985-02", "8985-07"))
  func farReordering() throws {
    var crossing = crossing(seed: 2) {
      $0.reordering = .percent(2)
      $0.reorderingDelay = .milliseconds(25)
    }
    try crossing.open(.client(12_000_000), .server(0), serverOptions: narrow)
    crossing.run(seconds: 100)
    let repairs = crossing.sentData.filter { $0.reason.isRetransmission }
    let end = try #require(crossing.sentData.last).time
    #expect(repairs.count > 0 && crossing.statistics.reordered > 50)
    #expect(repairs.filter { $0.time > .zero + (end - .zero) / 2 }.isEmpty)
    crossing.expectWhole()
  }

  @Test(
    "The loss of a tail is repaired by a probe within its time and a round trip or two, not by the timer",
    .proves("8985-11", "8985-13"), arguments: 1...5)
  func tail(lost: Int) throws {
    // The floor of the timer is far above the time that a probe takes.
    var configuration = HostConfiguration()
    configuration.tcp.minimumRetransmissionTimeout = .seconds(1)
    var crossing = Crossing(CongestionTests.link(), left: configuration)
    // Fifty segments; the end of the stream goes with the last of them.
    crossing.lose(Set((51 - lost)...50))
    try crossing.open(.client(UInt64(50 * CongestionTests.segment)), .server(0))
    crossing.run(seconds: 100)
    let sent = crossing.sentData
    #expect(!sent.contains { $0.reason == .timeout })
    let probe = try #require(sent.first { $0.reason == .tailLossProbe })
    // Two round trips after the last acknowledgement, and as long as one of a single segment may be delayed.
    var (since, smoothed) = (Instant.zero, Interval.zero)
    for event in crossing.trace where event.time < probe.time {
      if case .roundTrip(_, let value, _, _) = event.kind { (since, smoothed) = (event.time, value) }
    }
    #expect(probe.time == since + smoothed * 2 + (lost == 1 ? .milliseconds(200) : .zero))
    // One round trip tells what is lost, and slow start from two segments repairs it.
    let last = try #require(sent.last)
    #expect(last.time - probe.time <= .milliseconds(lost == 1 ? 0 : lost <= 3 ? 90 : 135))
    crossing.expectWhole()
  }

  @Test("A repetition that is lost is repaired without the timer", .proves("8985-19"), arguments: 1...3)
  func lostRepetition(times: Int) throws {
    var crossing = crossing()
    var victim: UInt32?
    var count = 0
    var losses = 0
    crossing.pair.scenario.network.setFilter(of: crossing.pair.wire, .toRight) { bytes, _ in
      guard bytes.byteCount > 200 else { return .passes }
      count += 1
      let sequence = bytes.uint32(at: 24)
      if count == 100 { victim = sequence }
      guard sequence == victim, losses <= times else { return .passes }
      losses += 1
      return .isLost
    }
    try crossing.open(.client(3_000_000), .server(0))
    crossing.run(seconds: 100)
    #expect(losses == times + 1)
    #expect(!crossing.congestion.contains { $0.cause == .retransmissionTimeout })
    let repairs = crossing.sentData.filter { $0.reason.isRetransmission }.map(\.time)
    #expect(repairs.count == times + 1)
    // Each is noticed after a round trip.
    for (before, after) in zip(repairs, repairs.dropFirst()) { #expect(after - before < .milliseconds(100)) }
    crossing.expectWhole()
  }

  @Test("A timeout that a sudden delay causes is noticed and taken back", .proves("5682-06"), arguments: [true, false])
  func spuriousTimeout(timestamps: Bool) throws {
    var configuration = HostConfiguration()
    configuration.tcp.timestamps = timestamps
    var crossing = Crossing(CongestionTests.link(), left: configuration)
    var slow = Impairment(rate: 50_000_000, delay: .milliseconds(520))
    slow.queueCapacity = 10_000_000
    crossing.pair.scenario.network.schedule(.impairment(slow, .toRight), of: crossing.pair.wire, at: .milliseconds(200))
    try crossing.open(.client(6_000_000), .server(0))
    crossing.run(seconds: 100)
    let changes = crossing.congestion
    let timeout = try #require(changes.firstIndex { $0.cause == .retransmissionTimeout })
    let undone = try #require(changes.firstIndex { $0.cause == .spuriousUndone })
    #expect(timeout > 0 && undone > timeout)
    #expect(changes[undone].threshold == changes[timeout - 1].threshold)
    crossing.expectWhole()
  }
}

extension Crossing {
  /// The octets that acknowledgements brought news of, cumulatively or in their first block.
  func acknowledgedOctets(since start: Instant, until end: Instant) -> Int {
    var highest: SequenceNumber?
    var first: SequenceNumber?
    for event in trace where event.time <= end {
      guard case .received(let segment) = event.kind else { continue }
      highest = .later(highest ?? segment.acknowledgement, segment.acknowledgement)
      if event.time <= start { first = highest }
    }
    guard let first, let highest else { return 0 }
    return highest.distance(from: first)
  }
}
