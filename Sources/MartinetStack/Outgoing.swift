import MartinetTCP
import MartinetWire

/// A packet that the host itself has to send, complete but for the frame around it.
struct OutgoingPacket: ~Copyable {
  var chain: PageChain
  var interface: UInt16
  /// What the frame says it carries.
  var etherType: UInt16
  /// Where the frame goes, once that is known.
  var hardwareAddress: MACAddress
}

/// What has to be said about a packet besides its payload.
struct PacketPlan {
  var source: IPAddress
  var destination: IPAddress
  var protocolNumber: UInt8
  var trafficClass: UInt8 = 0
  var hopLimit: UInt8
  /// Whether the packet is dropped rather than cut if it is too large for the path.
  var dontFragment = false
  var route: Route
}

extension Host {
  /// Sends `payload`, which begins with a transport header whose checksum is complete, cut into fragments where the path asks for
  /// it. The plan's `dontFragment` must have been checked against the path before.
  mutating func send(_ payload: consuming PageChain, by plan: PacketPlan, at now: Instant) {
    let headerLength = plan.source.isIPv4 ? IPv4Header.minimumLength : IPv6Header.encodedLength
    let path = pathMTU(to: plan.destination, by: plan.route)
    if headerLength + payload.count <= path.mtu {
      // An atomic datagram needs no identification (RFC 6864 section 4).
      sendWhole(payload, by: plan, isAtomic: !path.mayBeFragmented, at: now)
    } else if plan.dontFragment {
      counters.count(.outgoingQueueFull)
      environment.pool.release(payload)
    } else {
      sendFragments(payload, by: plan, mtu: path.mtu, at: now)
    }
  }

  private mutating func sendWhole(
    _ payload: consuming PageChain, by plan: PacketPlan, isAtomic: Bool, at now: Instant
  ) {
    if case .v4 = plan.source {
      let identification = isAtomic ? 0 : UInt16(truncatingIfNeeded: nextIdentification(for: plan))
      let header = ipv4Header(plan, identification: identification, dontFragment: isAtomic)
      hand(prefix(header, to: payload), by: plan, at: now)
    } else {
      hand(prefix(ipv6Header(plan), to: payload), by: plan, at: now)
    }
  }

  /// Hands a complete packet to the next hop, or drops it when there was no page for its header.
  private mutating func hand(_ packet: consuming PageChain?, by plan: PacketPlan, at now: Instant) {
    guard let packet else {
      counters.count(.noMemory)
      return
    }
    hand(packet, to: plan.route.gateway ?? plan.destination, on: plan.route.interface, at: now)
  }

  @inline(__always)
  func ipv4Header(_ plan: PacketPlan, identification: UInt16, dontFragment: Bool) -> IPv4Header {
    guard case .v4(let source) = plan.source, case .v4(let destination) = plan.destination else {
      return IPv4Header(protocolNumber: plan.protocolNumber, source: .any, destination: .any)
    }
    return IPv4Header(
      trafficClass: plan.trafficClass, identification: identification, doesNotFragment: dontFragment,
      timeToLive: max(1, plan.hopLimit), protocolNumber: plan.protocolNumber, source: source, destination: destination)
  }

  func ipv6Header(_ plan: PacketPlan) -> IPv6Header {
    guard case .v6(let source) = plan.source, case .v6(let destination) = plan.destination else {
      return IPv6Header(nextHeader: plan.protocolNumber, source: .any, destination: .any)
    }
    return IPv6Header(
      trafficClass: plan.trafficClass, nextHeader: plan.protocolNumber, hopLimit: max(1, plan.hopLimit),
      source: source, destination: destination)
  }

  /// The chain that begins with `header` and goes on with `payload`; nil, with everything released, when there is no page.
  mutating func prefix(_ header: IPv4Header, to payload: consuming PageChain) -> PageChain? {
    var header = header
    header.totalLength = header.headerLength + payload.count
    scratch.reset()
    scratch.withHeaderBytes { header.encode(into: &$0, at: 0) }
    return prefixScratch(IPv4Header.minimumLength, to: payload)
  }

  mutating func prefix(_ header: IPv6Header, to payload: consuming PageChain) -> PageChain? {
    var header = header
    header.payloadLength = payload.count
    scratch.reset()
    scratch.withHeaderBytes { header.encode(into: &$0, at: 0) }
    return prefixScratch(IPv6Header.encodedLength, to: payload)
  }

  /// Sends the transport header in the scratch departure, whose checksum is complete, and `payload` behind it.
  mutating func sendScratch(followedBy payload: consuming PageChain, by plan: PacketPlan, at now: Instant) {
    let header = environment.pool.chain(copyingHeaderOf: scratch)
    scratch.release(to: &environment.pool)
    guard var chain = header else {
      counters.count(.noMemory)
      environment.pool.release(payload)
      return
    }
    environment.pool.append(payload, to: &chain)
    send(chain, by: plan, at: now)
  }

  /// The chain of the first `count` octets of the scratch header, followed by `payload`.
  mutating func prefixScratch(_ count: Int, to payload: consuming PageChain) -> PageChain? {
    scratch.headerStart = 0
    scratch.headerEnd = count
    guard var chain = environment.pool.chain(copyingHeaderOf: scratch) else {
      environment.pool.release(payload)
      return nil
    }
    environment.pool.append(payload, to: &chain)
    return chain
  }

  /// The next identification for packets like those of `plan`: 16 bits of it for IPv4, all for IPv6.
  mutating func nextIdentification(for plan: PacketPlan) -> UInt32 {
    let counter = secrets.identificationCounter(source: plan.source, destination: plan.destination)
    identifications[counter] &+= 1
    return secrets.identification(
      source: plan.source, destination: plan.destination, protocolNumber: plan.protocolNumber,
      count: identifications[counter])
  }

  // MARK: Fragments

  /// Cuts `payload` into fragments of multiples of 8 octets that never overlap (RFC 791 section 3.2, RFC 8200 section 4.5,
  /// RFC 5722 section 3).
  private mutating func sendFragments(_ payload: consuming PageChain, by plan: PacketPlan, mtu: Int, at now: Instant) {
    let isIPv4 = plan.source.isIPv4
    let headerLength = isIPv4 ? IPv4Header.minimumLength : IPv6Header.encodedLength + IPv6FragmentHeader.encodedLength
    guard let cut = FragmentPlan(payload: payload.count, mtu: mtu, headerLength: headerLength) else {
      environment.pool.release(payload)
      return
    }
    let identification = nextIdentification(for: plan)
    var rest = payload
    for index in 0..<cut.count {
      let piece = cut[index]
      guard let part = environment.pool.chain(copyingFirst: piece.count, of: rest) else {
        counters.count(.noMemory)
        break
      }
      environment.pool.removeFirst(piece.count, from: &rest)
      let packet =
        isIPv4
        ? ipv4Fragment(part, piece, identification: identification, by: plan)
        : ipv6Fragment(part, piece, identification: identification, by: plan)
      hand(packet, by: plan, at: now)
    }
    environment.pool.release(rest)
  }

  private mutating func ipv4Fragment(
    _ part: consuming PageChain, _ piece: FragmentPlan.Piece, identification: UInt32, by plan: PacketPlan
  ) -> PageChain? {
    var header = ipv4Header(plan, identification: UInt16(truncatingIfNeeded: identification), dontFragment: false)
    header.hasMoreFragments = piece.hasMoreFragments
    header.fragmentOffset = piece.offset
    return prefix(header, to: part)
  }

  private mutating func ipv6Fragment(
    _ part: consuming PageChain, _ piece: FragmentPlan.Piece, identification: UInt32, by plan: PacketPlan
  ) -> PageChain? {
    let fragment = IPv6FragmentHeader(
      nextHeader: plan.protocolNumber, offset: piece.offset, hasMoreFragments: piece.hasMoreFragments,
      identification: identification)
    var header = ipv6Header(plan)
    header.nextHeader = IPProtocol.fragment
    header.payloadLength = IPv6FragmentHeader.encodedLength + part.count
    scratch.reset()
    scratch.withHeaderBytes {
      header.encode(into: &$0, at: 0)
      fragment.encode(into: &$0, at: IPv6Header.encodedLength)
    }
    return prefixScratch(IPv6Header.encodedLength + IPv6FragmentHeader.encodedLength, to: part)
  }
}
