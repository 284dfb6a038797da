import CMartinetLinux
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// The listening end of IP over UDP: a switch for any number of peers and for the host above it.
///
/// It learns from each packet which inner address lives behind which outer endpoint. A packet for a peer's address goes to
/// that peer, any other to the host.
public final class HubLink: Link {
  public let description: LinkDescription
  private let socket: OuterSocket
  private let counters = LinkCounters()
  private let inbox = DatagramInbox()
  private let outbox = ForwardBox()
  private let state: Mutex<State>

  private struct State {
    var peers = PeerTable()
    var ours: [IPAddress] = []
    var gateways: [IPAddress] = []

    /// Where a packet of the host to `destination` goes.
    func peer(for destination: IPAddress) -> OuterEndpoint? {
      if let peer = peers.peer(of: destination) { return peer }
      let gateway = gateways.first { $0.isIPv4 == destination.isIPv4 }
      return gateway.flatMap { peers.peer(of: $0) }
    }
  }

  /// What is to be done with a packet that came.
  private enum Verdict {
    case keep
    case forward(OuterEndpoint)
    case drop(LinkDrop)
    /// A peer has made itself known.
    case learnt
  }

  /// Listens at `host` and `port` (0: the system chooses); packets are of at most `mtu` octets.
  public init(host: String, port: UInt16, mtu: Int = LinkSpecification.tunnelMTU) throws(LinkError) {
    socket = try OuterSocket(host: host, port: port, joining: false, counters: counters)
    description = LinkDescription(name: InterfaceName("hub"), mtu: mtu)
    state = Mutex(State())
  }

  public var descriptor: Int32 { socket.descriptor }
  public var statistics: LinkStatistics { counters.snapshot }
  /// The outer UDP endpoint that peers join.
  public var outerEndpoint: Endpoint { socket.local.endpoint }

  public func attach(_ addresses: [IPPrefix], gateways: [IPAddress]) throws(LinkError) {
    try requireMTU(for: addresses)
    state.withLock {
      $0.ours = addresses.map(\.address)
      $0.gateways = gateways
    }
  }

  // MARK: Inward

  public var holdsPackets: Bool { !inbox.isEmpty }

  public func read(into batch: ReceiveBatch) throws(LinkError) -> Int {
    if batch.reserved == 0 {
      counters.count(.noMemory, inbox.discard() + DiscardedReads.drain(descriptor))
      return 0
    }
    if inbox.isEmpty { try inbox.fill(from: socket) { peer in state.withLock { $0.peers.doubt(peer) } } }
    var octets = 0
    let now = monotonicNow()
    while batch.room > 0, !outbox.isFull, let datagram = inbox.next() {
      let size = datagram.octets.count
      switch size > batch.size ? .drop(.tooLarge) : judge(datagram, at: now) {
      case .keep:
        batch.append(datagram.octets.bytes)
        octets += size
      case .forward(let peer): outbox.append(datagram, to: peer)
      case .drop(let reason): counters.count(reason)
      case .learnt: break
      }
    }
    counters.countRead(packets: batch.count, octets: octets)
    try forward()
    return batch.count
  }

  private func judge(_ datagram: ArrivedDatagram, at now: Instant) -> Verdict {
    let peer = OuterEndpoint(datagram.sender)
    guard let inner = InnerAddresses(datagram.octets.bytes), inner.sourceIsOneStation else { return .drop(.malformed) }
    return state.withLock { state in
      if state.ours.contains(inner.source) { return .drop(.claimRefused) }
      switch state.peers.claim(inner.source, by: peer, at: now) {
      case .refused: return .drop(.claimRefused)
      case .full: return .drop(.tableFull)
      case .accepted: break
      }
      if inner.source == inner.destination { return .learnt }
      if state.ours.contains(inner.destination) { return .keep }
      guard let other = state.peers.peer(of: inner.destination) else { return .keep }
      return other == peer ? .drop(.noPeer) : .forward(other)
    }
  }

  private func forward() throws(LinkError) {
    var rest = outbox.datagrams
    while !rest.isEmpty {
      let sent = try socket.send(rest)
      if sent == 0 {
        counters.count(.system, UInt64(rest.count))
        break
      }
      counters.countForwarded(packets: sent)
      rest = UnsafeMutableBufferPointer(rebasing: rest.dropFirst(sent))
    }
    outbox.clear()
  }

  // MARK: Outward

  public func write(_ departure: borrowing Departure) throws(LinkError) -> LinkWrite {
    guard let peer = peer(for: departure) else {
      counters.count(.noPeer)
      return .dropped(.noPeer)
    }
    return try socket.send(departure, to: peer.systemValue)
  }

  public func write(_ batch: DepartureBatch, _ range: Range<Int>) throws(LinkError) -> Int {
    var places = 0
    for index in range {
      let peer = batch.withDeparture(index) { departure throws(Never) in self.peer(for: departure) }
      if let peer {
        batch.makeDatagram(of: index, at: places, to: peer.systemValue)
        places += 1
      }
    }
    let sent = try socket.sendAll(batch, places)
    let dealtWith = sent < places ? batch.packet(ofDatagram: sent) - range.lowerBound : range.count
    counters.count(.noPeer, UInt64(dealtWith - sent))
    return dealtWith
  }

  private func peer(for departure: borrowing Departure) -> OuterEndpoint? {
    guard let inner = InnerAddresses(of: departure) else { return nil }
    return state.withLock { $0.peer(for: inner.destination) }
  }

  public func close() { socket.close() }
}
