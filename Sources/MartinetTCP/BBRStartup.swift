// BBR's Startup (draft-ietf-ccwg-bbr section 5.3.1).

extension BBR {
  /// Whether the bandwidth has been reached (section 5.3.1.2).
  struct FullPipe {
    /// BBR.full_bw_reached
    var wasReached = false
    /// BBR.full_bw_now
    var isReached = false
    /// BBR.full_bw
    var baseline = Rate.zero
    /// BBR.full_bw_count
    var rounds = 0

    /// ResetFullBW, from where the rate of a sample is the measure.
    mutating func reset(baseline: Rate = .zero) {
      self.baseline = baseline
      rounds = 0
      isReached = false
    }
  }

  /// Losses in one round that end Startup: so many ranges (BBRStartupFullLossCnt).
  private static let fullLossRanges = 6
  /// Rounds in which the rate does not grow by a quarter.
  private static let fullRounds = 3

  /// CheckFullBWReached
  mutating func checkFullPipe() {
    guard !pipe.isReached, rounds.isStart, !sample.isApplicationLimited else { return }
    if sample.rate >= pipe.baseline.percent(125) {
      pipe.reset(baseline: sample.rate)
      return
    }
    pipe.rounds += 1
    guard pipe.rounds >= BBR.fullRounds else { return }
    pipe.isReached = true
    pipe.wasReached = true
  }

  /// CheckStartupDone
  mutating func checkStartupDone() {
    checkHighLoss()
    if state == .startup && pipe.wasReached { enterDrain() }
    if losses.roundStarts { losses.ranges = 0 }
  }

  /// CheckStartupHighLoss (section 5.3.1.3): with SACK at the end of a round of fast recovery in which too much was lost in too many places.
  private mutating func checkHighLoss() {
    guard state == .startup, !pipe.wasReached, isInFastRecovery else { return }
    if path.usesSACK {
      guard losses.roundStarts, losses.ranges >= BBR.fullLossRanges, flightIsTooLarge else { return }
    } else {
      guard losses.ranges > 0 else { return }
    }
    undoState.state = .startup
    pipe.isReached = true
    pipe.wasReached = true
    bounds.longTerm = max(bandwidthDelayProduct(percent: 100), bounds.latestFlight)
  }
}
