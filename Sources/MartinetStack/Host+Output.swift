import MartinetTCP
import MartinetWire

// What leaves: the host's own packets first, then the connections in turn.
extension Host {
  /// Departures that a connection may make before it is the next one's turn.
  private static var turnLength: UInt8 { 4 }

  /// Fills `departure`, which must hold no pages, with the next packet to leave; false if there is none. Its
  /// ``Departure/interface`` says by which link. What the host sends to itself never leaves: it arrives here.
  public mutating func pollTransmit(into departure: inout Departure, at now: Instant) -> Bool {
    guard outbox.isEmpty, !train.isLeaving else { return pollNext(into: &departure, at: now) }
    let slot = ready.first
    if slot == SlotList.none { return false }
    return send(from: slot, into: &departure, at: now) || pollNext(into: &departure, at: now)
  }

  @inline(never)
  private mutating func pollNext(into departure: inout Departure, at now: Instant) -> Bool {
    while true {
      if train.isLeaving {
        departNext(into: &departure)
        return true
      } else if let slot = outgoingLinks.popFirst(of: &outbox) {
        if send(outgoing.remove(slot), into: &departure, at: now) { return true }
      } else if ready.first != SlotList.none {
        if send(from: ready.first, into: &departure, at: now) { return true }
      } else {
        return false
      }
    }
  }

  /// Gives back what a link has written.
  public mutating func release(_ departure: inout Departure) { departure.release(to: &environment.pool) }

  /// Moves a packet of the host's own into `departure`; false if it went to the host itself.
  private mutating func send(
    _ packet: consuming OutgoingPacket, into departure: inout Departure, at now: Instant
  ) -> Bool {
    let interface = packet.interface
    let etherType = packet.etherType
    let address = packet.hardwareAddress
    let chain = packet.chain
    if interface == loopbackInterface {
      arriveFromSelf(chain, at: now)
      return false
    }
    departure.reset()
    guard departure.append(chain, in: &environment.pool) else {
      drop(chain, .outgoingQueueFull)
      return false
    }
    environment.pool.release(chain)
    depart(&departure, by: interface, etherType: etherType, to: address)
    return true
  }

  mutating func depart(
    _ departure: inout Departure, by interface: UInt16, etherType: UInt16, to address: MACAddress
  ) {
    if let own = interfaces.all[Int(interface)].hardwareAddress {
      EthernetHeader(destination: address, source: own, etherType: etherType).encode(into: &departure)
    }
    departure.interface = interface
    counters.packetsSent &+= 1
  }

  /// What the host sent to itself comes in by the way that no wire is part of.
  private mutating func arriveFromSelf(_ chain: consuming PageChain, at now: Instant) {
    let info = ArrivalInfo(interface: loopbackInterface, isLinkGroup: false, trust: .vouched, segmentSize: 0)
    counters.packetsReceived &+= 1
    receiveInternet(chain, info, at: now)
  }

  // MARK: Connections

  /// Asks the connection at the head of the round for a segment; false if nothing left the host.
  @inline(never)
  private mutating func send(from slot: UInt32, into departure: inout Departure, at now: Instant) -> Bool {
    let epochs = epochs
    if !connections[slot].isFresh(epochs) { refreshPath(of: slot, at: now) }
    let link = linkFacts(of: connections[slot].route.interface)
    let train = maximumTrain(of: slot, by: link)
    departure.reset()
    let (envelope, isComplete, look) = connections[slot].pollTransmit(
      into: &departure, maximumTrain: train, by: link, in: &environment, epochs, at: now)
    guard let envelope else {
      readyLinks.remove(slot, from: &ready)
      dismiss(slot, follow(look, of: slot, at: now))
      return false
    }
    guard isComplete else { return send(&departure, envelope, from: slot, look, link, at: now) }
    counters.packetsSent &+= 1
    let standing = follow(look, of: slot, at: now)
    takeTurn(slot, standing, departure.packetCount)
    if standing == .quiet && look.place != .held { dismiss(slot, standing) }
    return true
  }

  /// Sends any other than a usual segment; false if it did not leave the host.
  @inline(never)
  private mutating func send(
    _ departure: inout Departure, _ envelope: SegmentEnvelope, from slot: UInt32, _ look: ConnectionLook,
    _ link: LinkFacts, at now: Instant
  ) -> Bool {
    // What follows may end the connection.
    let way = connections[slot].way
    let standing = follow(look, of: slot, at: now)
    takeTurn(slot, standing, departure.packetCount)
    let generation = connections.generation(of: slot)
    complete(&departure, envelope, by: way, link)
    let hasLeft = dispatch(&departure, slot, by: way, at: now)
    // What the host sends to itself may have ended it as well.
    if standing == .quiet && look.place != .held && (hasLeft || connections.contains(slot, generation)) {
      dismiss(slot, standing)
    }
    return hasLeft
  }

  /// The payload octets that may leave in one departure. What has to wait for a neighbour's address waits as single segments.
  @inline(__always)
  private func maximumTrain(of slot: UInt32, by link: LinkFacts) -> Int {
    // Packets that may be fragmented have a number each.
    guard !link.isLoopback, !connections[slot].mayBeFragmented,
      link.isBare || neighbours.isKnown(connections[slot].neighbour)
    else { return 0 }
    // A trace tells of each segment.
    if link.maximumTrain > 0 || environment.trace.isEnabled { return link.maximumTrain }
    return configuration.trainOctets
  }

  @inline(__always)
  private func linkFacts(of interface: UInt16) -> LinkFacts {
    guard interface != loopbackInterface else { return LinkFacts(interface: interface) }
    let link = interfaces.all[Int(interface)].link
    return LinkFacts(
      interface: interface, isBare: link.kind == .ip, completesChecksums: link.completesChecksums,
      maximumTrain: link.maximumTrain)
  }

  /// Who has nothing more to send leaves the round. After some packets it is the next connection's turn, but no train is torn apart.
  @inline(__always)
  private mutating func takeTurn(_ slot: UInt32, _ standing: ConnectionStanding, _ packets: Int) {
    if standing == .quiet { return readyLinks.remove(slot, from: &ready) }
    connections[slot].turn += UInt8(min(packets, Int(Host.turnLength)))
    if connections[slot].turn >= Host.turnLength {
      connections[slot].turn = 0
      readyLinks.remove(slot, from: &ready)
      readyLinks.append(slot, to: &ready)
    }
  }

  /// Puts the IP header before a segment and settles who sums it.
  @inline(never)
  private mutating func complete(
    _ departure: inout Departure, _ envelope: SegmentEnvelope, by way: ConnectionWay, _ link: LinkFacts
  ) {
    let source = way.local
    let destination = way.remote
    let isCut = departure.segmentSize > 0 && isCutHere(departure, by: way.route.interface)
    let linkSums = link.completesChecksums && !isCut
    if !linkSums && !link.isLoopback && !isCut {
      departure.completeSegmentChecksum(source: source, destination: destination)
    }
    if !way.mayBeFragmented, case .v4(let near) = source, case .v4(let far) = destination {
      IPv4Header(atomic: envelope, from: near, to: far).encode(into: &departure)
    } else {
      putOtherHeader(before: &departure, envelope, by: way)
    }
    if linkSums {
      departure.deferTransportChecksum(source: source, destination: destination, protocolNumber: IPProtocol.tcp)
    }
  }

  /// The IP header of a segment that routers may cut, or of IPv6.
  private mutating func putOtherHeader(
    before departure: inout Departure, _ envelope: SegmentEnvelope, by way: ConnectionWay
  ) {
    let plan = PacketPlan(
      source: way.local, destination: way.remote, protocolNumber: IPProtocol.tcp, trafficClass: envelope.trafficClass,
      hopLimit: envelope.hopLimit, route: way.route)
    if plan.source.isIPv4 {
      let identification = UInt16(truncatingIfNeeded: nextIdentification(for: plan))
      ipv4Header(plan, identification: identification, dontFragment: false).encode(into: &departure)
    } else {
      var header = ipv6Header(plan)
      header.flowLabel = way.flowLabel
      header.encode(into: &departure)
    }
  }

  /// Sends a complete IP packet on its way; false if it did not leave: it went to the host itself, or waits for its neighbour.
  @inline(never)
  private mutating func dispatch(
    _ departure: inout Departure, _ slot: UInt32, by way: ConnectionWay, at now: Instant
  ) -> Bool {
    let route = way.route
    let nextHop = route.gateway ?? way.remote
    if route.interface != loopbackInterface {
      let etherType = nextHop.isIPv4 ? EtherType.ipv4 : EtherType.ipv6
      if interfaces.all[Int(route.interface)].hardwareAddress == nil {
        leave(&departure, slot, by: route.interface, etherType: etherType, to: .none)
        return true
      }
      if let address = hardwareAddress(of: nextHop, for: slot, on: route.interface, at: now) {
        leave(&departure, slot, by: route.interface, etherType: etherType, to: address)
        return true
      }
    }
    if departure.duty != .complete {
      departure.completeTransportChecksum(
        source: way.local, destination: way.remote, protocolNumber: IPProtocol.tcp)
    }
    let packet = environment.pool.chain(copying: departure)
    departure.release(to: &environment.pool)
    guard let packet else {
      counters.count(.noMemory)
      return false
    }
    if route.interface == loopbackInterface {
      arriveFromSelf(packet, at: now)
    } else {
      hand(packet, to: nextHop, on: route.interface, at: now)
    }
    return false
  }

  /// The link-layer address of a connection's next hop, by way of the entry that it used last; nil as long as it is unknown.
  private mutating func hardwareAddress(
    of nextHop: IPAddress, for slot: UInt32, on interface: UInt16, at now: Instant
  ) -> MACAddress? {
    if !neighbours.contains(connections[slot].neighbour) {
      guard let entry = neighbourSlot(of: nextHop, on: interface, at: now) else { return nil }
      connections[slot].neighbour = neighbours.handle(of: entry)
    }
    return neighbours.use(connections[slot].neighbour.slot, at: now)
  }

  // MARK: Path

  /// Whether nothing has changed that ``refreshPath(of:at:)`` looks for.
  @inline(__always)
  func hasFreshPath(_ slot: UInt32) -> Bool { connections[slot].isFresh(epochs) }

  /// Looks whether routes or path MTUs have changed since the connection last sent, and tells it.
  mutating func refreshPath(of slot: UInt32, at now: Instant) {
    if hasFreshPath(slot) { return }
    if connections[slot].routeEpoch != routeEpoch {
      connections[slot].routeEpoch = routeEpoch
      if let route = route(to: connections[slot].flow.remote.address), route != connections[slot].route {
        connections[slot].route = route
        connections[slot].neighbour = .none
      }
    }
    connections[slot].pathEpoch = paths.epoch
    let path = pathMTU(to: connections[slot].flow.remote.address, by: connections[slot].route)
    connections[slot].mayBeFragmented = path.mayBeFragmented(with: connections[slot].connection.pathMTUDiscovery)
    guard path.mtu != connections[slot].pathMTU else { return }
    connections[slot].pathMTU = path.mtu
    connections[slot].connection.pathChanged(mtu: path.mtu, in: &environment, at: now)
  }
}
