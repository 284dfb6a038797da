import MartinetTCP

/// How late packets left a wire in real time: what the machine adds to the delay that was asked for.
public struct Lateness: Equatable, Sendable {
  /// How often packets left, one or more together.
  public var deliveries: UInt64 = 0
  /// The packets that left.
  public var packets: UInt64 = 0
  /// The packets that left later than ``threshold``.
  public var late: UInt64 = 0
  /// The lateness of all packets together.
  public var total = Interval.zero
  public var worst = Interval.zero

  /// Packets that are later than this are counted as ``late``.
  public static let threshold = Interval.milliseconds(1)

  public init() {}

  /// The mean lateness of a packet.
  public var mean: Interval { packets == 0 ? .zero : total / Int64(clamping: packets) }

  mutating func count(_ lateness: Interval) {
    packets += 1
    total = total + lateness
    worst = max(worst, lateness)
    if lateness > Lateness.threshold { late += 1 }
  }
}
