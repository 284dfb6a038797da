import MartinetWire

// What congestion control is told of the path: samples of the delivery rate, and losses (draft-ietf-ccwg-bbr sections 4.1 and 5.2).

extension Connection {
  /// How the connection stands.
  func pathState(at now: Instant) -> PathState {
    var path = PathState()
    path.now = now
    path.segmentSize = segmentSize
    path.inFlight = scoreboard.inFlight
    path.delivered = scoreboard.delivered
    path.lost = scoreboard.rate.lost
    path.smoothedRoundTrip = roundTrip.smoothed
    path.isWindowLimited = scoreboard.rate.isWindowLimited
    path.isApplicationLimited = scoreboard.rate.isApplicationLimited
    path.usesSACK = negotiated.sack
    path.seed = UInt64(snd.iss.rawValue) << 32 | UInt64(timestampOffset)
    return path
  }

  /// Notes that there is nothing to send where the congestion window would take it (section 4.1.2.4). To be asked before data are queued, and before an
  /// acknowledgement or a timer changes anything. Less than a segment, which Nagle's algorithm may hold back, is nothing.
  @inline(__always)
  mutating func noteApplicationLimit() {
    guard unsentBytes < segmentSize, scoreboard.lost == 0, scoreboard.inFlight < congestion.window else { return }
    scoreboard.rate.markApplicationLimited(inFlight: scoreboard.inFlight)
  }

  /// Tells congestion control what was taken for lost.
  @inline(__always)
  mutating func tellLosses(at now: Instant) {
    if scoreboard.rate.hasLosses { tellOfLosses(at: now) }
  }

  private mutating func tellOfLosses(at now: Instant) {
    guard let note = scoreboard.rate.takeLosses(), congestion.bbrState != nil else { return }
    congestion.on(.lost(note, pathState(at: now)))
  }

  /// The acknowledgement has been taken in: what it tells of the path.
  @inline(always)
  mutating func sampleRate(_ environment: inout Environment, at now: Instant) {
    tellLosses(at: now)
    scoreboard.rate.finish(minimumRoundTrip: roundTrip.minimum)
    guard scoreboard.rate.sample.newlyAcknowledged > 0 else { return }
    if environment.trace.isEnabled && scoreboard.rate.sample.rate > .zero {
      let sample = scoreboard.rate.sample
      trace(
        .deliveryRate(sample.rate.octetsPerSecond, isApplicationLimited: sample.isApplicationLimited),
        in: &environment, at: now)
    }
    // The others ask for no samples.
    guard congestion.algorithm == .bbr, let state = congestion.bbrState else { return }
    let sample = scoreboard.rate.sample
    let window = congestion.window
    congestion.on(.sampled(sample, pathState(at: now)))
    guard let cause = congestion.bbrState?.cause else { return }
    // While the flight is small on purpose its rate tells nothing of the path (section 5.3.4.3).
    if cause == .probingRoundTrip { scoreboard.rate.markApplicationLimited(inFlight: scoreboard.inFlight) }
    if congestion.window != window || congestion.bbrState != state {
      traceCongestion(cause, in: &environment, at: now)
    }
  }
}
