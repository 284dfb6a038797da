import MartinetWire

/// A segment about to be written.
struct Output {
  let now: Instant
  let maximumTrain: Int
  /// The octets of TCP options it will carry.
  let optionLength: Int
  /// SEG.SEQ; nil stands for SND.NXT.
  var sequence: SequenceNumber?
  var flags: TCPFlags = []
  /// Where in the send queue the payload begins, and how long it is.
  var offset = 0
  var payload = 0
  var reason = TransmissionReason.acknowledgement
  /// Whether the payload leaves for the first time, and not as a probe of a closed window.
  var isNewData = false
  /// An acknowledgement of less than what is there.
  var earlier: ECNState.EarlierState?

  init(now: Instant, maximumTrain: Int, optionLength: Int) {
    self.now = now
    self.maximumTrain = maximumTrain
    self.optionLength = optionLength
  }
}

// The one place where a segment of a connection is written.

extension Connection {
  /// How many SACK blocks would go into a segment now: what fits into 40 octets (RFC 2018 section 3).
  @inline(always)
  private var sackBlockCount: Int {
    let wanted = wantedBlockCount
    guard wanted > 0 else { return 0 }
    // On the narrowest paths blocks leave half of a segment to the payload.
    let most = min((40 - otherOptionLength - 4) / 8, max(0, (segmentSize / 2 - 4) / 8))
    return max(0, min(most, wanted))
  }

  /// How many SACK blocks there are to tell. An acknowledgement that only tells of marks has none (RFC 9768 section 3.2.2.5.1), nor has the one that
  /// completes the handshake in the accurate form (section 3.2.2.1).
  @inline(always)
  private var wantedBlockCount: Int {
    guard negotiated.sack, hasReordered || debt.duplicateRange != nil, !ecn.handshakeAcknowledgementDue,
      !ecn.isFeedbackOnly
    else { return 0 }
    return reassembly.count + (debt.duplicateRange == nil ? 0 : 1)
  }

  /// The octets of options that a segment without SYN carries now.
  @inline(__always)
  var currentOptionLength: Int {
    // Nearly all segments carry timestamps at most: there is nothing else to tell of.
    guard rarePart.isPresent || ecnPart.isPresent || debt.duplicateRange != nil else { return plainOptionLength }
    return currentLengthOfAnyOptions
  }

  private var currentLengthOfAnyOptions: Int {
    let blocks = sackBlockCount
    return otherOptionLength + (blocks > 0 ? 4 + 8 * blocks : 0)
  }

  /// The octets of what goes before SACK blocks.
  @inline(__always)
  private var otherOptionLength: Int {
    plainOptionLength + (ecn.option.isDue ? accurateOptionLength : 0)
  }

  private var accurateOptionLength: Int {
    guard let plan = accurateOptionPlan(besides: plainOptionLength, sackBlocks: wantedBlockCount) else { return 0 }
    return AccurateOptionState.length(plan.count)
  }

  /// The octets of what goes before the option with congestion marks.
  @inline(__always)
  private var plainOptionLength: Int {
    (negotiated.timestamps ? 12 : 0) + (flags.contains(.userTimeoutDue) ? 4 : 0)
  }

  /// Writes header and payload, and settles what leaving means: the acknowledgement is paid, the window is shown.
  mutating func emit(
    _ output: Output, into departure: inout Departure, _ environment: inout Environment
  ) -> SegmentEnvelope {
    isPlain(output)
      ? emitPlain(output, into: &departure, &environment) : emitAny(output, into: &departure, &environment)
  }

  @inline(never)
  private mutating func emitAny(
    _ output: Output, into departure: inout Departure, _ environment: inout Environment
  ) -> SegmentEnvelope {
    var header = TCPHeader(
      sourcePort: local.port, destinationPort: remote.port, sequence: output.sequence ?? acceptableSequence,
      acknowledgement: SequenceNumber(0), flags: output.flags, window: 0)
    if output.flags.contains(.rst) {
      writeResetOptions(&header, at: output.now)
    } else {
      if phase != .synSent { header.flags.insert(.ack) }
      writeOptions(&header, &environment, at: output.now)
      if output.isNewData && header.options.has(.accurateECN) { ecn.option.leaves(with: header.sequence) }
      writeNotification(&header, output)
      writeUrgent(&header, payload: output.payload)
    }
    let codepoint = header.isSYN ? codepointOfSYN(header.flags) : codepoint(output)
    if let earlier = output.earlier {
      header.acknowledgement = earlier.acknowledgement
      header.window = windowField(before: earlier.acknowledgement)
    } else if header.isACK {
      header.acknowledgement = rcv.nxt
      header.window = header.isSYN ? UInt16(min(rcv.wnd, 0xFFFF)) : windowField()
      rcv.lastAckSent = rcv.nxt
      settleDebt()
    } else if header.isSYN {
      header.window = UInt16(min(options.receiveBufferSize, 0xFFFF))
    }
    header.encode(into: &departure)
    trace(sent(header, output, codepoint), in: &environment, at: output.now)
    return finish(output, codepoint, into: &departure, &environment)
  }

  /// Whether a segment has the shape of a ``PlainSegment``, and no ECN: nearly all have.
  @inline(__always)
  private func isPlain(_ output: Output) -> Bool {
    output.flags.isSubset(of: PlainSegment.optionalFlags) && phase.isSynchronized
      && output.optionLength == (negotiated.timestamps ? 12 : 0)
      && snd.up == nil && !usesECN && output.earlier == nil
  }

  /// Does for such a segment what ``emit(_:into:_:)`` does for any.
  @inline(__always)
  mutating func emitPlain(
    _ output: Output, into departure: inout Departure, _ environment: inout Environment
  ) -> SegmentEnvelope {
    let segment = PlainSegment(
      sequence: output.sequence ?? acceptableSequence, acknowledgement: rcv.nxt, window: windowField(),
      timestamps: negotiated.timestamps
        ? TCPTimestamps(value: timestamp(at: output.now), echo: rcv.timestampRecent) : nil,
      isPushed: output.flags.contains(.psh), isFinal: output.flags.contains(.fin))
    rcv.lastAckSent = rcv.nxt
    settleDebt()
    segment.encode(into: &departure, sourcePort: local.port, destinationPort: remote.port)
    if environment.trace.isEnabled { traceSent(segment, output, &environment) }
    return finish(output, .notECT, into: &departure, &environment)
  }

  @inline(never)
  private func traceSent(_ segment: PlainSegment, _ output: Output, _ environment: inout Environment) {
    trace(
      sent(TCPHeader(segment, sourcePort: local.port, destinationPort: remote.port), output, .notECT),
      in: &environment, at: output.now)
  }

  /// What a trace shows of a segment that leaves.
  private func sent(_ header: TCPHeader, _ output: Output, _ codepoint: ECNCodepoint) -> TraceKind {
    let shift = header.isSYN ? 0 : rcv.scale.shift
    return .sent(SegmentSummary(header, payload: output.payload, windowShift: shift, ecn: codepoint), output.reason)
  }

  /// Puts the payload behind the header, and counts.
  @inline(__always)
  private mutating func finish(
    _ output: Output, _ codepoint: ECNCodepoint, into departure: inout Departure, _ environment: inout Environment
  ) -> SegmentEnvelope {
    if output.payload > 0 {
      let gathered = queue.gather(
        from: output.offset, length: output.payload, into: &departure, in: &environment.pool)
      precondition(gathered == output.payload, "a train is longer than a departure can hold")
    }
    statistics.segmentsSent += UInt64(departure.packetCount)
    return SegmentEnvelope(
      trafficClass: options.trafficClass & 0xFC | codepoint.rawValue, hopLimit: max(1, options.hopLimit),
      reason: output.reason)
  }

  @inline(__always)
  private mutating func settleDebt() {
    debt.clear()
    debt.duplicateRange = nil
    if ecnPart.isPresent {
      ecn.unreportedMarks = 0
      ecn.isFeedbackOnly = false
    }
    if timerPart.isPresent { timers.cancel(.delayedAcknowledgement) }
  }

  /// AE, CWR and ECE.
  private mutating func writeNotification(_ header: inout TCPHeader, _ output: Output) {
    if header.isSYN {
      header.flags.formUnion(header.isACK ? notificationFlagsOfAnswer() : notificationFlagsOfSYN())
    } else if let earlier = output.earlier {
      if earlier.echoes { header.flags.insert(.ece) }
    } else if ecn.mode != .none {
      let isPure = output.payload == 0 && !header.isFIN
      header.flags.formUnion(notificationFlags(output, isPure: isPure))
    }
  }

  /// The urgent pointer: the way from SEG.SEQ to behind the last urgent octet (RFC 9293 section 3.8.5, MUST-62).
  private func writeUrgent(_ header: inout TCPHeader, payload: Int) {
    guard let up = snd.up, !header.isSYN else { return }
    let ahead = up.distance(from: header.sequence)
    guard ahead > 0 else { return }
    header.flags.insert(.urg)
    header.urgentPointer = UInt16(min(ahead, 0xFFFF))
  }

  // MARK: Options

  private mutating func writeOptions(_ header: inout TCPHeader, _ environment: inout Environment, at now: Instant) {
    if header.isSYN {
      writeHandshakeOptions(&header, environment, at: now)
      return
    }
    if negotiated.timestamps { writeTimestamps(&header, at: now) }
    let blocks = sackBlockCount
    if ecn.option.isDue, let plan = accurateOptionPlan(besides: plainOptionLength, sackBlocks: wantedBlockCount) {
      writeAccurateOption(&header, plan)
    }
    if flags.contains(.userTimeoutDue) {
      writeUserTimeout(&header)
      flags.remove(.userTimeoutDue)
    }
    guard blocks > 0 else { return }
    if let duplicate = debt.duplicateRange {
      // RFC 2883 section 4: the duplicate first, each reported once.
      header.options.sackBlocks[0] = duplicate
      header.options.sackCount = 1
    }
    if hasReordered { reassembly.writeBlocks(into: &header.options, limit: blocks) }
    if header.options.sackCount > 0 { header.options.present.insert(.sack) }
  }

  /// A SYN offers what the host is willing to do; a SYN,ACK only what the SYN offered, too.
  private func writeHandshakeOptions(
    _ header: inout TCPHeader, _ environment: borrowing Environment, at now: Instant
  ) {
    let isAnswer = header.isACK
    header.options.present.insert(.maximumSegmentSize)
    header.options.maximumSegmentSize = offeredSegmentSize
    writeUserTimeout(&header)
    if isAnswer ? negotiated.sack : environment.configuration.selectiveAcknowledgement {
      header.options.present.insert(.sackPermitted)
    }
    if isAnswer ? negotiated.windowScaling : environment.configuration.windowScaling {
      header.options.present.insert(.windowScale)
      header.options.windowScale = rcv.scale
    }
    if isAnswer ? negotiated.timestamps : environment.configuration.timestamps { writeTimestamps(&header, at: now) }
    // Neither a SYN nor a SYN,ACK that nobody answered has the option again (RFC 7413 section 4.2.2).
    if let cookie = fastOpen?.cookie, synRetransmissions == 0, isAnswer == isPassive {
      header.options.present.insert(.fastOpen)
      header.options.fastOpenCookie = cookie
    }
    if isAnswer { writeAccurateOptionOfAnswer(&header) }
  }

  /// The octets of options in a SYN that would leave now.
  func handshakeOptionLength(in environment: borrowing Environment, at now: Instant) -> Int {
    var header = TCPHeader(
      sourcePort: 0, destinationPort: 0, sequence: snd.iss, acknowledgement: SequenceNumber(0), flags: .syn, window: 0)
    writeHandshakeOptions(&header, environment, at: now)
    return header.options.encodedLength
  }

  /// TSecr is TS.Recent with an ACK and zero without (RFC 7323 section 3.2).
  private func writeTimestamps(_ header: inout TCPHeader, at now: Instant) {
    header.options.present.insert(.timestamps)
    header.options.timestamps = TCPTimestamps(
      value: timestamp(at: now), echo: header.isACK ? rcv.timestampRecent : 0)
  }

  /// An RST carries timestamps where they were agreed on (RFC 7323 section 3.2).
  private func writeResetOptions(_ header: inout TCPHeader, at now: Instant) {
    if negotiated.timestamps { writeTimestamps(&header, at: now) }
  }
}

extension TCPHeader {
  /// The RST that answers a segment for which there is no connection (RFC 9293 section 3.10.7.1); nil if it is an RST itself.
  public static func reset(answering header: TCPHeader, payload: Int) -> TCPHeader? {
    if header.isRST { return nil }
    var answer = TCPHeader(
      sourcePort: header.destinationPort, destinationPort: header.sourcePort, sequence: SequenceNumber(0),
      acknowledgement: SequenceNumber(0), flags: .rst, window: 0)
    if header.isACK {
      answer.sequence = header.acknowledgement
    } else {
      answer.flags = [.rst, .ack]
      answer.acknowledgement = header.sequence + header.sequenceLength(payload: payload)
    }
    return answer
  }
}
