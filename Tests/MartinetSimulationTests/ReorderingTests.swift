import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// What was sent again, and whether it had arrived: 20 Mbit/s, 40 ms, a queue of one bandwidth-delay product, and a wire that loses nothing.
struct Repetitions {
  struct Repetition {
    var time: Instant
    /// Since the transmission before it.
    var age: Interval
    var reason: TransmissionReason
    /// The least that RFC 8985 has a segment overtaken, as far as the peer's reports tell: RACK.min_RTT and the window.
    var patience: Interval
    var sequence: UInt32
  }

  static let roundTrip = Interval.milliseconds(40)
  private(set) var all: [Repetition] = []
  private var lastSent: [UInt32: Instant] = [:]
  private var arrivals: [UInt32: Int] = [:]
  private(set) var segments = 0
  private(set) var undone = 0
  // RACK's window after RFC 8985 section 6.2, step 4, from what is on the wire.
  private var multiplier: Int64 = 1
  private var persistence = 0
  private var round: SequenceNumber?
  private var hasSeenReordering = false
  private var sendNext = SequenceNumber(0)
  private var acknowledged = SequenceNumber(0)

  /// Repetitions of what had arrived, or was about to.
  var needless: [Repetition] { all.filter { arrivals[$0.sequence, default: 0] > 1 } }

  init(_ algorithm: CongestionAlgorithm, seed: UInt64, for time: Interval, _ edit: (inout Impairment) -> Void) throws {
    var path = Bottleneck(
      rate: 20_000_000, roundTrip: Repetitions.roundTrip, queue: 100_000, seed: seed, tracing: true, edit)
    path.pair.scenario.network.withHost(path.pair.right) { host, _ in host.setTracing(true) }
    try path.begin(algorithm)
    let end = path.now + time
    while path.now < end {
      path.run(for: .milliseconds(10))
      while let event = path.pair.scenario.network.pollTrace(of: path.pair.right) {
        guard case .received(let segment) = event.kind, segment.payload > 0 else { continue }
        arrivals[segment.sequence.rawValue, default: 0] += 1
      }
      for event in path.takeTrace() { take(event) }
    }
  }

  private mutating func take(_ event: TraceEvent) {
    switch event.kind {
    case .sent(let segment, let reason) where segment.payload > 0: sent(segment, reason, at: event.time)
    case .received(let segment): received(segment)
    case .congestion(_, _, _, .leftFastRecovery): recovered()
    case .congestion(_, _, _, .spuriousUndone):
      undone += 1
      hasSeenReordering = true
    default: break
    }
  }

  private mutating func sent(_ segment: SegmentSummary, _ reason: TransmissionReason, at now: Instant) {
    segments += 1
    let key = segment.sequence.rawValue
    let end = segment.sequence + segment.payload
    if let before = lastSent[key] {
      let window = hasSeenReordering ? min(Repetitions.roundTrip * multiplier / 4, Repetitions.roundTrip) : .zero
      all.append(
        Repetition(
          time: now, age: now - before, reason: reason, patience: Repetitions.roundTrip + window, sequence: key))
    } else {
      sendNext = end
    }
    lastSent[key] = now
  }

  private mutating func received(_ segment: SegmentSummary) {
    acknowledged = segment.acknowledgement
    guard segment.options.duplicateReport(acknowledgement: acknowledged) != nil else { return }
    if let mark = round, acknowledged.isAtOrAfter(mark) { round = nil }
    guard round == nil else { return }
    round = sendNext
    multiplier += 1
    persistence = 16
  }

  private mutating func recovered() {
    persistence = max(0, persistence - 1)
    if persistence == 0 { multiplier = 1 }
  }
}

@Suite("Reordering, and what is sent again for nothing (RFC 8985)")
struct ReorderingTests {
  static let cases: [(algorithm: CongestionAlgorithm, perMille: UInt32)] = [
    (.reno, 5), (.reno, 50), (.cubic, 5), (.cubic, 50), (.bbr, 5), (.bbr, 50),
  ]

  /// RFC 8985 takes a segment for lost that three others overtook, as long as no reordering was seen: that is one. Then it waits for a quarter of the
  /// round trip, twice as long as these are held back. What a shrinking queue takes off the round trip meanwhile may cost another.
  @Test(
    "Held back by less than a quarter of the round trip, nothing is repeated but what tells of reordering",
    .proves("8985-05", "8985-06"), arguments: cases, [1, 2] as [UInt64])
  func near(wire: (algorithm: CongestionAlgorithm, perMille: UInt32), seed: UInt64) throws {
    let seen = try Repetitions(wire.algorithm, seed: seed, for: .seconds(4)) {
      $0.reordering = .perMille(wire.perMille)
      $0.reorderingDelay = .milliseconds(5)
    }
    #expect(seen.needless.count <= 3, "\(seen.needless)")
    expectPatience(seen)
  }

  /// Held back by three quarters of the round trip a segment is repeated until the window is four quarters. RFC 8985 widens it by one for a report of a
  /// duplicate, and before that has to see reordering: four times at least one is repeated. From one time to the next it takes the wait, and the round trip of the
  /// report, and the queue: three round trips at most, in which all that is held back is repeated.
  @Test(
    "Held back by more, segments are repeated for nothing only until the window has adapted",
    .proves("8985-02", "8985-07"), arguments: cases, [1, 2] as [UInt64])
  func far(wire: (algorithm: CongestionAlgorithm, perMille: UInt32), seed: UInt64) throws {
    let seen = try Repetitions(wire.algorithm, seed: seed, for: .seconds(4)) {
      $0.reordering = .perMille(wire.perMille)
      $0.reorderingDelay = .milliseconds(30)
    }
    let perRoundTrip = seen.segments * 40 / 4000
    let allowed = 4 + 4 * 3 * perRoundTrip * Int(wire.perMille) / 1000
    #expect(seen.needless.count > 0)
    #expect(seen.needless.count <= allowed, "\(seen.needless.count) of \(allowed)")
    #expect(seen.undone > 0)
    expectPatience(seen)
  }

  /// No repetition leaves before the time that RFC 8985 section 6.2 gives what was overtaken.
  private func expectPatience(_ seen: Repetitions) {
    for repetition in seen.all where repetition.reason == .fastRetransmission {
      #expect(repetition.age >= repetition.patience, "\(repetition)")
    }
  }
}
