import MartinetWire

/// Where a tail loss probe stands (RFC 8985 section 7).
struct ProbeState {
  /// TLP.end_seq: SND.NXT when the probe left; nil if none is outstanding.
  var end: SequenceNumber?
  /// TLP.is_retrans
  var isRetransmission = false
  /// Whether a round trip was measured since the last probe.
  var isMeasured = true
  /// What was outstanding when it left.
  var flightSize = 0
  /// A probe is to leave.
  var isDue = false
}

extension Connection {
  /// Schedules a probe after new data left, or were acknowledged (RFC 8985 section 7.2): never later than the timeout that it is to save.
  ///
  /// Where section 7.3 would send none when the time has come, none is scheduled.
  mutating func scheduleProbe(_ environment: inout Environment, at now: Instant) {
    armProbe(&environment, at: now)
  }

  @inline(always)
  mutating func armProbe(_ environment: inout Environment, at now: Instant) {
    guard environment.configuration.tailLossProbes, flags.contains(.synAcknowledged), negotiated.sack,
      recovery.mode == .open,
      scoreboard.sackedSegments == 0,
      probe.end == nil, probe.isMeasured, timers.isSet(.retransmission), !timers.isSet(.reordering)
    else {
      timers.cancel(.tailLossProbe)
      return
    }
    var timeout = Interval.seconds(1)
    if roundTrip.hasSample {
      // A timer does not expire at the instant at which it is set, however short the round trip.
      timeout = max(roundTrip.smoothed * 2, .microseconds(1))
      let octets = scoreboard.inFlight - (flags.contains(.finSent) ? 1 : 0)
      if octets <= segmentSize { timeout = timeout + environment.configuration.maximumAcknowledgementDelay }
    }
    timers[.tailLossProbe] = min(now + timeout, timers[.retransmission])
  }

  /// Recovery has begun: what a probe would tell is known.
  mutating func endProbing() {
    probe.end = nil
    probe.isDue = false
    timers.cancel(.tailLossProbe)
  }

  mutating func tailLossProbeExpired(_ environment: inout Environment, at now: Instant) {
    guard snd.una != snd.nxt, recovery.mode == .open else { return }
    probe.isDue = true
    timers[.retransmission] = now + roundTrip.timeout(environment.configuration)
  }

  /// Sends the probe: a segment of new data if there is one that the peer's window takes, else the last one again (section 7.3).
  mutating func pollTailLossProbe(
    _ output: inout Output, into departure: inout Departure, _ environment: inout Environment
  ) -> SegmentEnvelope? {
    probe.isDue = false
    guard snd.una != snd.nxt, snd.wnd > 0 else { return nil }
    let limit = payloadLimit(optionLength: output.optionLength)
    let fresh = min(unsentBytes, limit, usableWindow)
    output.reason = .tailLossProbe
    if fresh > 0 {
      prepareNew(&output, octets: fresh, fin: false)
      output.isNewData = true
      sent(output)
      probe.isRetransmission = false
    } else {
      guard let range = scoreboard.lastSegment(limit: limit, hasFIN: flags.contains(.finSent)) else { return nil }
      fill(&output, with: range)
      resent(range, output)
      statistics.otherRetransmissions += 1
      lastSentAt = output.now
      probe.isRetransmission = true
    }
    probe.end = snd.nxt
    probe.isMeasured = false
    probe.flightSize = snd.outstanding.count
    let envelope = emit(output, into: &departure, &environment)
    timers[.retransmission] = output.now + roundTrip.timeout(environment.configuration)
    return envelope
  }

  /// TLP_process_ack (section 7.4.2): whether the probe repaired a loss that nothing else has told of.
  mutating func answerToProbeArrives(
    _ header: TCPHeader, duplicate: SequenceRange?, advances: Bool, _ environment: inout Environment, at now: Instant
  ) {
    guard let end = probe.end, header.acknowledgement.isAtOrAfter(end) else { return }
    if !probe.isRetransmission || duplicate?.upper == end {
      probe.end = nil
    } else if header.acknowledgement.isAfter(end) {
      probe.end = nil
      guard recovery.mode == .open else { return }
      let flightSize = min(probe.flightSize, max(congestion.window, segmentSize))
      congestion.on(.enteredRecovery(flightSize: flightSize, segmentSize: segmentSize, usesSACK: true))
      congestion.on(.leftRecovery(flightSize: flightSize, segmentSize: segmentSize, usesSACK: true))
      noteReduction()
      traceCongestion(.tailLossRepaired, in: &environment, at: now)
    } else if !advances && !header.options.has(.sack) {
      // A duplicate that reports nothing: both copies arrived.
      probe.end = nil
    }
  }
}
