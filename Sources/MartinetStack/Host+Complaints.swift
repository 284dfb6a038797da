import MartinetTCP
import MartinetWire

/// What the host has to say against a packet.
enum Complaint {
  case portUnreachable
  /// The protocol is none of ours; IPv6 wants to know where its number stands.
  case protocolUnreachable(pointer: UInt32)
  case reassemblyTimeout
  /// IPv6 only: `code` of RFC 4443 section 3.4.
  case parameterProblem(code: UInt8, pointer: UInt32)

  /// Whether the complaint is made even about a packet to a group (RFC 4443 section 2.4 (e.3)).
  var mayConcernGroup: Bool {
    if case .parameterProblem(let code, _) = self { code == 2 } else { false }
  }
}

// ICMP errors that go out.
extension Host {
  /// The most octets of a packet that an error quotes: as many as fit into a datagram that everybody takes (RFC 1812 section
  /// 4.3.2.3, RFC 4443 section 2.4 (c)).
  private static let quoteLimit4 = 576 - IPv4Header.minimumLength - ICMPMessage.encodedLength
  private static let quoteLimit6 = 1280 - IPv6Header.encodedLength - 8

  /// Answers a packet with an ICMP error, unless a rule forbids it (RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e)) or too many
  /// were sent.
  mutating func complain(
    _ complaint: Complaint, about packet: consuming PageChain, _ facts: PacketFacts, at now: Instant
  ) {
    guard mayComplain(complaint, about: packet, facts), let route = replyRoute(to: facts) else {
      environment.pool.release(packet)
      return
    }
    guard complaintLimit.take(at: now) else {
      drop(packet, .rateLimited)
      return
    }
    let isOurs = interfaces.kind(of: facts.destination, on: facts.interface) == .ours
    guard let source = isOurs ? facts.destination : source(for: facts.source, by: route) else {
      drop(packet, .noRoute)
      return
    }
    var quoted = packet
    let isIPv4 = facts.source.isIPv4
    environment.pool.keepFirst(min(quoted.count, isIPv4 ? Host.quoteLimit4 : Host.quoteLimit6), of: &quoted)
    scratch.reset()
    if isIPv4 { encode4(complaint) } else { encode6(complaint) }
    counters.icmpErrorsSent &+= 1
    let plan = PacketPlan(
      source: source, destination: facts.source, protocolNumber: isIPv4 ? IPProtocol.icmp : IPProtocol.icmpv6,
      hopLimit: configuration.hopLimit, route: route)
    finishScratch(quoted, by: plan, at: now)
  }

  /// Completes the checksum of the message in the scratch departure, which `payload` follows, and sends it.
  mutating func finishScratch(_ payload: consuming PageChain, by plan: PacketPlan, at now: Instant) {
    guard scratch.append(payload, in: &environment.pool) else {
      scratch.release(to: &environment.pool)
      drop(payload, .noMemory)
      return
    }
    scratch.completeTransportChecksum(
      source: plan.source, destination: plan.destination, protocolNumber: plan.protocolNumber)
    sendScratch(followedBy: payload, by: plan, at: now)
  }

  private func mayComplain(_ complaint: Complaint, about packet: borrowing PageChain, _ facts: PacketFacts) -> Bool {
    if facts.isGroup && !complaint.mayConcernGroup { return false }
    let source = facts.source
    if source.isUnspecified || source.isMulticast || interfaces.isBroadcast(source) { return false }
    if source.isLoopback && facts.interface != loopbackInterface { return false }
    let type = environment.pool.withFirstBytes(of: packet) { bytes in
      bytes.byteCount > facts.headerLength ? bytes.uint8(at: facts.headerLength) : 255
    }
    switch facts.protocolNumber {
    // Errors, and redirects, which are no errors of ICMPv6 but are treated so.
    case IPProtocol.icmp: return type == 0 || type == 8
    case IPProtocol.icmpv6: return type >= 128 && type != 137
    default: return true
    }
  }

  private mutating func encode4(_ complaint: Complaint) {
    switch complaint {
    case .portUnreachable:
      ICMPMessage.destinationUnreachable(code: ICMPMessage.Unreachable.port, nextHopMTU: 0).encode(into: &scratch)
    case .protocolUnreachable:
      ICMPMessage.destinationUnreachable(code: ICMPMessage.Unreachable.protocolNumber, nextHopMTU: 0)
        .encode(into: &scratch)
    case .reassemblyTimeout:
      ICMPMessage.timeExceeded(code: 1).encode(into: &scratch)
    case .parameterProblem(let code, let pointer):
      ICMPMessage.parameterProblem(code: code, pointer: UInt8(truncatingIfNeeded: pointer)).encode(into: &scratch)
    }
  }

  /// A packet came for a protocol that the host does not speak (RFC 1122 section 3.2.2.1, RFC 8200 section 4).
  mutating func refuseProtocol(_ packet: consuming PageChain, _ facts: PacketFacts, at now: Instant) {
    counters.count(.unknownProtocol)
    complain(
      .protocolUnreachable(pointer: UInt32(facts.nextHeaderPosition)), about: packet, facts, at: now)
  }
}
