import MartinetWire

/// What a connection needs to know of what it sends, as long as it sends.
struct TransferState: ~Copyable {
  var queue = SendQueue()
  var scoreboard = Scoreboard()
  var rack = RecentAcknowledgement()
  var probe = ProbeState()
  var recovery: RecoveryState
  /// How to take the last response to loss back.
  var undo: UndoState
  var roundTrip: RoundTrip
  var congestion: Congestion
  var pacer = Pacer()

  init(_ start: TransferStart) {
    recovery = RecoveryState(start.next)
    undo = UndoState()
    roundTrip = start.roundTrip
    congestion = Congestion(start.algorithm, window: start.window, threshold: start.threshold, path: start.path)
  }

  /// Begins anew, in the memory that it has; nothing may be queued or outstanding.
  mutating func begin(_ start: TransferStart) {
    queue.begin()
    scoreboard.begin()
    rack = RecentAcknowledgement()
    probe = ProbeState()
    recovery = RecoveryState(start.next)
    undo.begin()
    roundTrip = start.roundTrip
    congestion.begin(start.algorithm, window: start.window, threshold: start.threshold, path: start.path)
    pacer = Pacer()
  }

  @inline(__always)
  mutating func acknowledge(upTo number: SequenceNumber, _ evidence: AcknowledgementEvidence) -> Scoreboard.Acknowledged
  {
    scoreboard.acknowledge(upTo: number, evidence, &rack)
  }

  mutating func sack(_ block: SACKBlock, _ evidence: AcknowledgementEvidence) -> Int {
    scoreboard.sack(block, evidence, &rack)
  }
}

/// What it begins with.
struct TransferStart {
  /// The number of what is sent next.
  let next: SequenceNumber
  let roundTrip: RoundTrip
  let algorithm: CongestionAlgorithm
  var window = 0
  var threshold = Congestion.unlimited
  /// How the connection stands, for an algorithm that asks for it.
  var path: PathState?
}

/// What is left of it while a connection rests: enough to begin anew with the window that congestion control had reached and the round trip that was measured.
/// The shape of CUBIC's curve, reordering and the least round trip are forgotten, which all age.
struct RestingState {
  private var storedWindow: UInt32 = 0
  private var storedThreshold = UInt32(Congestion.unlimited)
  /// Times, in units of 16 ns: up to 68 s.
  private var storedSmoothed: UInt32 = 0
  private var storedVariation: UInt32 = 0
  private var storedTimeout: UInt32 = 0

  init() {}

  init(window: Int, threshold: Int, _ roundTrip: RoundTrip) {
    storedWindow = UInt32(clamping: window)
    storedThreshold = UInt32(clamping: threshold)
    storedSmoothed = RestingState.units(roundTrip.smoothed)
    storedVariation = RestingState.units(roundTrip.variation)
    storedTimeout = RestingState.units(roundTrip.base)
  }

  var window: Int { Int(storedWindow) }
  var threshold: Int { Int(storedThreshold) }
  var smoothed: Interval { RestingState.interval(storedSmoothed) }
  var variation: Interval { RestingState.interval(storedVariation) }
  var timeout: Interval { RestingState.interval(storedTimeout) }

  private static func units(_ interval: Interval) -> UInt32 { UInt32(clamping: (interval.nanoseconds + 15) / 16) }
  private static func interval(_ units: UInt32) -> Interval { Interval(nanoseconds: Int64(units) * 16) }
}

// Resting: an idle connection gives back what it needs to send.

extension Connection {
  /// How long nothing must have been outstanding.
  static let restAfter = Interval.seconds(5)

  /// The state of sending as it goes on after a rest.
  var wokenTransfer: TransferStart {
    var path = PathState()
    path.now = lastSentAt
    path.segmentSize = segmentSize
    path.smoothedRoundTrip = resting.smoothed
    return TransferStart(
      next: snd.una, roundTrip: RoundTrip(resting), algorithm: options.congestion, window: resting.window,
      threshold: resting.threshold, path: path)
  }

  @inline(never)
  mutating func wake() { makeTransfer(wokenTransfer) }

  /// The connection has nothing to send and waits for nothing: the next octet, or five seconds without one, decide what follows.
  ///
  /// What a controller has learnt of the path over many round trips, and how long a validated window was not used (RFC 7661), is worth its memory.
  @inline(__always)
  mutating func scheduleRest(in environment: borrowing Environment, at now: Instant) {
    guard transferPart.isPresent, !congestion.algorithm.learnsThePath, !environment.configuration.windowValidation
    else {
      return
    }
    timers[.rest] = now + Connection.restAfter
  }

  /// Whether the connection has given back what it needs to send.
  package var isResting: Bool { !transferPart.isPresent }

  /// Gives back what is needed to send, if nothing is outstanding and the round trip is known; and what tunes the receive buffer, if nothing has come either.
  mutating func rest(at now: Instant) {
    guard transferPart.isPresent, phase.isSynchronized, snd.una == snd.nxt, queue.count == 0, recovery.mode == .open,
      recovery.doubt == .none,
      roundTrip.hasSample
    else { return }
    resting = RestingState(window: congestion.window, threshold: congestion.threshold, roundTrip)
    dropTransfer()
    // The edge of the window stays where it is: the buffer grows anew for whoever needs it again.
    if now - keepAlive.lastHeard >= Connection.restAfter { dropTuning() }
    if timers.earliest == .never { dropTimers() }
  }
}

// The parts of it, by the names by which the engine knows them.

extension Connection {
  var queue: SendQueue {
    @inline(__always) _read { yield transfer.queue }
    @inline(__always) _modify { yield &transfer.queue }
  }

  var scoreboard: Scoreboard {
    @inline(__always) _read { yield transfer.scoreboard }
    @inline(__always) _modify { yield &transfer.scoreboard }
  }

  var rack: RecentAcknowledgement {
    @inline(__always) _read { yield transfer.rack }
    @inline(__always) _modify { yield &transfer.rack }
  }

  var probe: ProbeState {
    @inline(__always) _read { yield transfer.probe }
    @inline(__always) _modify { yield &transfer.probe }
  }

  var recovery: RecoveryState {
    @inline(__always) _read { yield transfer.recovery }
    @inline(__always) _modify { yield &transfer.recovery }
  }

  var undo: UndoState {
    @inline(__always) _read { yield transfer.undo }
    @inline(__always) _modify { yield &transfer.undo }
  }

  var roundTrip: RoundTrip {
    @inline(__always) _read { yield transfer.roundTrip }
    @inline(__always) _modify { yield &transfer.roundTrip }
  }

  var congestion: Congestion {
    @inline(__always) _read { yield transfer.congestion }
    @inline(__always) _modify { yield &transfer.congestion }
  }

  var pacer: Pacer {
    @inline(__always) _read { yield transfer.pacer }
    @inline(__always) _modify { yield &transfer.pacer }
  }
}
