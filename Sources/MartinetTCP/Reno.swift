/// RFC 5681 with byte counting (RFC 3465) and NewReno's window arithmetic (RFC 6582).
struct Reno {
  /// Octets acknowledged since the window last grew in congestion avoidance (RFC 3465 section 2.1).
  private var acknowledged = 0

  mutating func on(_ event: CongestionEvent, window: inout Int, threshold: inout Int) {
    switch event {
    case .acknowledged(let sample):
      grow(sample, window: &window, threshold: threshold)
    case .duplicateInRecovery(let segmentSize, let flightSize):
      // The inflation stops at what is outstanding: a peer that invents duplicates gains nothing (RFC 5681 section 3.2).
      window = min(window + segmentSize, max(window, threshold + flightSize))
    case .enteredRecovery(let flightSize, let segmentSize, let usesSACK):
      threshold = Reno.halved(flightSize, segmentSize)
      window = usesSACK ? threshold : threshold + 3 * segmentSize
      acknowledged = 0
    case .partialAcknowledgement(let octets, let segmentSize):
      window = max(window - octets + (octets >= segmentSize ? segmentSize : 0), segmentSize)
    case .leftRecovery(let flightSize, let segmentSize, let usesSACK):
      window = usesSACK ? threshold : min(threshold, max(flightSize, segmentSize) + segmentSize)
    case .timedOut(let flightSize, let segmentSize, let isFirst):
      if isFirst { threshold = Reno.halved(flightSize, segmentSize) }
      window = segmentSize
      acknowledged = 0
    case .idle(let initialWindow):
      window = min(window, initialWindow)
    case .segmentSizeChanged(let old, let new):
      if old > 0 && new < old { window = max(window / old * new, new) }
    }
  }

  /// max(FlightSize / 2, 2 * SMSS) (RFC 5681 equation 4).
  private static func halved(_ flightSize: Int, _ segmentSize: Int) -> Int {
    max(flightSize / 2, 2 * segmentSize)
  }

  private mutating func grow(_ sample: AcknowledgementSample, window: inout Int, threshold: Int) {
    if window < threshold {
      // The window grows only while it is what holds the sender back.
      guard sample.inFlightBefore * 2 >= window else { return }
      let limit = sample.isAfterTimeout ? sample.segmentSize : 2 * sample.segmentSize
      window = min(window + min(sample.octets, limit), Congestion.unlimited)
      return
    }
    guard sample.inFlightBefore + 3 * sample.segmentSize >= window else { return }
    acknowledged += sample.octets
    if acknowledged >= window {
      acknowledged -= window
      window = min(window + sample.segmentSize, Congestion.unlimited)
      acknowledged = min(acknowledged, window)
    }
  }
}
