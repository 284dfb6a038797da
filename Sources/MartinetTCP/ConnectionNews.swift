import MartinetWire

/// What follows from the last event or call, for a host that looks after each. Few enough fields to be handed over in registers.
package struct ConnectionNews {
  package var events: ConnectionEvents
  /// Whether ``Connection/takeFastOpenLesson()``, ``Connection/takeNotificationFailure()`` or ``Connection/takePathLesson()`` has something to say.
  package var hasLesson: Bool
  /// Whether ``Connection/pollTransmit(into:maximumTrain:in:at:)`` would say no, as long as nothing else happens.
  package var isQuiet: Bool
  /// A deadline that may be earlier than all that the host was told before; ``Instant/never`` if there is none. Those are forgotten with
  /// ``Connection/expire(in:at:)`` and ``Connection/takeDeadline()``.
  package var deadline: Instant
}

extension Connection {
  /// What happened since the last call, and where that leads; forgets it.
  package mutating func takeNews() -> ConnectionNews {
    let happened = events
    events = []
    return ConnectionNews(
      events: happened,
      hasLesson: rarePart.isPresent
        && (fastOpenLesson != nil || rare.notificationFailed
          || (flags.contains(.searchesPath) && search.lesson != nil)),
      isQuiet: hasNothingToSend, deadline: timerPart.isPresent ? timers.takeEarlier() : .never)
  }

  /// The earliest deadline, for a host that keeps no earlier one.
  package mutating func takeDeadline() -> Instant {
    guard timerPart.isPresent else { return .never }
    timers.forgetTold()
    return timers.takeEarlier()
  }

  /// Whether an acknowledgement is to leave at once.
  package var owesAcknowledgement: Bool { debt.immediate != nil }

  /// Whether nothing is to leave: each source of segments that a poll would ask, without the work of asking it.
  package var isQuiet: Bool { hasNothingToSend }

  @inline(__always)
  private var hasNothingToSend: Bool {
    // Between SYN and FIN, or once the FIN has left, with nothing rare: all but the text itself is said by a few fields.
    let state = flags.intersection(.tellsOfSegments)
    guard state == .synAcknowledged || state == .finHasLeft, !ecnPart.isPresent else {
      return hasNothingToSendAtAnyTime
    }
    guard owedReset == nil, debt.immediate == nil, debt.duplicates == 0, !keepAlive.probeDue else { return false }
    guard transferPart.isPresent else { return true }
    return scoreboard.lost == 0 && recovery.front == nil && !probe.isDue
      && (state == .finHasLeft || queue.count <= snd.nxt.distance(from: snd.una))
  }

  @inline(never)
  private var hasNothingToSendAtAnyTime: Bool {
    guard owedReset == nil, flags.isDisjoint(with: .segmentDue) else { return false }
    if isOver || phase == .closed || phase == .listen || phase == .synSent { return true }
    guard debt.immediate == nil, debt.duplicates == 0, !keepAlive.probeDue, !finIsUnsent else { return false }
    if ecnPart.isPresent && (ecn.earlier != nil || ecn.handshakeAcknowledgementDue) { return false }
    guard transferPart.isPresent else { return true }
    return scoreboard.lost == 0 && recovery.front == nil && !probe.isDue && unsentBytes == 0
  }
}
