import MartinetTCP
import MartinetWire

// UDP datagrams that come in.
extension Host {
  mutating func receiveUDP(_ chain: consuming PageChain, _ facts: PacketFacts, at now: Instant) {
    var packet = chain
    guard let header = parseUDP(packet, at: facts.headerLength) else {
      drop(packet, .malformedTransport)
      return
    }
    // What is behind the length field's end is no part of the datagram, nor of its checksum.
    environment.pool.keepFirst(facts.headerLength + Int(header.length), of: &packet)
    guard isAcceptable(header, packet, facts) else {
      drop(packet, .badTransportChecksum)
      return
    }
    let local = Endpoint(facts.destination, header.destinationPort)
    let remote = Endpoint(facts.source, header.sourcePort)
    guard !facts.source.isUnspecified, let slot = endpointSlot(local: local, remote: remote) else {
      counters.count(.noEndpoint)
      complain(.portUnreachable, about: packet, facts, at: now)
      return
    }
    environment.pool.removeFirst(facts.headerLength + UDPHeader.encodedLength, from: &packet)
    let size = Int(facts.segmentSize)
    while size > 0 && packet.count > size {
      // Several datagrams of one size that the kernel left to us to take apart, the last of which may be shorter.
      guard let datagram = environment.pool.chain(copyingFirst: size, of: packet) else {
        drop(packet, .noMemory)
        return
      }
      environment.pool.removeFirst(size, from: &packet)
      keep(arrived(datagram, from: remote, at: local, facts), for: slot)
    }
    keep(arrived(packet, from: remote, at: local, facts), for: slot)
  }

  private func arrived(
    _ chain: consuming PageChain, from remote: Endpoint, at local: Endpoint, _ facts: PacketFacts
  ) -> ArrivedDatagram {
    ArrivedDatagram(
      chain: chain, remote: remote, local: local, trafficClass: facts.trafficClass, hopLimit: facts.hopLimit)
  }

  private mutating func parseUDP(_ packet: borrowing PageChain, at offset: Int) -> UDPHeader? {
    let count = packet.count - offset
    return environment.pool.withFirstBytes(of: packet) { bytes in
      guard offset <= bytes.byteCount else { return nil }
      return try? UDPHeader.parse(bytes.extracting(offset..<bytes.byteCount), of: count)
    }
  }

  /// The checksum is right, or there is none, which only IPv4 allows (RFC 768, RFC 8200 section 8.1).
  private func isAcceptable(_ header: UDPHeader, _ packet: borrowing PageChain, _ facts: PacketFacts) -> Bool {
    if !header.hasChecksum { return facts.source.isIPv4 }
    return facts.trust == .vouched || hasRightChecksum(packet, facts)
  }

  /// Who hears a datagram: a connected endpoint before one of the address before a wildcard.
  func endpointSlot(local: Endpoint, remote: Endpoint) -> UInt32? {
    if hearing.count == 0 { return nil }
    return hearing.slot(of: FlowKey(local: local, remote: remote))
      ?? hearing.slot(of: FlowKey(bound: local))
      ?? hearing.slot(of: FlowKey(bound: Endpoint(local.address.anyOfFamily, local.port)))
  }

  /// Queues a datagram for its reader, if the bounds allow it.
  private mutating func keep(_ datagram: consuming ArrivedDatagram, for slot: UInt32) {
    let charge = datagram.charge
    let room = endpoints[slot].options.receiveBufferSize ?? configuration.datagramBytes
    guard endpoints[slot].queue.count < configuration.datagramCount,
      endpoints[slot].charge + charge <= room, arrived.upcoming() != nil
    else {
      drop(datagram.chain, .datagramQueueFull)
      return
    }
    if let place = arrived.insert(datagram) {
      arrivedLinks.append(place, to: &endpoints[slot].queue)
      endpoints[slot].charge += charge
    }
    announceEndpoint(slot)
  }

  mutating func announceEndpoint(_ slot: UInt32) {
    if !endpointEvents.contains(slot) { endpointEvents.append(slot, to: &eventfulEndpoints) }
  }
}
