import MartinetWire

// Loss detection and the rate of recovery with SACK: RACK (RFC 8985 section 6) and proportional rate reduction (RFC 9937).

extension Connection {
  /// The timestamp that `header` echoes; zero if it tells none.
  func echo(in header: TCPHeader) -> UInt32 {
    negotiated.timestamps && header.options.has(.timestamps) ? header.options.timestamps.echo : 0
  }

  /// What an acknowledgement brings to judge repetitions by, with the timestamp that it echoes; zero if it tells none.
  @inline(__always)
  func evidence(echo: UInt32, at now: Instant) -> AcknowledgementEvidence {
    AcknowledgementEvidence(
      now: now, echo: echo, timestampOffset: timestampOffset, minimumRoundTrip: roundTrip.minimum)
  }

  /// RACK.reo_wnd (RFC 8985 section 6.2, step 4).
  @inline(__always)
  private func reorderingWindow(_ configuration: Configuration) -> Interval {
    rack.reorderingWindow(
      isRecovering: recovery.mode != .open, sackedSegments: scoreboard.sackedSegments,
      threshold: configuration.duplicateThreshold, minimumRoundTrip: roundTrip.minimum, smoothed: roundTrip.smoothed)
  }

  /// Something arrived, cumulatively or selectively: looks for losses (RFC 8985 section 6.2, step 5), and in fast recovery makes room for what may leave.
  mutating func selectiveEvidenceArrives(advances: Bool, _ environment: inout Environment, at now: Instant) {
    let wasRecovering = recovery.mode == .fast
    // As long as a timeout is doubted nothing but the first segment counts as lost.
    guard recovery.doubt == .none else { return }
    let foundLoss = detectLoss(&environment, at: now)
    guard recovery.mode == .fast, recovery.deliveredNow > 0 else { return }
    reduceProportionally(delivered: recovery.deliveredNow, isSafe: advances && !foundLoss)
    if wasRecovering { traceCongestion(.proportionalRate, in: &environment, at: now) }
  }

  /// Takes for lost what RACK says is, and begins recovery if there was none; returns whether anything is.
  @discardableResult
  mutating func detectLoss(_ environment: inout Environment, at now: Instant) -> Bool {
    guard !scoreboard.isEmpty else {
      timers.cancel(.reordering)
      return false
    }
    let losses = scoreboard.detectLoss(
      by: rack, window: reorderingWindow(environment.configuration), recent: recovery.began, at: now)
    timers[.reordering] = losses.nextAt
    if losses.nextAt != .never { timers.cancel(.tailLossProbe) }
    guard let first = losses.first else { return false }
    if probeExplainsLoss(in: &environment, at: now) { return false }
    trace(.lossDetected(first, .fastRetransmission), in: &environment, at: now)
    // What left since the response and is lost, a repetition or new data, is a second sign of congestion (RFC 5681 section 4.3).
    if recovery.mode == .open || losses.includesRecent { enterRecovery(&environment, at: now) }
    return true
  }

  /// What was overtaken had its time.
  mutating func reorderingTimerExpired(_ environment: inout Environment, at now: Instant) {
    guard detectLoss(&environment, at: now) else { return }
    tellLosses(at: now)
    guard recovery.mode == .fast else { return }
    // What is lost leaves the flight, but nothing has arrived that would make room.
    reduceProportionally(delivered: 0, isSafe: false)
  }

  /// cwnd = inflight + SndCnt (RFC 9937 section 6.2).
  mutating func reduceProportionally(delivered: Int, isSafe: Bool) {
    let allowance = recovery.rate.allowance(
      delivered: delivered, inFlight: scoreboard.inFlight, threshold: congestion.threshold, segmentSize: segmentSize,
      isSafe: isSafe)
    congestion.on(.proportionalRate(window: scoreboard.inFlight + allowance))
  }

  /// Which segments a timeout means besides the first (RFC 8985 section 6.3): of those that left before it what had its time; without SACK all.
  mutating func loseOnTimeout(at now: Instant) {
    guard negotiated.sack else {
      scoreboard.lose(before: recovery.began, sentBy: now)
      return
    }
    let window = rack.reorderingWindow(
      isRecovering: true, sackedSegments: 0, threshold: 1, minimumRoundTrip: roundTrip.minimum,
      smoothed: roundTrip.smoothed)
    // Before anything of this connection was delivered the round trip is known from the handshake only.
    let patience = (rack.roundTrip == .zero ? roundTrip.smoothed : rack.roundTrip) + window
    scoreboard.lose(before: recovery.began, sentBy: Instant(nanoseconds: now.nanoseconds - patience.nanoseconds))
  }
}
