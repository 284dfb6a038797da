// BBR's control parameters: the pacing rate and the congestion window (draft-ietf-ccwg-bbr section 5.6).

extension BBR {
  /// BBR.PacingMarginPercent: one percent below the bandwidth, so that queues vanish.
  private static let paceShare = 99

  /// BBR.MinPipeCwnd (section 5.6.4.3)
  var leastWindow: Int { 4 * path.segmentSize }

  // MARK: The pacing rate (section 5.6.2)

  /// InitPacingRate
  static func initialPacingRate(window: Int, _ path: PathState) -> Rate {
    let roundTrip = path.smoothedRoundTrip > .zero ? path.smoothedRoundTrip : .milliseconds(1)
    let rate = Rate(octets: window, in: roundTrip).percent(State.startup.pacingGain)
    return max(rate, Rate(octetsPerSecond: path.segmentSize))
  }

  /// SetPacingRateWithGain. A segment each second is the least, so that a path that no sample tells of moves at all.
  mutating func setPacingRate(gain: Int) {
    let rate = usableBandwidth.percent(gain).percent(BBR.paceShare)
    if pipe.wasReached || rate > pacingRate {
      pacingRate = max(rate, Rate(octetsPerSecond: path.segmentSize))
    }
  }

  // MARK: The congestion window (section 5.6.4)

  /// BDPMultiple, of all that is known.
  func bandwidthDelayProduct(percent gain: Int) -> Int { product(of: usableBandwidth, percent: gain) }

  func product(of rate: Rate, percent gain: Int) -> Int {
    guard roundTrip.minimum != .forever else { return initialWindow }
    return min(rate.octets(in: roundTrip.minimum) * gain / 100, Congestion.unlimited)
  }

  /// QuantizationBudget (section 5.6.4.2), with BBR.offload_budget: three quanta (section 5.5.8).
  private func quantized(_ octets: Int) -> Int {
    let budget = max(octets, 3 * Pacer.quantum(pacingRate, segmentSize: path.segmentSize), leastWindow)
    return state == .up ? budget + 2 * path.segmentSize : budget
  }

  /// Inflight: what is in flight if `rate` is used and no more, or so many percent of it.
  func targetFlight(of rate: Rate, percent gain: Int = 100) -> Int { quantized(product(of: rate, percent: gain)) }

  /// BBR.max_inflight
  var largestFlight: Int {
    quantized(bandwidthDelayProduct(percent: state.windowGain) + aggregation.extra)
  }

  /// ProbeRTTCwnd (section 5.6.4.5)
  var probeWindow: Int {
    max(bandwidthDelayProduct(percent: State.probeRoundTrip.windowGain), leastWindow)
  }

  /// SetCwnd (section 5.6.4.6)
  mutating func setWindow() {
    let largest = largestFlight
    if pipe.wasReached {
      window = min(window + sample.newlyAcknowledged, largest)
    } else if window < largest || path.delivered < initialWindow {
      window += sample.newlyAcknowledged
    }
    window = min(max(window, leastWindow), Congestion.unlimited)
    if state == .probeRoundTrip { window = min(window, probeWindow) }
    boundByModel()
  }

  /// BoundCwndForModel (section 5.6.4.7)
  private mutating func boundByModel() {
    var bound = Bounds.none
    switch state {
    case .down, .refill, .up: bound = bounds.longTerm
    case .cruise, .probeRoundTrip: bound = flightWithHeadroom
    case .startup, .drain: break
    }
    bound = max(min(bound, bounds.shortTerm), leastWindow)
    window = min(window, bound)
  }
}
