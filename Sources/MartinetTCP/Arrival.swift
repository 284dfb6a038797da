import MartinetWire

/// A segment on its way through SEGMENT ARRIVES.
struct ArrivingSegment: ~Copyable {
  private let anchor = Anchor()
  var header: TCPHeader
  var payload: PageChain
  let facts: ArrivalFacts
  let now: Instant
  /// The number of a FIN that is in the window.
  var fin: SequenceNumber?
  /// Whether it begins at or before the last acknowledgement sent (RFC 7323 section 4.3).
  var renewsTimestamp = false
  /// The octets of text that it came with.
  var arrivedOctets: Int
  /// Whether it is a SYN,ACK that crossed ours, and is taken for its acknowledgement only.
  var hadSYN = false

  init(header: TCPHeader, payload: consuming PageChain, facts: ArrivalFacts, now: Instant) {
    self.header = header
    arrivedOctets = payload.count
    self.payload = payload
    self.facts = facts
    self.now = now
  }

  /// SEG.LEN
  var length: Int { header.sequenceLength(payload: payload.count) }
  /// The number behind the last that the segment takes.
  var end: SequenceNumber { header.sequence + length }
  /// The number of the first octet of text.
  var textStart: SequenceNumber { header.sequence + (header.isSYN ? 1 : 0) }
}

// SEGMENT ARRIVES (RFC 9293 section 3.10.7), in the order of the RFC.

extension Connection {
  /// Takes a segment whose checksum is right and whose four-tuple is this connection's; `payload` is what stands behind the TCP header.
  public mutating func receive(
    _ header: TCPHeader, payload: consuming PageChain, facts: ArrivalFacts, in environment: inout Environment,
    at now: Instant
  ) {
    var payload = payload
    if let plain = PlainSegment(header), receiveExpected(plain, payload: &payload, facts, in: &environment, at: now) {
      return
    }
    receiveUnexpected(header, payload: payload, facts: facts, in: &environment, at: now)
  }

  /// Takes any other segment than ``receiveExpected(_:payload:_:in:at:)`` does.
  package mutating func receiveUnexpected(
    _ header: TCPHeader, payload: consuming PageChain, facts: ArrivalFacts, in environment: inout Environment,
    at now: Instant
  ) {
    countSegments(payload.count, facts)
    trace(.received(summary(header, payload: payload.count, ecn: facts.ecn)), in: &environment, at: now)
    var segment = ArrivingSegment(header: header, payload: payload, facts: facts, now: now)
    switch phase {
    case .closed: answerFromClosed(segment)
    case .listen: arriveInListen(&segment, &environment)
    case .synSent: arriveInSynSent(&segment, &environment)
    default: arriveInOtherStates(&segment, &environment)
    }
    environment.pool.release(segment.payload.take())
  }

  /// Counts what arrived, by the segments that it was made of.
  @inline(__always)
  mutating func countSegments(_ octets: Int, _ facts: ArrivalFacts) {
    let segments = facts.segmentSize > 0 ? (octets + facts.segmentSize - 1) / facts.segmentSize : 1
    statistics.segmentsReceived &+= UInt64(segments)
  }

  func summary(_ header: TCPHeader, payload: Int, ecn: ECNCodepoint) -> SegmentSummary {
    SegmentSummary(header, payload: payload, windowShift: header.isSYN ? 0 : snd.scale.shift, ecn: ecn)
  }

  /// Drops a segment with a reason.
  mutating func drop(_ segment: borrowing ArrivingSegment, _ reason: DropReason, _ environment: inout Environment) {
    statistics.droppedSegments += 1
    trace(
      .dropped(summary(segment.header, payload: segment.payload.count, ecn: segment.facts.ecn), reason),
      in: &environment, at: segment.now)
  }

  // MARK: 3.10.7.1 CLOSED STATE

  private mutating func answerFromClosed(_ segment: borrowing ArrivingSegment) {
    if let reset = TCPHeader.reset(answering: segment.header, payload: segment.payload.count), reset.isACK == false {
      owedReset = reset.sequence
    }
  }

  // MARK: 3.10.7.2 LISTEN STATE

  private mutating func arriveInListen(_ segment: inout ArrivingSegment, _ environment: inout Environment) {
    let header = segment.header
    if header.isRST { return }
    if header.isACK {
      owedReset = header.acknowledgement
      return
    }
    // A SYN with FIN is no SYN that a TCP makes.
    guard header.isSYN, !header.isFIN else {
      drop(segment, .unacceptableInState, &environment)
      return
    }
    acceptSYN(header, segment.facts.ecn, in: &environment, at: segment.now)
    takeTextOfSYN(&segment, &environment)
  }

  /// LISTEN to SYN-RECEIVED: the SYN,ACK leaves with the next poll.
  mutating func acceptSYN(
    _ header: TCPHeader, _ codepoint: ECNCodepoint, in environment: inout Environment, at now: Instant
  ) {
    negotiate(header, in: &environment, at: now)
    notificationIsRequested(by: header, codepoint)
    takeWindow(of: header)
    move(on: .synArrives, in: &environment, at: now)
    flags.insert(.synDue)
    recovery.silentSince = now
  }

  // MARK: 3.10.7.3 SYN-SENT STATE

  private mutating func arriveInSynSent(_ segment: inout ArrivingSegment, _ environment: inout Environment) {
    let header = segment.header
    // First, check the ACK bit.
    if header.isACK && !snd.outstanding.advances(to: header.acknowledgement) {
      if !header.isRST { owedReset = header.acknowledgement }
      drop(segment, .acknowledgementOfNothingSent, &environment)
      return
    }
    // Second, check the RST bit (and RFC 5961 section 3.2: only with an acceptable ACK).
    if header.isRST {
      if header.isACK {
        if retriesWithoutNotification() { return }
        end(.refused, on: .resetArrives, in: &environment, at: segment.now)
      } else {
        drop(segment, .unacceptableInState, &environment)
      }
      return
    }
    // Third, security: no compartments. Fourth, check the SYN bit.
    guard header.isSYN, !header.isFIN else {
      drop(segment, .unacceptableInState, &environment)
      return
    }
    negotiate(header, in: &environment, at: segment.now)
    keepAlive.lastHeard = segment.now
    if header.isACK {
      synAckArrives(&segment, &environment)
    } else {
      // Simultaneous open (section 3.5, figure 8).
      notificationIsRequested(by: header, segment.facts.ecn)
      takeWindow(of: header)
      move(on: .synArrives, in: &environment, at: segment.now)
      flags.insert(.synDue)
    }
  }

  private mutating func synAckArrives(_ segment: inout ArrivingSegment, _ environment: inout Environment) {
    let header = segment.header
    notificationIsAnswered(by: header, segment.facts.ecn)
    learnFastOpen(from: header)
    synIsAcknowledged(by: header, in: &environment, at: segment.now)
    takeWindow(of: header)
    establish(on: .synAckArrives, in: &environment, at: segment.now)
    if ecn.synWasMarked { respondToNotification(&environment, at: segment.now) }
    debt.immediate = .handshake
    if snd.outstanding.advances(to: header.acknowledgement) {
      advance(to: header, evidence(echo: echo(in: header), at: segment.now), &environment)
    }
    takeBackRefusedText()
    armSendTimers(in: &environment, at: segment.now)
    segment.header.sequence += 1
    segment.header.flags.remove(.syn)
    sixthCheckUrgent(segment, &environment)
    seventhProcessText(&segment, &environment)
  }

  /// Our SYN has arrived: SND.UNA passes it, and it gives the first round trip if it was sent once (RFC 6298 section 3).
  mutating func synIsAcknowledged(by header: TCPHeader, in environment: inout Environment, at now: Instant) {
    flags.insert(.synAcknowledged)
    snd.una = snd.iss + 1
    snd.nxt = SequenceNumber.later(snd.nxt, snd.una)
    if !flags.contains(.synRepeated) {
      measured(now - lastSentAt, in: &environment, at: now)
    } else if negotiated.timestamps && header.options.has(.timestamps) && header.options.timestamps.echo != 0 {
      measuredByEcho(header.options.timestamps.echo, in: &environment, at: now)
    }
  }

  // MARK: 3.10.7.4 OTHER STATES

  private mutating func arriveInOtherStates(_ segment: inout ArrivingSegment, _ environment: inout Environment) {
    guard firstCheckSequenceNumber(&segment, &environment) else { return }
    if segment.header.isFIN { segment.fin = segment.end - 1 }
    guard secondCheckReset(segment, &environment) else { return }
    // Third, check security: no compartments, as nearly everywhere (RFC 9293 section 3.10.7.4).
    guard fourthCheckSYN(segment, &environment) else { return }
    guard fifthCheckACK(segment, &environment) else { return }
    takeMarks(of: segment)
    updateTimestampRecent(segment)
    takeUserTimeout(of: segment.header, in: &environment, at: segment.now)
    sixthCheckUrgent(segment, &environment)
    seventhProcessText(&segment, &environment)
    eighthCheckFIN(segment, &environment)
  }
}
