import MartinetWire

/// What an acknowledgement of new data tells congestion control.
package struct AcknowledgementSample {
  /// Octets that the cumulative acknowledgement advanced over.
  var octets: Int
  /// Octets that were in flight before.
  var inFlightBefore: Int
  /// The payload octets of a full segment.
  var segmentSize: Int
  /// The round trip that was measured with it.
  var roundTrip: Interval?
  /// Whether data lost to a timeout are still being repaired.
  var isAfterTimeout: Bool
  /// SRTT; zero before there is a sample.
  var smoothedRoundTrip: Interval
  /// SEG.ACK, and SND.NXT when it came.
  var acknowledged: SequenceNumber
  var sendNext: SequenceNumber
  /// Whether it says that something met congestion, and how many octets did (RFC 3168, RFC 9768).
  var isNotified: Bool
  var markedOctets: Int
  var now: Instant

  package init(
    octets: Int, inFlightBefore: Int, segmentSize: Int, roundTrip: Interval? = nil, isAfterTimeout: Bool = false,
    smoothedRoundTrip: Interval = .zero, acknowledged: SequenceNumber = SequenceNumber(0),
    sendNext: SequenceNumber = SequenceNumber(0), isNotified: Bool = false, markedOctets: Int = 0, now: Instant
  ) {
    self.octets = octets
    self.inFlightBefore = inFlightBefore
    self.segmentSize = segmentSize
    self.roundTrip = roundTrip
    self.isAfterTimeout = isAfterTimeout
    self.smoothedRoundTrip = smoothedRoundTrip
    self.acknowledged = acknowledged
    self.sendNext = sendNext
    self.isNotified = isNotified
    self.markedOctets = markedOctets
    self.now = now
  }

  /// What slow start adds by RFC 3465 sections 2.2 and 2.3: two segments at most, and one while what a timeout lost is repaired.
  var cautiousGrowth: Int { min(octets, isAfterTimeout ? segmentSize : 2 * segmentSize) }
}

/// How a connection stands, as congestion control wants to know.
package struct PathState: BitwiseCopyable, Sendable {
  package var now = Instant.zero
  /// The payload octets of a full segment.
  package var segmentSize = 1
  /// C.inflight and C.delivered, in octets.
  package var inFlight = 0
  package var delivered = 0
  /// C.lost, in octets.
  package var lost = 0
  /// SRTT; zero before there is a sample.
  package var smoothedRoundTrip = Interval.zero
  /// C.is_cwnd_limited: whether the window was full at some time in the last round trip.
  package var isWindowLimited = false
  /// C.app_limited: whether there was nothing to send in the last round trip.
  package var isApplicationLimited = false
  /// C.has_selective_acks
  package var usesSACK = true
  /// What makes one connection's random choices differ from another's.
  package var seed: UInt64 = 0

  package init() {}
}

/// What congestion control hears of: one event, whichever algorithm listens.
package enum CongestionEvent {
  case acknowledged(AcknowledgementSample)
  /// A duplicate acknowledgement in fast recovery without SACK, with so many octets outstanding when it began (RFC 5681 section 3.2, step 4).
  case duplicateInRecovery(segmentSize: Int, flightSize: Int)
  /// Loss was detected; `flightSize` leaves limited transmit out (RFC 5681 section 3.2, step 2).
  case enteredRecovery(flightSize: Int, segmentSize: Int, usesSACK: Bool)
  /// RFC 6582 section 3.2, step 3.
  case partialAcknowledgement(octets: Int, segmentSize: Int)
  /// What proportional rate reduction allows in fast recovery with SACK (RFC 9937 section 6.2).
  case proportionalRate(window: Int)
  /// The acknowledgement covers everything that was out when fast recovery began.
  case leftRecovery(flightSize: Int, segmentSize: Int, usesSACK: Bool)
  /// The retransmission timer expired, for the first time on this segment or again.
  case timedOut(flightSize: Int, segmentSize: Int, isFirst: Bool)
  /// The acknowledgement covers everything that was out when the timer expired.
  case leftTimeout
  /// The peer tells of congestion marks, once for each window of data (RFC 3168 section 6.1.2); with RFC 8511 they weigh less than a loss.
  case explicitNotification(flightSize: Int, segmentSize: Int, usesAlternativeBackoff: Bool)
  /// Less than half of the window was used for five minutes (RFC 7661 section 4.4).
  case unused(initialWindow: Int)
  /// Nothing was sent for longer than the retransmission timeout (RFC 5681 section 4.1).
  case idle(initialWindow: Int)
  /// The path MTU made segments smaller.
  case segmentSizeChanged(from: Int, to: Int)
  /// Something arrived, and this is what it tells of the path: the last event of an acknowledgement.
  case sampled(RateSample, PathState)
  /// Some of the flight is taken for lost.
  case lost(LossNote, PathState)
  /// Data are about to leave and nothing is in flight.
  case restarting(PathState)
}

/// The congestion window, whichever algorithm moves it.
package struct Congestion {
  private(set) var algorithm: CongestionAlgorithm
  /// cwnd, in octets.
  package private(set) var window: Int
  /// ssthresh, in octets.
  package private(set) var threshold = Congestion.unlimited
  private var reno = Reno()
  private var cubic = CUBIC()
  /// One, if the algorithm is BBR: too large to be in the record of every connection.
  private var bbr: [BBR] = []
  private var dctcp = DCTCP()

  /// "Arbitrarily high" (RFC 5681 section 3.1).
  package static let unlimited = Int(Int32.max)

  /// Congestion control of a connection that stands as `path` says.
  package init(
    _ algorithm: CongestionAlgorithm, window: Int, threshold: Int = Congestion.unlimited, path: PathState? = nil
  ) {
    self.algorithm = algorithm
    self.window = window
    self.threshold = threshold
    if algorithm == .bbr, let path { bbr = [BBR(window: window, path)] }
  }

  /// Begins anew with a path that stands as `path` says: nil, unless the algorithm asks for it.
  mutating func begin(
    _ algorithm: CongestionAlgorithm, window: Int, threshold: Int = Congestion.unlimited, path: PathState?
  ) {
    if algorithm == .bbr || !bbr.isEmpty {
      self = Congestion(algorithm, window: window, threshold: threshold, path: path)
      return
    }
    self.algorithm = algorithm
    self.window = window
    self.threshold = threshold
    (reno, cubic, dctcp) = (Reno(), CUBIC(), DCTCP())
  }

  /// IW (RFC 6928 section 2), in octets, or one segment after a handshake that lost more than one SYN.
  package static func initialWindow(segments: Int, segmentSize: Int, handshakeWasLossy: Bool) -> Int {
    if handshakeWasLossy { return segmentSize }
    return min(segments * segmentSize, max(2 * segmentSize, segments * 1460))
  }

  var isInSlowStart: Bool { window < threshold }

  /// Goes on with another algorithm from where the window and its threshold are.
  mutating func change(to algorithm: CongestionAlgorithm, path: PathState? = nil) {
    let threshold = algorithm == .bbr ? Congestion.unlimited : threshold
    self = Congestion(algorithm, window: window, path: path)
    self.threshold = threshold
  }

  /// What is to be remembered for ``restore(_:window:threshold:)``. BBR remembers by itself.
  var remembered: Congestion {
    var copy = self
    copy.bbr = []
    return copy
  }

  /// Goes back to how things stood `before` a response to loss that was needless, with a window and a threshold of the caller's choice.
  package mutating func restore(_ before: Congestion, window: Int, threshold: Int) {
    let algorithm = algorithm
    guard bbr.isEmpty else {
      bbr[0].undo(window: &self.window)
      return
    }
    self = before
    if self.algorithm != algorithm { change(to: algorithm) }
    self.window = window
    self.threshold = threshold
  }

  /// How fast data may leave; nil if only the window bounds them. BBR always says, the others where `isPaced`: at twice the window in each round trip
  /// of slow start, at 1.2 times the window later, so that the window is never what pacing holds back.
  package func pacingRate(isPaced: Bool, smoothedRoundTrip: Interval) -> Rate? {
    if !bbr.isEmpty { return bbr[0].pacingRate }
    guard isPaced, smoothedRoundTrip > .zero else { return nil }
    return Rate(octets: window, in: smoothedRoundTrip).percent(window < threshold / 2 ? 200 : 120)
  }

  /// How much longer than the round trip the next segment waits, since marks came with a window of one segment; nil if the algorithm leaves that to the
  /// retransmission timer.
  func pauseBelowOneSegment(roundTrip: Interval) -> Interval? {
    algorithm == .cubic ? cubic.pause(roundTrip: roundTrip) : nil
  }

  /// What BBR is doing; nil if the algorithm is another.
  package var bbrState: BBR.State? { bbr.isEmpty ? nil : bbr[0].state }

  /// New data were acknowledged: what nearly all events are, and all that CUBIC hears of a path that loses nothing.
  @inline(__always)
  package mutating func acknowledged(_ sample: AcknowledgementSample) {
    // RFC 3168 section 6.1.2: nothing grows by an acknowledgement that tells of congestion; DCTCP counts it.
    if sample.isNotified, algorithm != .dctcp { return }
    if algorithm == .cubic {
      cubic.grow(sample, window: &window, threshold: &threshold)
    } else {
      tell(.acknowledged(sample))
    }
  }

  package mutating func on(_ event: CongestionEvent) {
    if case .acknowledged(let sample) = event { return acknowledged(sample) }
    if case .unused(let initialWindow) = event {
      threshold = max(threshold, window / 4 * 3)
      window = min(window, max(window / 2, initialWindow))
      return
    }
    tell(event)
  }

  private mutating func tell(_ event: CongestionEvent) {
    switch algorithm {
    case .reno: reno.on(event, window: &window, threshold: &threshold)
    case .cubic: cubic.on(event, window: &window, threshold: &threshold)
    case .bbr: if !bbr.isEmpty { bbr[0].on(event, window: &window) }
    case .dctcp: dctcp.on(event, window: &window, threshold: &threshold)
    }
  }
}
