import MartinetLinks
import MartinetStack
import MartinetWire
import Synchronization

/// A wire in memory between a link and the queues of another one. Which queue a packet comes by is the test's choice, so that packets come by wrong ones.
struct QueuedWire {
  let near: QueuedEnd
  let queues: [QueuedEnd]

  /// - Parameter choose: the queue of the packet with a number.
  init(queues count: Int, choose: @escaping @Sendable (Int) -> Int) throws(LinkError) {
    near = try QueuedEnd()
    var queues: [QueuedEnd] = []
    for _ in 0..<count { queues.append(try QueuedEnd()) }
    self.queues = queues
    let numbers = PacketCount()
    near.connect { [queues] packet in queues[choose(numbers.next())].bring(packet) }
    for queue in queues { queue.connect { [weak near] packet in near?.bring(packet) } }
  }
}

/// One end of a wire in memory.
final class QueuedEnd: Link {
  let description = PacketQueue.description("queue")
  private let queue: PacketQueue
  private let deliver = Mutex<@Sendable ([UInt8]) -> Void>({ _ in })

  init() throws(LinkError) { queue = try PacketQueue() }

  var descriptor: Int32 { queue.descriptor }
  var isClosed: Bool { queue.isClosed }
  var statistics: LinkStatistics { LinkStatistics() }

  func connect(_ deliver: @escaping @Sendable ([UInt8]) -> Void) { self.deliver.withLock { $0 = deliver } }
  func bring(_ packet: [UInt8]) { queue.bring(packet) }

  func attach(_ addresses: [IPPrefix], gateways: [IPAddress]) throws(LinkError) {}
  func read(into batch: ReceiveBatch) throws(LinkError) -> Int { queue.read(into: batch) }

  func write(_ departure: borrowing Departure) throws(LinkError) -> LinkWrite {
    let deliver = deliver.withLock { $0 }
    deliver(departure.octets())
    return .done
  }

  func close() { queue.close() }
}

/// Numbers packets.
private final class PacketCount: Sendable {
  private let value = Atomic(0)
  func next() -> Int { value.add(1, ordering: .relaxed).oldValue }
}
