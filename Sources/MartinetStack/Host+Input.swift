import MartinetTCP
import MartinetWire

// Packets and frames that come in from a link.
extension Host {
  /// Takes in a packet, or a frame on links that have them.
  ///
  /// - Parameter moreFollows: whether another packet that came in the same batch follows at once. The host may put off what is in order until it
  ///   has seen the next one, so that full segments that belong together count as one arrival and get one acknowledgement (RFC 9293 section
  ///   3.10.7.4, MUST-58).
  public mutating func receive(
    _ packet: consuming Packet, on interface: InterfaceID, at now: Instant, moreFollows: Bool = false
  ) {
    self.moreFollows = moreFollows
    take(packet, on: interface, at: now)
    if !moreFollows { deliverGathered(at: now) }
  }

  @inline(always)
  private mutating func take(_ packet: consuming Packet, on interface: InterfaceID, at now: Instant) {
    var info = ArrivalInfo(
      interface: interface.rawValue, isLinkGroup: false, trust: packet.trust, segmentSize: packet.segmentSize)
    counters.packetsReceived &+= 1
    guard Int(interface.rawValue) < interfaces.all.count else {
      drop(packet.chain, .noSuchInterface)
      return
    }
    if info.trust == .vouched && !interfaces.all[Int(interface.rawValue)].link.vouchesForChecksums {
      info.trust = .unverified
    }
    if let own = interfaces.all[Int(interface.rawValue)].hardwareAddress {
      receiveFrame(packet.chain, own, info, at: now)
    } else {
      receiveInternet(packet.chain, info, at: now)
    }
  }

  /// Ethernet II (RFC 894): ours are frames to our address and to groups.
  private mutating func receiveFrame(
    _ chain: consuming PageChain, _ own: MACAddress, _ info: ArrivalInfo, at now: Instant
  ) {
    var frame = chain
    makeContiguous(Departure.headerCapacity, of: &frame)
    guard let header = parseFrame(frame) else {
      drop(frame, .truncatedFrame)
      return
    }
    guard header.destination == own || header.destination.isGroup else {
      drop(frame, .frameForAnother)
      return
    }
    var info = info
    info.isLinkGroup = header.destination.isGroup
    environment.pool.removeFirst(header.encodedLength, from: &frame)
    switch header.etherType {
    case EtherType.ipv4, EtherType.ipv6: receiveInternet(frame, info, at: now)
    case EtherType.arp: receiveARP(frame, info, at: now)
    default: drop(frame, .unknownEtherType)
    }
  }

  private func parseFrame(_ frame: borrowing PageChain) -> EthernetHeader? {
    try? environment.pool.withFirstBytes(of: frame) { (bytes) throws(WireError) in try EthernetHeader.parse(bytes) }
  }

  /// An IP packet: the version field says of which kind.
  @inline(always)
  mutating func receiveInternet(_ chain: consuming PageChain, _ info: ArrivalInfo, at now: Instant) {
    var packet = chain
    if !receiveNextOfFlow(&packet, info, at: now) { receiveAny(packet, info, at: now) }
  }

  private mutating func receiveAny(_ chain: consuming PageChain, _ info: ArrivalInfo, at now: Instant) {
    var packet = chain
    makeContiguous(Departure.headerCapacity, of: &packet)
    let version = environment.pool.withFirstBytes(of: packet) { bytes in
      bytes.byteCount == 0 ? 0 : bytes.uint8(at: 0) >> 4
    }
    switch version {
    case 4: receiveIPv4(packet, info, at: now)
    case 6: receiveIPv6(packet, info, at: now)
    default: drop(packet, .malformedHeader)
    }
  }

  /// Hands a whole packet to its transport.
  mutating func deliver(_ chain: consuming PageChain, _ facts: PacketFacts, at now: Instant) {
    switch facts.protocolNumber {
    case IPProtocol.tcp: receiveTCP(chain, facts, at: now)
    case IPProtocol.udp: receiveUDP(chain, facts, at: now)
    case IPProtocol.icmp where facts.source.isIPv4: receiveICMP(chain, facts, at: now)
    case IPProtocol.icmpv6 where !facts.source.isIPv4: receiveICMPv6(chain, facts, at: now)
    case IPProtocol.noNextHeader where !facts.source.isIPv4: drop(chain, .unknownProtocol)
    default: refuseProtocol(chain, facts, at: now)
    }
  }

  // MARK: Help

  /// Counts and gives back.
  mutating func drop(_ chain: consuming PageChain, _ reason: DiscardReason) {
    counters.count(reason)
    environment.pool.release(chain)
  }

  /// Sees to it that the first `count` octets of `chain`, or all if there are fewer, lie in one page. They nearly always do.
  mutating func makeContiguous(_ count: Int, of chain: inout PageChain) {
    let wanted = min(count, chain.count)
    let there = environment.pool.withFirstBytes(of: chain) { $0.byteCount }
    guard there < wanted, var head = environment.pool.chain(copyingFirst: wanted, of: chain) else { return }
    environment.pool.removeFirst(wanted, from: &chain)
    swap(&head, &chain)
    environment.pool.append(head, to: &chain)
  }

  /// Whether the checksum over pseudo-header and transport is right (RFC 9293 section 3.1, RFC 768, RFC 8200 section 8.1).
  func hasRightChecksum(_ packet: borrowing PageChain, _ facts: PacketFacts) -> Bool {
    var sum = Checksum()
    sum.addPseudoHeader(
      source: facts.source, destination: facts.destination, protocolNumber: facts.protocolNumber,
      length: packet.count - facts.headerLength)
    sum.add(packet, from: facts.headerLength, in: environment.pool)
    return sum.finish() == 0
  }

  /// The way back to whoever sent a packet.
  func replyRoute(to facts: PacketFacts) -> Route? {
    route(to: facts.source, preferring: facts.interface == loopbackInterface ? nil : facts.interface)
  }

  /// Whether a source address can't be one, as far as it came in from `interface` (RFC 1122 section 3.2.1.3).
  func isMartian(source: IPAddress, on interface: UInt16) -> Bool {
    if source.isImpossibleSource || interfaces.isBroadcast(source) { return true }
    return interface != loopbackInterface && (source.isLoopback || interfaces.isOurs(source))
  }
}
