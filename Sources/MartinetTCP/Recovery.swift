import MartinetWire

// Where loss recovery begins and ends, whichever evidence there is: SACK (LossDetection) or duplicates (DuplicateRecovery).

extension Connection {
  /// SND.UNA has advanced; returns whether the retransmission timer starts anew.
  @inline(always)
  mutating func recoverOrGrow(_ sample: AcknowledgementSample, _ environment: inout Environment) -> Bool {
    let now = sample.now
    recovery.duplicates = 0
    flags.remove(.limitedTransmit)
    switch recovery.mode {
    case .open:
      grow(sample, &environment)
    case .fast:
      if snd.una.isAtOrAfter(recovery.recover) {
        leaveRecovery(&environment, at: now)
      } else if !negotiated.sack {
        return partialAcknowledgementArrives(sample, &environment)
      }
    case .timeout:
      if snd.una.isAtOrAfter(recovery.recover) {
        recovery.mode = .open
        rack.recovered()
        congestion.on(.leftTimeout)
      }
      grow(sample, &environment)
    }
    return true
  }

  @inline(__always)
  private mutating func grow(_ sample: AcknowledgementSample, _ environment: inout Environment) {
    guard validateWindow(sample, &environment) else { return }
    let before = congestion.window
    let cause = congestion.isInSlowStart ? CongestionCause.slowStart : .congestionAvoidance
    congestion.acknowledged(sample)
    if congestion.window != before { traceCongestion(cause, in: &environment, at: sample.now) }
  }

  /// An acknowledgement that acknowledges nothing new while data are outstanding (RFC 5681 section 2).
  mutating func duplicateArrives(_ environment: inout Environment, at now: Instant) {
    statistics.duplicateAcknowledgements += 1
    recovery.duplicates += 1
    if negotiated.sack {
      // What was reported has made room in the flight: new data that leave now leave by limited transmit (RFC 3042).
      if recovery.mode == .open { flags.insert(.limitedTransmit) }
    } else {
      countDuplicate(&environment, at: now)
    }
  }

  mutating func enterRecovery(_ environment: inout Environment, at now: Instant) {
    let isAnswered = lossIsAnsweredByMark
    rememberForUndo(isTimeout: false)
    if recovery.mode == .fast && negotiated.sack {
      // A second sign of congestion is measured from where the first one leads, not from what is in flight at the moment.
      congestion.on(.leftRecovery(flightSize: 0, segmentSize: segmentSize, usesSACK: true))
    }
    recovery.mode = .fast
    recovery.recover = snd.nxt
    recovery.flightSize = snd.outstanding.count
    recovery.sawPartial = false
    recovery.began = scoreboard.nextNumber
    // What limited transmit sent does not count (RFC 5681 section 3.2, step 2).
    var flightSize = min(snd.outstanding.count, max(congestion.window, segmentSize))
    if environment.configuration.windowValidation {
      flightSize = recovery.validation.beginRecovery(
        flightSize: flightSize, window: congestion.window, smoothed: roundTrip.smoothed, at: now)
    }
    if isAnswered {
      if !negotiated.sack { congestion.on(.proportionalRate(window: congestion.window + 3 * segmentSize)) }
    } else {
      congestion.on(
        .enteredRecovery(flightSize: flightSize, segmentSize: segmentSize, usesSACK: negotiated.sack))
    }
    noteReduction()
    flags.remove(.limitedTransmit)
    endProbing()
    if negotiated.sack {
      recovery.rate.begin(flightSize: snd.outstanding.count - scoreboard.sackedOctets + recovery.deliveredNow)
      reduceProportionally(delivered: 0, isSafe: false)
    }
    traceCongestion(.enteredFastRecovery, in: &environment, at: now)
  }

  private mutating func leaveRecovery(_ environment: inout Environment, at now: Instant) {
    recovery.mode = .open
    recovery.front = nil
    rack.recovered()
    congestion.on(
      .leftRecovery(
        flightSize: snd.outstanding.count, segmentSize: segmentSize, usesSACK: negotiated.sack))
    settleValidation(environment.configuration)
    traceCongestion(.leftFastRecovery, in: &environment, at: now)
  }

  /// The retransmission timer expired with data outstanding (RFC 6298 section 5.4, RFC 5681 section 3.1).
  mutating func dataTimedOut(_ environment: inout Environment, at now: Instant) {
    let isFirst = recovery.timeouts == 0
    // A peer that holds what it does not acknowledge has thrown it away (RFC 2018 section 8).
    let hasReneged = scoreboard.front?.state == .sacked
    if hasReneged { scoreboard.forgetSACK() }
    recovery.doubt = timeoutIsDoubtful(hasReneged: hasReneged) ? .repeated : .none
    rememberForUndo(isTimeout: true)
    // A timeout within fast recovery is a second sign of congestion, and ssthresh is lowered a second time, though the data
    // that recovery sent may have made the flight larger than it was at its start (RFC 5681 section 4.3).
    let flightSize =
      recovery.mode == .fast ? min(snd.outstanding.count, congestion.threshold) : snd.outstanding.count
    congestion.on(
      .timedOut(flightSize: flightSize, segmentSize: segmentSize, isFirst: isFirst))
    noteReduction()
    recovery.validation.forget()
    traceCongestion(.retransmissionTimeout, in: &environment, at: now)
    suspectPath(in: &environment, at: now)
    scoreboard.loseFront()
    recovery.mode = .timeout
    recovery.recover = snd.nxt
    recovery.began = scoreboard.nextNumber
    if recovery.doubt == .none { loseOnTimeout(at: now) }
    recovery.duplicates = 0
    recovery.front = .timeout
    flags.remove(.limitedTransmit)
    timers.cancel(.reordering)
    endProbing()
    tellLosses(at: now)
  }
}
