import MartinetWire

// Header prediction: the short way through SEGMENT ARRIVES.

extension Connection {
  /// Whether a segment is the next text of a one-way stream, which nearly all segments are: one for which every check of the long way (RFC 9293
  /// section 3.10.7.4, RFC 5961, RFC 7323 section 5.3) passes and changes nothing.
  ///
  /// First it begins at RCV.NXT and ends in the window, with a timestamp that is not old. Second to fourth it has no RST and no SYN. Fifth its acknowledgement
  /// is SND.UNA, with nothing outstanding, so that it has no news, and the window is the one that is known. Sixth to eighth it has neither URG nor FIN,
  /// and nothing waits that it could overlap.
  @inline(__always)
  private func isExpected(_ segment: PlainSegment, payload: Int, _ facts: ArrivalFacts) -> Bool {
    guard phase == .established, segment.sequence == rcv.nxt, payload > 0, payload <= rcv.wnd,
      segment.acknowledgement == snd.una, snd.una == snd.nxt,
      Int(segment.window) &<< Int(snd.scale.shift) == snd.wnd, snd.wnd > 0,
      !hasReordered, rcv.fin == nil, flags.isDisjoint(with: [.orphaned, .probing, .finQueued]), facts.ecn == .notECT,
      ecn.mode == .none, segment.hasTimestamps == negotiated.timestamps
    else { return false }
    return !negotiated.timestamps || Int32(bitPattern: segment.timestamps.value &- rcv.timestampRecent) >= 0
  }

  /// Takes a segment if it is the expected one: does what the long way does with it, without the questions. False, with nothing done, if it is another.
  package mutating func receiveExpected(
    _ segment: PlainSegment, payload: inout PageChain, _ facts: ArrivalFacts, in environment: inout Environment,
    at now: Instant
  ) -> Bool {
    let octets = payload.count
    guard isExpected(segment, payload: octets, facts) else { return false }
    countSegments(octets, facts)
    trace(
      .received(
        summary(
          TCPHeader(segment, sourcePort: remote.port, destinationPort: local.port), payload: octets, ecn: facts.ecn)),
      in: &environment, at: now)
    keepAlive.lastHeard = now
    keepAlive.unanswered = 0
    snd.wl1 = segment.sequence
    if negotiated.timestamps && !segment.sequence.isAfter(rcv.lastAckSent) {
      rcv.timestampRecent = segment.timestamps.value
      rcv.timestampRecentAt = now
    }
    rcv.segmentSize = max(rcv.segmentSize, facts.segmentSize > 0 ? facts.segmentSize : octets)
    deliver(payload.take(), &environment)
    statistics.bytesReceived &+= UInt64(octets)
    events.insert(.readable)
    countArrival(octets, &environment, at: now)
    measureAsReceiver(echo: segment.hasTimestamps ? segment.timestamps.echo : 0, at: now)
    return true
  }
}
