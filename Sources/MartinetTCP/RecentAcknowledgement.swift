import MartinetWire

/// What an acknowledgement brings to judge by: whether a repetition can be what it answers (RFC 8985 section 6.2, step 2).
package struct AcknowledgementEvidence {
  let now: Instant
  /// The timestamp that is echoed, zero without one, and where our clock of those began.
  private let echo: UInt32
  private let timestampOffset: UInt32
  /// The least round trip of late.
  let minimumRoundTrip: Interval

  package init(
    now: Instant, echo: UInt32 = 0, timestampOffset: UInt32 = 0, minimumRoundTrip: Interval = .zero
  ) {
    self.now = now
    self.echo = echo
    self.timestampOffset = timestampOffset
    self.minimumRoundTrip = minimumRoundTrip
  }

  /// The latest instant at which the segment may have left whose timestamp is echoed; nil without one.
  private var echoed: Instant? {
    guard echo != 0 else { return nil }
    let milliseconds = now.nanoseconds / 1_000_000
    let age = Int32(bitPattern: UInt32(truncatingIfNeeded: milliseconds) &+ timestampOffset &- echo)
    return Instant(nanoseconds: (milliseconds - Int64(age) + 1) * 1_000_000 - 1)
  }

  /// What of it says anything of segments above a gap.
  ///
  /// Unlike RFC 8985 section 6.2 the echo is no judge of those: it is that of a segment before the gap, whenever they left (RFC 7323 section 4.3).
  var aboveGap: AcknowledgementEvidence {
    AcknowledgementEvidence(now: now, minimumRoundTrip: minimumRoundTrip)
  }

  /// Whether the acknowledgement of what left again at `sentAt` may answer an earlier transmission.
  func isDoubtful(sentAt: Instant) -> Bool {
    if let echoed, sentAt > echoed { return true }
    return now - sentAt < minimumRoundTrip
  }
}

/// What RACK knows (RFC 8985 section 5.3): of all transmissions that have arrived, the one that left last, and how far segments overtake each other.
///
/// Unlike the RFC's pair of time and end_seq a number tells which of two transmissions was first; only within a train end_seq decides.
package struct RecentAcknowledgement {
  /// RACK.segment: the number of its transmission, RACK.end_seq and RACK.xmit_ts.
  private var number = TransmissionNumber()
  private var end = SequenceNumber(0)
  private var sentAt = Instant.zero
  private var isKnown = false
  /// RACK.rtt
  package private(set) var roundTrip = Interval.zero
  /// RACK.fack: the end of the highest segment that has arrived.
  private var farthest = SequenceNumber(0)
  /// What it was before the acknowledgement in hand, whose blocks do not come in the order of their numbers.
  private var farthestBefore = SequenceNumber(0)
  /// RACK.reordering_seen
  package private(set) var reorderingSeen = false
  /// RACK.dsack_round: until this is acknowledged no further report of a duplicate widens the window.
  private var duplicateRound: SequenceNumber?
  /// RACK.reo_wnd_mult
  package private(set) var multiplier: Int64 = 1
  /// RACK.reo_wnd_persist: recoveries after which the multiplier is 1 again.
  private var persistence = 0
  private static let persistentRecoveries = 16

  package init() {}

  /// Octets that the acknowledgement in hand brought news of and that were sent once: before the last response to loss, and after it.
  private(set) var originals = 0
  private(set) var fresh = 0
  /// The first transmission after that response.
  private var response = TransmissionNumber()

  /// What is delivered from here on one acknowledgement tells of; `response` is the first transmission after the last response to loss.
  package mutating func acknowledgementArrives(after response: TransmissionNumber = TransmissionNumber()) {
    farthestBefore = farthest
    self.response = response
    originals = 0
    fresh = 0
  }

  /// Segments were taken for lost that had only been overtaken.
  mutating func sawReordering() { reorderingSeen = true }

  /// `record` has arrived, which was not known before (steps 2 and 3).
  @inline(__always)
  package mutating func delivered(_ record: TransmissionRecord, _ evidence: AcknowledgementEvidence) {
    if !isKnown {
      (farthest, farthestBefore) = (record.end, record.end)
    } else if record.end.isAfter(farthest) {
      farthest = record.end
    } else if record.end.isBefore(farthestBefore) && !record.isRetransmitted {
      reorderingSeen = true
    }
    if !record.isRetransmitted {
      if response.isAfter(record.number) { originals += Int(record.length) } else { fresh += Int(record.length) }
    }
    if record.isRetransmitted && evidence.isDoubtful(sentAt: record.sentAt) { return }
    roundTrip = evidence.now - record.sentAt
    guard !isKnown || isLater(record.number, endingAt: record.end) else { return }
    isKnown = true
    number = record.number
    end = record.end
    sentAt = record.sentAt
  }

  /// Whether `record` left before something that has arrived: RACK_sent_after.
  func overtook(_ record: TransmissionRecord) -> Bool {
    isKnown && !isLater(record.number, endingAt: record.end)
      && !(record.number == number && record.end == end)
  }

  private func isLater(_ other: TransmissionNumber, endingAt otherEnd: SequenceNumber) -> Bool {
    other == number ? otherEnd.isAfter(end) : other.isAfter(number)
  }

  // MARK: The reordering window (step 4)

  /// A report of a duplicate came: the window was too small, or the timer too short.
  package mutating func duplicateReported(sendNext: SequenceNumber, unacknowledged: SequenceNumber) {
    if let round = duplicateRound, unacknowledged.isAtOrAfter(round) { duplicateRound = nil }
    guard duplicateRound == nil else { return }
    duplicateRound = sendNext
    multiplier += 1
    persistence = RecentAcknowledgement.persistentRecoveries
  }

  /// Recovery has ended.
  package mutating func recovered() {
    persistence = max(0, persistence - 1)
    if persistence == 0 { multiplier = 1 }
  }

  /// RACK.reo_wnd: how long a segment may be overtaken before it is lost.
  package func reorderingWindow(
    isRecovering: Bool, sackedSegments: Int, threshold: Int, minimumRoundTrip: Interval, smoothed: Interval
  ) -> Interval {
    if !reorderingSeen && (isRecovering || sackedSegments >= threshold) { return .zero }
    return min(minimumRoundTrip * multiplier / 4, smoothed)
  }
}
