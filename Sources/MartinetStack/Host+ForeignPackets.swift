import MartinetTCP
import MartinetWire

/// An IP packet that one shard of a stack has put together from fragments, for the shard that owns its flow.
package struct ForeignPacket: Equatable, Sendable {
  /// The number of the owner.
  package var owner: Int
  /// By which it came, in fragments.
  package var interface: InterfaceID
  /// The packet, without a header of the link.
  package var octets: [UInt8]
}

extension Host {
  /// The most packets that wait for the end of the turn.
  private static let mostForeignPackets = 16

  /// What is to be handed over to other shards, in order; nil when that was all.
  package mutating func pollForeignPacket() -> ForeignPacket? {
    foreignPackets.isEmpty ? nil : foreignPackets.removeFirst()
  }

  /// Another shard has put a packet together whose flow is this host's.
  package mutating func receive(_ packet: consuming PageChain, reassembledFrom interface: InterfaceID, at now: Instant)
  {
    moreFollows = false
    counters.packetsReceived &+= 1
    guard Int(interface.rawValue) < interfaces.all.count else {
      drop(packet, .noSuchInterface)
      return
    }
    let info = ArrivalInfo(interface: interface.rawValue, isLinkGroup: false, trust: .unverified, segmentSize: 0)
    receiveInternet(packet, info, at: now)
    deliverGathered(at: now)
  }

  /// The shard that owns a packet which was put together here, if that is another one.
  func foreignOwner(ofReassembled packet: borrowing PageChain) -> Int? {
    guard share.isPart else { return nil }
    let count = packet.count
    let owner = environment.pool.withFirstBytes(of: packet) { share.steering.owner(ofReassembled: $0, count: count) }
    return owner == share.number ? nil : owner
  }

  mutating func handOver(_ packet: consuming PageChain, to owner: Int, from interface: UInt16) {
    guard foreignPackets.count < Host.mostForeignPackets else {
      drop(packet, .foreignFlow)
      return
    }
    var octets = [UInt8](repeating: 0, count: packet.count)
    octets.withMutableOctets(0..<octets.count) { _ = environment.pool.copy(packet, from: 0, into: &$0) }
    environment.pool.release(packet)
    foreignPackets.append(
      ForeignPacket(owner: owner, interface: InterfaceID(rawValue: interface), octets: octets))
  }
}
