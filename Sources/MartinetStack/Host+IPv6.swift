import MartinetTCP
import MartinetWire

// IPv6 packets that come in (RFC 8200).
extension Host {
  mutating func receiveIPv6(_ chain: consuming PageChain, _ info: ArrivalInfo, at now: Instant) {
    var packet = chain
    guard let header = parseIPv6(packet) else {
      drop(packet, .malformedHeader)
      return
    }
    environment.pool.keepFirst(header.totalLength, of: &packet)
    if let reason = objection(to: header, info) {
      drop(packet, reason)
      return
    }
    walkHeaders(packet, info, isReassembled: false, at: now)
  }

  private func parseIPv6(_ packet: borrowing PageChain) -> IPv6Header? {
    let count = packet.count
    return try? environment.pool.withFirstBytes(of: packet) { (bytes) throws(WireError) in
      try IPv6Header.parse(bytes, of: count)
    }
  }

  /// Why a packet is not to be looked at any further.
  private func objection(to header: IPv6Header, _ info: ArrivalInfo) -> DiscardReason? {
    let source = IPAddress.v6(header.source)
    let destination = IPAddress.v6(header.destination)
    if source == destination && info.interface != loopbackInterface { return .landAttack }
    if isMartian(source: source, on: info.interface) { return .martianSource }
    if info.interface != loopbackInterface && (destination.isLoopback || destination.isUnspecified) {
      return .martianDestination
    }
    switch interfaces.kind(of: destination, on: info.interface) {
    case .foreign: return .notForUs
    case .ours: return info.isLinkGroup ? .notForUs : nil
    case .broadcast, .multicast: return nil
    }
  }

  /// Follows the extension headers to the transport, or to what has to be said about them.
  mutating func walkHeaders(_ packet: consuming PageChain, _ info: ArrivalInfo, isReassembled: Bool, at now: Instant) {
    let count = packet.count
    let walked = environment.pool.withFirstBytes(of: packet) { bytes -> (IPv6Header, IPv6Chain)? in
      guard let header = try? IPv6Header.parse(bytes, of: count) else { return nil }
      return (header, header.walk(bytes))
    }
    guard let (header, end) = walked else {
      drop(packet, .malformedHeader)
      return
    }
    var facts = PacketFacts(
      source: .v6(header.source), destination: .v6(header.destination), protocolNumber: header.nextHeader,
      trafficClass: header.trafficClass, hopLimit: header.hopLimit, headerLength: IPv6Header.encodedLength,
      interface: info.interface, isGroup: info.isLinkGroup || header.destination.isMulticast, trust: info.trust,
      segmentSize: info.segmentSize)
    switch end {
    case .upper(let protocolNumber, let offset, let position):
      facts.protocolNumber = protocolNumber
      facts.headerLength = offset
      facts.nextHeaderPosition = position
      deliver(packet, facts, at: now)
    case .fragment(let fragment, let offset) where !isReassembled:
      receiveFragment(packet, fragment, at: offset, facts, info, at: now)
    case .nothing:
      drop(packet, .unknownProtocol)
    case .discard, .fragment:
      drop(packet, .malformedExtensionHeader)
    case .parameterProblem(let code, let pointer):
      counters.count(.malformedExtensionHeader)
      complain(.parameterProblem(code: code, pointer: UInt32(pointer)), about: packet, facts, at: now)
    }
  }

  private mutating func receiveFragment(
    _ packet: consuming PageChain, _ fragment: IPv6FragmentHeader, at offset: Int, _ packetFacts: PacketFacts,
    _ info: ArrivalInfo, at now: Instant
  ) {
    if fragment.nextHeader == IPProtocol.tcp && fragment.offset == 8 {
      drop(packet, .malformedFragment)
      return
    }
    let key = DatagramKey(
      source: packetFacts.source, destination: packetFacts.destination, identification: fragment.identification,
      protocolNumber: 0)
    let facts = FragmentFacts(
      key: key, offset: fragment.offset, hasMore: fragment.hasMoreFragments, headerLength: offset,
      trafficClass: packetFacts.trafficClass, hopLimit: packetFacts.hopLimit, protocolNumber: fragment.nextHeader,
      interface: info.interface, isLinkGroup: info.isLinkGroup)
    reassemble(packet, facts, at: now)
  }
}
