import MartinetWire

/// DCTCP (RFC 8257): the window shrinks by the extent of congestion instead of by its presence.
struct DCTCP {
  /// alpha as a binary fraction: 1 at first (section 3.3).
  private(set) var alpha = DCTCP.one
  private static let one = 1 << 20
  /// g = 1/16, as a shift.
  private static let gain = 4

  /// DCTCP.WindowEnd, DCTCP.BytesAcked and DCTCP.BytesMarked. What SACK reports is not counted (section 3.3).
  private var windowEnd: SequenceNumber?
  private var acknowledged = 0
  private var marked = 0
  /// Growth, and the response to loss (section 3.5).
  private var reno = Reno()

  mutating func on(_ event: CongestionEvent, window: inout Int, threshold: inout Int) {
    switch event {
    case .acknowledged(let sample):
      estimate(sample)
      if !sample.isNotified { reno.on(event, window: &window, threshold: &threshold) }
    case .explicitNotification(_, let segmentSize, _):
      // cwnd = cwnd * (1 - alpha / 2)
      let reduced = window - window * alpha / (2 * DCTCP.one)
      MarkResponse.reduce(to: reduced, segmentSize: segmentSize, window: &window, threshold: &threshold)
    default:
      reno.on(event, window: &window, threshold: &threshold)
    }
  }

  /// Once for each window of data (section 3.3, steps 1 to 9).
  private mutating func estimate(_ sample: AcknowledgementSample) {
    acknowledged += sample.octets
    marked += min(sample.markedOctets, sample.octets)
    guard let end = windowEnd else {
      windowEnd = sample.sendNext
      return
    }
    guard sample.acknowledged.isAfter(end), acknowledged > 0 else { return }
    let fraction = marked * DCTCP.one / acknowledged
    // Rounded up, so that alpha can come to zero.
    alpha -= (alpha + (1 << DCTCP.gain) - 1) >> DCTCP.gain
    alpha = min(alpha + fraction >> DCTCP.gain, DCTCP.one)
    windowEnd = sample.sendNext
    acknowledged = 0
    marked = 0
  }
}

/// What a mark makes of the window, whichever algorithm says by how much.
enum MarkResponse {
  /// ssthresh is two segments at least, and the window comes down to it, as after fast recovery (RFC 8511 section 3, RFC 5681 equation 4). So only a
  /// timeout makes a window of one segment, which waits for a delayed acknowledgement, and at the next mark for the timer (RFC 3168 section
  /// 6.1.2): flows whose share is that small would have nothing beside others whose share is a little larger.
  ///
  /// CUBIC's window comes down to `leastSegments` of one all the same, and only its ssthresh stays at two, as RFC 9438 section 4.6 demands.
  static func reduce(
    to octets: Int, segmentSize: Int, leastSegments: Int = 2, window: inout Int, threshold: inout Int
  ) {
    threshold = max(octets, 2 * segmentSize)
    window = min(window, max(octets, leastSegments * segmentSize))
  }
}
