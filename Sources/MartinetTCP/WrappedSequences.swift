import MartinetWire

/// Where it began that segments wait for what is missing before them: TS.Recent and RCV.NXT of then.
struct Disorder: BitwiseCopyable {
  var timestamp: UInt32 = 0
  var sequence = SequenceNumber(0)
  /// How far RCV.NXT may have come since: with two windows of 2^30 octets, the peer's of then and ours, less than a lap of the sequence numbers.
  static let reach = 1 << 29
}

// Protection against wrapped sequences (RFC 7323 section 5).

extension Connection {
  /// Whether the segment may be judged by its sequence number.
  ///
  /// Unlike RFC 7323 section 5.3, R1, a segment that is older than TS.Recent counts if it left after the present disorder began. A repetition that fills
  /// the first gap renews TS.Recent, and what left before it and was held back on the way would be dropped, to be sent again for nothing. Such a segment
  /// is of this lap: less than 2^29 octets came in order since, and when it left its sender had nothing outstanding from more than two windows before.
  mutating func timestampIsAcceptable(
    _ segment: borrowing ArrivingSegment, _ environment: inout Environment
  ) -> Bool {
    guard negotiated.timestamps, !segment.header.isRST else { return true }
    guard segment.header.options.has(.timestamps) else {
      // RFC 7323 section 3.2: dropped, and the connection lives. To accept it would take the protection from all that follows, so whoever can forge a
      // segment would have but to leave the option out; what is told of the silence that comes of it says why.
      if rare.withoutTimestamps < .max { rare.withoutTimestamps += 1 }
      drop(segment, .timestampMissing, &environment)
      return false
    }
    if !timestampIsOlder(segment) || leftInDisorder(segment) { return true }
    drop(segment, .pawsOldTimestamp, &environment)
    if segment.length > 0 {
      reportIfKnown(segment)
      owe(.duplicateAcknowledgement)
    } else {
      challenge(in: &environment, at: segment.now)
    }
    return false
  }

  /// SEG.TSval < TS.Recent, where TS.Recent is valid: after 24 days the clock may have gone round (section 5.5).
  func timestampIsOlder(_ segment: borrowing ArrivingSegment) -> Bool {
    let age = Int32(bitPattern: segment.header.options.timestamps.value &- rcv.timestampRecent)
    return age < 0 && segment.now - rcv.timestampRecentAt < .seconds(24 * 86400)
  }

  private func leftInDisorder(_ segment: borrowing ArrivingSegment) -> Bool {
    guard hasReordered, segment.payload.count > 0, disorderIsRecent else { return false }
    return Int32(bitPattern: segment.header.options.timestamps.value &- reassembly.disorder.timestamp) >= 0
  }

  private var disorderIsRecent: Bool {
    (0..<Disorder.reach).contains(rcv.nxt.distance(from: reassembly.disorder.sequence))
  }

  /// Text came that others are missing before.
  mutating func noteDisorder() {
    if hasReordered && disorderIsRecent { return }
    reassembly.disorder = Disorder(timestamp: rcv.timestampRecent, sequence: rcv.nxt)
  }

  /// RFC 7323 section 4.3: only a segment that begins at or before the last acknowledgement sent, that is no older, and whose own
  /// acknowledgement is plausible, so that no injected one moves the clock.
  mutating func updateTimestampRecent(_ segment: borrowing ArrivingSegment) {
    guard negotiated.timestamps, segment.renewsTimestamp, segment.header.options.has(.timestamps) else { return }
    rcv.timestampRecent = segment.header.options.timestamps.value
    rcv.timestampRecentAt = segment.now
  }
}
