import MartinetTCP
import MartinetWire

// SYN cookies (RFC 4987 section 3.6): answers to SYNs for which there is no room.
extension Host {
  /// Whether a SYN is to be answered with a cookie: its listener's queue of half-open connections is full. Before that none is, since a cookie
  /// loses options.
  func needsCookie(_ listener: UInt32) -> Bool {
    configuration.synCookies && listeners[listener].handshakes >= configuration.synQueue
  }

  /// Answers a SYN, and forgets it.
  mutating func answerWithCookie(
    _ listener: UInt32, _ header: TCPHeader, _ facts: PacketFacts, _ flow: FlowKey, at now: Instant
  ) {
    guard let route = replyRoute(to: facts) else {
      counters.count(.noRoute)
      return
    }
    guard cookieLimit.take(at: now) else {
      counters.count(.rateLimited)
      return
    }
    listeners[listener].cookiesUntil = now + SYNCookie.period * 2
    var syn = header
    if !environment.configuration.timestamps { syn.options.present.remove(.timestamps) }
    let preference = listeners[listener].options.ecn
    let hasClassicECN = syn.asksForClassicECN(preference)
    // What neither the number nor the peer would bring back can't be agreed to.
    if hasClassicECN && !syn.options.has(.timestamps) { syn.flags.subtract([.ae, .cwr, .ece]) }
    let cookie = SYNCookie(of: syn, isIPv4: flow.remote.address.isIPv4, hasClassicECN: hasClassicECN)
    var offset = timestampOffset(of: flow)
    if let hints = cookie.hints {
      // The clock is turned back a little, until its lower bits say what is to be remembered.
      let clock = UInt32(truncatingIfNeeded: now.nanoseconds / 1_000_000) &+ offset
      offset &-= (clock &- hints.rawValue) & (1 << UInt32(SYNCookie.TimestampHints.bits) - 1)
    } else {
      syn.options.present.formIntersection(.maximumSegmentSize)
    }
    let parameters = parameters(
      of: flow, id: .none, by: route, pathMTU(to: flow.remote.address, by: route), options: listeners[listener].options,
      initialSequence: cookie.number(for: flow, peer: header.sequence, secrets: secrets, at: now),
      timestampOffset: offset)
    scratch.reset()
    let envelope = Connection.answerToSYN(
      syn, parameters, facts.ecn, into: &scratch, in: &environment, at: now)
    guard let envelope else { return }
    counters.synCookiesSent &+= 1
    scratch.completeTransportChecksum(
      source: flow.local.address, destination: flow.remote.address, protocolNumber: IPProtocol.tcp)
    let plan = PacketPlan(
      source: flow.local.address, destination: flow.remote.address, protocolNumber: IPProtocol.tcp,
      trafficClass: envelope.trafficClass, hopLimit: envelope.hopLimit, route: route)
    sendScratch(followedBy: PageChain(), by: plan, at: now)
  }

  /// The cookie that `header` brings back to a listener that lately gave some out; nil otherwise, so that nobody can guess one at leisure.
  func cookie(in header: TCPHeader, _ flow: FlowKey, for listener: UInt32, at now: Instant) -> SYNCookie? {
    guard now < listeners[listener].cookiesUntil, !header.isSYN else { return nil }
    return SYNCookie(acknowledgedBy: header, of: flow, secrets: secrets, at: now)
  }

  /// Makes the connection whose SYN `cookie` remembers, and lets the ACK that brought it complete the handshake. While the accept queue is full
  /// the ACK is ignored: a peer with something to send sends it again.
  mutating func openByCookie(
    _ listener: UInt32, _ cookie: SYNCookie, _ header: TCPHeader, _ payload: consuming PageChain,
    _ facts: PacketFacts, _ flow: FlowKey, _ hash: WholeFlowHash, at now: Instant
  ) {
    guard !listeners[listener].isFull else {
      drop(payload, .acceptQueueFull)
      return
    }
    guard let route = replyRoute(to: facts),
      let slot = open(
        flow, hash, by: route, options: listeners[listener].options,
        as: .cookie(syn: cookie.syn(before: header), number: header.acknowledgement - 1), at: now)
    else {
      drop(payload, .connectionLimit)
      return
    }
    counters.synCookiesAccepted &+= 1
    enterHandshake(slot, of: listener, header, payload, facts, at: now)
  }
}

extension TCPHeader {
  /// Whether a SYN asks for ECN in the classic form, or in one that is answered in the classic form.
  fileprivate func asksForClassicECN(_ preference: ECNPreference) -> Bool {
    guard preference != .off, flags.contains([.cwr, .ece]) else { return false }
    return !flags.contains(.ae) || preference == .askClassic
  }
}
