import MartinetWire

// Timeouts (RFC 9293 section 3.10.8).

extension Connection {
  /// Runs every timer whose deadline has come, in the order of the deadlines.
  public mutating func expire(in environment: inout Environment, at now: Instant) {
    while timerPart.isPresent, let timer = timers.popExpired(at: now) {
      trace(.timerExpired(timer), in: &environment, at: now)
      if timer == .retransmission || timer == .tailLossProbe || timer == .reordering { noteApplicationLimit() }
      switch timer {
      case .reordering: reorderingTimerExpired(&environment, at: now)
      case .tailLossProbe: tailLossProbeExpired(&environment, at: now)
      case .retransmission: retransmissionTimerExpired(&environment, at: now)
      case .persist: persistTimerExpired(&environment, at: now)
      case .delayedAcknowledgement: if debt.octets > 0 { owe(.delayedAcknowledgement) }
      case .sillyWindowOverride: flags.insert(.overrideDue)
      case .keepAlive: keepAliveExpired(&environment, at: now)
      case .userTimeout: userTimeoutExpired(&environment, at: now)
      case .deadPeer: deadPeerExpired(&environment, at: now)
      case .timeWait: end(.closed, on: .timeWaitExpires, in: &environment, at: now)
      case .finWait2: end(.aborted, on: .gaveUp, in: &environment, at: now)
      // What waited for it leaves with the next poll.
      case .pacing, .congestionHold: break
      case .rest: rest(at: now)
      }
    }
    if timerPart.isPresent { timers.forgetTold() }
  }

  // MARK: Retransmission

  private mutating func retransmissionTimerExpired(_ environment: inout Environment, at now: Instant) {
    if !flags.contains(.synAcknowledged) {
      synTimedOut(&environment, at: now)
      return
    }
    guard snd.una != snd.nxt else { return }
    if recovery.silentSince == .never { recovery.silentSince = scoreboard.front?.sentAt ?? now }
    if now - recovery.silentSince >= giveUpAfter(environment.configuration) {
      let evidence = silenceEvidence(attempts: recovery.timeouts, since: recovery.silentSince, at: now)
      end(.retransmissionTimedOut(evidence), on: .gaveUp, in: &environment, at: now)
      return
    }
    dataTimedOut(&environment, at: now)
    recovery.timeouts += 1
    roundTrip.backOff()
    warnIfSilent(recovery.timeouts, &environment, at: now)
    timers[.retransmission] = now + roundTrip.timeout(environment.configuration)
  }

  /// The SYN follows the same procedure (MUST-22), with an R2 of its own (MUST-23).
  private mutating func synTimedOut(_ environment: inout Environment, at now: Instant) {
    let configuration = environment.configuration
    let isOver =
      isPassive
      ? synRetransmissions >= configuration.synAckRetransmissions
      : now - recovery.silentSince >= configuration.connectGiveUpAfter
    if isOver {
      let evidence = silenceEvidence(attempts: synRetransmissions, since: recovery.silentSince, at: now)
      end(.connectTimedOut(evidence), on: .gaveUp, in: &environment, at: now)
      return
    }
    if synRetransmissions == 0 && !isPassive && fastOpen?.cookie != nil { fastOpenLesson = .unanswered }
    synRetransmissions += 1
    roundTrip.backOff()
    flags.insert(.synDue)
    warnIfSilent(synRetransmissions, &environment, at: now)
  }

  // MARK: Zero windows

  /// Probes follow at doubling intervals (section 3.8.6.1), for as long as the peer answers them.
  private mutating func persistTimerExpired(_ environment: inout Environment, at now: Instant) {
    if recovery.silentSince == .never { recovery.silentSince = now }
    if now - recovery.silentSince >= giveUpAfter(environment.configuration) {
      let evidence = silenceEvidence(attempts: recovery.timeouts, since: recovery.silentSince, at: now)
      end(.retransmissionTimedOut(evidence), on: .gaveUp, in: &environment, at: now)
      return
    }
    flags.insert(.probeDue)
    probes += 1
    recovery.timeouts += 1
    warnIfSilent(recovery.timeouts, &environment, at: now)
  }

  /// How long until the next probe: the retransmission timeout, doubled with each, as long as the dead-peer bound leaves time for several.
  func probeInterval(_ configuration: Configuration) -> Interval {
    let longest =
      options.deadPeerBound > .zero
      ? min(configuration.maximumProbeInterval, options.deadPeerBound / 6) : configuration.maximumProbeInterval
    return min(roundTrip.timeout(configuration) * (Int64(1) << Int64(min(probes, 16))), longest)
  }

  // MARK: User timeout

  /// The user timeout runs while anything is unacknowledged, from when it was sent or last progressed.
  mutating func armUserTimeout(in environment: inout Environment, at now: Instant) {
    guard phase.isSynchronized, phase != .timeWait else { return }
    // Few have one.
    if userTimeoutInForce <= .zero { return timers.cancel(.userTimeout) }
    let isWaiting = snd.una != snd.nxt || timers.isSet(.persist)
    if !isWaiting {
      timers.cancel(.userTimeout)
    } else if !timers.isSet(.userTimeout) {
      timers[.userTimeout] = now + userTimeoutInForce
    }
  }

  private mutating func userTimeoutExpired(_ environment: inout Environment, at now: Instant) {
    if flags.contains(.synAcknowledged) {
      let since = scoreboard.front?.sentAt ?? recovery.silentSince
      let start = recovery.silentSince == .never ? since : recovery.silentSince
      flags.insert(.resetDue)
      let evidence = silenceEvidence(attempts: recovery.timeouts, since: start, at: now)
      end(.userTimedOut(evidence), on: .gaveUp, in: &environment, at: now)
    } else {
      let evidence = silenceEvidence(attempts: synRetransmissions, since: recovery.silentSince, at: now)
      end(.connectTimedOut(evidence), on: .gaveUp, in: &environment, at: now)
    }
  }

  /// When the retransmission timer expires that starts now. With few segments outstanding and none to follow it can count from when the oldest of
  /// them left (RFC 7765 section 4), so that the loss of a tail is noticed after one timeout.
  private func timeoutDeadline(in environment: borrowing Environment, at now: Instant) -> Instant {
    let timeout = roundTrip.timeout(environment.configuration)
    guard environment.configuration.earlyRetransmissionTimeout, recovery.mode == .open, unsentBytes == 0,
      snd.outstanding.count <= 3 * segmentSize, let front = scoreboard.front
    else { return now + timeout }
    let deadline = front.sentAt + timeout
    return deadline > now ? deadline : now + timeout
  }

  // MARK: After every event

  /// Sets the timers that what is outstanding and what waits call for (RFC 6298 section 5).
  mutating func armSendTimers(in environment: inout Environment, at now: Instant) {
    guard !isOver, phase.isSynchronized, phase != .timeWait else { return }
    let probesOnly = flags.contains(.probing) && snd.wnd == 0
    if snd.una == snd.nxt || probesOnly {
      armWithoutFlight(in: &environment, probesOnly: probesOnly, at: now)
    } else {
      armForFlight(in: &environment, begins: false, at: now)
    }
  }

  /// The same, and that for a tail loss probe, after new data, with which something began to be outstanding if it `begins`.
  @inline(never)
  mutating func armForNewData(in environment: inout Environment, begins: Bool, at now: Instant) {
    if phase != .synReceived { armForFlight(in: &environment, begins: begins, at: now) }
    armProbe(&environment, at: now)
  }

  /// The same after an acknowledgement that came while the connection is established and nothing is in doubt.
  @inline(never)
  mutating func armForExpectedAcknowledgement(in environment: inout Environment, at now: Instant) {
    if snd.una == snd.nxt {
      armWithoutFlight(in: &environment, probesOnly: false, at: now)
    } else {
      armForFlight(in: &environment, begins: false, at: now)
      armProbe(&environment, at: now)
    }
  }

  /// The same where nothing is outstanding, or only an octet that probes a closed window.
  @inline(always)
  private mutating func armWithoutFlight(in environment: inout Environment, probesOnly: Bool, at now: Instant) {
    timers.cancelThoseOfFlight()
    let unsent = unsentBytes
    if snd.wnd == 0 && (unsent > 0 || finIsUnsent || probesOnly) {
      if !timers.isSet(.persist) { timers[.persist] = now + probeInterval(environment.configuration) }
    } else {
      timers.cancel(.persist)
      probes = 0
      if unsent == 0 { scheduleRest(in: environment, at: now) }
    }
    armGivingUp(in: &environment, at: now)
  }

  /// The same where something is outstanding, with what leaves now as the first of it if it `begins`.
  @inline(always)
  private mutating func armForFlight(in environment: inout Environment, begins: Bool, at now: Instant) {
    timers.cancel(.persist)
    if !timers.isSet(.retransmission) {
      timers[.retransmission] =
        begins
        ? now + roundTrip.timeout(environment.configuration) : timeoutDeadline(in: environment, at: now)
    }
    armGivingUp(in: &environment, at: now)
  }

  @inline(always)
  private mutating func armGivingUp(in environment: inout Environment, at now: Instant) {
    // Few have a user timeout: the program sets it, or it is adopted, which is rare state.
    if options.userTimeout > .zero || rarePart.isPresent {
      armUserTimeout(in: &environment, at: now)
    } else {
      timers.cancel(.userTimeout)
    }
  }
}
