import MartinetWire

// RFC 9293 section 3.10.7.4, fifth: check the ACK field.

extension Connection {
  mutating func fifthCheckACK(_ segment: borrowing ArrivingSegment, _ environment: inout Environment) -> Bool {
    guard segment.header.isACK else {
      drop(segment, .acknowledgementMissing, &environment)
      return false
    }
    let number = segment.header.acknowledgement
    let completesHandshake = phase == .synReceived
    if completesHandshake {
      guard ackOfSynArrives(segment, &environment) else { return false }
    } else if !acknowledgementIsPlausible(number) {
      let isAhead = number.isAfter(snd.nxt)
      drop(segment, isAhead ? .acknowledgementOfNothingSent : .acknowledgementTooOld, &environment)
      challenge(in: &environment, at: segment.now)
      return false
    }
    keepAlive.lastHeard = segment.now
    keepAlive.unanswered = 0
    if tellsNothing(segment.header) {
      updateSendWindow(
        segment.header.sequence, number, field: segment.header.window, &environment, at: segment.now)
      if completesHandshake { armSendTimers(in: &environment, at: segment.now) }
    } else {
      processAcknowledgement(segment, &environment)
    }
    if completesHandshake && endReason == nil { takeBackRefusedText() }
    return endReason == nil
  }

  /// The data-injection check: SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT (RFC 5961 section 5.2).
  private func acknowledgementIsPlausible(_ number: SequenceNumber) -> Bool {
    SequenceRange(from: snd.una - snd.maximumWindow, upTo: snd.nxt).containsOrEnds(at: number)
  }

  /// Whether the acknowledgement of a segment has no news: all was acknowledged before, the window is the one that is known, and nothing that was sent before
  /// is in doubt.
  private func tellsNothing(_ header: TCPHeader) -> Bool {
    header.acknowledgement == snd.una && snd.una == snd.nxt && !header.options.has(.sack) && ecn.mode == .none
      && snd.wnd > 0 && Int(header.window) << Int(snd.scale.shift) == snd.wnd && recovery.mode == .open
      && recovery.doubt == .none && !(undo.isPossible && undo.unproven == 0) && probe.end == nil
  }

  /// SYN-RECEIVED: SND.UNA < SEG.ACK =< SND.NXT establishes; anything else is answered with RST.
  private mutating func ackOfSynArrives(
    _ segment: borrowing ArrivingSegment, _ environment: inout Environment
  ) -> Bool {
    let header = segment.header
    guard snd.outstanding.advances(to: header.acknowledgement) else {
      owedReset = header.acknowledgement
      drop(segment, .acknowledgementOfNothingSent, &environment)
      return false
    }
    synIsAcknowledged(by: header, in: &environment, at: segment.now)
    takeWindow(of: header)
    establish(on: .ackOfSynArrives, in: &environment, at: segment.now)
    return true
  }

  private mutating func processAcknowledgement(
    _ segment: borrowing ArrivingSegment, _ environment: inout Environment
  ) {
    let header = segment.header
    let previousWindow = snd.wnd
    let deliveredBefore = scoreboard.delivered
    noteApplicationLimit()
    scoreboard.rate.acknowledgementArrives()
    let evidence = evidence(echo: echo(in: header), at: segment.now)
    rack.acknowledgementArrives(after: recovery.began)
    let report = takeSACK(header, evidence)
    takeNotification(segment, news: report.news, &environment)
    let windowMoved = updateSendWindow(
      header.sequence, header.acknowledgement, field: header.window, &environment, at: segment.now)
    let advances = snd.outstanding.advances(to: header.acknowledgement)
    let isDuplicate =
      !advances && snd.una != snd.nxt && isDuplicate(segment, sackNews: report.news, windowMoved: windowMoved)
    recovery.validation.acknowledgementArrives()
    if advances {
      advance(to: header, evidence, &environment)
    } else if isDuplicate {
      duplicateArrives(&environment, at: segment.now)
    }
    if endReason != nil { return }
    recovery.deliveredNow = scoreboard.delivered - deliveredBefore
    if advances || isDuplicate {
      doubtArrives(header, duplicate: report.duplicate, advances: advances, &environment, at: segment.now)
    }
    if negotiated.sack {
      repairArrives(header, report, advances: advances, &environment, at: segment.now)
    }
    recovery.deliveredNow = 0
    sampleRate(&environment, at: segment.now)
    if snd.wnd > previousWindow { windowOpened(&environment, at: segment.now) }
    if snd.wnd == 0 && recovery.silentSince != .never {
      // Whoever answers probes of a closed window is alive, however long it stays closed (MUST-37).
      recovery.silentSince = segment.now
      recovery.timeouts = 0
    }
    armSendTimers(in: &environment, at: segment.now)
    if advances { scheduleProbe(&environment, at: segment.now) }
  }

  /// What the acknowledgement tells of a response to loss: that it was needless, or that it was not.
  private mutating func doubtArrives(
    _ header: TCPHeader, duplicate: SequenceRange?, advances: Bool, _ environment: inout Environment, at now: Instant
  ) {
    if advances && answersOriginal(header, duplicate: duplicate) == true {
      // The delay that made the timer expire is a measurement (RFC 4015 section 3.4).
      if undo.isTimeout { measuredByEcho(header.options.timestamps.echo, in: &environment, at: now) }
      undoResponse(acknowledged: recovery.deliveredNow, &environment, at: now)
    } else {
      settleDoubt(
        header, duplicate: duplicate, advances: advances, octets: recovery.deliveredNow, &environment, at: now)
    }
  }

  /// With SACK: what the acknowledgement tells of duplicates, probes and losses.
  private mutating func repairArrives(
    _ header: TCPHeader, _ report: SelectiveReport, advances: Bool, _ environment: inout Environment, at now: Instant
  ) {
    if let duplicate = report.duplicate {
      rack.duplicateReported(sendNext: snd.nxt, unacknowledged: snd.una)
      duplicateProves(duplicate)
    }
    if wasNeedless { undoResponse(acknowledged: 0, &environment, at: now) }
    answerToProbeArrives(header, duplicate: report.duplicate, advances: advances, &environment, at: now)
    selectiveEvidenceArrives(advances: advances, &environment, at: now)
  }

  /// Whether an acknowledgement of nothing new is a sign that a segment left the network out of order.
  private func isDuplicate(_ segment: borrowing ArrivingSegment, sackNews: Int, windowMoved: Bool) -> Bool {
    // With SACK, news are that sign whatever else the segment says (RFC 6675 section 2).
    if negotiated.sack { return sackNews > 0 }
    // RFC 5681 section 2. What answers a probe of a closed window says that the octet was refused, not that it was lost.
    return segment.header.acknowledgement == snd.una && segment.payload.count == 0 && !segment.header.isFIN
      && snd.wnd > 0 && !windowMoved
  }

  /// What the SACK option told.
  private struct SelectiveReport {
    /// Octets that were not known to be held.
    var news = 0
    /// What arrived twice (RFC 2883).
    var duplicate: SequenceRange?
  }

  /// Takes the SACK blocks that lie between SEG.ACK and SND.NXT (RFC 2018 section 5).
  private mutating func takeSACK(_ header: TCPHeader, _ evidence: AcknowledgementEvidence) -> SelectiveReport {
    var report = SelectiveReport()
    guard negotiated.sack, header.options.has(.sack) else { return report }
    report.duplicate = duplicateReport(in: header)
    let outstanding = snd.outstanding
    let floor = SequenceNumber.later(snd.una, header.acknowledgement)
    for index in 0..<Int(header.options.sackCount) {
      let block = header.options.sackBlocks[index]
      // A block that is empty, inverted, beyond SND.NXT, or at or below SEG.ACK (a duplicate report) tells nothing.
      guard !block.isEmpty, block.count <= outstanding.count, outstanding.contains(block.lower),
        outstanding.containsOrEnds(at: block.upper), !block.lower.isBefore(floor)
      else { continue }
      report.news += transfer.sack(block, evidence.aboveGap)
    }
    return report
  }

  /// What the peer reports to have come twice.
  private func duplicateReport(in header: TCPHeader) -> SequenceRange? {
    // What was never sent, or so long ago that no copy can be on its way, is none of ours.
    let known = SequenceRange(from: snd.una - max(snd.maximumWindow, 1), upTo: snd.nxt)
    guard let block = header.options.duplicateReport(acknowledgement: header.acknowledgement), !block.isEmpty,
      block.count <= known.count, known.contains(block.lower), known.containsOrEnds(at: block.upper)
    else { return nil }
    return block
  }

  /// SND.WND, unless the segment is older than the one that set it; returns whether it changed.
  @discardableResult @inline(__always)
  mutating func updateSendWindow(
    _ sequence: SequenceNumber, _ acknowledgement: SequenceNumber, field: UInt16, _ environment: inout Environment,
    at now: Instant
  ) -> Bool {
    guard snd.outstanding.containsOrEnds(at: acknowledgement) else { return false }
    let isNewer =
      snd.wl1.isBefore(sequence) || (snd.wl1 == sequence && !snd.wl2.isAfter(acknowledgement))
    guard isNewer else { return false }
    let previous = snd.wnd
    takeWindow(Int(field) << Int(snd.scale.shift), sequence, acknowledgement)
    if snd.wnd != previous { trace(.sendWindow(snd.wnd), in: &environment, at: now) }
    return snd.wnd != previous
  }

  /// The peer opened its window: what waited for that may leave.
  mutating func windowOpened(_ environment: inout Environment, at now: Instant) {
    timers.cancel(.persist)
    flags.remove(.probeDue)
    if scoreboard.lost == 0, let front = scoreboard.front, front.length == 1, flags.contains(.probing) {
      // A probe octet that was not taken follows at once, not after the timer.
      scoreboard.loseFront()
      recovery.front = .windowProbe
    }
    flags.remove(.probing)
  }

  // MARK: SND.UNA advances

  mutating func advance(
    to header: TCPHeader, _ evidence: AcknowledgementEvidence, _ environment: inout Environment
  ) {
    let now = evidence.now
    let finWasAcknowledged = finIsAcknowledged
    let inFlightBefore = scoreboard.inFlight
    if !flags.contains(.synAcknowledged) {
      // FIN-WAIT-1 was entered from SYN-RECEIVED: the SYN is acknowledged only here.
      synIsAcknowledged(by: header, in: &environment, at: now)
      beginTransfer(in: &environment, at: now)
    }
    advance(
      to: header.acknowledgement, echo: echo(in: header), inFlightBefore: inFlightBefore, evidence, &environment)
    if !finWasAcknowledged && finIsAcknowledged { ackOfFinArrives(&environment, at: now) }
  }

  /// What follows for text that is acknowledged, and perhaps the FIN behind it.
  mutating func advance(
    to number: SequenceNumber, echo: UInt32, inFlightBefore: Int, _ evidence: AcknowledgementEvidence,
    _ environment: inout Environment
  ) {
    let now = evidence.now
    let queueFirst = queueStart
    let acknowledged = transfer.acknowledge(upTo: number, evidence)
    snd.una = number
    let octets = min(number.distance(from: queueFirst), queue.count)
    queue.removeFirst(max(0, octets), in: &environment.pool)
    statistics.bytesAcknowledged += UInt64(max(0, octets))
    if let up = snd.up, !up.isAfter(number) { snd.up = nil }
    largestAcknowledged = max(largestAcknowledged, acknowledged.largestSegment)
    if flags.contains(.searchesPath) {
      searchAdvances(largest: Int(acknowledged.largestSegment), in: &environment, at: now)
    }
    let sample = takeRoundTrip(echo, acknowledged, &environment, at: now)
    recovery.silentSince = .never
    recovery.timeouts = 0
    flags.remove(.warned)
    timers.cancel(.userTimeout)
    let restartsTimer = recoverOrGrow(
      AcknowledgementSample(
        octets: acknowledged.octets, inFlightBefore: inFlightBefore, segmentSize: segmentSize, roundTrip: sample,
        isAfterTimeout: recovery.mode == .timeout, smoothedRoundTrip: roundTrip.smoothed, acknowledged: number,
        sendNext: snd.nxt, isNotified: ecn.isNotified, markedOctets: Int(ecn.notifiedOctets), now: now), &environment)
    if restartsTimer { timers.cancel(.retransmission) }
    offerRoom()
    if snd.una == snd.nxt && unsentBytes == 0 { events.insert(.allAcknowledged) }
  }

  /// One sample per acknowledgement: of a segment that was sent once (Karn), or by the echo (RFC 7323 section 4.1).
  @inline(always)
  private mutating func takeRoundTrip(
    _ echo: UInt32, _ acknowledged: Scoreboard.Acknowledged, _ environment: inout Environment, at now: Instant
  ) -> Interval? {
    if let sentAt = acknowledged.sampleSentAt, !acknowledged.includesRetransmission {
      measured(now - sentAt, in: &environment, at: now)
      return now - sentAt
    }
    guard echo != 0 else { return nil }
    // An echo older than the last retransmission tells nothing. The ACK of the segment that it belongs to may have been lost an
    // age ago, and this one answers the retransmission: a duplicate, which moves TS.Recent no more (RFC 7323 section 4.3).
    if let resentAt = acknowledged.lastResentAt, Int32(bitPattern: echo &- timestamp(at: resentAt)) < 0 { return nil }
    return measuredByEcho(echo, in: &environment, at: now)
  }

  @inline(__always)
  mutating func measured(_ sample: Interval, in environment: inout Environment, at now: Instant) {
    roundTrip.measured(sample, environment.configuration, at: now)
    probe.isMeasured = true
    let timeout = roundTrip.timeout(environment.configuration)
    trace(
      .roundTrip(
        sample: sample, smoothed: roundTrip.smoothed, variation: roundTrip.variation, timeout: timeout),
      in: &environment, at: now)
  }

  /// The round trip that an echoed timestamp shows, in milliseconds; nothing if the echo is not one of ours.
  @discardableResult
  mutating func measuredByEcho(_ echo: UInt32, in environment: inout Environment, at now: Instant) -> Interval? {
    let elapsed = Int32(bitPattern: timestamp(at: now) &- echo)
    guard elapsed >= 0, elapsed < 600_000 else { return nil }
    let sample = Interval.milliseconds(Int64(elapsed))
    measured(sample, in: &environment, at: now)
    return sample
  }

  /// Our FIN has arrived.
  mutating func ackOfFinArrives(_ environment: inout Environment, at now: Instant) {
    switch phase {
    case .finWait1:
      move(on: .ackOfFinArrives, in: &environment, at: now)
      boundFinWait2(in: &environment, at: now)
      watchPeer(in: &environment, at: now)
    case .closing:
      move(on: .ackOfFinArrives, in: &environment, at: now)
      restartTimeWait(in: &environment, at: now)
    case .lastAck:
      end(.closed, on: .ackOfFinArrives, in: &environment, at: now)
    default: break
    }
  }

  /// TIME-WAIT lasts 2 MSL from here (RFC 9293 section 3.6.1); all other timers are off.
  mutating func restartTimeWait(in environment: inout Environment, at now: Instant) {
    timers.cancelAll()
    timers[.timeWait] = now + environment.configuration.maximumSegmentLifetime * 2
    rest(at: now)
  }
}
