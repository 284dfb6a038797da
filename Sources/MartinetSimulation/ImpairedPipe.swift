import MartinetTCP
import MartinetWire

/// One direction of a wire that stands by itself: packets go in at a time, and come out later, altered, twice, in another order or not
/// at all, as its ``Impairment`` has it.
///
/// A ``Network`` is made of the same channels, with hosts at their ends. A pipe is for whoever has packets of another origin, and a clock: it
/// tells when the next packet comes out. The same seed and the same packets at the same times give the same result.
public struct ImpairedPipe: ~Copyable, Sendable {
  private var channel: Channel
  private var frames: FrameStore
  private var events = EventQueue()
  private let linkHeader: Int
  private var now = Instant.zero

  /// - Parameters:
  ///   - impairment: what happens to the packets.
  ///   - seed: where chance comes from.
  ///   - index: tells the pipes of one seed apart: those with different numbers have nothing in common.
  ///   - linkHeader: the octets before the IP packet, 14 on Ethernet, which no mishap alters.
  ///   - maximumPackets: the most packets in flight of up to 128 octets, and as many of up to 2,048; of those up to 65,600 octets, a sixteenth of that. What
  ///     goes beyond is lost and counted.
  public init(
    _ impairment: Impairment, seed: UInt64, index: UInt64 = 0, linkHeader: Int = 0, maximumPackets: Int = 8192
  ) {
    channel = Channel(impairment, chance: RandomStream(seed: seed, purpose: .channel, index: index))
    frames = FrameStore(limit: maximumPackets, jumboLimit: maximumPackets / 16)
    self.linkHeader = linkHeader
  }

  /// What happens to the packets that go in from now on.
  public var impairment: Impairment {
    get { channel.impairment }
    set { channel.impairment = newValue }
  }

  /// Whether packets come out; in a pipe that is not whole, those in flight vanish as they arrive.
  public var condition: WireCondition {
    get { channel.condition }
    set { channel.condition = newValue }
  }

  /// What has become of the packets.
  public var statistics: ChannelStatistics { channel.statistics }

  /// The packets in flight, duplicates included.
  public var packetsInFlight: Int { frames.count }

  /// When the next packet comes out; ``Instant/never`` if none is in flight.
  public var nextArrival: Instant { events.nextTime }

  /// Takes a copy of a packet, link header included. A time before that of the last packet counts as that one.
  public mutating func take(_ packet: RawSpan, at time: Instant) {
    guard let frame = allocate(octets: packet.byteCount) else { return }
    frames.withMutableBytes(of: frame) { $0.copy(packet, at: 0) }
    transmit(frame, at: time)
  }

  /// Takes a copy of a departure.
  public mutating func take(_ departure: borrowing Departure, at time: Instant) {
    guard let frame = allocate(octets: departure.count) else { return }
    frames.fill(frame, with: departure)
    transmit(frame, at: time)
  }

  private mutating func allocate(octets: Int) -> FrameIndex? {
    let frame = frames.allocate(octets: octets)
    if frame == nil { channel.statistics.count(.noMemory) }
    return frame
  }

  private mutating func transmit(_ frame: FrameIndex, at time: Instant) {
    now = max(now, time)
    switch channel.admit(octets: frames.octets(of: frame), linkHeader: linkHeader, at: now) {
    case .lost(let cause):
      frames.release(frame)
      channel.statistics.count(cause)
    case .passes(let passage):
      let duplicate = channel.carry(frame, in: &frames, passage, linkHeader: linkHeader)
      events.plan(.arrival, target: 0, frame: frame, at: passage.arrival)
      if let duplicate { events.plan(.arrival, target: 0, frame: duplicate, at: passage.arrival) }
    }
  }

  /// What the far end says of a packet that comes out.
  public enum Reception: Sendable {
    case taken
    /// The far end has no room: the packet is lost.
    case refused
    /// The far end asks to be offered the packet again later.
    case postponed
  }

  /// Offers the packet that comes out next, if it does so by `time`, to `body`; false if there is none, or if it was postponed.
  ///
  /// Call it until it says no. Packets that the condition of the wire keeps from arriving are lost on the way.
  public mutating func deliverNext<Failure: Error>(
    by time: Instant, _ body: (RawSpan) throws(Failure) -> Reception
  ) throws(Failure) -> Bool {
    while let event = events.next, event.time <= time {
      if let obstacle = channel.obstacle {
        drop(event, for: obstacle)
        continue
      }
      let reception = try frames.withBytes(of: event.frame, body)
      switch reception {
      case .postponed: return false
      case .refused: drop(event, for: .receiverFull)
      case .taken:
        _ = channel.emerge(octets: frames.octets(of: event.frame))
        remove(event)
      }
      return true
    }
    return false
  }

  private mutating func drop(_ event: Event, for loss: PacketLoss) {
    channel.statistics.count(loss)
    remove(event)
  }

  private mutating func remove(_ event: Event) {
    _ = events.popNext()
    frames.release(event.frame)
  }
}
