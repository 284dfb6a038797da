import MartinetWire

// Delivery rate samples (draft-ietf-ccwg-bbr section 4.1): how fast the path delivers, measured from when a transmission leaves to when it is acknowledged.

/// What a transmission takes along when it leaves (section 4.1.2.2). The totals are modulo 2^32: less than that is ever outstanding.
package struct DeliverySnapshot: BitwiseCopyable {
  /// P.delivered and P.lost
  var delivered: UInt32 = 0
  var lost: UInt32 = 0
  /// P.tx_in_flight; its highest bit is P.is_app_limited.
  private var flight: UInt32 = 0
  /// P.delivered_time and P.first_send_time; without the first no sample is taken.
  var deliveredAt = Instant.never
  var firstSentAt = Instant.zero

  var inFlight: Int {
    get { Int(flight & 0x7FFF_FFFF) }
    set { flight = (flight & 0x8000_0000) | UInt32(clamping: min(newValue, 0x7FFF_FFFF)) }
  }
  var isApplicationLimited: Bool {
    get { flight & 0x8000_0000 != 0 }
    set { flight = (flight & 0x7FFF_FFFF) | (newValue ? 0x8000_0000 : 0) }
  }
}

/// What one acknowledgement told of the rate (RS).
package struct RateSample: BitwiseCopyable, Sendable {
  /// Whether it tells anything but how much has arrived.
  package var hasData = false
  /// RS.newly_acked, in octets.
  package var newlyAcknowledged = 0
  /// RS.delivery_rate; zero if it can't be relied upon.
  package var rate = Rate.zero
  /// RS.delivered and RS.prior_delivered, in octets.
  package var delivered = 0
  package var priorDelivered = 0
  /// RS.tx_in_flight and RS.lost, in octets.
  package var inFlight = 0
  package var lost = 0
  /// RS.rtt
  package var roundTrip: Interval?
  package var isApplicationLimited = false
  /// RS.send_elapsed and RS.ack_elapsed
  fileprivate var sendElapsed = Interval.zero
  fileprivate var acknowledgementElapsed = Interval.zero
  fileprivate var snapshot = DeliverySnapshot()
  fileprivate var number = TransmissionNumber()

  package init() {}
}

/// What was taken for lost, as congestion control hears of it.
package struct LossNote: BitwiseCopyable, Sendable {
  /// Ranges that do not touch.
  package var ranges = 0
  /// The first loss that makes more than the tolerable part of a flight, or the first of all: its octets, what was in flight when it left, and what was
  /// lost since.
  package var size = 0
  package var inFlight = 0
  package var lost = 0
  package var isApplicationLimited = false

  /// One part in so many may be lost: 2 % (BBR.LossThresh).
  package static let tolerance = 50

  package init() {}

  /// Whether more of the flight is lost than is tolerable.
  package var isExcessive: Bool { lost * LossNote.tolerance > inFlight }
}

/// The state that samples are made from (section 4.1.2.1.1).
package struct DeliveryRate {
  /// C.delivered and C.lost, in octets since the connection began.
  package private(set) var delivered = 0
  package private(set) var lost = 0
  /// C.delivered_time and C.first_send_time
  private var deliveredAt = Instant.zero
  private var firstSentAt = Instant.zero
  /// C.app_limited: until so much is delivered the samples tell of the program, not of the path; zero if they don't.
  private var applicationLimitedUntil = 0
  /// Until so much is delivered something is on its way that filled the congestion window.
  private var windowLimitedUntil = -1
  /// The sample of the acknowledgement in hand, once that is complete.
  package private(set) var sample = RateSample()
  private var note = LossNote()
  private var lossEnd = SequenceNumber(0)
  /// The last sample that was not below what the path can do.
  package private(set) var latest = Rate.zero
  package private(set) var latestIsApplicationLimited = false

  package init() {}

  var isApplicationLimited: Bool { applicationLimitedUntil > 0 }
  /// C.is_cwnd_limited
  var isWindowLimited: Bool { delivered <= windowLimitedUntil }

  // MARK: Sending (section 4.1.2.2)

  /// Something leaves while nothing is in flight.
  mutating func begins(at now: Instant) {
    firstSentAt = now
    deliveredAt = now
  }

  /// What a transmission takes along, with so many octets in flight, its own included.
  @inline(__always)
  func snapshot(inFlight: Int) -> DeliverySnapshot {
    var snapshot = DeliverySnapshot()
    snapshot.delivered = UInt32(truncatingIfNeeded: delivered)
    snapshot.lost = UInt32(truncatingIfNeeded: lost)
    snapshot.inFlight = inFlight
    snapshot.isApplicationLimited = isApplicationLimited
    snapshot.deliveredAt = deliveredAt
    snapshot.firstSentAt = firstSentAt
    return snapshot
  }

  /// There was nothing to send where something could have been sent (section 4.1.2.4).
  package mutating func markApplicationLimited(inFlight: Int) {
    applicationLimitedUntil = max(delivered + inFlight, 1)
  }

  /// The congestion window is full.
  mutating func markWindowLimited(inFlight: Int) {
    windowLimitedUntil = delivered + inFlight
  }

  // MARK: Acknowledgements (section 4.1.2.3)

  package mutating func acknowledgementArrives() {
    sample = RateSample()
  }

  /// `record` has arrived, which was not known before. Of a repetition that may not be what arrived no sample is made.
  @inline(__always)
  package mutating func delivered(
    _ record: TransmissionRecord, _ snapshot: DeliverySnapshot?, _ evidence: AcknowledgementEvidence
  ) {
    delivered += Int(record.length)
    deliveredAt = evidence.now
    sample.newlyAcknowledged += Int(record.length)
    if record.isRetransmitted && evidence.isDoubtful(sentAt: record.sentAt) { return }
    guard let snapshot, snapshot.deliveredAt != .never, !sample.hasData || !sample.number.isAfter(record.number) else {
      return
    }
    sample.hasData = true
    sample.number = record.number
    sample.snapshot = snapshot
    sample.sendElapsed = record.sentAt - snapshot.firstSentAt
    sample.acknowledgementElapsed = evidence.now - snapshot.deliveredAt
    sample.roundTrip = evidence.now - record.sentAt
    firstSentAt = record.sentAt
  }

  /// Makes the sample of the acknowledgement in hand complete.
  @inline(__always)
  package mutating func finish(minimumRoundTrip: Interval) {
    if isApplicationLimited && delivered > applicationLimitedUntil { applicationLimitedUntil = 0 }
    guard sample.hasData else { return }
    let snapshot = sample.snapshot
    sample.delivered = Int(UInt32(truncatingIfNeeded: delivered) &- snapshot.delivered)
    sample.priorDelivered = delivered - sample.delivered
    sample.lost = Int(UInt32(truncatingIfNeeded: lost) &- snapshot.lost)
    sample.inFlight = snapshot.inFlight
    sample.isApplicationLimited = snapshot.isApplicationLimited
    let interval = max(sample.sendElapsed, sample.acknowledgementElapsed)
    // What took less than any round trip was not acknowledged by what it seems.
    guard interval > .zero, interval >= minimumRoundTrip else { return }
    sample.rate = Rate(octets: sample.delivered, in: interval)
    if !sample.isApplicationLimited || sample.rate >= latest {
      latest = sample.rate
      latestIsApplicationLimited = sample.isApplicationLimited
    }
  }

  // MARK: Losses

  /// `record` is taken for lost.
  package mutating func lose(_ record: TransmissionRecord, _ snapshot: DeliverySnapshot?) {
    lost += Int(record.length)
    if note.ranges == 0 || record.start != lossEnd { note.ranges += 1 }
    lossEnd = record.end
    guard let snapshot, snapshot.deliveredAt != .never, !note.isExcessive else { return }
    var candidate = note
    candidate.size = Int(record.length)
    candidate.inFlight = snapshot.inFlight
    candidate.lost = Int(UInt32(truncatingIfNeeded: lost) &- snapshot.lost)
    candidate.isApplicationLimited = snapshot.isApplicationLimited
    if note.size == 0 || candidate.isExcessive { note = candidate }
  }

  /// The `octets` that were lost since the last call are no sign of congestion.
  mutating func forgive(_ octets: Int) {
    lost -= octets
    note = LossNote()
  }

  /// Whether anything was lost since ``takeLosses()`` was called.
  var hasLosses: Bool { note.ranges > 0 }

  /// What was lost since the last call; nil if nothing was.
  package mutating func takeLosses() -> LossNote? {
    guard note.ranges > 0 else { return nil }
    defer { note = LossNote() }
    return note
  }
}
