import MartinetWire

// Header prediction: the short way through SEGMENT ARRIVES.

extension Connection {
  /// Whether a segment is the next text of a one-way stream, which nearly all segments are: one for which every check of the long way (RFC 9293
  /// section 3.10.7.4, RFC 5961, RFC 7323 section 5.3) passes and changes nothing.
  ///
  /// First it begins at RCV.NXT and ends in the window, with a timestamp that is not old. Second to fourth it has no RST and no SYN. Fifth its acknowledgement
  /// is SND.UNA, with nothing outstanding, so that it has no news, and the window is the one that is known. Sixth to eighth it has neither URG nor FIN,
  /// and nothing waits that it could overlap.
  func isExpected(_ header: TCPHeader, payload: Int, _ facts: ArrivalFacts) -> Bool {
    guard phase == .established, header.flags.subtracting(.psh) == .ack, header.sequence == rcv.nxt,
      payload > 0, payload <= rcv.wnd,
      header.acknowledgement == snd.una, snd.una == snd.nxt,
      Int(header.window) << Int(snd.scale.shift) == snd.wnd, snd.wnd > 0,
      !hasReordered, rcv.fin == nil, flags.isDisjoint(with: [.orphaned, .probing, .finQueued]), facts.ecn == .notECT,
      ecn.mode == .none
    else { return false }
    guard negotiated.timestamps else { return header.options.present.isEmpty }
    return header.options.present == .timestamps
      && Int32(bitPattern: header.options.timestamps.value &- rcv.timestampRecent) >= 0
  }

  /// Takes a segment that ``isExpected(_:payload:_:)``: what the long way does with it, without the questions.
  mutating func receiveExpected(
    _ header: TCPHeader, payload: consuming PageChain, _ facts: ArrivalFacts, _ environment: inout Environment,
    at now: Instant
  ) {
    keepAlive.lastHeard = now
    keepAlive.unanswered = 0
    snd.wl1 = header.sequence
    if negotiated.timestamps && !header.sequence.isAfter(rcv.lastAckSent) {
      rcv.timestampRecent = header.options.timestamps.value
      rcv.timestampRecentAt = now
    }
    let octets = payload.count
    rcv.segmentSize = max(rcv.segmentSize, facts.segmentSize > 0 ? facts.segmentSize : octets)
    deliver(payload, &environment)
    statistics.bytesReceived += UInt64(octets)
    events.insert(.readable)
    countArrival(octets, &environment, at: now)
    measureAsReceiver(header, at: now)
  }
}
