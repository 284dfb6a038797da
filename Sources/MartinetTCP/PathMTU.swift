import MartinetWire

// The path MTU of a connection: what it begins with, how it changes, and what is believed of reports (RFC 1191, RFC 8201, RFC 4821, RFC 5927 section 7).

extension Connection {
  /// What packets have at most at the beginning.
  static func initialPathMTU(_ parameters: OpenParameters) -> Int {
    guard parameters.options.pathMTUDiscovery == .off else { return parameters.pathMTU }
    return parameters.remote.address.isIPv4 ? parameters.linkMTU : min(parameters.linkMTU, 1280)
  }

  /// The initial search_low: what every path is believed to take (RFC 4821 section 7.2).
  private func basePathMTU(_ configuration: Configuration) -> Int {
    remote.address.isIPv4 ? configuration.basePathMTU : max(configuration.basePathMTU, 1280)
  }

  private mutating func needSearch() {
    guard !flags.contains(.searchesPath) else { return }
    let search = PathSearch(claimed: pathMTU)
    rare.search.make(search)
    flags.insert(.searchesPath)
  }

  /// Where nothing but probes counts, larger packets than every path takes have to be proven, from the end of the handshake on.
  mutating func beginPathSearch(in environment: inout Environment, at now: Instant) {
    guard options.pathMTUDiscovery == .probing else { return }
    let proven = largestAcknowledged > 0 ? packetSize(payload: Int(largestAcknowledged)) : 0
    let base = max(basePathMTU(environment.configuration), proven)
    guard pathMTU > base else { return }
    needSearch()
    resize(packets: base, in: &environment, at: now)
    settleSearch(environment.configuration, at: now)
  }

  /// The program chose another way to find the path MTU.
  mutating func discoveryChanged(in environment: inout Environment, at now: Instant) {
    if options.pathMTUDiscovery == .off {
      flags.remove(.searchesPath)
      if rarePart.isPresent { rare.search.drop() }
      resize(packets: remote.address.isIPv4 ? linkMTU : min(linkMTU, 1280), in: &environment, at: now)
    } else if flags.contains(.synAcknowledged) {
      beginPathSearch(in: &environment, at: now)
    }
  }

  /// Packets have `size` octets at most from here on. What is outstanding and was larger is sent again in smaller segments, which is no
  /// sign of congestion (RFC 1191 section 6.4, RFC 8201 section 5.4). The window keeps its octets when they grow (RFC 4821 section 4).
  mutating func adopt(packetSize size: Int, in environment: inout Environment, at now: Instant) {
    let before = segmentSize
    resize(packets: size, in: &environment, at: now)
    guard segmentSize < before, flags.contains(.synAcknowledged) else { return }
    largestAcknowledged = min(largestAcknowledged, UInt16(clamping: segmentSize))
    loseRefused()
  }

  /// The same without a suspicion about what is outstanding.
  private mutating func resize(packets size: Int, in environment: inout Environment, at now: Instant) {
    let before = segmentSize
    pathMTU = size
    settleSegmentSize()
    trace(.pathMTU(pathMTU), in: &environment, at: now)
    guard segmentSize != before, flags.contains(.synAcknowledged) else { return }
    congestion.on(.segmentSizeChanged(from: before, to: segmentSize))
  }

  /// Whatever is outstanding and larger than a segment may be leaves again.
  private mutating func loseRefused() {
    scoreboard.lose(largerThan: segmentSize)
    if scoreboard.front?.state == .lost && recovery.front == nil { recovery.front = .packetTooBig }
  }

  /// The path takes packets of at most `mtu` octets, say the link and the routers.
  public mutating func pathChanged(mtu: Int, in environment: inout Environment, at now: Instant) {
    guard options.pathMTUDiscovery != .off else { return }
    let mtu = min(mtu, linkMTU)
    guard flags.contains(.searchesPath) else { return adopt(packetSize: mtu, in: &environment, at: now) }
    guard mtu != search.claimed else { return }
    search.claimed = mtu
    search.begin()
    if let probe = search.probe, probe.size > mtu {
      search.probe = nil
      if mtu >= pathMTU { loseRefused() }
    }
    if mtu < pathMTU { adopt(packetSize: mtu, in: &environment, at: now) }
    settleSearch(environment.configuration, at: now)
  }

  // MARK: Reports

  /// Whether the claim that the path takes less than what was acknowledged has to wait: it may be forged (RFC 5927 section 7.2).
  mutating func defers(_ claim: PathLesson, quoting sequence: SequenceNumber) -> Bool {
    guard largestAcknowledged > 0, claim.mtu < packetSize(payload: Int(largestAcknowledged)) else { return false }
    needSearch()
    // The oldest segment is the one that will time out.
    if let doubtful = search.doubtful, snd.outstanding.contains(doubtful.sequence),
      sequence.isAfter(doubtful.sequence)
    {
      return true
    }
    search.doubtful = PathSearch.DoubtfulReport(lesson: claim, sequence: sequence)
    return true
  }

  /// What was found out about the path since the last call; forgets it.
  public mutating func takePathLesson() -> PathLesson? {
    flags.contains(.searchesPath) ? search.lesson.take() : nil
  }

  // MARK: Timeouts

  /// The retransmission timer expired for the first segment. If a report waited for that, it is borne out. If full segments expire again and again, R1 times at
  /// least, the path lets them vanish, and smaller ones are tried: the base, then halves (RFC 4821 section 7.7).
  ///
  /// A later segment as large that the peer holds left after the first one did: so it was not for its size that this was lost, and bursts of loss
  /// make no black hole. The path may have become narrower since, and a connection that never believes it would end: then it takes twice as many.
  ///
  /// Unlike the RFC each half has two tries, so that a peer that is silent for a minute does not leave tiny segments behind.
  mutating func suspectPath(in environment: inout Environment, at now: Instant) {
    guard options.pathMTUDiscovery != .off, let front = scoreboard.front else { return }
    let expired = Int(front.largestSegment)
    if flags.contains(.searchesPath) {
      search.probe = nil
      if believeReport(in: SequenceRange(from: front.start, count: expired), &environment, at: now) { return }
    }
    let patience = environment.configuration.warningRetransmissions
    var excess = recovery.timeouts + 1 - patience
    guard excess >= 0 else { return }
    if scoreboard.holds(segmentOf: expired) { excess -= patience }
    guard excess >= 0, excess % 2 == 0 else { return }
    let base = basePathMTU(environment.configuration)
    let current = min(pathMTU, wantedPacketSize)
    let size = current > base ? base : max(current / 2, remote.address.isIPv4 ? 68 : 1280)
    guard size < current, packetSize(payload: expired) > size else { return }
    needSearch()
    search.blackHoles += 1
    search.begin()
    trace(.blackHole(packetSize: current), in: &environment, at: now)
    recovery.doubt = .none
    adopt(packetSize: size, in: &environment, at: now)
  }

  /// Believes the doubtful report, if it quotes what has expired; whether it did.
  private mutating func believeReport(
    in expired: SequenceRange, _ environment: inout Environment, at now: Instant
  ) -> Bool {
    guard let doubtful = search.doubtful, expired.contains(doubtful.sequence) else { return false }
    search.doubtful = nil
    search.lesson = doubtful.lesson
    guard doubtful.lesson.mtu < pathMTU else { return true }
    recovery.doubt = .none
    pathChanged(mtu: doubtful.lesson.mtu, in: &environment, at: now)
    return true
  }
}

extension Connection {
  /// What a snapshot tells of the path.
  func describePath(_ status: inout ConnectionStatus) {
    status.pathMTU = pathMTU
    guard flags.contains(.searchesPath) else { return }
    status.pathProbes = search.probes
    status.lostPathProbes = search.lostProbes
    status.blackHoles = search.blackHoles
    let isSearching = search.resumesAt == .never && search.next(above: pathMTU, upTo: wantedPacketSize) != nil
    status.pathSearch = isSearching ? .searching : .complete
    status.pathSearchLimit = isSearching ? min(search.high, wantedPacketSize) : pathMTU
  }
}
