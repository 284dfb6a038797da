import MartinetTCP
import MartinetWire

// IPv4 packets that come in (RFC 791, RFC 1122 section 3.2.1).
extension Host {
  mutating func receiveIPv4(_ chain: consuming PageChain, _ info: ArrivalInfo, at now: Instant) {
    var packet = chain
    let header: IPv4Header
    do {
      header = try parseIPv4(packet)
    } catch {
      drop(packet, error == .checksum ? .badHeaderChecksum : error == .fragment ? .malformedFragment : .malformedHeader)
      return
    }
    environment.pool.keepFirst(header.totalLength, of: &packet)
    let destination = IPAddress.v4(header.destination)
    let kind = interfaces.kind(of: destination, on: info.interface)
    if let reason = objection(to: header, for: kind, info) {
      drop(packet, reason)
      return
    }
    if header.isFragment {
      receiveFragment(packet, header, info, at: now)
      return
    }
    let facts = PacketFacts(
      source: .v4(header.source), destination: destination, protocolNumber: header.protocolNumber,
      trafficClass: header.trafficClass, hopLimit: header.timeToLive, headerLength: header.headerLength,
      interface: info.interface, isGroup: info.isLinkGroup || kind != .ours, trust: info.trust,
      segmentSize: info.segmentSize)
    deliver(packet, facts, at: now)
  }

  private func parseIPv4(_ packet: borrowing PageChain) throws(WireError) -> IPv4Header {
    let count = packet.count
    return try environment.pool.withFirstBytes(of: packet) { (bytes) throws(WireError) in
      try IPv4Header.parse(bytes, of: count)
    }
  }

  /// Why a packet is not to be looked at any further.
  private func objection(to header: IPv4Header, for kind: DestinationKind, _ info: ArrivalInfo) -> DiscardReason? {
    let source = IPAddress.v4(header.source)
    let destination = IPAddress.v4(header.destination)
    if source == destination && info.interface != loopbackInterface { return .landAttack }
    if isMartian(source: source, on: info.interface) { return .martianSource }
    if destination.isLoopback && info.interface != loopbackInterface { return .martianDestination }
    // Unlike RFC 1122 section 3.2.1.8 (c), packets with a source route are dropped: their answers would go where the sender likes.
    if header.hasSourceRoute { return .sourceRouted }
    switch kind {
    case .foreign: return .notForUs
    // A frame for everybody that carries a packet for one (RFC 1122 section 3.3.6).
    case .ours: return info.isLinkGroup ? .notForUs : nil
    case .broadcast, .multicast: return nil
    }
  }

  // MARK: Fragments

  private mutating func receiveFragment(
    _ packet: consuming PageChain, _ header: IPv4Header, _ info: ArrivalInfo, at now: Instant
  ) {
    let key = DatagramKey(
      source: .v4(header.source), destination: .v4(header.destination),
      identification: UInt32(header.identification), protocolNumber: header.protocolNumber)
    // A TCP header cut behind its eighth octet is an attempt to get past a filter (RFC 1858 section 4.2).
    if header.payloadLength == 0 || (header.protocolNumber == IPProtocol.tcp && header.fragmentOffset == 8) {
      drop(packet, .malformedFragment)
      return
    }
    if header.fragmentOffset + header.payloadLength > FragmentPlan.maximumPayload - IPv4Header.minimumLength {
      fragments.drop(key, pool: &environment.pool)
      drop(packet, .malformedFragment)
      return
    }
    let facts = FragmentFacts(
      key: key, offset: header.fragmentOffset, hasMore: header.hasMoreFragments, headerLength: header.headerLength,
      trafficClass: header.trafficClass, hopLimit: header.timeToLive, protocolNumber: header.protocolNumber,
      interface: info.interface, isLinkGroup: info.isLinkGroup)
    reassemble(packet, facts, at: now)
  }
}
