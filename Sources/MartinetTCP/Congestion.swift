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
  var now: Instant

  package init(
    octets: Int, inFlightBefore: Int, segmentSize: Int, roundTrip: Interval? = nil, isAfterTimeout: Bool = false,
    smoothedRoundTrip: Interval = .zero, acknowledged: SequenceNumber = SequenceNumber(0),
    sendNext: SequenceNumber = SequenceNumber(0), now: Instant
  ) {
    self.octets = octets
    self.inFlightBefore = inFlightBefore
    self.segmentSize = segmentSize
    self.roundTrip = roundTrip
    self.isAfterTimeout = isAfterTimeout
    self.smoothedRoundTrip = smoothedRoundTrip
    self.acknowledged = acknowledged
    self.sendNext = sendNext
    self.now = now
  }

  /// What slow start adds by RFC 3465 sections 2.2 and 2.3: two segments at most, and one while what a timeout lost is repaired.
  var cautiousGrowth: Int { min(octets, isAfterTimeout ? segmentSize : 2 * segmentSize) }
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
  /// The acknowledgement covers everything that was out when recovery began.
  case leftRecovery(flightSize: Int, segmentSize: Int, usesSACK: Bool)
  /// The retransmission timer expired, for the first time on this segment or again.
  case timedOut(flightSize: Int, segmentSize: Int, isFirst: Bool)
  /// Nothing was sent for longer than the retransmission timeout (RFC 5681 section 4.1).
  case idle(initialWindow: Int)
  /// The path MTU made segments smaller.
  case segmentSizeChanged(from: Int, to: Int)
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

  /// "Arbitrarily high" (RFC 5681 section 3.1).
  static let unlimited = Int(Int32.max)

  package init(_ algorithm: CongestionAlgorithm, window: Int) {
    self.algorithm = algorithm
    self.window = window
  }

  /// IW (RFC 6928 section 2), in octets, or one segment after a handshake that lost more than one SYN.
  package static func initialWindow(segments: Int, segmentSize: Int, handshakeWasLossy: Bool) -> Int {
    if handshakeWasLossy { return segmentSize }
    return min(segments * segmentSize, max(2 * segmentSize, segments * 1460))
  }

  var isInSlowStart: Bool { window < threshold }

  /// Goes on with another algorithm from where the window and its threshold are.
  mutating func change(to algorithm: CongestionAlgorithm) {
    self.algorithm = algorithm
    reno = Reno()
    cubic = CUBIC()
  }

  /// Goes back to how things stood `before` a response to loss that was needless, with a window and a threshold of the caller's choice.
  package mutating func restore(_ before: Congestion, window: Int, threshold: Int) {
    let algorithm = algorithm
    self = before
    if self.algorithm != algorithm { change(to: algorithm) }
    self.window = window
    self.threshold = threshold
  }

  package mutating func on(_ event: CongestionEvent) {
    switch algorithm {
    case .reno: reno.on(event, window: &window, threshold: &threshold)
    case .cubic: cubic.on(event, window: &window, threshold: &threshold)
    }
  }
}
