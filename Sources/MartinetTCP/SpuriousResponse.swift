import MartinetWire

/// What is remembered of a response to loss, so that it can be taken back.
struct UndoState {
  /// Congestion control as it was before.
  var before = Congestion(.reno, window: 0)
  var isPossible = false
  /// Whether the response was to a timeout.
  var isTimeout = false
  /// What was outstanding: reports of duplicates elsewhere say nothing of this response.
  var range = SequenceRange(from: SequenceNumber(0), count: 0)
  /// TSval of the first segment that was sent again.
  var firstRepetition: UInt32?
  /// Segments that were sent again and of which no report says that they came twice.
  var unproven = 0

  /// Begins anew, with nothing to take back.
  mutating func begin() {
    (isPossible, isTimeout, unproven) = (false, false, 0)
    (range, firstRepetition) = (SequenceRange(from: SequenceNumber(0), count: 0), nil)
  }
}

// Responses to losses that were none, and taking them back (RFC 3522, RFC 4015, RFC 2883).

extension Connection {
  /// Remembers how things stand before the response to a loss, or to a timeout. A second response without recovery in between shows that the first one
  /// was right.
  mutating func rememberForUndo(isTimeout: Bool) {
    guard recovery.mode == .open else {
      // A timer that expires again has learnt nothing new.
      if !(isTimeout && undo.isTimeout) { undo.isPossible = false }
      return
    }
    undo = UndoState(
      before: congestion.remembered, isPossible: true, isTimeout: isTimeout, range: snd.outstanding)
  }

  /// A segment was sent again.
  mutating func noteRepetition(at now: Instant) {
    guard undo.isPossible else { return }
    undo.unproven += 1
    if undo.firstRepetition == nil { undo.firstRepetition = timestamp(at: now) }
  }

  /// Eifel detection (RFC 3522 section 3.2): whether the acknowledgement, which advances, answers what had left before anything was sent again; nil
  /// if it does not tell. With a report that the repetition came twice it does not: its original may have been acknowledged long ago, and the
  /// acknowledgement lost with whatever came after it (RFC 3522 section 3.3).
  func answersOriginal(_ header: TCPHeader, duplicate: SequenceRange?) -> Bool? {
    guard undo.isPossible, duplicate == nil, recovery.mode != .open, negotiated.timestamps,
      header.options.has(.timestamps),
      header.options.timestamps.echo != 0, let first = undo.firstRepetition
    else { return nil }
    return Int32(bitPattern: header.options.timestamps.echo &- first) < 0
  }

  /// A report of a duplicate (RFC 2883 section 5).
  mutating func duplicateProves(_ duplicate: SequenceRange) {
    let range = undo.range
    guard undo.isPossible, range.contains(duplicate.lower), range.containsOrEnds(at: duplicate.upper) else {
      return
    }
    undo.unproven = max(0, undo.unproven - (duplicate.count + segmentSize - 1) / segmentSize)
  }

  /// Whether all that was outstanding has arrived, and all that was sent again came twice: then nothing was lost.
  var wasNeedless: Bool {
    undo.isPossible && undo.unproven == 0 && undo.firstRepetition != nil
      && snd.una.isAtOrAfter(undo.range.upper)
  }

  /// Takes the response back. After a timeout the window grows again from what is in flight (RFC 4015 section 3.3), up to the threshold of before.
  mutating func undoResponse(acknowledged octets: Int, _ environment: inout Environment, at now: Instant) {
    let undo = undo
    scoreboard.restoreLost()
    var window = max(undo.before.window, congestion.window)
    if undo.isTimeout && recovery.mode == .timeout {
      let initial = Congestion.initialWindow(
        segments: environment.configuration.initialWindowSegments, segmentSize: segmentSize, handshakeWasLossy: false)
      window = scoreboard.inFlight + max(min(octets, initial), segmentSize)
    }
    congestion.restore(undo.before, window: window, threshold: max(undo.before.threshold, congestion.threshold))
    if undo.isTimeout { statistics.spuriousTimeouts += 1 } else { statistics.spuriousRecoveries += 1 }
    recovery.mode = .open
    recovery.recover = snd.una
    recovery.front = nil
    if ecnPart.isPresent { ecn.isReduced = false }
    recovery.doubt = .none
    self.undo.isPossible = false
    // What came late without having been lost was overtaken.
    if !undo.isTimeout { rack.sawReordering() }
    traceCongestion(.spuriousUndone, in: &environment, at: now)
  }
}
