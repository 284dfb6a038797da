import MartinetStack

/// What one shard of a stack has counted.
public struct ShardStatistics: Sendable {
  /// What its host has counted.
  public var host: HostStatistics
  /// Packets of its flows that came in by the queues of other shards, and were handed over.
  public var handedOver: UInt64
  /// Those that were lost, since too many waited to be handed over.
  public var handoverDrops: UInt64
}

extension StackCore {
  /// What each shard has counted, by number; one entry for a stack that is not divided.
  package var shardStatistics: [ShardStatistics] {
    (0..<shardCount).map { shard in
      let counts = shardDriver(shard)?.shard?.mailbox.counts ?? Mailbox.Counts()
      return ShardStatistics(
        host: turn(in: shard) { host, _, _ in host.statistics }, handedOver: counts.taken,
        handoverDrops: counts.dropped)
    }
  }
}
