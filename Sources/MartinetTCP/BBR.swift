/// BBR version 3 (draft-ietf-ccwg-bbr): congestion control by a model of the path, in integers. Rates are octets per second, gains percent.
///
/// Its files are the draft's sections. Where the draft names a function the comment does as well.
package struct BBR {
  var state = State.startup
  /// The congestion window (C.cwnd), and how the connection stands (C), as of the event in hand.
  var window: Int
  var path: PathState
  /// RS
  var sample = RateSample()

  var rounds = Rounds()
  var bandwidth = BandwidthFilter()
  var roundTrip: RoundTripFilter
  var aggregation: Aggregation
  var bounds = Bounds()
  var losses = LossRound()
  var undoState = UndoState()
  var pipe = FullPipe()
  var cycle: Cycle
  var probe = RoundTripProbe()

  /// C.InitialCwnd
  let initialWindow: Int
  /// C.pacing_rate
  var pacingRate: Rate
  /// BBR.prior_cwnd
  var priorWindow = 0
  /// Whether losses are being repaired, and whether by fast recovery.
  var isRecovering = false
  var isInFastRecovery = false
  /// BBR.idle_restart
  var isRestartingFromIdle = false

  /// OnInit (section 5.2.1).
  init(window: Int, _ path: PathState) {
    self.window = window
    self.path = path
    initialWindow = window
    roundTrip = RoundTripFilter(path)
    aggregation = Aggregation(at: path.now)
    cycle = Cycle(seed: path.seed)
    pacingRate = BBR.initialPacingRate(window: window, path)
  }

  mutating func on(_ event: CongestionEvent, window: inout Int) {
    self.window = window
    switch event {
    case .sampled(let sample, let path): update(sample, path)
    case .lost(let note, let path): handleLosses(note, path)
    case .enteredRecovery: enterRecovery(isFast: true)
    case .timedOut(_, let segmentSize, _):
      enterRecovery(isFast: false)
      // Enough for one segment (section 5.6.4.4); what is in flight beside it was not taken for lost and gets its acknowledgement.
      self.window = segmentSize
    case .leftRecovery, .leftTimeout: leaveRecovery()
    case .restarting(let path): restart(path)
    case .segmentSizeChanged(_, let new): path.segmentSize = max(new, 1)
    case .acknowledged, .duplicateInRecovery, .partialAcknowledgement, .proportionalRate, .idle, .explicitNotification,
      .unused:
      break
    }
    window = self.window
  }

  /// UpdateOnACK (section 5.2.3).
  private mutating func update(_ sample: RateSample, _ path: PathState) {
    self.sample = sample
    self.path = path
    updateLatestDelivery()
    updateCongestionSignals()
    updateAggregation()
    checkFullPipe()
    checkStartupDone()
    checkDrainDone()
    updateProbeCycle()
    updateMinimumRoundTrip()
    checkRoundTripProbe()
    advanceLatestDelivery()
    setPacingRate(gain: state.pacingGain)
    setWindow()
  }
}
