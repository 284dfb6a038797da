import MartinetWire

// Fast retransmit and NewReno (RFC 5681, RFC 6582), for peers without SACK.

extension Connection {
  mutating func countDuplicate(_ environment: inout Environment, at now: Instant) {
    switch recovery.mode {
    case .timeout: break  // Duplicates that needless retransmissions cause begin nothing (RFC 6582 section 4).
    case .fast:
      let before = congestion.window
      congestion.on(.duplicateInRecovery(segmentSize: segmentSize, flightSize: recovery.flightSize))
      if congestion.window != before { traceCongestion(.inflatedByDuplicate, in: &environment, at: now) }
    case .open:
      if recovery.duplicates < environment.configuration.duplicateThreshold {
        // One new segment for each of the first two (RFC 3042).
        flags.insert(.limitedTransmit)
        return
      }
      // RFC 6582 section 3.2, step 2: not again for losses of a window that was repaired already.
      guard let front = scoreboard.front, (snd.una - 1).isAtOrAfter(recovery.recover) else { return }
      if flags.contains(.searchesPath), search.probe?.range.lower == front.start {
        scoreboard.loseFront()
        if probeExplainsLoss(in: &environment, at: now) { return }
      }
      enterRecovery(&environment, at: now)
      lose(front, .fastRetransmission, &environment, at: now)
      recovery.front = .fastRetransmission
    }
  }

  /// RFC 6582 section 3.2, step 3: a partial acknowledgement points at the next hole; returns whether the timer starts anew.
  mutating func partialAcknowledgementArrives(
    _ sample: AcknowledgementSample, _ environment: inout Environment
  ) -> Bool {
    recovery.flightSize = snd.outstanding.count
    congestion.on(.partialAcknowledgement(octets: sample.octets, segmentSize: sample.segmentSize))
    traceCongestion(.partialAcknowledgement, in: &environment, at: sample.now)
    if let front = scoreboard.front, front.state == .inFlight, !front.isRetransmitted {
      lose(front, .partialAcknowledgement, &environment, at: sample.now)
      recovery.front = .partialAcknowledgement
    }
    // The impatient variant: the timer restarts on the first partial acknowledgement only (RFC 6582 section 4).
    let isFirst = !recovery.sawPartial
    recovery.sawPartial = true
    return isFirst
  }

  private mutating func lose(
    _ record: TransmissionRecord, _ reason: TransmissionReason, _ environment: inout Environment, at now: Instant
  ) {
    scoreboard.loseFront()
    trace(.lossDetected(record.range, reason), in: &environment, at: now)
  }
}
