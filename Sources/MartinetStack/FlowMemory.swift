import MartinetTCP
import MartinetWire

/// What was found out about the last segment that arrived for a connection over IPv4: packets come in runs of one flow, and of the next in a run nothing of that
/// need be asked again.
struct FlowMemory {
  /// The addresses and the ports as they stand in the headers.
  private var source: UInt32 = 0
  private var destination: UInt32 = 0
  private var ports: UInt32 = 0
  private var interface: UInt16 = 0
  private var addressEpoch: UInt32 = 0
  /// The connection; a slot that is used again has another generation.
  private(set) var connection = ConnectionID.none

  mutating func remember(_ flow: FlowKey, _ connection: ConnectionID, on interface: UInt16, addressEpoch: UInt32) {
    guard case .v4(let near) = flow.local.address, case .v4(let far) = flow.remote.address else { return }
    source = far.rawValue
    destination = near.rawValue
    ports = UInt32(flow.remote.port) << 16 | UInt32(flow.local.port)
    self.interface = interface
    self.addressEpoch = addressEpoch
    self.connection = connection
  }

  /// Whether `packet`, all of which begins with `bytes`, is a TCP segment of the same flow, whole and without IP options: one for which every question
  /// to its IP header, but that for its checksum, has the answer that it had last time.
  func isNext(_ bytes: RawSpan, of count: Int, on interface: UInt16, addressEpoch: UInt32) -> Bool {
    guard connection != .none, self.interface == interface, self.addressEpoch == addressEpoch, bytes.byteCount >= 40
    else { return false }
    let first = bytes.uint32(at: 0)
    return first >> 24 == 0x45 && Int(first & 0xFFFF) == count && bytes.uint16(at: 6) & 0x3FFF == 0
      && bytes.uint8(at: 9) == IPProtocol.tcp && bytes.uint32(at: 12) == source && bytes.uint32(at: 16) == destination
      && bytes.uint32(at: 20) == ports
  }
}

extension Host {
  /// The short way of a packet that follows one of its flow; false if it is none, and has to go the long way.
  mutating func receiveNextOfFlow(_ packet: inout PageChain, _ info: ArrivalInfo, at now: Instant) -> Bool {
    let (memory, epoch, count) = (lastFlow, interfaces.epoch, packet.count)
    let trafficClass: UInt8? = environment.pool.withFirstBytes(of: packet) { bytes in
      guard memory.isNext(bytes, of: count, on: info.interface, addressEpoch: epoch), !info.isLinkGroup,
        IPv4Header.hasRightChecksum(bytes)
      else { return nil }
      return bytes.uint8(at: 1)
    }
    guard let trafficClass, connections.contains(memory.connection.slot, memory.connection.generation),
      connections[memory.connection.slot].isInFlows
    else { return false }
    let flow = connections[memory.connection.slot].flow
    let facts = PacketFacts(
      source: flow.remote.address, destination: flow.local.address, protocolNumber: IPProtocol.tcp,
      trafficClass: trafficClass, hopLimit: 0, headerLength: IPv4Header.minimumLength, interface: info.interface,
      isGroup: false, trust: info.trust, segmentSize: info.segmentSize)
    guard info.trust == .vouched || hasRightChecksum(packet, facts) else {
      drop(packet.take(), .badTransportChecksum)
      return true
    }
    guard let (header, length) = parseTCP(packet, from: IPv4Header.minimumLength) else {
      drop(packet.take(), .malformedTransport)
      return true
    }
    environment.pool.removeFirst(IPv4Header.minimumLength + length, from: &packet)
    let payload = packet.take()
    if moreFollows || !gathered.isEmpty {
      receiveText(header, payload, facts, flow, at: now)
    } else {
      receive(header, payload, facts, on: memory.connection.slot, at: now)
    }
    return true
  }
}
