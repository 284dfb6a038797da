/// The window arithmetic that Reno and what descends from it share: NewReno's inflation (RFC 5681 section 3.2, RFC 6582 section 3.2), idle times and
/// narrower paths.
enum RecoveryWindow {
  static func move(on event: CongestionEvent, window: inout Int, threshold: Int) {
    switch event {
    case .duplicateInRecovery(let segmentSize, let flightSize):
      // The inflation stops at what is outstanding: a peer that invents duplicates gains nothing (RFC 5681 section 3.2).
      window = min(window + segmentSize, max(window, threshold + flightSize))
    case .partialAcknowledgement(let octets, let segmentSize):
      window = max(window - octets + (octets >= segmentSize ? segmentSize : 0), segmentSize)
    case .proportionalRate(let allowed):
      window = allowed
    case .leftRecovery(let flightSize, let segmentSize, let usesSACK):
      window = usesSACK ? threshold : min(threshold, max(flightSize, segmentSize) + segmentSize)
    case .idle(let initialWindow):
      window = min(window, initialWindow)
    case .segmentSizeChanged(let old, let new):
      if old > 0 && new < old { window = max(window / old * new, new) }
    case .acknowledged, .enteredRecovery, .timedOut, .leftTimeout, .sampled, .lost, .restarting, .explicitNotification,
      .unused:
      break
    }
  }
}
