import MartinetTCP
import MartinetWire

// The last step out: who on the link gets a packet.
extension Host {
  /// Queues a complete IP packet for `nextHop`, at once or when its link-layer address is known.
  mutating func hand(_ packet: consuming PageChain, to nextHop: IPAddress, on interface: UInt16, at now: Instant) {
    let etherType = nextHop.isIPv4 ? EtherType.ipv4 : EtherType.ipv6
    guard interface != loopbackInterface, interfaces.all[Int(interface)].hardwareAddress != nil else {
      queue(packet, on: interface, etherType: etherType, to: .none)
      return
    }
    if let group = groupAddress(of: nextHop) {
      queue(packet, on: interface, etherType: etherType, to: group)
      return
    }
    guard let slot = neighbourSlot(of: nextHop, on: interface, at: now) else {
      counters.count(.neighbourLimit)
      environment.pool.release(packet)
      return
    }
    if let address = neighbours.use(slot, at: now) {
      queue(packet, on: interface, etherType: etherType, to: address)
    } else {
      wait(packet, for: slot, etherType: etherType)
    }
  }

  /// The link-layer group that carries packets to `address`; nil for a single station.
  func groupAddress(of address: IPAddress) -> MACAddress? {
    if interfaces.isBroadcast(address) { return .broadcast }
    guard address.isMulticast else { return nil }
    switch address {
    case .v4(let address): return MACAddress(multicast: address)
    case .v6(let address): return MACAddress(multicast: address)
    }
  }

  /// Puts a packet at the end of what the host itself has to send.
  mutating func queue(
    _ packet: consuming PageChain, on interface: UInt16, etherType: UInt16, to address: MACAddress
  ) {
    guard outgoing.upcoming() != nil else {
      counters.count(.outgoingQueueFull)
      environment.pool.release(packet)
      return
    }
    let entry = OutgoingPacket(chain: packet, interface: interface, etherType: etherType, hardwareAddress: address)
    if let slot = outgoing.insert(entry) { outgoingLinks.append(slot, to: &outbox) }
  }

  /// Keeps a packet until its neighbour's address is known; the oldest makes room (RFC 4861 section 7.2.2, RFC 1122
  /// section 2.3.2.2).
  mutating func wait(_ packet: consuming PageChain, for slot: UInt32, etherType: UInt16) {
    var neighbour = neighbours[slot]
    if neighbour.waiting.count >= max(1, configuration.unresolvedPackets),
      let oldest = outgoingLinks.popFirst(of: &neighbour.waiting)
    {
      counters.count(.unresolvedQueueFull)
      discardOutgoing(oldest)
    }
    guard outgoing.upcoming() != nil else {
      counters.count(.outgoingQueueFull)
      neighbours[slot] = neighbour
      environment.pool.release(packet)
      return
    }
    let entry = OutgoingPacket(
      chain: packet, interface: neighbour.key.interface, etherType: etherType, hardwareAddress: .none)
    if let place = outgoing.insert(entry) { outgoingLinks.append(place, to: &neighbour.waiting) }
    neighbours[slot] = neighbour
  }

  mutating func discardOutgoing(_ slot: UInt32) {
    let packet = outgoing.remove(slot)
    environment.pool.release(packet.chain)
  }

  /// The entry of a neighbour that something is to be sent to, made and asked for if there is none.
  mutating func neighbourSlot(of address: IPAddress, on interface: UInt16, at now: Instant) -> UInt32? {
    let key = NeighbourKey(interface: interface, address: address)
    if let slot = neighbours.slot(of: key) { return slot }
    guard let slot = addNeighbour(key, isResolved: false, at: now) else { return nil }
    neighbours.beginResolution(of: slot, at: now)
    solicit(slot, everybody: true, at: now)
    return slot
  }

  /// Makes an entry, in place of another if there is no room.
  mutating func addNeighbour(_ key: NeighbourKey, isResolved: Bool, at now: Instant) -> UInt32? {
    if let victim = neighbours.victim(forResolved: isResolved) {
      counters.count(.neighbourLimit)
      forgetNeighbour(victim)
    }
    return neighbours.add(key, at: now)
  }

  mutating func forgetNeighbour(_ slot: UInt32) {
    var waiting = neighbours[slot].waiting
    while let place = outgoingLinks.popFirst(of: &waiting) {
      counters.count(.neighbourUnresolved)
      discardOutgoing(place)
    }
    neighbours.forget(slot)
  }

  /// A neighbour said where it is: its packets may go.
  mutating func learn(_ address: MACAddress, isAnswer: Bool, for slot: UInt32, at now: Instant) {
    neighbours.learn(address, isAnswer: isAnswer, for: slot, secrets: secrets, at: now)
    var waiting = neighbours[slot].waiting
    neighbours[slot].waiting = SlotList()
    while let place = outgoingLinks.popFirst(of: &waiting) {
      outgoing[place].hardwareAddress = address
      outgoingLinks.append(place, to: &outbox)
    }
  }

  /// Runs the timers of neighbours.
  mutating func expireNeighbours(at now: Instant) {
    while let action = neighbours.expireNext(at: now) {
      switch action {
      case .solicitAll(let slot): solicit(slot, everybody: true, at: now)
      case .solicitOne(let slot): solicit(slot, everybody: false, at: now)
      case .failed(let slot): giveUp(slot, at: now)
      }
    }
  }

  /// Nobody has the address: whoever sent the packets that wait learns it (RFC 4861 section 7.2.2).
  private mutating func giveUp(_ slot: UInt32, at now: Instant) {
    var waiting = neighbours[slot].waiting
    neighbours[slot].waiting = SlotList()
    neighbours.forget(slot)
    while let place = outgoingLinks.popFirst(of: &waiting) {
      counters.count(.neighbourUnresolved)
      let packet = outgoing.remove(place)
      let isIPv6 = packet.etherType == EtherType.ipv6
      // Address unreachable (RFC 4443 section 3.1), host unreachable (RFC 792).
      let cause = UnreachableCause(isIPv6: isIPv6, type: isIPv6 ? 1 : 3, code: isIPv6 ? 3 : 1)
      let chain = packet.chain
      report(cause, mtu: nil, quoting: chain, at: now)
      environment.pool.release(chain)
    }
  }
}
