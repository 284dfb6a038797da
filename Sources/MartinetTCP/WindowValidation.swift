import MartinetWire

/// Whether the congestion window is one that the sender lately made use of (RFC 7661): pipeACK, and how long it has been too small.
package struct WindowValidation {
  /// How long a window that is not used is kept (section 4.4).
  private static let longest = Interval.minutes(5)
  /// The most octets that were acknowledged in one round trip: in the half of the sampling period that runs, and in the one before.
  private var current = 0
  private var previous = 0
  /// When the present half began; nil before there is a sample.
  private var began: Instant?

  /// The round trip that is measured: it ends when this is acknowledged.
  private var roundEnd: SequenceNumber?
  private var octetsOfRound = 0

  /// Since when the window has not been validated; nil if it is.
  private var since: Instant?
  /// Octets that left since the last acknowledgement.
  package private(set) var burst = 0
  /// Octets that were sent again since recovery began.
  package private(set) var repeated = 0
  /// max(pipeACK, LossFlightSize) of a recovery that began with a window that was not validated.
  package private(set) var lossFlightSize: Int?

  package init() {}

  package var isValidated: Bool { since == nil }

  /// pipeACK (section 4.2): nil as long as it is undefined, which counts as validated.
  package func pipe(smoothed: Interval, at now: Instant) -> Int? {
    guard let began else { return nil }
    let half = WindowValidation.half(smoothed)
    if now - began >= half * 2 { return 0 }
    return now - began >= half ? current : max(current, previous)
  }

  /// Half of the sampling period, max(3 * RTT, 1 s).
  private static func half(_ smoothed: Interval) -> Interval { max(smoothed * 3, .seconds(1)) / 2 }

  /// Octets were acknowledged outside of fast recovery.
  package mutating func acknowledged(_ sample: AcknowledgementSample) {
    octetsOfRound += sample.octets
    guard let end = roundEnd else {
      roundEnd = sample.sendNext
      return
    }
    guard sample.acknowledged.isAtOrAfter(end) else { return }
    let half = WindowValidation.half(sample.smoothedRoundTrip)
    let start = began ?? sample.now
    if sample.now - start >= half {
      previous = sample.now - start >= half * 2 ? 0 : current
      current = 0
      began = sample.now
    } else {
      began = start
    }
    current = max(current, octetsOfRound)
    roundEnd = sample.sendNext
    octetsOfRound = 0
  }

  /// Looks whether less than half of the window is used (section 4.3), and how many times five minutes that has lasted since this was last asked.
  package mutating func review(window: Int, smoothed: Interval, at now: Instant) -> Int {
    guard let began, let pipe = pipe(smoothed: smoothed, at: now), pipe * 2 < window else {
      since = nil
      return 0
    }
    // Silence counts from when the last sample was out of date.
    let start = since ?? (pipe == 0 ? began + WindowValidation.half(smoothed) * 2 : now)
    let times = min((now - start).nanoseconds / WindowValidation.longest.nanoseconds, 64)
    since = times > 0 ? now : start
    return Int(times)
  }

  package mutating func left(_ octets: Int) { burst += octets }
  package mutating func acknowledgementArrives() { burst = 0 }
  package mutating func repeats(_ octets: Int) { repeated += octets }

  /// Fast recovery begins with so much in flight; what the reduction is reckoned from (section 4.4.1).
  package mutating func beginRecovery(flightSize: Int, window: Int, smoothed: Interval, at now: Instant) -> Int {
    repeated = 0
    lossFlightSize = nil
    guard !isValidated, let pipe = pipe(smoothed: smoothed, at: now) else { return flightSize }
    let size = min(max(pipe, flightSize), window)
    lossFlightSize = size
    return size
  }

  /// pipeACK is undefined from here: at the end of a recovery, and after a timeout, which ends the phase without validation (section 4.4).
  package mutating func forget() { self = WindowValidation() }
}

extension Connection {
  /// Octets were acknowledged outside of fast recovery: returns whether the window may grow for it. What is not validated grows only if it is all in
  /// use (RFC 7661 section 4.4).
  mutating func validateWindow(_ sample: AcknowledgementSample, _ environment: inout Environment) -> Bool {
    guard environment.configuration.windowValidation else { return true }
    recovery.validation.acknowledged(sample)
    reviewValidation(&environment, at: sample.now)
    return recovery.validation.isValidated || sample.inFlightBefore + sample.segmentSize > congestion.window
  }

  /// After five minutes a window that is not used shrinks: cwnd to the half, ssthresh to no less than three quarters of it (section 4.4).
  mutating func reviewValidation(_ environment: inout Environment, at now: Instant) {
    let times = recovery.validation.review(window: congestion.window, smoothed: roundTrip.smoothed, at: now)
    guard times > 0 else { return }
    let initial = Congestion.initialWindow(
      segments: environment.configuration.initialWindowSegments, segmentSize: segmentSize, handshakeWasLossy: false)
    for _ in 0..<times { congestion.on(.unused(initialWindow: initial)) }
    traceCongestion(.windowUnused, in: &environment, at: now)
  }

  /// What leaves without an acknowledgement in between while the window is not validated: no more than the initial window (section 4.4.2).
  @inline(__always)
  func burstRoom(_ configuration: Configuration) -> Int {
    guard configuration.windowValidation, !recovery.validation.isValidated else { return Int.max }
    let initial = Congestion.initialWindow(
      segments: configuration.initialWindowSegments, segmentSize: segmentSize, handshakeWasLossy: false)
    return max(0, initial - recovery.validation.burst)
  }

  /// Recovery is over: a window that was not validated is reckoned without what had to be sent again (section 4.4.1).
  mutating func settleValidation(_ configuration: Configuration) {
    guard configuration.windowValidation else { return }
    if let size = recovery.validation.lossFlightSize {
      let window = max((size - recovery.validation.repeated) / 2, segmentSize)
      if window < congestion.window { congestion.on(.proportionalRate(window: window)) }
    }
    recovery.validation.forget()
  }
}
