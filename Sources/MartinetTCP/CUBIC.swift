/// CUBIC (RFC 9438), in integers: windows in octets, time in microseconds.
struct CUBIC {
  /// beta_cubic as a fraction (section 4.6).
  private static let (betaNumerator, betaDenominator) = (7, 10)

  private var curve: CubicCurve?
  /// W_max, in octets (section 4.1.2).
  private(set) var maximum = 0
  /// cwnd_prior, in octets: the window when it was last reduced.
  private var prior = 0
  /// When the congestion avoidance stage began, moved on by the times in which the window was not used (section 4.2).
  private var epoch = Instant.never
  private var lastGrowth = Instant.never
  /// W_est, in octets (section 4.3), and what was acknowledged towards its next segment, times 17.
  private var estimate = 0
  private var estimateCredit = 0
  /// What was acknowledged towards the next octet of the window.
  private var credit = 0
  private var slowStart = HyStart()
  /// What of a segment may leave in a round trip, in 1024ths: less than a whole one once marks come with a window of one (section 4.6).
  private var share = CUBIC.whole
  private static let whole = 1024

  /// Whether the window is in conservative slow start (RFC 9406).
  var isConservative: Bool { slowStart.isConservative }

  mutating func on(_ event: CongestionEvent, window: inout Int, threshold: inout Int) {
    switch event {
    case .acknowledged(let sample):
      grow(sample, window: &window, threshold: &threshold)
    case .enteredRecovery(let flightSize, let segmentSize, let usesSACK):
      threshold = reduce(window: window, flightSize: flightSize, segmentSize: segmentSize)
      window = usesSACK ? threshold : threshold + 3 * segmentSize
    case .explicitNotification(let flightSize, let segmentSize, let usesAlternativeBackoff):
      let share = window > segmentSize ? CUBIC.whole : max(self.share * CUBIC.betaNumerator / CUBIC.betaDenominator, 1)
      _ = reduce(window: window, flightSize: flightSize, segmentSize: segmentSize)
      // 0.85 is what RFC 8511 section 3 tells of CUBIC.
      let reduced = usesAlternativeBackoff ? flightSize / 20 * 17 : flightSize / 10 * 7
      MarkResponse.reduce(
        to: reduced, segmentSize: segmentSize, leastSegments: 1, window: &window, threshold: &threshold)
      self.share = share
    case .timedOut(let flightSize, let segmentSize, let isFirst):
      if isFirst { threshold = reduce(window: window, flightSize: flightSize, segmentSize: segmentSize) }
      window = segmentSize
      share = CUBIC.whole
      // The first stage after it begins where slow start ends, with nothing to come back to (section 4.8).
      maximum = 0
    case .duplicateInRecovery, .partialAcknowledgement, .proportionalRate, .leftRecovery, .idle, .segmentSizeChanged,
      .leftTimeout, .sampled, .lost, .restarting, .unused:
      RecoveryWindow.move(on: event, window: &window, threshold: threshold)
      if case .segmentSizeChanged = event { curve = nil }
    }
  }

  /// Multiplicative decrease (section 4.6) with fast convergence (section 4.7); returns ssthresh.
  private mutating func reduce(window: Int, flightSize: Int, segmentSize: Int) -> Int {
    prior = window
    // A flow whose window was larger before gives the difference to the newcomers: W_max is (1 + beta) / 2 of the window.
    maximum = window < maximum ? window / 20 * 17 : window
    curve = nil
    share = CUBIC.whole
    slowStart.end()
    return max(flightSize * CUBIC.betaNumerator / CUBIC.betaDenominator, 2 * segmentSize)
  }

  /// How much longer than the round trip the next segment waits, since marks came with a window of one; zero if it does not. Each mark lowers the rate by
  /// beta, as it would lower a larger window.
  func pause(roundTrip: Interval) -> Interval { roundTrip * Int64(CUBIC.whole - share) / Int64(share) }

  @inline(always)
  mutating func grow(_ sample: AcknowledgementSample, window: inout Int, threshold: inout Int) {
    defer { lastGrowth = sample.now }
    if share < CUBIC.whole {
      // As in slow start what is acknowledged is added, which makes a whole segment of any part of one.
      share = CUBIC.whole
      return
    }
    if window < threshold {
      passUncounted(until: sample.now)
      // The window grows only while it is what holds the sender back.
      guard sample.inFlightBefore * 2 >= window else { return }
      let isInitial = threshold == Congestion.unlimited
      let growth = isInitial ? slowStart.growth(for: sample) : sample.cautiousGrowth
      window = min(window + growth, Congestion.unlimited)
      if isInitial && slowStart.isOver { threshold = window }
      return
    }
    guard sample.inFlightBefore + 3 * sample.segmentSize >= window else {
      passUncounted(until: sample.now)
      return
    }
    avoid(sample, window: &window)
  }

  /// Time in which the window does not follow the curve, idle or in the slow start after it, is no time of the curve (section 4.2).
  private mutating func passUncounted(until now: Instant) {
    if curve != nil && lastGrowth != .never { epoch = epoch + (now - lastGrowth) }
  }

  /// Congestion avoidance (sections 4.2 to 4.5).
  private mutating func avoid(_ sample: AcknowledgementSample, window: inout Int) {
    let size = max(sample.segmentSize, 1)
    let curve = self.curve ?? begin(window: window, segmentSize: size, at: sample.now)
    let elapsed = max(0, (sample.now - epoch).nanoseconds / 1000)
    growEstimate(sample, window: window, segmentSize: size)
    if curve.window(at: elapsed) < estimate {
      // The Reno-friendly region (section 4.3). Unlike in the RFC the window follows by what is acknowledged at most, so that no burst leaves.
      window = min(max(window, estimate), window + sample.octets, Congestion.unlimited)
      return
    }
    let ahead = curve.window(at: elapsed + sample.smoothedRoundTrip.nanoseconds / 1000)
    let target = min(max(ahead, window), window / 2 * 3)
    credit += (target - window) * sample.octets
    window = min(window + credit / window, Congestion.unlimited)
    credit %= window
  }

  private mutating func begin(window: Int, segmentSize: Int, at now: Instant) -> CubicCurve {
    if maximum < window { maximum = window }
    let curve = CubicCurve(maximum: maximum, from: window, segmentSize: segmentSize)
    self.curve = curve
    epoch = now
    estimate = window
    estimateCredit = 0
    credit = 0
    return curve
  }

  /// W_est grows by alpha segments for each window that is acknowledged: 9/17, and 1 once it has reached the window of before (section 4.3).
  private mutating func growEstimate(_ sample: AcknowledgementSample, window: Int, segmentSize: Int) {
    estimateCredit += sample.octets * (estimate >= prior ? 17 : 9)
    let segments = estimateCredit / (17 * window)
    estimate = min(estimate + segments * segmentSize, Congestion.unlimited)
    estimateCredit -= segments * 17 * window
  }
}

/// W_cubic(t) = C * (t - K)^3 + W_max, with C = 0.4 segments per cubic second (RFC 9438 section 4.2).
struct CubicCurve {
  let maximum: Int
  let segmentSize: Int
  /// K, in microseconds: how long the window takes to come back to W_max.
  let inflection: Int64
  /// Beyond this distance from K the curve is far above any window: 100 s, 400,000 segments.
  private static let farthest: Int64 = 100_000_000

  init(maximum: Int, from window: Int, segmentSize: Int) {
    self.maximum = maximum
    self.segmentSize = segmentSize
    inflection = CubicCurve.distance(toRise: maximum - window, segmentSize: segmentSize)
  }

  /// The window, in octets, `time` microseconds after the stage began.
  func window(at time: Int64) -> Int {
    let distance = time - inflection
    let rise = CubicCurve.rise(over: min(abs(distance), CubicCurve.farthest), segmentSize: segmentSize)
    return distance < 0 ? max(maximum - rise, 0) : min(maximum + rise, Congestion.unlimited)
  }

  /// C * distance^3, in octets. In two steps, so that nothing leaves 64 bits.
  private static func rise(over distance: Int64, segmentSize: Int) -> Int {
    let square = distance * distance / 1_000_000
    let cube = square * distance / 1_000_000
    return Int(cube * 2 * Int64(segmentSize) / 5_000_000)
  }

  /// The cube root: the least distance over which the curve rises by `octets`, by halving. Once for each stage.
  private static func distance(toRise octets: Int, segmentSize: Int) -> Int64 {
    var low: Int64 = 0
    var high = farthest
    while low < high {
      let middle = (low + high) / 2
      if rise(over: middle, segmentSize: segmentSize) < octets { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
