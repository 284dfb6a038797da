// What losses say of the bandwidth and of the flight (draft-ietf-ccwg-bbr section 5.5.10).

extension BBR {
  /// The bounds, and the last deliveries that they are made from.
  struct Bounds {
    /// No bound.
    static let none = Congestion.unlimited

    /// BBR.inflight_longterm
    var longTerm = Bounds.none
    /// BBR.inflight_shortterm and BBR.bw_shortterm
    var shortTerm = Bounds.none
    var bandwidth: Rate?
    /// BBR.inflight_latest and BBR.bw_latest: the most of one round.
    var latestFlight = 0
    var latestBandwidth = Rate.zero

    /// ResetShortTermModel
    mutating func forgetShortTerm() {
      shortTerm = Bounds.none
      bandwidth = nil
    }

    /// A part of ResetCongestionSignals.
    mutating func forgetLatest() {
      latestFlight = 0
      latestBandwidth = .zero
    }
  }

  /// BBR.Beta and BBR.Headroom, in percent.
  static let beta = 70
  private static let headroom = 15
  /// What is in flight if the path is full and no queue stands, in percent of what fills it.
  static let fullShare = 105

  /// UpdateLatestDeliverySignals
  mutating func updateLatestDelivery() {
    losses.roundStarts = false
    guard sample.hasData else { return }
    bounds.latestBandwidth = max(bounds.latestBandwidth, sample.rate)
    bounds.latestFlight = max(bounds.latestFlight, sample.delivered)
    if sample.priorDelivered >= losses.nextDelivered {
      losses.nextDelivered = path.delivered
      losses.roundStarts = true
    }
  }

  /// AdvanceLatestDeliverySignals
  mutating func advanceLatestDelivery() {
    guard losses.roundStarts else { return }
    bounds.latestBandwidth = sample.rate
    bounds.latestFlight = sample.delivered
  }

  /// UpdateCongestionSignals
  mutating func updateCongestionSignals() {
    updateMaximumBandwidth()
    guard losses.roundStarts else { return }
    losses.smooth(delivered: path.delivered, lost: path.lost)
    adaptShortTerm()
    losses.isInRound = false
  }

  /// AdaptLowerBoundsFromCongestion: once in a round with loss, unless the state is to provoke some.
  ///
  /// Unlike in the draft the losses of a round say that the path has become slower only if more is lost than is tolerable (BBR.LossThresh), on the average
  /// of about eight rounds. A wire that loses one packet in a hundred is not slow, and yet no sample shows the rate that it could deliver: what is
  /// sent stays one percent below the bandwidth and arrives another percent short, so that the bounds would sink in every round.
  private mutating func adaptShortTerm() {
    guard !state.isProbingBandwidth, losses.isInRound else { return }
    guard losses.isHeavy else {
      shrinkQueue()
      return
    }
    let former = bounds.bandwidth ?? bandwidth.maximum
    if bounds.shortTerm == Bounds.none { bounds.shortTerm = window }
    bounds.bandwidth = max(bounds.latestBandwidth, former.percent(BBR.beta))
    bounds.shortTerm = max(bounds.latestFlight, bounds.shortTerm / 100 * BBR.beta)
  }

  /// Losses are few, but more is in flight than a probe puts there: the bandwidth is overestimated, as acknowledgements that come in bunches make it, and a
  /// queue stands that nothing would empty before the next probe. The flight shrinks to what a probe needs; the rate stays.
  private mutating func shrinkQueue() {
    let needed = bandwidthDelayProduct(percent: State.up.pacingGain)
    guard bounds.latestFlight > needed else { return }
    bounds.shortTerm = max(needed, min(bounds.shortTerm, window) / 100 * BBR.beta)
  }

  /// InflightWithHeadroom: what leaves a part of the long-term bound to others.
  ///
  /// Unlike in the draft it is no less than what fills the path, as far as the bound allows, while no more is lost than is tolerable: in a small flight two losses
  /// by chance end a probe where it began, and the path would stay partly empty until the next one. If no queue showed when they came the bound is one of
  /// chance, and what fills the path has room for acknowledgements that wait for each other.
  var flightWithHeadroom: Int {
    guard bounds.longTerm < Bounds.none else { return Bounds.none }
    let free = max(path.segmentSize, bounds.longTerm / 100 * BBR.headroom)
    let flight = max(bounds.longTerm - free, leastWindow)
    if losses.isHeavy { return flight }
    if cycle.lostWithoutQueue { return max(flight, targetFlight(of: bandwidth.maximum, percent: BBR.fullShare)) }
    return max(flight, min(bounds.longTerm, product(of: bandwidth.maximum, percent: 100)))
  }
}
