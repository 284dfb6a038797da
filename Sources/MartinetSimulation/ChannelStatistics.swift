import MartinetTCP

/// Why a packet did not arrive.
public enum PacketLoss: UInt8, Sendable, CaseIterable {
  /// The queue had no room for it.
  case queueFull
  /// Chance took it by itself.
  case random
  /// It fell into a burst.
  case burst
  /// It is larger than the direction lets pass.
  case tooBig
  /// The wire is partitioned.
  case partitioned
  /// The wire is cut in silence.
  case cut
  /// A filter said so.
  case filtered
  /// The network has no memory left for packets in flight.
  case noMemory
  /// The receiving host had no page for it.
  case receiverFull
}

/// What one direction of a wire counts, in packets unless it says octets.
public struct ChannelStatistics: Equatable, Sendable {
  /// What was handed in.
  public var entered: UInt64 = 0
  public var octetsEntered: UInt64 = 0
  /// What came out at the far end, duplicates included.
  public var delivered: UInt64 = 0
  public var octetsDelivered: UInt64 = 0
  public var duplicated: UInt64 = 0
  public var reordered: UInt64 = 0
  public var corrupted: UInt64 = 0
  public var marked: UInt64 = 0
  /// The most octets that ever waited.
  public var largestQueue = 0
  /// The time that packets have waited for the transmitter, all together.
  public var waited = Interval.zero
  public var lostToFullQueue: UInt64 = 0
  public var lostAtRandom: UInt64 = 0
  public var lostInBursts: UInt64 = 0
  public var lostForSize: UInt64 = 0
  public var lostToPartition: UInt64 = 0
  public var lostToCut: UInt64 = 0
  public var lostToFilter: UInt64 = 0
  public var lostForMemory: UInt64 = 0
  public var lostAtReceiver: UInt64 = 0

  public init() {}

  /// What was lost for any cause.
  public var lost: UInt64 {
    lostToFullQueue + lostAtRandom + lostInBursts + lostForSize + lostToPartition + lostToCut + lostToFilter
      + lostForMemory + lostAtReceiver
  }

  mutating func count(_ loss: PacketLoss) {
    switch loss {
    case .queueFull: lostToFullQueue += 1
    case .random: lostAtRandom += 1
    case .burst: lostInBursts += 1
    case .tooBig: lostForSize += 1
    case .partitioned: lostToPartition += 1
    case .cut: lostToCut += 1
    case .filtered: lostToFilter += 1
    case .noMemory: lostForMemory += 1
    case .receiverFull: lostAtReceiver += 1
    }
  }
}
