// BBR's ProbeRTT and the least round trip (draft-ietf-ccwg-bbr sections 5.3.4, 5.4 and 5.5.7).

extension BBR {
  /// The least round trip of late.
  struct RoundTripFilter {
    /// BBR.MinRTTFilterLen and BBR.ProbeRTTInterval
    private static let filterLength = Interval.seconds(10)
    private static let probeInterval = Interval.seconds(5)

    /// BBR.min_rtt and BBR.min_rtt_stamp; for ever before there is a sample.
    private(set) var minimum: Interval
    private var minimumStamp: Instant
    /// BBR.probe_rtt_min_delay and BBR.probe_rtt_min_stamp
    private var probeMinimum: Interval
    private var probeStamp: Instant
    /// BBR.probe_rtt_expired
    private(set) var isExpired = false

    init(_ path: PathState) {
      minimum = path.smoothedRoundTrip > .zero ? path.smoothedRoundTrip : .forever
      minimumStamp = path.now
      probeMinimum = minimum
      probeStamp = path.now
    }

    /// UpdateMinRTT
    mutating func take(_ roundTrip: Interval?, at now: Instant) {
      isExpired = now > probeStamp + RoundTripFilter.probeInterval
      if let roundTrip, roundTrip < probeMinimum || isExpired {
        probeMinimum = roundTrip
        probeStamp = now
      }
      if probeMinimum < minimum || now > minimumStamp + RoundTripFilter.filterLength {
        minimum = probeMinimum
        minimumStamp = probeStamp
      }
    }

    /// The next probe is due an interval from now.
    mutating func schedule(at now: Instant) { probeStamp = now }
  }

  /// Where a probe for the least round trip stands.
  struct RoundTripProbe {
    /// BBR.probe_rtt_done_stamp; nil before the flight is small enough.
    var done: Instant?
    /// BBR.probe_rtt_round_done
    var roundIsOver = false
  }

  /// BBR.ProbeRTTDuration
  private static let probeDuration = Interval.milliseconds(200)

  mutating func updateMinimumRoundTrip() {
    roundTrip.take(sample.roundTrip, at: path.now)
  }

  /// CheckProbeRTT
  mutating func checkRoundTripProbe() {
    if state != .probeRoundTrip && roundTrip.isExpired && !isRestartingFromIdle {
      saveWindow()
      state = .probeRoundTrip
      probe = RoundTripProbe()
      cycle.feedback = .stopping
      startRound()
    }
    if state == .probeRoundTrip { goOnProbing() }
    if sample.delivered > 0 { isRestartingFromIdle = false }
  }

  /// HandleProbeRTT. The flight is small for a while and a round at least.
  private mutating func goOnProbing() {
    guard probe.done != nil else {
      guard path.inFlight <= probeWindow else { return }
      probe.done = path.now + BBR.probeDuration
      probe.roundIsOver = false
      startRound()
      return
    }
    if rounds.isStart { probe.roundIsOver = true }
    if probe.roundIsOver { checkProbeDone() }
  }

  /// CheckProbeRTTDone and ExitProbeRTT
  private mutating func checkProbeDone() {
    guard let done = probe.done, path.now > done else { return }
    roundTrip.schedule(at: path.now)
    restoreWindow()
    bounds.forgetShortTerm()
    if pipe.wasReached {
      startDown()
      startCruise()
    } else {
      state = .startup
    }
  }

  /// HandleRestartFromIdle (section 5.4): nothing is in flight, and data are about to leave.
  mutating func restart(_ path: PathState) {
    guard path.isApplicationLimited else { return }
    self.path = path
    isRestartingFromIdle = true
    aggregation.start = path.now
    if state.isOfProbeCycle {
      setPacingRate(gain: 100)
    } else if state == .probeRoundTrip {
      checkProbeDone()
    }
  }
}
