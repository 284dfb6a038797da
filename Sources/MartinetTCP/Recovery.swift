import MartinetWire

// Loss recovery: fast retransmit and NewReno (RFC 5681, RFC 6582), with SACK by the rules of RFC 6675.

extension Connection {
  /// SND.UNA has advanced; returns whether the retransmission timer starts anew.
  mutating func recoverOrGrow(_ sample: AcknowledgementSample, _ environment: inout Environment) -> Bool {
    let now = sample.now
    recovery.duplicates = 0
    flags.remove(.limitedTransmit)
    switch recovery.mode {
    case .open:
      grow(sample, &environment)
      if negotiated.sack { lookForLoss(&environment, at: now) }
      return true
    case .fast:
      if snd.una.isAtOrAfter(recovery.recover) {
        leaveRecovery(&environment, at: now)
        return true
      }
      return partialAcknowledgementArrives(sample, &environment)
    case .timeout:
      if snd.una.isAtOrAfter(recovery.recover) { recovery.mode = .open }
      grow(sample, &environment)
      if negotiated.sack { lookForLoss(&environment, at: now) }
      return true
    }
  }

  private mutating func grow(_ sample: AcknowledgementSample, _ environment: inout Environment) {
    let before = congestion.window
    let cause = congestion.isInSlowStart ? CongestionCause.slowStart : .congestionAvoidance
    congestion.on(.acknowledged(sample))
    if congestion.window != before { traceCongestion(cause, in: &environment, at: sample.now) }
  }

  /// RFC 6582 section 3.2, step 3: a partial acknowledgement points at the next hole.
  private mutating func partialAcknowledgementArrives(
    _ sample: AcknowledgementSample, _ environment: inout Environment
  ) -> Bool {
    recovery.flightSize = snd.outstanding.count
    if negotiated.sack {
      lookForLoss(&environment, at: sample.now)
    } else {
      congestion.on(.partialAcknowledgement(octets: sample.octets, segmentSize: sample.segmentSize))
      traceCongestion(.partialAcknowledgement, in: &environment, at: sample.now)
    }
    if let front = scoreboard.front, front.state == .inFlight, !front.isRetransmitted {
      lose(front, .partialAcknowledgement, &environment, at: sample.now)
      if !negotiated.sack { recovery.front = .partialAcknowledgement }
    }
    // The impatient variant: without SACK the timer restarts on the first partial acknowledgement only (RFC 6582 section 4).
    let isFirst = !recovery.sawPartial
    recovery.sawPartial = true
    return isFirst || negotiated.sack
  }

  /// An acknowledgement that acknowledges nothing new while data are outstanding (RFC 5681 section 2).
  mutating func duplicateArrives(_ environment: inout Environment, at now: Instant) {
    statistics.duplicateAcknowledgements += 1
    recovery.duplicates += 1
    switch recovery.mode {
    case .timeout:
      // Duplicates that needless retransmissions cause begin nothing (RFC 6582 section 4); what SACK shows counts.
      if negotiated.sack { lookForLoss(&environment, at: now) }
    case .fast:
      if negotiated.sack {
        lookForLoss(&environment, at: now)
      } else {
        let before = congestion.window
        congestion.on(.duplicateInRecovery(segmentSize: segmentSize, flightSize: recovery.flightSize))
        if congestion.window != before { traceCongestion(.inflatedByDuplicate, in: &environment, at: now) }
      }
    case .open:
      if negotiated.sack { lookForLoss(&environment, at: now) }
      if recovery.mode == .open { countDuplicate(&environment, at: now) }
    }
  }

  private mutating func countDuplicate(_ environment: inout Environment, at now: Instant) {
    if recovery.duplicates < environment.configuration.duplicateThreshold {
      // One new segment for each of the first two (RFC 3042); with SACK the flight has shrunk by what was reported.
      flags.insert(.limitedTransmit)
      return
    }
    // RFC 6582 section 3.2, step 2: without SACK, not again for losses of a window that was repaired already.
    guard let front = scoreboard.front, negotiated.sack || (snd.una - 1).isAtOrAfter(recovery.recover) else { return }
    enterRecovery(&environment, at: now)
    lose(front, .fastRetransmission, &environment, at: now)
    recovery.front = .fastRetransmission
  }

  /// Takes for lost what the scoreboard says is, and enters recovery if there was none.
  private mutating func lookForLoss(_ environment: inout Environment, at now: Instant) {
    let range = scoreboard.detectLoss(
      threshold: environment.configuration.duplicateThreshold, segmentSize: segmentSize)
    if let range {
      trace(.lossDetected(range, .fastRetransmission), in: &environment, at: now)
      if recovery.mode == .open {
        enterRecovery(&environment, at: now)
        recovery.front = .fastRetransmission
      }
    }
    if recovery.mode != .open { lookForLostRetransmission(&environment, at: now) }
  }

  /// A retransmission that was overtaken is lost, too, and a second sign of congestion (RFC 5681 section 4.3).
  private mutating func lookForLostRetransmission(_ environment: inout Environment, at now: Instant) {
    guard let front = scoreboard.front, scoreboard.frontWasLostAgain(margin: roundTrip.minimum / 4) else { return }
    enterRecovery(&environment, at: now)
    lose(front, .fastRetransmission, &environment, at: now)
    recovery.front = .fastRetransmission
  }

  private mutating func lose(
    _ record: TransmissionRecord, _ reason: TransmissionReason, _ environment: inout Environment, at now: Instant
  ) {
    scoreboard.loseFront()
    trace(
      .lossDetected(SequenceRange(from: record.start, upTo: record.end), reason), in: &environment, at: now)
  }

  private mutating func enterRecovery(_ environment: inout Environment, at now: Instant) {
    recovery.mode = .fast
    recovery.recover = snd.nxt
    recovery.flightSize = snd.outstanding.count
    recovery.sawPartial = false
    // What limited transmit sent does not count (RFC 5681 section 3.2, step 2).
    let flightSize = min(snd.outstanding.count, max(congestion.window, segmentSize))
    congestion.on(
      .enteredRecovery(flightSize: flightSize, segmentSize: segmentSize, usesSACK: negotiated.sack))
    flags.remove(.limitedTransmit)
    traceCongestion(.enteredFastRecovery, in: &environment, at: now)
  }

  private mutating func leaveRecovery(_ environment: inout Environment, at now: Instant) {
    recovery.mode = .open
    recovery.front = nil
    congestion.on(
      .leftRecovery(
        flightSize: snd.outstanding.count, segmentSize: segmentSize, usesSACK: negotiated.sack))
    traceCongestion(.leftFastRecovery, in: &environment, at: now)
  }

  /// The retransmission timer expired with data outstanding (RFC 6298 section 5.4, RFC 5681 section 3.1).
  mutating func dataTimedOut(_ environment: inout Environment, at now: Instant) {
    let isFirst = recovery.timeouts == 0
    if let front = scoreboard.front, front.state == .sacked { scoreboard.forgetSACK() }
    // A timeout within fast recovery is a second sign of congestion, and ssthresh is lowered a second time, though the data
    // that recovery sent may have made the flight larger than it was at its start (RFC 5681 section 4.3).
    let flightSize =
      recovery.mode == .fast ? min(snd.outstanding.count, congestion.threshold) : snd.outstanding.count
    congestion.on(
      .timedOut(flightSize: flightSize, segmentSize: segmentSize, isFirst: isFirst))
    traceCongestion(.retransmissionTimeout, in: &environment, at: now)
    scoreboard.loseAll()
    recovery.mode = .timeout
    recovery.recover = snd.nxt
    recovery.duplicates = 0
    recovery.front = .timeout
    flags.remove(.limitedTransmit)
  }
}
