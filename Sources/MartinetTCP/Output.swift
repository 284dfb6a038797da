import MartinetWire

// Which segment leaves next, and why.

extension Connection {
  /// Writes the next segment that may leave into `departure`: the TCP header, its checksum zero, at
  /// ``Departure/transportStart``, and the payload behind it. Nil when nothing is to leave now.
  ///
  /// `maximumTrain` is the most payload octets of one departure; at less than two segments each departure is a single one.
  public mutating func pollTransmit(
    into departure: inout Departure, maximumTrain: Int, in environment: inout Environment, at now: Instant
  ) -> SegmentEnvelope? {
    if let octets = quietText(in: environment, at: now) {
      return sendQuietText(octets, into: &departure, &environment, at: now)
    }
    return pollAny(into: &departure, maximumTrain: maximumTrain, in: &environment, at: now)
  }

  /// The short way out: how much text waits, if nothing but that is to leave, nothing is outstanding, it fits into one segment and into the window, and neither idle
  /// time nor a pace has a say. Every question of the long way has the answer that lets it leave then.
  @inline(__always)
  private func quietText(in environment: borrowing Environment, at now: Instant) -> Int? {
    guard phase == .established, flags == .synAcknowledged, snd.una == snd.nxt, transferPart.isPresent,
      !rarePart.isPresent, !ecnPart.isPresent, owedReset == nil, debt.duplicateRange == nil, !keepAlive.probeDue
    else { return nil }
    let unsent = queue.count
    guard unsent > 0, unsent < segmentSize, unsent <= snd.wnd, snd.up == nil, pacingRate == nil,
      recovery.front == nil, !probe.isDue, now - lastSentAt <= roundTrip.timeout(environment.configuration),
      !timers.isSet(.congestionHold)
    else { return nil }
    return unsent
  }

  /// Sends all that waits as one segment, pushed.
  @inline(__always)
  private mutating func sendQuietText(
    _ octets: Int, into departure: inout Departure, _ environment: inout Environment, at now: Instant
  ) -> SegmentEnvelope {
    var output = Output(now: now, maximumTrain: 0, optionLength: negotiated.timestamps ? 12 : 0)
    output.sequence = snd.nxt
    output.payload = octets
    output.flags = .psh
    output.reason = .newData
    output.isNewData = true
    timers.cancel(.sillyWindowOverride)
    sent(octets, hasFIN: false, unit: segmentSize, at: now)
    let envelope = emitPlain(output, into: &departure, &environment)
    armForNewData(in: &environment, begins: true, at: now)
    return envelope
  }

  /// The long way, which any segment may go.
  @inline(never)
  package mutating func pollAny(
    into departure: inout Departure, maximumTrain: Int, in environment: inout Environment, at now: Instant
  ) -> SegmentEnvelope? {
    if owedReset != nil || flags.contains(.resetDue) { return emitReset(into: &departure, &environment, at: now) }
    guard !isOver, phase != .closed, phase != .listen else { return nil }
    if flags.contains(.synDue) { return emitSYN(into: &departure, &environment, at: now) }
    guard phase != .synSent else { return nil }
    let train = ecnPart.isPresent && ecn.allowsNoTrain ? 0 : maximumTrain
    var output = Output(now: now, maximumTrain: train, optionLength: currentOptionLength)
    if ecnPart.isPresent, let envelope = pollFeedback(&output, into: &departure, &environment) { return envelope }
    // Who rests has nothing to repeat.
    if phase != .synReceived && transferPart.isPresent {
      if scoreboard.lost > 0 || recovery.front != nil,
        let envelope = pollRetransmission(&output, into: &departure, &environment)
      {
        return envelope
      }
      if probe.isDue, let envelope = pollTailLossProbe(&output, into: &departure, &environment) { return envelope }
    }
    if phase != .synReceived && (keepAlive.probeDue || flags.contains(.probeDue)) {
      if let envelope = pollProbe(&output, into: &departure, &environment) { return envelope }
    }
    if phase != .synReceived || isFastOpened {
      if let envelope = pollNewData(&output, into: &departure, &environment) { return envelope }
    }
    if debt.immediate != nil || debt.duplicates > 0 {
      output.reason = debt.immediate ?? .duplicateAcknowledgement
      return emit(output, into: &departure, &environment)
    }
    return nil
  }

  /// What tells of congestion marks and is due before all else.
  @inline(never)
  private mutating func pollFeedback(
    _ output: inout Output, into departure: inout Departure, _ environment: inout Environment
  ) -> SegmentEnvelope? {
    if let envelope = pollEarlierState(&output, into: &departure, &environment) { return envelope }
    guard phase != .synReceived, ecn.handshakeAcknowledgementDue else { return nil }
    return pollHandshakeAcknowledgement(&output, into: &departure, &environment)
  }

  // MARK: Resets

  /// The one that is owed for a doubtful segment, and then the one that ends the connection.
  private mutating func emitReset(
    into departure: inout Departure, _ environment: inout Environment, at now: Instant
  ) -> SegmentEnvelope {
    let sequence = owedReset ?? acceptableSequence
    if owedReset == nil { flags.remove(.resetDue) }
    owedReset = nil
    var output = Output(now: now, maximumTrain: 0, optionLength: 0)
    output.sequence = sequence
    output.flags = .rst
    output.reason = .reset
    return emit(output, into: &departure, &environment)
  }

  // MARK: The handshake

  private mutating func emitSYN(
    into departure: inout Departure, _ environment: inout Environment, at now: Instant
  ) -> SegmentEnvelope {
    flags.remove(.synDue)
    if snd.nxt != snd.iss { flags.insert(.synRepeated) }
    var output = Output(now: now, maximumTrain: 0, optionLength: 0)
    output.sequence = snd.iss
    output.flags = phase == .synSent ? .syn : [.syn, .ack]
    if fastOpen?.cookie != nil {
      output.payload = textForSYN(optionLength: handshakeOptionLength(in: environment, at: now))
    }
    snd.nxt = SequenceNumber.later(snd.nxt, snd.iss + 1)
    if output.payload > 0 {
      flags.insert(.textInSYN)
      sent(output)
    }
    lastSentAt = now
    timers[.retransmission] = now + roundTrip.timeout(environment.configuration)
    output.reason = synRetransmissions > 0 ? .timeout : .handshake
    if synRetransmissions > 0 { statistics.timeoutRetransmissions += 1 }
    return emit(output, into: &departure, &environment)
  }

  // MARK: Retransmissions

  private mutating func pollRetransmission(
    _ output: inout Output, into departure: inout Departure, _ environment: inout Environment
  ) -> SegmentEnvelope? {
    if !flags.contains(.synAcknowledged) { return nil }
    guard scoreboard.lost > 0 else {
      recovery.front = nil
      return nil
    }
    let limit = payloadLimit(optionLength: output.optionLength)
    guard let range = scoreboard.nextLost(limit: limit) else { return nil }
    if recovery.front == nil {
      guard !timers.isSet(.congestionHold) else { return nil }
      guard congestion.window - scoreboard.inFlight >= min(range.count, segmentSize) || scoreboard.inFlight == 0
      else { return nil }
      // Right of a shrunk window only the front leaves (RFC 9293 SHLD-16).
      guard range.lower == snd.una || range.upper.distance(from: snd.una) <= max(snd.wnd, 1) else { return nil }
      guard paced(range.count, optionLength: output.optionLength, at: output.now) > 0 else { return nil }
    }
    output.reason = recovery.front ?? repairReason
    // The timer does not repeat a segment less than one timeout after it left (RFC 6298 section 5).
    if (output.reason == .fastRetransmission || output.reason == .packetTooBig) && range.lower == snd.una {
      timers.cancel(.retransmission)
    }
    recovery.front = nil
    count(output.reason)
    recovery.rate.left(range.count)
    paceLeft(range.count, at: output.now)
    noteRepetition(at: output.now)
    recovery.validation.repeats(range.count)
    lastSentAt = output.now
    if ecn.mode == .accurate { ecn.option.repeats(range.lower, unacknowledged: snd.una) }
    fill(&output, with: range)
    resent(range, output)
    let envelope = emit(output, into: &departure, &environment)
    armSendTimers(in: &environment, at: output.now)
    return envelope
  }

  /// `range` left once more. The peer's silence counts from when the oldest octet left, not from a repetition.
  mutating func resent(_ range: SequenceRange, _ output: Output) {
    if recovery.silentSince == .never { recovery.silentSince = scoreboard.front?.sentAt ?? output.now }
    // What arrives after this is perhaps the repetition.
    if flags.contains(.searchesPath), search.probe?.range.contains(range.lower) == true { search.probe = nil }
    scoreboard.resent(range, segmentSize: output.payload, at: output.now)
  }

  private var repairReason: TransmissionReason {
    switch recovery.mode {
    // Only a narrower path loses segments outside of recovery.
    case .open: .packetTooBig
    case .fast: recovery.sawPartial ? .partialAcknowledgement : .fastRetransmission
    case .timeout: .timeoutRecovery
    }
  }

  private mutating func count(_ reason: TransmissionReason) {
    switch reason {
    case .timeout, .timeoutRecovery: statistics.timeoutRetransmissions += 1
    case .fastRetransmission, .partialAcknowledgement: statistics.fastRetransmissions += 1
    default: statistics.otherRetransmissions += 1
    }
  }

  /// Makes `output` carry `range`: text, and the FIN if the range covers its number.
  mutating func fill(_ output: inout Output, with range: SequenceRange) {
    output.sequence = range.lower
    output.offset = range.lower.distance(from: queueStart)
    output.payload = min(range.count, queue.count - output.offset)
    if flags.contains(.finSent) && range.count > output.payload { output.flags.insert(.fin) }
    if output.offset + output.payload == queue.count && output.payload > 0 { output.flags.insert(.psh) }
  }

  // MARK: Probes

  private mutating func pollProbe(
    _ output: inout Output, into departure: inout Departure, _ environment: inout Environment
  ) -> SegmentEnvelope? {
    if keepAlive.probeDue {
      keepAlive.probeDue = false
      // SEG.SEQ = SND.NXT - 1 and no data (RFC 9293 section 3.8.4, SHLD-12).
      output.sequence = snd.nxt - 1
      output.reason = .keepAliveProbe
      return emit(output, into: &departure, &environment)
    }
    flags.remove(.probeDue)
    output.reason = .windowProbe
    if flags.contains(.probing) && snd.una != snd.nxt {
      // The same octet again.
      fill(&output, with: SequenceRange(from: snd.una, count: 1))
      scoreboard.probed(at: output.now)
      statistics.otherRetransmissions += 1
    } else {
      // "At least one octet of new data" (section 3.8.6.1), or the FIN if there is no more.
      guard unsentBytes > 0 || finIsUnsent else { return nil }
      let octets = unsentBytes > 0 ? 1 : 0
      prepareNew(&output, octets: octets, fin: octets == 0)
      flags.insert(.probing)
      sent(output)
    }
    let envelope = emit(output, into: &departure, &environment)
    armSendTimers(in: &environment, at: output.now)
    return envelope
  }

  // MARK: New data

  @inline(always)
  private mutating func pollNewData(
    _ output: inout Output, into departure: inout Departure, _ environment: inout Environment
  ) -> SegmentEnvelope? {
    let unsent = unsentBytes
    guard unsent > 0 || finIsUnsent else { return nil }
    restartAfterIdle(&environment, at: output.now)
    var mayLeave = true
    if flags.contains(.searchesPath) {
      switch probeTurn(output, unsent: unsent, &environment) {
      case .none: break
      case .waits: mayLeave = false
      case .leaves(let size, let payload):
        return sendPathProbe(size: size, payload: payload, &output, into: &departure, &environment)
      }
    }
    var octets = 0
    if mayLeave {
      let sendable = sendableOctets(
        unsent, optionLength: output.optionLength, maximumTrain: output.maximumTrain, &environment, at: output.now)
      octets = paced(sendable, optionLength: output.optionLength, at: output.now)
    }
    guard octets > 0 || unsent == 0 else {
      armSendTimers(in: &environment, at: output.now)
      return nil
    }
    let usable = usableWindow
    // The FIN goes with the last octets if the window takes it, and alone if there are none.
    let fin = finIsUnsent && octets == unsent && usable > octets && phase != .synReceived
    guard octets > 0 || fin else {
      armSendTimers(in: &environment, at: output.now)
      return nil
    }
    prepareNew(&output, octets: octets, fin: fin)
    output.reason = reasonForNewData(octets: octets)
    output.isNewData = output.reason != .refusedInSYN
    if output.reason == .refusedInSYN {
      flags.remove(.textRefused)
      count(output.reason)
    }
    let full = payloadLimit(optionLength: output.optionLength)
    if output.payload > full { departure.segmentSize = full }
    flags.remove(.overrideDue)
    timers.cancel(.sillyWindowOverride)
    let begins = snd.una == snd.nxt
    sent(output, unit: full)
    let envelope = emit(output, into: &departure, &environment)
    armForNewData(in: &environment, begins: begins, at: output.now)
    return envelope
  }

  @inline(__always)
  private func reasonForNewData(octets: Int) -> TransmissionReason {
    if octets == 0 { return .fin }
    if flags.contains(.textRefused) { return .refusedInSYN }
    return flags.contains(.limitedTransmit) ? .limitedTransmit : .newData
  }

  @inline(__always)
  func prepareNew(_ output: inout Output, octets: Int, fin: Bool) {
    output.sequence = snd.nxt
    output.offset = snd.nxt.distance(from: queueStart)
    output.payload = octets
    // PSH when the queue becomes empty (section 3.9.1.2, MUST-61).
    if octets > 0 && output.offset + octets == queue.count { output.flags.insert(.psh) }
    if fin { output.flags.insert(.fin) }
  }

  /// Accounts for new sequence numbers that leave, in segments of `unit` octets, or of the usual size.
  @inline(never)
  mutating func sent(_ output: Output, unit: Int? = nil) {
    sent(
      output.payload, hasFIN: output.flags.contains(.fin),
      unit: unit ?? payloadLimit(optionLength: output.optionLength), at: output.now)
  }

  @inline(always)
  private mutating func sent(_ payload: Int, hasFIN: Bool, unit: Int, at now: Instant) {
    let range = SequenceRange(from: snd.nxt, count: payload + (hasFIN ? 1 : 0))
    scoreboard.sent(range, segmentSize: unit, at: now)
    recovery.rate.left(range.count)
    if scoreboard.inFlight + segmentSize > congestion.window {
      scoreboard.rate.markWindowLimited(inFlight: scoreboard.inFlight)
    }
    paceLeft(payload, at: now)
    recovery.validation.left(range.count)
    recovery.freshAllowance = max(0, recovery.freshAllowance - range.count)
    snd.nxt = range.upper
    lastSentAt = now
    if hasFIN { flags.insert(.finSent) }
    statistics.bytesSent &+= UInt64(payload)
    if options.notSentLowWater > 0 { offerRoom() }
  }

  /// RFC 5681 section 4.1: after an idle time the window is no more than the initial one.
  @inline(always)
  private mutating func restartAfterIdle(_ environment: inout Environment, at now: Instant) {
    if congestion.algorithm == .bbr && scoreboard.inFlight == 0 && phase != .synReceived {
      congestion.on(.restarting(pathState(at: now)))
    }
    if snd.una == snd.nxt, statistics.bytesSent > 0, now - lastSentAt > roundTrip.timeout(environment.configuration) {
      restartWindow(&environment, at: now)
    }
  }

  @inline(never)
  private mutating func restartWindow(_ environment: inout Environment, at now: Instant) {
    if environment.configuration.windowValidation {
      reviewValidation(&environment, at: now)
      return
    }
    let before = congestion.window
    congestion.on(
      .idle(
        initialWindow: Congestion.initialWindow(
          segments: environment.configuration.initialWindowSegments, segmentSize: segmentSize,
          handshakeWasLossy: false)))
    if congestion.window != before { traceCongestion(.idleRestart, in: &environment, at: now) }
  }
}
