import MartinetWire

// Whether the peer is still there: keep-alive, the bound on its silence, and what a program hears before the end.

extension Connection {
  // MARK: Keep-alive

  /// The silence before the first probe: what keep-alive asks for, longer than an adopted user timeout (RFC 5482 section 4.2), and at most half of the
  /// dead-peer bound.
  private var probeIdle: Interval {
    let asked = options.keepAlive ? max(options.keepAliveIdle, userTimeout.adopted + .seconds(1)) : .forever
    return options.deadPeerBound > .zero ? min(asked, options.deadPeerBound / 2) : asked
  }

  /// The time between two probes: so that three fit into the second half of the dead-peer bound.
  private var probePause: Interval {
    let asked = options.keepAlive ? options.keepAliveInterval : .forever
    return options.deadPeerBound > .zero ? min(asked, options.deadPeerBound / 6) : asked
  }

  /// The unanswered probes that end the connection, at least two (RFC 9293 MUST-29).
  private var probeLimit: Int {
    options.keepAlive ? max(2, options.keepAliveCount) : 3
  }

  private var isWatched: Bool { options.keepAlive || options.deadPeerBound > .zero }

  /// Sets the timers that watch a peer that says nothing. Keep-alive probes only while nothing of ours is outstanding
  /// (RFC 9293 section 3.8.4, MUST-26); the dead-peer bound counts whatever is.
  mutating func watchPeer(in environment: inout Environment, at now: Instant) {
    timers.cancel(.keepAlive)
    timers.cancel(.deadPeer)
    guard isWatched, phase.isSynchronized, phase != .timeWait else { return }
    timers[.keepAlive] = keepAlive.lastHeard + probeIdle
    if options.deadPeerBound > .zero {
      // A bound that comes late still leaves time to ask.
      timers[.deadPeer] = max(keepAlive.lastHeard + options.deadPeerBound, now + options.deadPeerBound / 2)
    }
  }

  mutating func keepAliveExpired(_ environment: inout Environment, at now: Instant) {
    guard isWatched, phase.isSynchronized, phase != .timeWait else { return }
    let silence = now - keepAlive.lastHeard
    if snd.una != snd.nxt || unsentBytes > 0 {
      timers[.keepAlive] = now + probeIdle
    } else if silence < probeIdle {
      timers[.keepAlive] = keepAlive.lastHeard + probeIdle
    } else if keepAlive.unanswered >= probeLimit {
      giveUpSilentPeer(in: &environment, at: now)
    } else {
      if keepAlive.unanswered == 1 { warn(.peerSilent, in: &environment, at: now) }
      keepAlive.unanswered += 1
      keepAlive.probeDue = true
      timers[.keepAlive] = now + probePause
    }
  }

  // MARK: The bound on silence

  /// The bound has passed since the timer was set; since the peer was last heard it may be less.
  mutating func deadPeerExpired(_ environment: inout Environment, at now: Instant) {
    let bound = options.deadPeerBound
    guard bound > .zero, phase.isSynchronized, phase != .timeWait else { return }
    let end = keepAlive.lastHeard + bound
    if now < end {
      timers[.deadPeer] = end
    } else if recovery.timeouts + keepAlive.unanswered < 2 {
      // A process that was stopped, or a machine that slept, has not asked: the peer gets its chance to answer.
      timers[.deadPeer] = now + bound / 2
    } else {
      giveUpSilentPeer(in: &environment, at: now)
    }
  }

  /// The peer answers nothing. A reset tells whoever may still listen, such as a proxy that forgot one side only.
  private mutating func giveUpSilentPeer(in environment: inout Environment, at now: Instant) {
    flags.insert(.resetDue)
    let reason: EndReason =
      snd.una != snd.nxt || unsentBytes > 0
      ? .retransmissionTimedOut(silenceEvidence(attempts: recovery.timeouts, since: keepAlive.lastHeard, at: now))
      : .keepAliveTimedOut(silenceEvidence(attempts: keepAlive.unanswered, since: keepAlive.lastHeard, at: now))
    end(reason, on: .gaveUp, in: &environment, at: now)
  }

  func silenceEvidence(attempts: Int, since: Instant, at now: Instant) -> SilenceEvidence {
    let first = statistics.bytesAcknowledged
    return SilenceEvidence(
      unacknowledged: snd.outstanding, octets: first..<(first + UInt64(queue.count - unsentBytes)),
      silence: since == .never ? .zero : now - since, attempts: attempts, softError: softError,
      withoutTimestamps: rarePart.isPresent ? Int(rare.withoutTimestamps) : 0)
  }

  // MARK: Warnings

  /// R1 is reached: the program, and the host for the sake of its route, hear of it (RFC 9293 section 3.8.3, SHLD-9).
  mutating func warnIfSilent(_ attempts: Int, _ environment: inout Environment, at now: Instant) {
    guard attempts >= environment.configuration.warningRetransmissions, !flags.contains(.warned) else { return }
    flags.insert(.warned)
    warn(.retransmitting, in: &environment, at: now)
  }

  mutating func warn(_ kind: WarningKinds, in environment: inout Environment, at now: Instant) {
    warnings.insert(kind)
    events.insert(.warning)
    if let warning = warning(kind, at: now) { trace(.warning(warning), in: &environment, at: now) }
  }

  private func warning(_ kind: WarningKinds, at now: Instant) -> ConnectionWarning? {
    switch kind {
    case .retransmitting:
      .retransmitting(
        silenceEvidence(
          attempts: flags.contains(.synAcknowledged) ? recovery.timeouts : synRetransmissions,
          since: recovery.silentSince, at: now))
    case .peerSilent:
      .peerSilent(silenceEvidence(attempts: keepAlive.unanswered, since: keepAlive.lastHeard, at: now))
    default:
      softError.map { .unreachable($0) }
    }
  }

  /// The next thing that the program is to know before the end, with the evidence of this moment; forgets it.
  public mutating func pollWarning(at now: Instant) -> ConnectionWarning? {
    for kind in [WarningKinds.retransmitting, .peerSilent, .unreachable] where warnings.contains(kind) {
      warnings.remove(kind)
      return warning(kind, at: now)
    }
    return nil
  }
}

/// The warnings that nobody has polled yet.
struct WarningKinds: OptionSet {
  let rawValue: UInt8
  static let retransmitting = WarningKinds(rawValue: 1)
  static let peerSilent = WarningKinds(rawValue: 2)
  static let unreachable = WarningKinds(rawValue: 4)
}
