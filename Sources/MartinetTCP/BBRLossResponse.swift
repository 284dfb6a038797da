// BBR's response to losses, and taking it back (draft-ietf-ccwg-bbr sections 5.5.10, 5.5.11 and 5.6.4.4).

extension BBR {
  /// The losses of a round.
  struct LossRound {
    /// BBR.loss_round_delivered and BBR.loss_round_start
    var nextDelivered = 0
    var roundStarts = false
    /// BBR.is_loss_in_round
    var isInRound = false
    /// Ranges that were lost in it.
    var ranges = 0
    /// The part of what was sent that was lost, in millionths, smoothed over the last rounds.
    private var smoothedRate = 0
    private var lostBefore = 0
    private var deliveredBefore = 0

    /// Whether more is lost, on the average of the last rounds, than is tolerable.
    var isHeavy: Bool { smoothedRate * LossNote.tolerance > 1_000_000 }

    /// A round is over, by whose end so much was delivered and lost.
    mutating func smooth(delivered: Int, lost: Int) {
      let newlyLost = lost - lostBefore
      let sent = max(delivered - deliveredBefore + newlyLost, 1)
      smoothedRate += (newlyLost * 1_000_000 / sent - smoothedRate) / 8
      (lostBefore, deliveredBefore) = (lost, delivered)
    }
  }

  /// What is put back if losses turn out to be none (section 5.5.11.1).
  struct UndoState {
    /// BBR.undo_state: the state that losses ended.
    var state: State?
    /// BBR.undo_inflight_longterm, BBR.undo_inflight_shortterm and BBR.undo_bw_shortterm
    var longTerm = Bounds.none
    var shortTerm = Bounds.none
    var bandwidth: Rate?
  }

  /// IsInflightTooHigh
  var flightIsTooLarge: Bool {
    sample.lost * LossNote.tolerance > sample.inFlight || (sample.lost > 0 && !path.usesSACK)
  }

  /// HandleLostPacket, for what was lost at one time.
  mutating func handleLosses(_ note: LossNote, _ path: PathState) {
    self.path = path
    if !losses.isInRound {
      losses.nextDelivered = path.delivered
      saveState()
    }
    losses.isInRound = true
    losses.ranges += note.ranges
    guard cycle.isProbeSample, note.size > 0 else { return }
    sample.inFlight = note.inFlight
    sample.lost = note.lost
    sample.isApplicationLimited = note.isApplicationLimited
    guard flightIsTooLarge else { return }
    sample.inFlight = flightAtLoss(note)
    lowerLongTerm()
  }

  /// InflightAtLoss: how much was in flight where the losses became too many. That may be amid a train that left as one.
  private func flightAtLoss(_ note: LossNote) -> Int {
    let before = note.inFlight - note.size
    let lostBefore = note.lost - note.size
    let prefix = (before - LossNote.tolerance * lostBefore) / (LossNote.tolerance - 1)
    return before + max(prefix, 0)
  }

  /// HandleInflightTooHigh: once for each probe.
  private mutating func lowerLongTerm() {
    cycle.lastWasTooHigh = true
    cycle.isProbeSample = false
    cycle.lostWithoutQueue = pathIsClear
    if !sample.isApplicationLimited {
      let target = min(bandwidthDelayProduct(percent: 100), window)
      bounds.longTerm = max(sample.inFlight, target / 100 * BBR.beta)
    }
    guard state == .up else { return }
    undoState.state = .up
    startDown()
  }

  /// Whether the latest round trip is hardly longer than the least one: no queue stands that could have overflowed.
  private var pathIsClear: Bool {
    guard let latest = sample.roundTrip else { return false }
    return latest - roundTrip.minimum <= roundTrip.minimum / 16
  }

  // MARK: Recovery

  /// OnEnterRTO and OnEnterFastRecovery
  mutating func enterRecovery(isFast: Bool) {
    saveWindow()
    saveState()
    isRecovering = true
    isInFastRecovery = isFast
  }

  mutating func leaveRecovery() {
    isRecovering = false
    isInFastRecovery = false
    restoreWindow()
  }

  /// SaveCwnd
  mutating func saveWindow() {
    priorWindow = !isRecovering && state != .probeRoundTrip ? window : max(priorWindow, window)
  }

  /// RestoreCwnd
  mutating func restoreWindow() { window = max(window, priorWindow) }

  /// SaveStateUponLoss
  private mutating func saveState() {
    saveWindow()
    undoState = UndoState(
      longTerm: bounds.longTerm, shortTerm: bounds.shortTerm, bandwidth: bounds.bandwidth)
  }

  /// HandleSpuriousLossDetection (section 5.5.11.2): nothing was lost after all.
  mutating func undo(window: inout Int) {
    self.window = window
    leaveRecovery()
    losses.isInRound = false
    pipe.reset()
    if let bandwidth = bounds.bandwidth {
      bounds.bandwidth = undoState.bandwidth.map { max($0, bandwidth) }
    }
    bounds.shortTerm = max(bounds.shortTerm, undoState.shortTerm)
    bounds.longTerm = max(bounds.longTerm, undoState.longTerm)
    if undoState.state == .startup && state != .startup {
      pipe.wasReached = false
      if state != .probeRoundTrip { state = .startup }
    } else if undoState.state == .up && state != .up && state != .probeRoundTrip {
      startRefill()
    }
    undoState.state = nil
    window = self.window
  }
}
