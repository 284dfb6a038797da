import MartinetTCP
import MartinetWire

// ICMPv6 that comes in (RFC 4443), neighbour discovery among it (RFC 4861).
extension Host {
  mutating func receiveICMPv6(_ chain: consuming PageChain, _ facts: PacketFacts, at now: Instant) {
    var packet = chain
    guard hasRightChecksum(packet, facts) else {
      drop(packet, .badTransportChecksum)
      return
    }
    environment.pool.removeFirst(facts.headerLength, from: &packet)
    makeContiguous(1280, of: &packet)
    guard let message = parseICMPv6(packet) else {
      drop(packet, .icmpMalformed)
      return
    }
    switch message {
    case .echoRequest(let identifier, let sequence):
      environment.pool.removeFirst(ICMPv6Message.encodedLength, from: &packet)
      answerEcho(packet, facts, at: now) { scratch in
        ICMPv6Message.echoReply(identifier: identifier, sequence: sequence).encode(into: &scratch)
      }
    case .destinationUnreachable(let code): receiveError6(1, code, mtu: nil, packet, at: now)
    case .packetTooBig(let mtu): receiveError6(2, 0, mtu: Int(mtu), packet, at: now)
    case .timeExceeded(let code): receiveError6(3, code, mtu: nil, packet, at: now)
    case .parameterProblem(let code, _): receiveError6(4, code, mtu: nil, packet, at: now)
    // Errors of a type that is unknown are the upper layer's to judge (RFC 4443 section 2.4 (a)).
    case .other(let type, let code) where type < 128: receiveError6(type, code, mtu: nil, packet, at: now)
    case .neighbourSolicitation(let message):
      environment.pool.release(packet)
      receiveSolicitation(message, facts, at: now)
    case .neighbourAdvertisement(let message):
      environment.pool.release(packet)
      receiveAdvertisement(message, facts, at: now)
    case .echoReply, .routerSolicitation, .routerAdvertisement, .redirect, .other:
      drop(packet, .icmpIgnored)
    }
  }

  private func parseICMPv6(_ packet: borrowing PageChain) -> ICMPv6Message? {
    try? environment.pool.withFirstBytes(of: packet) { (bytes) throws(WireError) in try ICMPv6Message.parse(bytes) }
  }

  private mutating func receiveError6(
    _ type: UInt8, _ code: UInt8, mtu: Int?, _ packet: consuming PageChain, at now: Instant
  ) {
    var quoted = packet
    environment.pool.removeFirst(ICMPv6Message.encodedLength, from: &quoted)
    report(UnreachableCause(isIPv6: true, type: type, code: code), mtu: mtu, quoting: quoted, at: now)
    environment.pool.release(quoted)
  }

  mutating func encode6(_ complaint: Complaint) {
    switch complaint {
    case .portUnreachable:
      ICMPv6Message.destinationUnreachable(code: ICMPv6Message.Unreachable.port).encode(into: &scratch)
    case .protocolUnreachable(let pointer):
      ICMPv6Message.parameterProblem(code: IPv6Chain.Problem.unknownNextHeader, pointer: pointer).encode(into: &scratch)
    case .reassemblyTimeout:
      ICMPv6Message.timeExceeded(code: 1).encode(into: &scratch)
    case .parameterProblem(let code, let pointer):
      ICMPv6Message.parameterProblem(code: code, pointer: pointer).encode(into: &scratch)
    }
  }

  // MARK: Neighbour discovery

  /// Whether a message of neighbour discovery is one: only a neighbour's hop limit is still 255 (RFC 4861 section 7.1).
  private func isFromNeighbour(_ facts: PacketFacts) -> Bool {
    facts.hopLimit == 255 && facts.interface != loopbackInterface
      && interfaces.all[Int(facts.interface)].hardwareAddress != nil
  }

  /// Somebody asks for the link-layer address of one of our addresses (RFC 4861 section 7.2.3).
  private mutating func receiveSolicitation(_ message: NeighbourSolicitation, _ facts: PacketFacts, at now: Instant) {
    let target = IPAddress.v6(message.target)
    let isProbe = facts.source.isUnspecified
    guard isFromNeighbour(facts), interfaces.interface(of: target) == facts.interface,
      let own = interfaces.all[Int(facts.interface)].hardwareAddress,
      // Duplicate-address detection asks a group, and does not say from where.
      !isProbe || (facts.destination == .v6(message.target.solicitedNode) && message.options.sourceLinkLayer == nil)
    else {
      counters.count(.neighbourMessageInvalid)
      return
    }
    if !isProbe, let hardware = message.options.sourceLinkLayer, !hardware.isGroup {
      let key = NeighbourKey(interface: facts.interface, address: facts.source)
      if let slot = neighbours.slot(of: key) ?? addNeighbour(key, isResolved: true, at: now) {
        learn(hardware, isAnswer: false, for: slot, at: now)
      }
    }
    let answer = NeighbourAdvertisement(
      target: message.target, isSolicited: !isProbe, overrides: true,
      options: NeighbourOptions(targetLinkLayer: own))
    scratch.reset()
    ICMPv6Message.neighbourAdvertisement(answer).encode(into: &scratch)
    sendDiscovery(from: message.target, to: isProbe ? .v6(.allNodes) : facts.source, on: facts.interface, at: now)
  }

  /// A neighbour says where it is (RFC 4861 section 7.2.5).
  private mutating func receiveAdvertisement(_ message: NeighbourAdvertisement, _ facts: PacketFacts, at now: Instant) {
    guard isFromNeighbour(facts), !(facts.isGroup && message.isSolicited) else {
      counters.count(.neighbourMessageInvalid)
      return
    }
    let key = NeighbourKey(interface: facts.interface, address: .v6(message.target))
    guard let slot = neighbours.slot(of: key) else {
      counters.count(.icmpIgnored)
      return
    }
    let known = neighbours[slot]
    let hardware = message.options.targetLinkLayer
    if known.state == .incomplete {
      guard let hardware, !hardware.isGroup else { return }
      learn(hardware, isAnswer: message.isSolicited, for: slot, at: now)
    } else if let hardware, hardware != known.hardwareAddress {
      if message.overrides && !hardware.isGroup {
        learn(hardware, isAnswer: message.isSolicited, for: slot, at: now)
      } else if known.state == .reachable {
        neighbours.suspect(slot)
      }
    } else if message.isSolicited {
      neighbours.confirm(slot, secrets: secrets, at: now)
    }
    neighbours[slot].isRouter = message.isRouter
  }

  /// Asks for a neighbour's link-layer address: its solicited-node group, or itself if `hardware` is where it was.
  mutating func solicit6(
    _ target: IPv6Address, from source: IPv6Address, hardware own: MACAddress, to hardware: MACAddress?,
    on interface: UInt16
  ) {
    scratch.reset()
    let question = NeighbourSolicitation(target: target, options: NeighbourOptions(sourceLinkLayer: own))
    ICMPv6Message.neighbourSolicitation(question).encode(into: &scratch)
    let destination = hardware == nil ? target.solicitedNode : target
    guard let packet = discoveryPacket(from: source, to: .v6(destination)) else { return }
    let address = hardware ?? MACAddress(multicast: target.solicitedNode)
    queue(packet, on: interface, etherType: EtherType.ipv6, to: address)
  }

  private mutating func sendDiscovery(
    from source: IPv6Address, to destination: IPAddress, on interface: UInt16, at now: Instant
  ) {
    guard let packet = discoveryPacket(from: source, to: destination) else { return }
    hand(packet, to: destination, on: interface, at: now)
  }

  /// The packet around the message in the scratch departure; nil when there is no page.
  private mutating func discoveryPacket(from source: IPv6Address, to destination: IPAddress) -> PageChain? {
    guard case .v6(let group) = destination else { return nil }
    scratch.completeTransportChecksum(
      source: .v6(source), destination: destination, protocolNumber: IPProtocol.icmpv6)
    IPv6Header(nextHeader: IPProtocol.icmpv6, hopLimit: 255, source: source, destination: group).encode(into: &scratch)
    guard let packet = environment.pool.chain(copyingHeaderOf: scratch) else {
      counters.count(.noMemory)
      return nil
    }
    return packet
  }
}
