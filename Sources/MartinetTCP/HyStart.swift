import MartinetWire

/// HyStart++ (RFC 9406): slow start that ends when round trips grow, before anything is lost.
struct HyStart {
  /// MIN_RTT_THRESH, MAX_RTT_THRESH, MIN_RTT_DIVISOR, N_RTT_SAMPLE, CSS_GROWTH_DIVISOR, CSS_ROUNDS and L (section 4.3).
  private static let leastThreshold = Interval.milliseconds(4)
  private static let largestThreshold = Interval.milliseconds(16)
  private static let divisor: Int64 = 8
  private static let samplesPerRound = 8
  private static let growthDivisor = 4
  private static let conservativeRounds = 5
  private static let segmentsPerAcknowledgement = 8

  private enum Phase {
    case slowStart
    /// Conservative slow start, with the round trip that it began with and the rounds that it has lasted.
    case conservative(baseline: Interval, rounds: Int)
    case over
  }

  private var phase = Phase.slowStart
  /// windowEnd: the round ends when this is acknowledged.
  private var windowEnd: SequenceNumber?
  private var lastMinimum = Interval.forever
  private var minimum = Interval.forever
  private var samples = 0

  var isConservative: Bool { if case .conservative = phase { true } else { false } }
  /// Whether slow start is to end.
  var isOver: Bool { if case .over = phase { true } else { false } }

  /// Loss, or a mark: slow start is over (section 4.2).
  mutating func end() { phase = .over }

  /// The octets that the window grows by for an acknowledgement.
  mutating func growth(for sample: AcknowledgementSample) -> Int {
    beginRound(sample)
    measure(sample)
    let growth = min(sample.octets, HyStart.segmentsPerAcknowledgement * sample.segmentSize)
    switch phase {
    case .slowStart: return growth
    case .conservative: return growth / HyStart.growthDivisor
    case .over: return sample.cautiousGrowth
    }
  }

  private mutating func beginRound(_ sample: AcknowledgementSample) {
    if let windowEnd, !sample.acknowledged.isAtOrAfter(windowEnd) { return }
    if windowEnd != nil {
      if case .conservative(let baseline, let rounds) = phase {
        phase = rounds + 1 >= HyStart.conservativeRounds ? .over : .conservative(baseline: baseline, rounds: rounds + 1)
      }
      lastMinimum = minimum
    }
    windowEnd = sample.sendNext
    minimum = .forever
    samples = 0
  }

  private mutating func measure(_ sample: AcknowledgementSample) {
    guard let roundTrip = sample.roundTrip else { return }
    minimum = min(minimum, roundTrip)
    samples += 1
    guard samples >= HyStart.samplesPerRound else { return }
    switch phase {
    case .slowStart:
      guard lastMinimum != .forever else { return }
      let threshold = max(HyStart.leastThreshold, min(lastMinimum / HyStart.divisor, HyStart.largestThreshold))
      if minimum >= lastMinimum + threshold { phase = .conservative(baseline: minimum, rounds: 0) }
    case .conservative(let baseline, _):
      // The round trips have shrunk again: what looked like a queue was noise.
      if minimum < baseline { phase = .slowStart }
    case .over: break
    }
  }
}
