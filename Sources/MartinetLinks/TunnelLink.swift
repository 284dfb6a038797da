import CMartinetLinux
import MartinetStack
import MartinetWire

/// The joining end of IP over UDP: every packet goes to the hub and comes from it.
public final class TunnelLink: Link {
  public let description: LinkDescription
  private let socket: OuterSocket
  private let counters = LinkCounters()
  private let inbox = DatagramInbox()

  /// Joins the hub at `host` and `port`; packets are of at most `mtu` octets.
  public init(host: String, port: UInt16, mtu: Int = LinkSpecification.tunnelMTU) throws(LinkError) {
    socket = try OuterSocket(host: host, port: port, joining: true, counters: counters)
    var offer = LinkDescription(name: InterfaceName("udp"), mtu: mtu)
    offer.isPointToPoint = true
    description = offer
  }

  public var descriptor: Int32 { socket.descriptor }
  public var statistics: LinkStatistics { counters.snapshot }
  /// The outer UDP endpoint of this end.
  public var outerEndpoint: Endpoint { socket.local.endpoint }

  public func attach(_ addresses: [IPPrefix], gateways: [IPAddress]) throws(LinkError) {
    try requireMTU(for: addresses)
    for prefix in addresses { try announce(prefix.address) }
  }

  /// Makes an address known to the hub before anything is sent from it: an empty IP packet from the address to itself.
  private func announce(_ address: IPAddress) throws(LinkError) {
    var departure = Departure()
    // Protocol 59 is "no next header" (RFC 8200 section 4.7).
    switch address {
    case .v4(let v4):
      IPv4Header(timeToLive: 1, protocolNumber: 59, source: v4, destination: v4).encode(into: &departure)
    case .v6(let v6):
      IPv6Header(nextHeader: 59, hopLimit: 1, source: v6, destination: v6).encode(into: &departure)
    }
    _ = try write(departure)
  }

  public var holdsPackets: Bool { !inbox.isEmpty }

  public func read(into batch: ReceiveBatch) throws(LinkError) -> Int {
    if batch.reserved == 0 {
      counters.count(.noMemory, inbox.discard() + DiscardedReads.drain(descriptor))
      return 0
    }
    if inbox.isEmpty { try inbox.fill(from: socket) { _ in } }
    var octets = 0
    while batch.room > 0, let datagram = inbox.next() {
      let count = datagram.octets.count
      guard count > 0 && count <= batch.size else {
        counters.count(count == 0 ? .malformed : .tooLarge)
        continue
      }
      batch.append(datagram.octets.bytes)
      octets += count
    }
    counters.countRead(packets: batch.count, octets: octets)
    return batch.count
  }

  public func write(_ departure: borrowing Departure) throws(LinkError) -> LinkWrite {
    try socket.send(departure, to: martinet_endpoint())
  }

  public func write(_ batch: DepartureBatch, _ range: Range<Int>) throws(LinkError) -> Int {
    for (place, index) in range.enumerated() {
      batch.makeDatagram(of: index, at: place, to: martinet_endpoint())
    }
    return try socket.sendAll(batch, range.count)
  }

  public func close() { socket.close() }
}
