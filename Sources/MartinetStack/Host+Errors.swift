import MartinetTCP
import MartinetWire

// ICMP errors that come in: which transport they concern.
extension Host {
  /// Tells the transport that sent the packet which `packet` begins with what the network says about it. `mtu` is what a router that
  /// found it too big takes.
  mutating func report(_ cause: UnreachableCause, mtu: Int?, quoting packet: borrowing PageChain, at now: Instant) {
    let quoted = try? environment.pool.withLeadingBytes(of: packet, count: Departure.headerCapacity) {
      (bytes) throws(WireError) in
      (try QuotedPacket.parse(bytes), bytes.byteCount < 4 ? 0 : Int(bytes.uint16(at: 2)))
    }
    // Only what we sent concerns us (RFC 5927 section 4): the quoted source must be ours.
    guard let (quoted, size) = quoted, quoted.source.isIPv4 != cause.isIPv6,
      interfaces.isOurs(quoted.source) || quoted.source.isLoopback
    else {
      counters.count(.icmpQuoteUnknown)
      return
    }
    let claim = cause.isTooBig ? narrowing(mtu ?? 0, quoted, size: size) : nil
    if cause.isTooBig && claim == nil {
      counters.count(.icmpIgnored)
      return
    }
    switch quoted.protocolNumber {
    case IPProtocol.tcp: reportToConnection(cause, claim, quoted, at: now)
    case IPProtocol.udp: reportToEndpoint(cause, claim, quoted, at: now)
    default: counters.count(.icmpQuoteUnknown)
    }
  }

  private mutating func reportToConnection(
    _ cause: UnreachableCause, _ claim: PathLesson?, _ quoted: QuotedPacket, at now: Instant
  ) {
    let flow = FlowKey(
      local: Endpoint(quoted.source, quoted.sourcePort), remote: Endpoint(quoted.destination, quoted.destinationPort))
    guard let slot = connectionSlot(of: flow, at: now) else {
      counters.count(.icmpQuoteUnknown)
      return
    }
    let isBelieved = connections[slot].connection.networkReported(
      cause, quoting: quoted.sequence, claim: claim, in: &environment, at: now)
    if isBelieved, let claim {
      lower(claim, for: quoted.destination, at: now)
      refreshPath(of: slot, at: now)
    }
    settle(slot, at: now)
  }

  private mutating func reportToEndpoint(
    _ cause: UnreachableCause, _ claim: PathLesson?, _ quoted: QuotedPacket, at now: Instant
  ) {
    let local = Endpoint(quoted.source, quoted.sourcePort)
    let remote = Endpoint(quoted.destination, quoted.destinationPort)
    guard let slot = endpointSlot(local: local, remote: remote) else {
      counters.count(.icmpQuoteUnknown)
      return
    }
    if let claim { lower(claim, for: quoted.destination, at: now) }
    endpoints[slot].error = DatagramError(cause: cause, remote: remote)
    announceEndpoint(slot)
  }

  // MARK: Path MTU

  /// What a message that a packet of `size` octets is too big amounts to; nil if it is to be ignored: it would not lower anything, or it asks for less than
  /// IPv6 guarantees (RFC 8201 section 4).
  private func narrowing(_ mtu: Int, _ quoted: QuotedPacket, size: Int) -> PathLesson? {
    guard let route = route(to: quoted.destination) else { return nil }
    let current = pathMTU(to: quoted.destination, by: route)
    if !quoted.source.isIPv4 {
      return mtu >= 1280 && mtu < current.mtu ? PathLesson(mtu: mtu) : nil
    }
    var mtu = mtu
    if mtu == 0 { mtu = Host.plateau(below: min(size, current.mtu)) }
    guard mtu < current.mtu else { return nil }
    let floor = max(68, configuration.minimumPathMTU)
    return PathLesson(mtu: max(mtu, floor), mayBeFragmented: mtu < floor)
  }

  /// The next smaller of the sizes that links have (RFC 1191 section 7.1), for routers that don't tell.
  private static func plateau(below size: Int) -> Int {
    let plateaus: InlineArray<10, Int> = [32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68]
    for index in 0..<plateaus.count where plateaus[index] < size { return plateaus[index] }
    return 68
  }

  /// A connection found out by itself what its path takes: all that go the same way profit (RFC 8201 section 5.2).
  mutating func learn(_ lesson: PathLesson, from slot: UInt32, at now: Instant) {
    let destination = connections[slot].flow.remote.address
    guard let route = route(to: destination), lesson.mtu < pathMTU(to: destination, by: route).mtu else { return }
    lower(lesson, for: destination, at: now)
    refreshPath(of: slot, at: now)
  }

  private mutating func lower(_ claim: PathLesson, for destination: IPAddress, at now: Instant) {
    if share.isPart { note(PathNews(destination: destination, lesson: claim)) }
    paths.lower(
      to: claim.mtu, mayBeFragmented: claim.mayBeFragmented, for: destination, age: configuration.pathAge, at: now)
  }

  /// The largest IP packet for `destination`, and whether routers must be allowed to cut even that.
  func pathMTU(to destination: IPAddress, by route: Route) -> PathLesson {
    let link = linkMTU(of: route.interface)
    guard route.interface != loopbackInterface, let path = paths.path(to: destination) else {
      return PathLesson(mtu: link)
    }
    return PathLesson(mtu: min(link, path.mtu), mayBeFragmented: path.mayBeFragmented)
  }
}
