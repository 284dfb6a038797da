import MartinetStack
import MartinetWire

/// What became of a packet that was given to a link.
public enum LinkWrite: Hashable, Sendable {
  /// The packet left.
  case done
  /// The link is full: try the same packet again when its descriptor is writable.
  case wouldBlock
  /// The packet is lost, as packets are; the link has counted it.
  case dropped(LinkDrop)
}

/// Why a link dropped a packet.
public enum LinkDrop: Hashable, Sendable, CaseIterable {
  /// The octets are no packet, or not one that the link takes.
  case malformed
  /// The packet is larger than the link's MTU.
  case tooLarge
  /// Nobody on the link is known to have the destination address.
  case noPeer
  /// The source address belongs to another peer that is alive, or to this host.
  case claimRefused
  /// The table of peers is full.
  case tableFull
  /// The host had no page to read the packet into.
  case noMemory
  /// The system took the packet no further: a device that is down, a full queue, an unreachable outer address.
  case system
}

/// A file descriptor that carries packets.
///
/// Wait for ``descriptor`` with epoll. Whenever it is readable or reports an error, call ``read(into:)`` from one thread at a
/// time; write from any thread, outside the host's lock.
public protocol Link: AnyObject, Sendable {
  /// The non-blocking descriptor to wait for.
  var descriptor: Int32 { get }
  /// What the link offers to the host above it.
  var description: LinkDescription { get }
  /// What the link has counted so far.
  var statistics: LinkStatistics { get }

  /// Tells the link the addresses of the host above it: a device gets its kernel's side, a tunnel makes the host known. A hub sends
  /// what is for an unknown destination to the peer that has the address of a gateway.
  func attach(_ addresses: [IPPrefix], gateways: [IPAddress]) throws(LinkError)

  /// Reads the packets that wait, at most as many as `batch` has room for, and returns their number. If that is all
  /// the room there was, or a million octets, more may wait: ``ReceiveBatch/mayHaveMore``.
  /// - Throws: ``LinkError/gone(_:)`` when the link has ended.
  func read(into batch: ReceiveBatch) throws(LinkError) -> Int

  /// Whether the link has taken packets from its descriptor that no batch has had room for: read again, whatever the descriptor says. Reads that follow
  /// each other bring an end to that.
  var holdsPackets: Bool { get }

  /// Writes one packet.
  func write(_ departure: borrowing Departure) throws(LinkError) -> LinkWrite

  /// Writes the packets of `range` in order and returns how many of them are dealt with (sent, or dropped and counted). If fewer than all,
  /// the link is full: go on with the next one when the descriptor is writable.
  func write(_ batch: DepartureBatch, _ range: Range<Int>) throws(LinkError) -> Int

  /// Makes the link bring single packets with complete checksums from here on, whatever its ``description`` offers.
  func endOffload()

  /// Writes out what a decorator of the link still holds in memory.
  func flush()

  /// Closes the descriptor and takes back what the link has set up. May be called twice; nobody may read or write any more.
  func close()
}

extension Link {
  public func attach(_ addresses: [IPPrefix]) throws(LinkError) {
    try attach(addresses, gateways: [])
  }

  public func write(_ batch: DepartureBatch, _ range: Range<Int>) throws(LinkError) -> Int {
    var dealtWith = 0
    for index in range {
      let outcome = try batch.withDeparture(index) { departure throws(LinkError) in try write(departure) }
      if outcome == .wouldBlock { break }
      dealtWith += 1
    }
    return dealtWith
  }

  public var holdsPackets: Bool { false }

  public func endOffload() {}

  public func flush() {}

  func requireMTU(for addresses: [IPPrefix]) throws(LinkError) {
    if description.mtu < 1280 && addresses.contains(where: { !$0.address.isIPv4 }) {
      throw .mtuTooSmallForIPv6(description.mtu)
    }
  }

  /// The octets of the largest thing that a read may bring: a packet of the MTU, or the longest that IP has, with its link header.
  public var readSize: Int {
    let packet = description.bringsTrains ? 65535 : description.mtu
    switch description.kind {
    case .ip: return packet
    // An Ethernet header with a VLAN tag.
    case .ethernet: return packet + 18
    }
  }
}
