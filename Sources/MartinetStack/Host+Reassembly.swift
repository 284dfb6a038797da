import MartinetTCP
import MartinetWire

// Fragments become datagrams, or an error (RFC 791 section 3.2, RFC 815, RFC 8200 section 4.5).
extension Host {
  /// Adds a fragment to its datagram; a complete one is delivered.
  mutating func reassemble(_ packet: consuming PageChain, _ facts: FragmentFacts, at now: Instant) {
    switch fragments.add(packet, facts, pool: &environment.pool, at: now) {
    case .waiting: break
    case .discarded(let reason): counters.count(reason)
    case .complete(let slot): deliverReassembled(slot, at: now)
    }
  }

  /// Gives a complete datagram a header of its own, so that it can be quoted, and delivers it.
  private mutating func deliverReassembled(_ slot: UInt32, at now: Instant) {
    let facts = fragments.facts(of: slot)
    let payload = fragments.take(slot, pool: &environment.pool)
    let plan = PacketPlan(
      source: facts.key.source, destination: facts.key.destination, protocolNumber: facts.protocolNumber,
      trafficClass: facts.trafficClass, hopLimit: facts.hopLimit, route: .loopback)
    let isIPv4 = plan.source.isIPv4
    let packet =
      isIPv4
      ? prefix(
        ipv4Header(plan, identification: UInt16(truncatingIfNeeded: facts.key.identification), dontFragment: false),
        to: payload)
      : prefix(ipv6Header(plan), to: payload)
    guard var packet else {
      counters.count(.noMemory)
      return
    }
    counters.datagramsReassembled &+= 1
    makeContiguous(Departure.headerCapacity, of: &packet)
    if let owner = foreignOwner(ofReassembled: packet) {
      handOver(packet, to: owner, from: facts.interface)
      return
    }
    guard isIPv4 else {
      let info = ArrivalInfo(
        interface: facts.interface, isLinkGroup: facts.isLinkGroup, trust: .unverified, segmentSize: 0)
      walkHeaders(packet, info, isReassembled: true, at: now)
      return
    }
    let whole = PacketFacts(
      source: plan.source, destination: plan.destination, protocolNumber: plan.protocolNumber,
      trafficClass: plan.trafficClass, hopLimit: plan.hopLimit, headerLength: IPv4Header.minimumLength,
      interface: facts.interface,
      isGroup: facts.isLinkGroup || interfaces.kind(of: plan.destination, on: facts.interface) != .ours,
      trust: .unverified, segmentSize: 0)
    deliver(packet, whole, at: now)
  }

  /// Gives up what waited too long; the sender learns it if the first fragment is there (RFC 1122 section 3.3.2, RFC 8200
  /// section 4.5).
  mutating func expireFragments(at now: Instant) {
    while let slot = fragments.expired(at: now) {
      counters.count(.reassemblyTimeout)
      let facts = fragments.facts(of: slot)
      guard let first = fragments.takeFirst(slot, pool: &environment.pool) else { continue }
      let quoted = PacketFacts(
        source: facts.key.source, destination: facts.key.destination, protocolNumber: facts.protocolNumber,
        trafficClass: facts.trafficClass, hopLimit: facts.hopLimit, headerLength: facts.headerLength,
        interface: facts.interface,
        isGroup: facts.isLinkGroup || interfaces.kind(of: facts.key.destination, on: facts.interface) != .ours,
        trust: .unverified, segmentSize: 0)
      complain(.reassemblyTimeout, about: first, quoted, at: now)
    }
  }
}
