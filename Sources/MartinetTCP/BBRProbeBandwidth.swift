// BBR's ProbeBW (draft-ietf-ccwg-bbr section 5.3.3): down, cruise, refill, up.

extension BBR {
  /// Where the cycle of probing stands.
  struct Cycle {
    /// BBR.ack_phase: what the acknowledgements tell of.
    enum Feedback: UInt8 { case none, refilling, starting, arriving, stopping }

    var feedback = Feedback.none
    /// BBR.is_bw_probe_sample
    var isProbeSample = false
    /// BBR.cycle_stamp
    var start = Instant.zero
    /// BBR.bw_probe_wait
    var wait = Interval.zero
    /// BBR.rounds_since_probe_up
    var roundsSinceUp = 0
    /// BBR.bw_probe_up_rounds, BBR.bw_probe_up_acked and BBR.probe_up_acked_per_inc
    var upRounds = 0
    var upAcknowledged = 0
    var octetsPerSegment = Int.max
    /// BBR.prev_probe_too_high and BBR.prev_probe_precautionary
    var lastWasTooHigh = false
    var lastWasPrecautionary = false
    /// Whether no queue showed when losses ended the last probe that ended so.
    var lostWithoutQueue = false
    /// BBR.drain_start_round
    var drainStart = 0
    /// The least that was in flight in this round of cruising.
    var leastFlight = Int.max
    private var random: UInt64

    init(seed: UInt64) { random = seed }

    /// A number below `bound`, of a sequence that the seed decides (SplitMix64).
    mutating func choose(below bound: UInt64) -> UInt64 {
      random &+= 0x9E37_79B9_7F4A_7C15
      var mixed = random
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return (mixed ^ (mixed >> 31)) % bound
    }
  }

  /// Rounds after which bandwidth is probed for whatever the clock says, so that Reno and CUBIC have their time (section 5.3.3.8).
  private static let coexistenceRounds = 63

  // MARK: Entering the states

  /// StartProbeBW_DOWN
  mutating func startDown() {
    losses.isInRound = false
    bounds.forgetLatest()
    cycle.octetsPerSegment = Int.max
    cycle.roundsSinceUp = Int(cycle.choose(below: 2))
    cycle.wait = .seconds(2) + .microseconds(Int64(cycle.choose(below: 1_000_000)))
    cycle.start = path.now
    cycle.feedback = .stopping
    startRound()
    state = .down
  }

  /// StartProbeBW_CRUISE
  mutating func startCruise() {
    cycle.leastFlight = Int.max
    state = .cruise
  }

  /// StartProbeBW_REFILL
  mutating func startRefill() {
    bounds.forgetShortTerm()
    cycle.upRounds = 0
    cycle.upAcknowledged = 0
    cycle.lastWasPrecautionary = false
    cycle.feedback = .refilling
    startRound()
    state = .refill
  }

  /// StartProbeBW_UP
  private mutating func startUp() {
    cycle.feedback = .starting
    startRound()
    pipe.reset(baseline: sample.rate)
    state = .up
    raiseSlope()
  }

  // MARK: Going on

  /// UpdateProbeBWCyclePhase
  mutating func updateProbeCycle() {
    guard pipe.wasReached, !adaptLongTerm() else { return }
    switch state {
    case .down:
      if isTimeToProbe { startRefill() } else if isTimeToCruise { startCruise() }
    case .cruise:
      if isTimeToProbe { startRefill() } else if queueStands() { state = .down }
    case .refill:
      guard rounds.isStart else { return }
      cycle.isProbeSample = true
      startUp()
    case .up:
      guard isTimeToGoDown() else { return }
      cycle.lastWasTooHigh = false
      startDown()
    case .startup, .drain, .probeRoundTrip: break
    }
  }

  /// IsTimeToProbeBW and IsRenoCoexistenceProbeTime
  private var isTimeToProbe: Bool {
    if path.now > cycle.start + cycle.wait { return true }
    let segments = min(bandwidthDelayProduct(percent: 100), window) / path.segmentSize
    return cycle.roundsSinceUp >= min(segments, BBR.coexistenceRounds)
  }

  /// IsTimeToCruise
  private var isTimeToCruise: Bool {
    path.inFlight <= flightWithHeadroom && path.inFlight <= targetFlight(of: bandwidth.maximum) + aggregation.extra
  }

  /// Whether more was in flight throughout a round than fills the path: a queue that cruising keeps, or lets grow.
  ///
  /// Unlike in the draft it is drained again, as after a probe. The bandwidth is the largest of many samples, and acknowledgements that come a little
  /// late and a little early make that one too large by a few percent, more than the one by which data leave slower. For the rest of the cycle
  /// nothing but the congestion window would end the growth of the queue.
  private mutating func queueStands() -> Bool {
    cycle.leastFlight = min(cycle.leastFlight, path.inFlight)
    guard rounds.isStart else { return false }
    defer { cycle.leastFlight = path.inFlight }
    let enough = targetFlight(of: bandwidth.maximum, percent: BBR.fullShare) + 2 * path.segmentSize
    return cycle.leastFlight > enough + aggregation.extra
  }

  /// IsTimeToGoDown
  private mutating func isTimeToGoDown() -> Bool {
    if cycle.lastWasTooHigh && path.inFlight >= bounds.longTerm {
      cycle.lastWasPrecautionary = true
      return true
    }
    if path.isWindowLimited && window >= bounds.longTerm {
      pipe.reset(baseline: sample.rate)
      return false
    }
    return pipe.isReached || probeIsInQueue
  }

  /// Whether a plateau shows in the rate and a queue in the flight.
  ///
  /// Unlike in the draft two rounds are enough then, not three: the second has brought the acknowledgements of all that the first sent faster, and what
  /// they do not show stands in a queue, to which a third round would add as much again. Where the path takes the probe the flight is 1.25 times
  /// what the round delivered; where it does not, the square of that after two rounds.
  private var probeIsInQueue: Bool {
    pipe.rounds >= 2 && rounds.isStart
      && path.inFlight >= targetFlight(of: bandwidth.maximum, percent: 140) + aggregation.extra
  }

  /// Whether losses ended the last probe that say neither that too much was in flight nor what the path takes.
  ///
  /// Unlike in the draft such a probe does not move the maximum of the bandwidth on (section 5.5.6): in a small flight two losses by chance end a probe
  /// before anything of what it sent faster is acknowledged. Two of them, and what an earlier one found would be forgotten, for samples of a pace that stays one
  /// percent below it and arrives short by what is lost. A path that has become slower shows a queue, or loses more than is tolerable.
  private var probeEndedByChance: Bool { cycle.lastWasTooHigh && cycle.lostWithoutQueue && !losses.isHeavy }

  // MARK: The long-term bound

  /// RaiseInflightLongtermSlope: in each round the bound grows by twice the segments of the round before.
  private mutating func raiseSlope() {
    let growth = 1 << cycle.upRounds
    cycle.upRounds = min(cycle.upRounds + 1, 30)
    cycle.octetsPerSegment = max(window / growth, path.segmentSize)
  }

  /// ProbeInflightLongtermUpward
  private mutating func raiseLongTerm() {
    guard path.isWindowLimited, window >= bounds.longTerm else { return }
    cycle.upAcknowledged += sample.newlyAcknowledged
    if cycle.upAcknowledged >= cycle.octetsPerSegment {
      let segments = cycle.upAcknowledged / cycle.octetsPerSegment
      cycle.upAcknowledged -= segments * cycle.octetsPerSegment
      bounds.longTerm = min(bounds.longTerm + segments * path.segmentSize, Bounds.none)
    }
    if rounds.isStart { raiseSlope() }
  }

  /// AdaptLongTermModel; whether it changed the state.
  private mutating func adaptLongTerm() -> Bool {
    if cycle.feedback == .starting && rounds.isStart { cycle.feedback = .arriving }
    if cycle.feedback == .stopping && rounds.isStart {
      cycle.isProbeSample = false
      cycle.feedback = .none
      if state.isOfProbeCycle && !sample.isApplicationLimited && !probeEndedByChance { bandwidth.advance() }
      if state.isOfProbeCycle && cycle.lastWasPrecautionary && !cycle.lastWasTooHigh {
        startRefill()
        return true
      }
    }
    guard !flightIsTooLarge, bounds.longTerm < Bounds.none else { return false }
    bounds.longTerm = max(bounds.longTerm, sample.inFlight)
    if state == .up { raiseLongTerm() }
    return false
  }
}
