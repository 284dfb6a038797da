/// RFC 5681 with byte counting (RFC 3465) and NewReno's window arithmetic (RFC 6582).
struct Reno {
  /// Octets acknowledged since the window last grew in congestion avoidance (RFC 3465 section 2.1).
  private var acknowledged = 0

  mutating func on(_ event: CongestionEvent, window: inout Int, threshold: inout Int) {
    switch event {
    case .acknowledged(let sample):
      grow(sample, window: &window, threshold: threshold)
    case .enteredRecovery(let flightSize, let segmentSize, let usesSACK):
      threshold = Reno.halved(flightSize, segmentSize)
      window = usesSACK ? threshold : threshold + 3 * segmentSize
      acknowledged = 0
    case .explicitNotification(let flightSize, let segmentSize, let usesAlternativeBackoff):
      // beta_ecn = 0.8 (RFC 8511 section 3)
      let reduced = usesAlternativeBackoff ? flightSize / 5 * 4 : flightSize / 2
      MarkResponse.reduce(to: reduced, segmentSize: segmentSize, window: &window, threshold: &threshold)
      acknowledged = 0
    case .timedOut(let flightSize, let segmentSize, let isFirst):
      if isFirst { threshold = Reno.halved(flightSize, segmentSize) }
      window = segmentSize
      acknowledged = 0
    case .duplicateInRecovery, .partialAcknowledgement, .proportionalRate, .leftRecovery, .idle, .segmentSizeChanged,
      .leftTimeout, .sampled, .lost, .restarting, .unused:
      RecoveryWindow.move(on: event, window: &window, threshold: threshold)
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
      window = min(window + sample.cautiousGrowth, Congestion.unlimited)
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
