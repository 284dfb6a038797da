import MartinetTCP
import MartinetWire

// ICMP for IPv4 that comes in (RFC 792, RFC 1122 section 3.2.2).
extension Host {
  mutating func receiveICMP(_ chain: consuming PageChain, _ facts: PacketFacts, at now: Instant) {
    var packet = chain
    var sum = Checksum()
    sum.add(packet, from: facts.headerLength, in: environment.pool)
    guard sum.finish() == 0 else {
      drop(packet, .badTransportChecksum)
      return
    }
    environment.pool.removeFirst(facts.headerLength, from: &packet)
    makeContiguous(Departure.headerCapacity, of: &packet)
    guard let message = parseICMP(packet) else {
      drop(packet, .icmpMalformed)
      return
    }
    environment.pool.removeFirst(ICMPMessage.encodedLength, from: &packet)
    switch message {
    case .echoRequest(let identifier, let sequence):
      answerEcho(packet, facts, at: now) { scratch in
        ICMPMessage.echoReply(identifier: identifier, sequence: sequence).encode(into: &scratch)
      }
    case .destinationUnreachable(let code, let mtu):
      receiveError(3, code, mtu: Int(mtu), packet, facts, at: now)
    case .timeExceeded(let code):
      receiveError(11, code, mtu: nil, packet, facts, at: now)
    case .parameterProblem(let code, _):
      receiveError(12, code, mtu: nil, packet, facts, at: now)
    case .echoReply, .redirect, .other:
      // Redirects are not followed, source quench is obsolete (RFC 6633), the rest is unknown (RFC 1122 section 3.2.2).
      drop(packet, .icmpIgnored)
    }
  }

  private func parseICMP(_ packet: borrowing PageChain) -> ICMPMessage? {
    try? environment.pool.withFirstBytes(of: packet) { (bytes) throws(WireError) in try ICMPMessage.parse(bytes) }
  }

  private mutating func receiveError(
    _ type: UInt8, _ code: UInt8, mtu: Int?, _ quoted: consuming PageChain, _ facts: PacketFacts, at now: Instant
  ) {
    let cause = UnreachableCause(isIPv6: false, type: type, code: code)
    if facts.isGroup {
      counters.count(.icmpIgnored)
    } else {
      report(cause, mtu: mtu, quoting: quoted, at: now)
    }
    environment.pool.release(quoted)
  }

  /// Sends back what an echo request carries (RFC 792, RFC 4443 section 4.2). What was sent to a group is answered only if so
  /// configured, from an address of our own (RFC 1122 section 3.2.2.6).
  mutating func answerEcho(
    _ payload: consuming PageChain, _ facts: PacketFacts, at now: Instant, encode: (inout Departure) -> Void
  ) {
    guard !facts.isGroup || configuration.acceptsBroadcastEcho, !facts.source.isUnspecified,
      let route = replyRoute(to: facts),
      let source = facts.isGroup ? source(for: facts.source, by: route) : facts.destination
    else {
      drop(payload, .icmpIgnored)
      return
    }
    guard echoLimit.take(at: now) else {
      drop(payload, .rateLimited)
      return
    }
    counters.echoRepliesSent &+= 1
    scratch.reset()
    encode(&scratch)
    let plan = PacketPlan(
      source: source, destination: facts.source,
      protocolNumber: facts.source.isIPv4 ? IPProtocol.icmp : IPProtocol.icmpv6,
      trafficClass: facts.trafficClass & 0xFC,
      hopLimit: configuration.hopLimit, route: route)
    finishScratch(payload, by: plan, at: now)
  }
}
