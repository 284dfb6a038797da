import MartinetTCP

/// What one direction of a wire does to the packets that pass. The default is a perfect wire: no delay, no limit, no loss.
///
/// A packet meets, in this order: the MTU, the queue (drop-tail, then the ECN mark), the transmitter with its rate, burst loss,
/// random loss, corruption, duplication, and then the delay with its jitter and reordering.
public struct Impairment: Equatable, Sendable {
  /// Bits per second that the transmitter puts on the wire, the octets of the packet (or frame) counted; 0 is without limit.
  public var rate: UInt64 = 0
  /// The time from the last bit sent to the last bit received.
  public var delay = Interval.zero
  /// The most that chance adds to the delay of a packet: uniform from 0 to this, and no packet overtakes another for it.
  public var jitter = Interval.zero
  /// The octets that may wait for the transmitter; a packet that does not fit is dropped. The packet that is being transmitted does not
  /// count. Without meaning when the rate is without limit.
  public var queueCapacity = 256 * 1024
  /// Packets that vanish, each by itself.
  public var loss = Probability.never
  /// Packets that vanish in bursts.
  public var burstLoss: BurstLoss?
  /// Packets that ``reorderingDelay`` holds back, so that those behind them overtake.
  public var reordering = Probability.never
  /// How much longer a held packet travels.
  public var reorderingDelay = Interval.milliseconds(1)
  /// Packets that arrive twice.
  public var duplication = Probability.never
  /// Packets in which ``corruptedBits`` are flipped, anywhere behind the link header.
  public var corruption = Probability.never
  /// How many bits a corruption flips; they may hit the same place twice.
  public var corruptedBits = 1
  /// A packet that leaves more than so many octets waiting, itself included, is marked with congestion experienced
  /// (RFC 3168 section 5) if it is ECN-capable; 0 marks nothing.
  public var markingThreshold = 0
  /// The octets of the largest IP packet that passes; larger ones vanish, or are answered where the sender is a router. 0
  /// leaves it to the MTU of the link.
  public var mtu = 0

  public init() {}

  /// A wire of `rate` bits per second with `delay` one way.
  public init(rate: UInt64, delay: Interval, loss: Probability = .never) {
    self.rate = rate
    self.delay = delay
    self.loss = loss
  }
}

/// Loss in bursts after Gilbert and Elliott: a wire that is either good or bad and changes between packets.
public struct BurstLoss: Equatable, Sendable {
  /// The chance, at each packet, that a good wire turns bad behind it.
  public var turnsBad: Probability
  /// The chance, at each packet, that a bad wire turns good behind it: the mean burst is the inverse of this, in packets.
  public var turnsGood: Probability
  /// Loss while the wire is good.
  public var lossWhenGood: Probability
  /// Loss while the wire is bad.
  public var lossWhenBad: Probability

  public init(
    turnsBad: Probability, turnsGood: Probability, lossWhenGood: Probability = .never,
    lossWhenBad: Probability = .always
  ) {
    self.turnsBad = turnsBad
    self.turnsGood = turnsGood
    self.lossWhenGood = lossWhenGood
    self.lossWhenBad = lossWhenBad
  }

  /// Bursts of `length` packets on average, 1 or more, that take the share `loss` of all packets; nil where the time between bursts would have to
  /// be shorter than a packet: then `loss` is more than `length` / (`length` + 1).
  public init?(losing loss: Probability, inBurstsOf length: UInt32) {
    let whole = UInt64(Probability.whole)
    guard length > 0, loss != .always else { return nil }
    // In the long run the wire is bad for turnsBad / (turnsBad + turnsGood) of the packets.
    let turnsBad = whole * UInt64(loss.partsPerBillion) / (UInt64(length) * (whole - UInt64(loss.partsPerBillion)))
    guard turnsBad <= whole else { return nil }
    self.init(
      turnsBad: Probability(partsPerBillion: UInt32(turnsBad)),
      turnsGood: Probability(partsPerBillion: Probability.whole / length))
  }
}
