import MartinetLinks
import MartinetStack
import MartinetWire
import Synchronization

/// One shard's place among the shards of its stack: it owns some flows, and hands over the packets of the others'.
struct ShardPlace: Sendable {
  let number: Int
  let steering: Steering
  /// Those of all shards, by number.
  let mailboxes: [Mailbox]

  var mailbox: Mailbox { mailboxes[number] }

  /// The places of the shards of a stack; none where there is only one.
  static func all(of steering: Steering, handoverOctets: Int) -> [ShardPlace] {
    guard steering.shards > 1 else { return [] }
    let mailboxes = (0..<steering.shards).map { _ in Mailbox(capacity: handoverOctets) }
    return mailboxes.indices.map { ShardPlace(number: $0, steering: steering, mailboxes: mailboxes) }
  }

  /// Leaves in `batch` what this shard is to get, and hands over what others are to get.
  func sort(_ batch: ReceiveBatch, from interface: InterfaceID, isFrame: Bool) {
    batch.filter { slot in
      switch steering.destination(of: slot.beginning.bytes, count: slot.received, isFrame: isFrame) {
      case .shard(number): return true
      case .shard(let other):
        mailboxes[other].post(slot, from: interface)
        return false
      case .everyShard:
        for other in mailboxes.indices where other != number { mailboxes[other].post(slot, from: interface) }
        return true
      }
    }
  }

  /// Gives the others what `host` has for them: what it has put together from fragments, and has found out about paths.
  func tellNews(of host: inout Host) {
    while let packet = host.pollForeignPacket() { mailboxes[packet.owner].post(packet) }
    while let news = host.pollPathNews() {
      for other in mailboxes.indices where other != number { mailboxes[other].post(news) }
    }
  }
}

/// What the calls on a stack of several shards have in common.
final class ShardCalls: Sendable {
  let steering: Steering
  /// Held while what stands in all shards changes: listeners, and ports that are bound.
  let binding = Mutex(())
  private let turns = Atomic<UInt>(0)
  private let isOver = Atomic(false)

  init(_ steering: Steering) { self.steering = steering }

  /// Whether the end of the stack has begun; it has before that of any shard.
  var hasEnded: Bool { isOver.load(ordering: .acquiring) }

  func end() { isOver.store(true, ordering: .releasing) }

  /// The shard whose turn it is to open a connection.
  func nextShard() -> Int {
    Int(turns.add(1, ordering: .relaxed).oldValue % UInt(steering.shards))
  }
}
