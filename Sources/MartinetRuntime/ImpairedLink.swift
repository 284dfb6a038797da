import Glibc
import MartinetLinks
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// A link that fails on purpose: what crosses it, in either direction, meets the mishaps of a simulated wire in real time.
///
/// The decisions come from a seed, one for each packet in its order, so that the same packets meet the same mishaps; when they come and
/// how they interleave is up to the real world. The link is never full: what it cannot hold is lost and counted in
/// ``losses(in:)``, as in the queue of any router. What a hub passes on between its peers does not cross the link.
///
/// Its descriptor is readable when a packet is due in either direction, so that whoever drives the link keeps its time, too.
public final class ImpairedLink: Link {
  /// The two ways across the link.
  public enum Direction: Hashable, Sendable, CaseIterable {
    /// From the host to the link.
    case outgoing
    /// From the link to the host.
    case incoming
  }

  public let descriptor: Int32
  public let description: LinkDescription
  private let link: any Link
  private let outgoing: Mutex<OutgoingSide>
  private let incoming: Mutex<IncomingSide>
  private let isClosed = Atomic(false)

  /// Puts a wire in front of `link`.
  ///
  /// - Parameters:
  ///   - outgoing: what happens to packets from the host to the link.
  ///   - incoming: what happens to packets from the link to the host; nil is the same.
  ///   - seed: where chance comes from; the two directions have nothing in common.
  ///   - maximumPackets: the bound of ``ImpairedPipe``, in each direction.
  public init(
    _ link: any Link, outgoing: Impairment, incoming: Impairment? = nil, seed: UInt64, maximumPackets: Int = 8192
  ) throws(LinkError) {
    self.link = link
    var offer = link.description
    // A checksum that nobody computes cannot tell of a corrupted packet, and a train is not a packet of the wire.
    offer.vouchesForChecksums = false
    offer.completesChecksums = false
    offer.maximumTrain = 0
    offer.bringsTrains = false
    link.endOffload()
    description = offer
    let linkHeader = if case .ethernet = offer.kind { 14 } else { 0 }
    let out = try OutgoingSide(
      ImpairedPipe(outgoing, seed: seed, index: 0, linkHeader: linkHeader, maximumPackets: maximumPackets))
    let inward = try IncomingSide(
      ImpairedPipe(
        incoming ?? outgoing, seed: seed, index: 1, linkHeader: linkHeader, maximumPackets: maximumPackets),
      readSize: link.readSize)
    descriptor = try Epoll.gather([link.descriptor, out.wire.timer, inward.wire.timer])
    self.outgoing = Mutex(out)
    self.incoming = Mutex(inward)
  }

  deinit { close() }

  // MARK: The wire

  /// What happens to packets in `direction` from now on.
  public func setImpairment(_ impairment: Impairment, of direction: Direction) {
    withPipe(direction) { $0.impairment = impairment }
  }

  /// Cuts the wire in `direction`, or makes it whole again.
  public func setCondition(_ condition: WireCondition, of direction: Direction) {
    withPipe(direction) { $0.condition = condition }
  }

  /// What became of the packets in `direction`.
  public func losses(in direction: Direction) -> ChannelStatistics {
    withPipe(direction) { $0.statistics }
  }

  private func withPipe<Result: Sendable>(
    _ direction: Direction, _ body: (inout ImpairedPipe) -> Result
  ) -> Result {
    switch direction {
    case .outgoing: outgoing.withLock { body(&$0.wire.pipe) }
    case .incoming: incoming.withLock { body(&$0.wire.pipe) }
    }
  }

  // MARK: Link

  public var statistics: LinkStatistics { link.statistics }

  public func attach(_ addresses: [IPPrefix], gateways: [IPAddress]) throws(LinkError) {
    try link.attach(addresses, gateways: gateways)
  }

  public func write(_ departure: borrowing Departure) throws(LinkError) -> LinkWrite {
    let outcome = outgoing.withLock { side in
      side.wire.pipe.take(departure, at: MonotonicClock.now)
      return Result { () throws(LinkError) in try pump(&side) }
    }
    try outcome.get()
    return .done
  }

  public func write(_ batch: DepartureBatch, _ range: Range<Int>) throws(LinkError) -> Int {
    let outcome = outgoing.withLock { side in
      let now = MonotonicClock.now
      for index in range {
        batch.withDeparture(index) { departure in side.wire.pipe.take(departure, at: now) }
      }
      return Result { () throws(LinkError) in try pump(&side) }
    }
    try outcome.get()
    return range.count
  }

  public func read(into batch: ReceiveBatch) throws(LinkError) -> Int {
    let sent = outgoing.withLock { side in Result { () throws(LinkError) in try pump(&side) } }
    try sent.get()
    let outcome = incoming.withLock { side in
      Result { () throws(LinkError) in
        try side.fetch(from: link)
        return side.deliver(into: batch, by: MonotonicClock.now)
      }
    }
    return try outcome.get()
  }

  /// Lets out what is due, and asks to be told when `link` takes packets again if it is full.
  private func pump(_ side: inout OutgoingSide) throws(LinkError) {
    let wasBlocked = side.isBlocked
    try side.deliver(to: link, by: MonotonicClock.now)
    if side.isBlocked != wasBlocked { Epoll.watch(descriptor, link.descriptor, forRoom: side.isBlocked) }
  }

  public func flush() { link.flush() }

  /// Closes the link. What is still on its way from the host leaves at once, as far as the link takes it: the last
  /// acknowledgement and the last RST of a host that ends would be lost otherwise.
  public func close() {
    guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    outgoing.withLock { side in
      // A link that has ended takes nothing any more.
      try? side.deliver(to: link, by: .never)
    }
    link.close()
    _ = Glibc.close(descriptor)
  }
}
