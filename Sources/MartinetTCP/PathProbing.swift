import MartinetWire

// Probes of the path: new data in segments larger than those that are known to get through (RFC 4821).

extension Connection {
  /// Whether what leaves next is a probe.
  enum ProbeTurn {
    /// There is nothing to try, or not enough to send.
    case none
    /// The congestion window has no room for it yet, and is about to.
    case waits
    /// In packets of so many octets, with so much payload.
    case leaves(size: Int, payload: Int)
  }

  /// The largest packet that the peer, and the program, want at all.
  var wantedPacketSize: Int {
    var segment = snd.peerSegmentSize
    if options.maximumSegmentSize > 0 { segment = min(segment, Int(options.maximumSegmentSize)) }
    return segment + 20 + networkHeaderLength
  }

  /// The octets of an IP packet with a full set of options and so much payload.
  func packetSize(payload: Int) -> Int {
    payload + 20 + (negotiated.timestamps ? 12 : 0) + networkHeaderLength
  }

  /// Whether the path is to be probed now: enough data follow the probe for its loss to show by three segments, and it is no more than three of them
  /// (RFC 4821 sections 7.4 and 10.1). With anything lost or overtaken none leaves, so that its own loss can be told from others.
  mutating func probeTurn(_ output: Output, unsent: Int, _ environment: inout Environment) -> ProbeTurn {
    guard recovery.mode == .open, scoreboard.lost == 0, scoreboard.sackedOctets == 0, recovery.duplicates == 0,
      snd.up == nil, flags.contains(.synAcknowledged), search.probe == nil, !timers.isSet(.congestionHold)
    else { return .none }
    if search.resumesAt <= output.now { search.begin() }
    guard search.resumesAt == .never, let size = search.next(above: pathMTU, upTo: wantedPacketSize) else {
      return .none
    }
    let full = segmentSize
    let payload = min(payloadLimit(optionLength: output.optionLength, ofPackets: size), 3 * full)
    let needed = payload + 3 * full
    guard payload > payloadLimit(optionLength: output.optionLength), unsent >= needed, usableWindow >= needed,
      congestion.window >= needed, burstRoom(environment.configuration) >= payload,
      scoreboard.recordCount < environment.configuration.maximumRecords,
      paced(payload, optionLength: output.optionLength, at: output.now) > 0
    else { return .none }
    // At least three segments are on their way when the window has no room for the probe, so acknowledgements come.
    guard congestion.window - scoreboard.inFlight >= payload else { return .waits }
    return .leaves(size: payload + 20 + output.optionLength + networkHeaderLength, payload: payload)
  }

  /// Sends a probe. It is a segment of its own, no part of a train.
  mutating func sendPathProbe(
    size: Int, payload: Int, _ output: inout Output, into departure: inout Departure, _ environment: inout Environment
  ) -> SegmentEnvelope {
    prepareNew(&output, octets: payload, fin: false)
    output.reason = .pathProbe
    output.isNewData = true
    search.probe = PathSearch.Probe(size: size, range: SequenceRange(from: snd.nxt, count: payload))
    search.probes += 1
    flags.remove(.overrideDue)
    timers.cancel(.sillyWindowOverride)
    sent(output, unit: payload)
    let envelope = emit(output, into: &departure, &environment)
    armSendTimers(in: &environment, at: output.now)
    scheduleProbe(&environment, at: output.now)
    return envelope
  }

  /// Whether nothing but the probe is lost: the path refuses its size, and there is no sign of congestion (RFC 4821 section 4). With more than that lost
  /// the window shrinks as ever, and nothing is known of the size.
  mutating func probeExplainsLoss(in environment: inout Environment, at now: Instant) -> Bool {
    guard flags.contains(.searchesPath), let probe = search.probe, scoreboard.isLost(probe.range.lower) else {
      return false
    }
    guard recovery.mode == .open, scoreboard.lost == probe.range.count else {
      search.probe = nil
      return false
    }
    trace(.lossDetected(probe.range, .pathProbe), in: &environment, at: now)
    scoreboard.rate.forgive(probe.range.count)
    search.probeFailed(attempts: environment.configuration.pathProbeAttempts)
    // Duplicates that the probe goes on to cause begin no recovery.
    recovery.recover = snd.nxt
    if scoreboard.front?.state == .lost { recovery.front = .packetTooBig }
    settleSearch(environment.configuration, at: now)
    return true
  }

  /// SND.UNA has advanced over segments of `largest` octets: packets of their size get through, whatever was thought of them.
  mutating func searchAdvances(largest: Int, in environment: inout Environment, at now: Instant) {
    if let doubtful = search.doubtful, !snd.outstanding.contains(doubtful.sequence) { search.doubtful = nil }
    var proven = largest > 0 ? packetSize(payload: largest) : 0
    if let probe = search.probe, snd.una.isAtOrAfter(probe.range.upper) {
      proven = max(proven, probe.size)
      search.probeSucceeded()
    }
    guard proven > pathMTU, proven <= search.claimed else { return }
    adopt(packetSize: proven, in: &environment, at: now)
    settleSearch(environment.configuration, at: now)
  }

  /// Notes whether there is anything left to try. When there is not, and less gets through than routers say, others are to know.
  mutating func settleSearch(_ configuration: Configuration, at now: Instant) {
    guard search.resumesAt == .never, search.next(above: pathMTU, upTo: wantedPacketSize) == nil else { return }
    search.resumesAt = now + configuration.pathProbeInterval
    if pathMTU < min(search.claimed, wantedPacketSize) { search.lesson = PathLesson(mtu: pathMTU) }
  }
}
