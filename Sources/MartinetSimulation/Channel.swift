import MartinetTCP

/// Whether a wire carries packets.
public enum WireCondition: UInt8, Sendable {
  case whole
  /// Nothing passes until the wire heals; a router beside it knows and says so.
  case partitioned
  /// Everything vanishes, what is in flight included, and nobody is told.
  case cut
}

/// What happens to a packet that a channel has let in.
struct Passage {
  /// When it comes out at the far end.
  var arrival: Instant
  var lot: Lot
  var isMarked = false
  var isCorrupted = false
  var isDuplicated = false
}

/// What a channel decides about a packet.
enum Admission {
  case passes(Passage)
  case lost(PacketLoss)
}

/// One direction of a wire: a queue, a transmitter, and the mishaps on the way.
///
/// A channel keeps no bytes and no events. It is asked once per packet and answers when the packet arrives, if it does; the waiting
/// queue is kept as the times at which its packets start to be transmitted. Whoever keeps the packets lets it do to them what the
/// answer says, and tells it when they come out.
struct Channel {
  var impairment: Impairment
  var condition = WireCondition.whole
  var statistics = ChannelStatistics()

  private var chance: RandomStream
  private var isBurstBad = false
  /// When the transmitter has sent everything that it was given.
  private var transmitterFreeAt = Instant.zero
  /// What is left of a nanosecond, in nanoseconds times the rate, so that the rate is exact over any time.
  private var remainder: UInt64 = 0
  private var waiting = WaitingLine()
  private var lastArrival = Instant.zero

  init(_ impairment: Impairment, chance: RandomStream) {
    self.impairment = impairment
    self.chance = chance
  }

  /// Takes a packet of `octets`, of which `linkHeader` are not part of the IP packet.
  mutating func admit(octets: Int, linkHeader: Int, at now: Instant) -> Admission {
    statistics.entered += 1
    statistics.octetsEntered += UInt64(octets)
    let lot = Lot(ticket: chance.next())
    if let loss = refusal(octets: octets, linkHeader: linkHeader) { return .lost(loss) }
    guard let (sent, queued) = transmit(octets: octets, at: now) else { return .lost(.queueFull) }
    if burstTakes(lot) { return .lost(.burst) }
    if lot.hits(impairment.loss, for: .loss) { return .lost(.random) }
    var passage = Passage(arrival: travel(from: sent, lot), lot: lot)
    passage.isMarked = impairment.markingThreshold > 0 && queued > impairment.markingThreshold
    passage.isCorrupted = lot.hits(impairment.corruption, for: .corruption)
    passage.isDuplicated = lot.hits(impairment.duplication, for: .duplication)
    return .passes(passage)
  }

  /// Does to the octets of `frame`, which begins with `linkHeader` octets of the link, what the wire has decided in `passage`; returns the
  /// duplicate if there is to be one.
  mutating func carry(
    _ frame: FrameIndex, in frames: inout FrameStore, _ passage: Passage, linkHeader: Int
  ) -> FrameIndex? {
    if passage.isMarked, frames.withMutableBytes(of: frame, { FrameEdits.markCongestion(&$0, from: linkHeader) }) {
      statistics.marked += 1
    }
    if passage.isCorrupted {
      let count = impairment.corruptedBits
      frames.withMutableBytes(of: frame) { FrameEdits.flipBits(&$0, from: linkHeader, count: count, lot: passage.lot) }
      statistics.corrupted += 1
    }
    guard passage.isDuplicated, let duplicate = frames.duplicate(frame) else { return nil }
    statistics.duplicated += 1
    return duplicate
  }

  /// A packet of `octets` comes out at the far end, unless the wire stands in its way: then the reason, which is for the caller to count.
  mutating func emerge(octets: Int) -> PacketLoss? {
    if let obstacle { return obstacle }
    statistics.delivered += 1
    statistics.octetsDelivered += UInt64(octets)
    return nil
  }

  /// Why nothing comes out of the channel at the moment, whatever went in; nil if it does.
  var obstacle: PacketLoss? {
    switch condition {
    case .whole: nil
    case .partitioned: .partitioned
    case .cut: .cut
    }
  }

  /// The octets that wait for the transmitter at `now`.
  mutating func queuedOctets(at now: Instant) -> Int {
    waiting.leave(until: now)
    return waiting.octets
  }

  private func refusal(octets: Int, linkHeader: Int) -> PacketLoss? {
    if let obstacle { return obstacle }
    return impairment.mtu > 0 && octets - linkHeader > impairment.mtu ? .tooBig : nil
  }

  /// Queues and sends a packet: when its last bit is sent, and how much waits with it; nil if the queue is full.
  private mutating func transmit(octets: Int, at now: Instant) -> (sent: Instant, queued: Int)? {
    guard impairment.rate > 0 else {
      return (max(now, transmitterFreeAt), 0)
    }
    waiting.leave(until: now)
    var queued = 0
    var start = now
    if transmitterFreeAt > now {
      queued = waiting.octets + octets
      guard queued <= impairment.queueCapacity else { return nil }
      start = transmitterFreeAt
      statistics.waited = statistics.waited + (start - now)
      waiting.enter(octets: octets, leavingAt: start)
      statistics.largestQueue = max(statistics.largestQueue, queued)
    } else {
      remainder = 0
    }
    let work = UInt64(octets) * 8 * 1_000_000_000 + remainder
    let (nanoseconds, rest) = work.quotientAndRemainder(dividingBy: impairment.rate)
    remainder = rest
    transmitterFreeAt = start + Interval(nanoseconds: Int64(nanoseconds))
    return (transmitterFreeAt, queued)
  }

  private mutating func burstTakes(_ lot: Lot) -> Bool {
    guard let burst = impairment.burstLoss else { return false }
    let isLost = lot.hits(isBurstBad ? burst.lossWhenBad : burst.lossWhenGood, for: .burstLoss)
    if lot.hits(isBurstBad ? burst.turnsGood : burst.turnsBad, for: .burstChange) {
      isBurstBad.toggle()
    }
    return isLost
  }

  private mutating func travel(from sent: Instant, _ lot: Lot) -> Instant {
    let jitter = UInt64(max(0, impairment.jitter.nanoseconds))
    let extra = jitter == 0 ? 0 : lot.number(for: .jitter, below: jitter + 1)
    let earliest = sent + impairment.delay + Interval(nanoseconds: Int64(extra))
    if lot.hits(impairment.reordering, for: .reordering) {
      statistics.reordered += 1
      return max(earliest, lastArrival) + impairment.reorderingDelay
    }
    lastArrival = max(earliest, lastArrival)
    return lastArrival
  }
}

/// The packets that wait for a transmitter, as a ring of their sizes and of the times at which they leave.
private struct WaitingLine {
  private(set) var octets = 0
  private var places: [(leaves: Instant, octets: Int)] = []
  private var head = 0
  private var count = 0

  mutating func enter(octets: Int, leavingAt time: Instant) {
    if count == places.count { grow() }
    places[(head + count) & (places.count - 1)] = (time, octets)
    count += 1
    self.octets += octets
  }

  mutating func leave(until now: Instant) {
    while count > 0 && places[head].leaves <= now {
      octets -= places[head].octets
      head = (head + 1) & (places.count - 1)
      count -= 1
    }
  }

  private mutating func grow() {
    var larger: [(leaves: Instant, octets: Int)] = []
    larger.reserveCapacity(max(16, places.count * 2))
    for index in 0..<count {
      larger.append(places[(head + index) & (places.count - 1)])
    }
    while larger.count < max(16, places.count * 2) {
      larger.append((Instant.never, 0))
    }
    places = larger
    head = 0
  }
}
