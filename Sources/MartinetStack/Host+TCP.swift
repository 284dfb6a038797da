import MartinetTCP
import MartinetWire

// Segments that arrive: which connection or listener they belong to.
extension Host {
  /// Takes in a packet whose transport is TCP. `chain` is the whole packet.
  mutating func receiveTCP(_ chain: consuming PageChain, _ facts: PacketFacts, at now: Instant) {
    var packet = chain
    guard facts.trust == .vouched || hasRightChecksum(packet, facts) else {
      drop(packet, .badTransportChecksum)
      return
    }
    // Behind long extension headers the TCP header need not be among the octets that are gathered.
    let before = facts.headerLength <= IPv6Header.encodedLength ? facts.headerLength : 0
    environment.pool.removeFirst(facts.headerLength - before, from: &packet)
    var header = TCPHeader()
    guard let length = parseTCP(packet, from: before, into: &header) else {
      drop(packet, .malformedTransport)
      return
    }
    let flow = FlowKey(
      local: Endpoint(facts.destination, header.destinationPort), remote: Endpoint(facts.source, header.sourcePort))
    guard isAcceptable(flow, facts) else {
      drop(packet, facts.isGroup ? .synToGroup : .landAttack)
      return
    }
    environment.pool.removeFirst(before + length, from: &packet)
    receiveText(header, packet, facts, flow, at: now)
  }

  /// Takes in a segment whose IP and TCP headers are right: its own arrival, or part of one with others of its batch.
  mutating func receiveText(
    _ header: TCPHeader, _ payload: consuming PageChain, _ facts: PacketFacts, _ flow: FlowKey, at now: Instant
  ) {
    let arrival = ArrivalFacts(ecn: facts.ecn, segmentSize: Int(facts.segmentSize))
    let plain = PlainSegment(header)
    if let plain, isGathering(flow), gathered.goesOn(with: plain, payload: payload.count, arrival) {
      gathered.append(plain, payload, in: &environment.pool)
      return
    }
    deliverGathered(at: now)
    let hash = flows.wholeHash(of: flow)
    guard let entry = entry(of: flow, hash.forTable) else {
      receiveWithoutConnection(header, payload, facts, flow, hash, at: now)
      return
    }
    guard let slot = wholeConnection(entry, at: now) else {
      drop(payload, .connectionLimit)
      return
    }
    lastFlow.remember(flow, connections[slot].connection.id, on: facts.interface, addressEpoch: interfaces.epoch)
    if let plain {
      begin(plain, payload, arrival, on: slot, at: now)
    } else {
      receive(header, payload, facts, on: slot, at: now)
    }
  }

  /// Whether text was gathered that came over `flow`.
  private func isGathering(_ flow: FlowKey) -> Bool {
    let connection = gathered.connection
    return !gathered.isEmpty && connections.contains(connection.slot, connection.generation)
      && connections[connection.slot].isOver(flow)
  }

  /// Takes in a plain segment: the short way if its connection expects it, and the long way if not.
  @inline(__always)
  mutating func receive(
    _ segment: PlainSegment, _ payload: consuming PageChain, _ facts: ArrivalFacts, on slot: UInt32, at now: Instant
  ) {
    var payload = payload
    if let look = connections[slot].receiveExpected(
      segment, payload: &payload, facts, in: &environment, epochs, at: now)
    {
      settle(slot, look, at: now)
    } else {
      receiveUnexpected(segment, payload, facts, on: slot, at: now)
    }
  }

  @inline(never)
  private mutating func receiveUnexpected(
    _ segment: PlainSegment, _ payload: consuming PageChain, _ facts: ArrivalFacts, on slot: UInt32, at now: Instant
  ) {
    let flow = connections[slot].flow
    let header = TCPHeader(segment, sourcePort: flow.remote.port, destinationPort: flow.local.port)
    receiveUnexpected(header, payload, facts, on: slot, at: now)
  }

  /// Reads the TCP header behind the first `offset` octets of a packet; returns how long it is.
  private func parseTCP(_ packet: borrowing PageChain, from offset: Int, into header: inout TCPHeader) -> Int? {
    try? environment.pool.withLeadingBytes(of: packet, count: offset + TCPHeader.maximumLength) {
      (bytes) throws(WireError) in
      guard bytes.byteCount >= offset else { throw .truncated }
      return try header.read(bytes.extracting(offset..<bytes.byteCount))
    }
  }

  /// Whether a segment can be part of a conversation between two hosts: not to or from a group (RFC 9293 sections 3.9.2.3 and
  /// 3.10.7.2), and not from the very end that it is sent to.
  private func isAcceptable(_ flow: FlowKey, _ facts: PacketFacts) -> Bool {
    !facts.isGroup && flow.local != flow.remote && !flow.remote.address.isUnspecified
  }

  mutating func receive(
    _ header: TCPHeader, _ payload: consuming PageChain, _ facts: PacketFacts, on slot: UInt32, at now: Instant
  ) {
    if connections[slot].connection.phase == .timeWait && header.isSYN && !header.isRST && !header.isACK,
      let predecessor = connections[slot].connection.acceptsReuse(bySYN: header),
      let listener = listenerSlot(for: connections[slot].flow.local)
    {
      reuse(slot, listener, header, payload, facts, after: predecessor, at: now)
      return
    }
    let arrival = ArrivalFacts(ecn: facts.ecn, segmentSize: Int(facts.segmentSize))
    receiveUnexpected(header, payload, arrival, on: slot, at: now)
  }

  mutating func receiveUnexpected(
    _ header: TCPHeader, _ payload: consuming PageChain, _ facts: ArrivalFacts, on slot: UInt32, at now: Instant
  ) {
    if connections[slot].place == .halfOpen && completesTooEarly(header, slot) {
      drop(payload, .acceptQueueFull)
      return
    }
    connections[slot].connection.receiveUnexpected(header, payload: payload, facts: facts, in: &environment, at: now)
    settle(slot, at: now)
  }

  /// Whether a segment would complete a handshake that the accept queue has no room for: it is ignored, and the SYN,ACK will be
  /// sent again.
  private func completesTooEarly(_ header: TCPHeader, _ slot: UInt32) -> Bool {
    header.isACK && !header.isRST && !header.isSYN && listeners[connections[slot].listener].isFull
  }

  /// A SYN opens the next connection between the two ends of one in TIME-WAIT (RFC 6191).
  private mutating func reuse(
    _ slot: UInt32, _ listener: UInt32, _ header: TCPHeader, _ payload: consuming PageChain, _ facts: PacketFacts,
    after predecessor: SequenceNumber, at now: Instant
  ) {
    let flow = connections[slot].flow
    let hash = flows.wholeHash(of: flow)
    removeFromFlows(slot)
    if connections[slot].place == .held {
      connections[slot].connection.abort(in: &environment, at: now)
      settle(slot, at: now)
    } else {
      forget(slot)
    }
    open(listener, header, payload, facts, flow, hash, after: predecessor, at: now)
  }

  private mutating func receiveWithoutConnection(
    _ header: TCPHeader, _ payload: consuming PageChain, _ facts: PacketFacts, _ flow: FlowKey,
    _ hash: WholeFlowHash, at now: Instant
  ) {
    guard share.owns(flow) else {
      drop(payload, .foreignFlow)
      return
    }
    guard let listener = listenerSlot(for: flow.local) else {
      counters.count(.noListener)
      reset(header, payload, facts, flow, at: now)
      return
    }
    // LISTEN (RFC 9293 section 3.10.7.2): first RST, second ACK, third SYN. A SYN with FIN is nobody's honest segment.
    if header.isRST || (!header.isACK && (!header.isSYN || header.isFIN)) {
      drop(payload, .noConnection)
    } else if let cookie = cookie(in: header, flow, for: listener, at: now) {
      openByCookie(listener, cookie, header, payload, facts, flow, hash, at: now)
    } else if header.isACK {
      counters.count(.noConnection)
      reset(header, payload, facts, flow, at: now)
    } else {
      open(listener, header, payload, facts, flow, hash, after: nil, at: now)
    }
  }

  /// A SYN came for a listener: a half-open connection begins, if there is room.
  private mutating func open(
    _ listener: UInt32, _ header: TCPHeader, _ payload: consuming PageChain, _ facts: PacketFacts, _ flow: FlowKey,
    _ hash: WholeFlowHash, after predecessor: SequenceNumber?, at now: Instant
  ) {
    if listeners[listener].isFull {
      counters.count(.acceptQueueFull)
      if listeners[listener].refusesWhenFull {
        reset(header, payload, facts, flow, at: now)
      } else {
        environment.pool.release(payload)
      }
      return
    }
    // The ISN of a cookie can't be made to exceed a predecessor's last number.
    if predecessor == nil && needsCookie(listener) {
      environment.pool.release(payload)
      answerWithCookie(listener, header, facts, flow, at: now)
      return
    }
    guard makeRoom(in: listener), let route = replyRoute(to: facts) else {
      drop(payload, .synQueueFull)
      return
    }
    let fastOpen = fastOpen(header, of: listener, from: flow.remote.address, at: now)
    let options = listeners[listener].options
    let opening = Opening.passive(after: predecessor, fastOpen)
    guard let slot = open(flow, hash, by: route, options: options, as: opening, at: now) else {
      if fastOpen?.acceptsText == true { listeners[listener].fastOpens.end() }
      drop(payload, .synQueueFull)
      return
    }
    if fastOpen?.acceptsText == true {
      connections[slot].fastOpenListener = ListenerHandle(
        slot: listener, generation: listeners.generation(of: listener))
    }
    enterHandshake(slot, of: listener, header, payload, facts, at: now)
  }

  /// Puts a new connection into its listener's queue of half-open ones, and gives it its first segment.
  mutating func enterHandshake(
    _ slot: UInt32, of listener: UInt32, _ header: TCPHeader, _ payload: consuming PageChain, _ facts: PacketFacts,
    at now: Instant
  ) {
    connections[slot].listener = listener
    placeLinks.append(slot, to: &listeners[listener].halfOpen)
    let arrival = ArrivalFacts(
      ecn: facts.ecn, segmentSize: Int(facts.segmentSize))
    // The next segment of the flow is the ACK of ours, which often follows at once.
    let id = connections[slot].connection.id
    lastFlow.remember(connections[slot].flow, id, on: facts.interface, addressEpoch: interfaces.epoch)
    connections[slot].connection.receive(header, payload: payload, facts: arrival, in: &environment, at: now)
    settle(slot, at: now)
  }

  /// Whether a listener's queue of half-open connections has room, made at the cost of the oldest if so configured (RFC 4987 section
  /// 3.4).
  private mutating func makeRoom(in listener: UInt32) -> Bool {
    guard listeners[listener].handshakes >= max(1, configuration.synQueue) else { return true }
    guard configuration.synQueueRecyclesOldest else { return false }
    counters.halfOpenRecycled &+= 1
    forgetOldestHandshake(of: listener)
    return true
  }

  /// Answers a segment that belongs to nothing with the RST that the RFC demands (RFC 9293 section 3.10.7.1), no faster than the
  /// limit.
  private mutating func reset(
    _ header: TCPHeader, _ payload: consuming PageChain, _ facts: PacketFacts, _ flow: FlowKey, at now: Instant
  ) {
    let length = payload.count
    environment.pool.release(payload)
    guard let answer = TCPHeader.reset(answering: header, payload: length) else { return }
    guard let route = replyRoute(to: facts) else { return }
    guard resetLimit.take(at: now) else {
      counters.count(.rateLimited)
      return
    }
    counters.resetsSent &+= 1
    scratch.reset()
    answer.encode(into: &scratch)
    scratch.completeTransportChecksum(
      source: flow.local.address, destination: flow.remote.address, protocolNumber: IPProtocol.tcp)
    let plan = PacketPlan(
      source: flow.local.address, destination: flow.remote.address, protocolNumber: IPProtocol.tcp,
      hopLimit: configuration.hopLimit, route: route)
    sendScratch(followedBy: PageChain(), by: plan, at: now)
  }
}
