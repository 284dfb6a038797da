import MartinetWire

// Header prediction: the short way through SEGMENT ARRIVES.

extension Connection {
  /// Whether a segment is one of those that nearly all are: the next text, perhaps with the FIN behind it, or an acknowledgement of text and FIN, or both, for
  /// which every check of the long way (RFC 9293 section 3.10.7.4, RFC 5961, RFC 7323 section 5.3) passes and changes nothing.
  ///
  /// First it begins at RCV.NXT and ends in the window, with a timestamp that is not old. Second to fourth it has no RST and no SYN. Fifth its acknowledgement
  /// is SND.UNA, with nothing outstanding, so that it has no news, and the window is the one that is known; or it advances, and nothing is in doubt. Sixth to
  /// eighth it has no URG, and nothing waits that it could overlap. What may answer a tail loss probe goes the long way.
  @inline(always)
  private func isExpected(_ segment: PlainSegment, payload: Int, _ facts: ArrivalFacts) -> Bool {
    let length = payload &+ (segment.isFinal ? 1 : 0)
    guard isExpecting(payload: payload, length: length), segment.sequence == rcv.nxt, length <= rcv.wnd,
      flags.intersection(.asksForLongWay) == .synAcknowledged,
      !hasReordered, facts.ecn == .notECT, !usesECN, probe.end == nil,
      segment.hasTimestamps == negotiated.timestamps
    else { return false }
    if negotiated.timestamps && Int32(bitPattern: segment.timestamps.value &- rcv.timestampRecent) < 0 { return false }
    if segment.acknowledgement != snd.una { return snd.outstanding.advances(to: segment.acknowledgement) && isCalm }
    return length > 0 && snd.una == snd.nxt && Int(segment.window) &<< Int(snd.scale.shift) == snd.wnd && snd.wnd > 0
  }

  /// Whether so many octets of text, and with a FIN behind them so much sequence space, can come next: until the peer has closed, text only as long as there is a
  /// program to read it; and from then on nothing.
  @inline(always)
  private func isExpecting(payload: Int, length: Int) -> Bool {
    if phase == .established { return rcv.fin == nil }
    if phase == .finWait1 || phase == .finWait2 {
      return rcv.fin == nil && (payload == 0 || !flags.contains(.orphaned))
    }
    return length == 0 && (phase == .closeWait || phase == .lastAck)
  }

  /// Whether nothing of what is outstanding was lost, reported or probed, and no response to loss waits to be taken back: an acknowledgement that advances
  /// has no more to tell than that.
  @inline(always)
  private var isCalm: Bool {
    transferPart.isPresent && recovery.mode == .open && recovery.doubt == .none
      && !(undo.isPossible && undo.unproven == 0) && scoreboard.lost == 0
      && scoreboard.sackedOctets == 0
  }

  /// Takes a segment if it is an expected one: does what the long way does with it, without the questions. False, with nothing done, if it is another.
  package mutating func receiveExpected(
    _ segment: PlainSegment, payload: inout PageChain, _ facts: ArrivalFacts, in environment: inout Environment,
    at now: Instant
  ) -> Bool {
    let octets = payload.count
    guard isExpected(segment, payload: octets, facts) else { return false }
    countSegments(octets, facts)
    if environment.trace.isEnabled { traceReceived(segment, payload: octets, &environment, at: now) }
    keepAlive.lastHeard = now
    keepAlive.unanswered = 0
    if segment.acknowledgement == snd.una {
      snd.wl1 = segment.sequence
    } else {
      processExpectedAcknowledgement(segment, &environment, at: now)
      // What it acknowledged may have been the FIN, behind which nothing comes.
      if isOver {
        environment.pool.release(payload.take())
        return true
      }
    }
    if negotiated.timestamps && !segment.sequence.isAfter(rcv.lastAckSent) {
      rcv.timestampRecent = segment.timestamps.value
      rcv.timestampRecentAt = now
    }
    if octets > 0 {
      takeExpectedText(payload.take(), facts, echo: segment.timestamps.echo, &environment, at: now)
    } else {
      environment.pool.release(payload.take())
    }
    if segment.isFinal {
      rcv.fin = rcv.nxt
      finArrives(in: &environment, at: now)
    }
    return true
  }

  @inline(never)
  private func traceReceived(
    _ segment: PlainSegment, payload octets: Int, _ environment: inout Environment, at now: Instant
  ) {
    let header = TCPHeader(segment, sourcePort: remote.port, destinationPort: local.port)
    trace(.received(summary(header, payload: octets, ecn: .notECT)), in: &environment, at: now)
  }

  /// Fifth, check the ACK field: one that advances, as ``isCalm`` has it.
  @inline(always)
  private mutating func processExpectedAcknowledgement(
    _ segment: PlainSegment, _ environment: inout Environment, at now: Instant
  ) {
    let previousWindow = snd.wnd
    let inFlightBefore = scoreboard.inFlight
    let deliveredBefore = scoreboard.delivered
    let echo = segment.timestamps.echo
    noteApplicationLimit()
    scoreboard.rate.acknowledgementArrives()
    rack.acknowledgementArrives(after: recovery.began)
    updateSendWindow(segment.sequence, segment.acknowledgement, field: segment.window, &environment, at: now)
    recovery.validation.acknowledgementArrives()
    advance(
      to: segment.acknowledgement, echo: echo, inFlightBefore: inFlightBefore, evidence(echo: echo, at: now),
      &environment)
    if finIsAcknowledged {
      ackOfFinArrives(&environment, at: now)
      if isOver { return }
    }
    // Where all is acknowledged nothing can be lost.
    if negotiated.sack && !scoreboard.isEmpty {
      recovery.deliveredNow = scoreboard.delivered - deliveredBefore
      selectiveEvidenceArrives(advances: true, &environment, at: now)
      recovery.deliveredNow = 0
    }
    sampleRate(&environment, at: now)
    if snd.wnd > previousWindow { windowOpened(&environment, at: now) }
    armForExpectedAcknowledgement(in: &environment, at: now)
  }

  /// Seventh, process the segment text: what comes next in order, behind which nothing waits.
  @inline(always)
  private mutating func takeExpectedText(
    _ text: consuming PageChain, _ facts: ArrivalFacts, echo: UInt32, _ environment: inout Environment, at now: Instant
  ) {
    let octets = text.count
    rcv.segmentSize = max(rcv.segmentSize, facts.segmentSize > 0 ? facts.segmentSize : octets)
    deliver(text, &environment)
    statistics.bytesReceived &+= UInt64(octets)
    events.insert(.readable)
    countArrival(octets, &environment, at: now)
    measureAsReceiver(echo: echo, at: now)
  }
}
