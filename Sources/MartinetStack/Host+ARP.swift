import MartinetTCP
import MartinetWire

// ARP (RFC 826) and the questions that both families ask their neighbours.
extension Host {
  mutating func receiveARP(_ frame: consuming PageChain, _ info: ArrivalInfo, at now: Instant) {
    let message = try? environment.pool.withFirstBytes(of: frame) { (bytes) throws(WireError) in
      try ARPPacket.parse(bytes)
    }
    environment.pool.release(frame)
    let sender = message.map { IPAddress.v4($0.sender) }
    guard let message, let sender, !sender.isMulticast, !interfaces.isBroadcast(sender), !interfaces.isOurs(sender)
    else {
      counters.count(.arpIgnored)
      return
    }
    let isForUs = interfaces.interface(of: .v4(message.target)) == info.interface
    let key = NeighbourKey(interface: info.interface, address: sender)
    if let slot = neighbours.slot(of: key) {
      // A known sender is believed before the operation is looked at (RFC 826, "Packet Reception").
      learn(message.senderHardware, isAnswer: message.operation == .reply && isForUs, for: slot, at: now)
    } else if isForUs && message.operation == .request && !sender.isImpossibleSource && !sender.isLoopback {
      // Whoever asks for us is about to talk to us. Answers nobody asked for make no entries.
      if let slot = addNeighbour(key, isResolved: true, at: now) {
        learn(message.senderHardware, isAnswer: false, for: slot, at: now)
      }
    }
    guard isForUs, message.operation == .request else {
      if !isForUs { counters.count(.arpIgnored) }
      return
    }
    answerARP(message, on: info.interface)
  }

  private mutating func answerARP(_ request: ARPPacket, on interface: UInt16) {
    guard let own = interfaces.all[Int(interface)].hardwareAddress else { return }
    let reply = ARPPacket(
      .reply, senderHardware: own, sender: request.target, targetHardware: request.senderHardware,
      target: request.sender)
    queueARP(reply, on: interface, to: request.senderHardware)
  }

  private mutating func queueARP(_ message: ARPPacket, on interface: UInt16, to address: MACAddress) {
    scratch.reset()
    scratch.withHeaderBytes { message.encode(into: &$0, at: 0) }
    guard let chain = prefixScratch(ARPPacket.encodedLength, to: PageChain()) else {
      counters.count(.noMemory)
      return
    }
    queue(chain, on: interface, etherType: EtherType.arp, to: address)
  }

  /// Asks for a neighbour's link-layer address: everybody, or the neighbour itself whether it still has it.
  mutating func solicit(_ slot: UInt32, everybody: Bool, at now: Instant) {
    let neighbour = neighbours[slot]
    let interface = neighbour.key.interface
    guard let own = interfaces.all[Int(interface)].hardwareAddress,
      let source = interfaces.all[Int(interface)].source(for: neighbour.key.address)
    else { return }
    switch (neighbour.key.address, source) {
    case (.v4(let target), .v4(let sender)):
      let request = ARPPacket(.request, senderHardware: own, sender: sender, target: target)
      queueARP(request, on: interface, to: everybody ? .broadcast : neighbour.hardwareAddress)
    case (.v6(let target), .v6(let sender)):
      solicit6(target, from: sender, hardware: own, to: everybody ? nil : neighbour.hardwareAddress, on: interface)
    default:
      break
    }
  }
}
