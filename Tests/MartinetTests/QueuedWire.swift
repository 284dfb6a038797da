import CMartinetLinux
import Glibc
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
  private struct State {
    var waiting: [[UInt8]] = []
    var deliver: @Sendable ([UInt8]) -> Void = { _ in }
    var isClosed = false
  }

  let descriptor: Int32
  let description: LinkDescription
  private let state = Mutex(State())

  init() throws(LinkError) {
    descriptor = martinet_event_create()
    if descriptor < 0 { throw .system("eventfd", code: -descriptor) }
    var offer = LinkDescription(name: InterfaceName("queue"), mtu: 1500)
    offer.isPointToPoint = true
    description = offer
  }

  deinit { _ = Glibc.close(descriptor) }

  var isClosed: Bool { state.withLock { $0.isClosed } }
  var statistics: LinkStatistics { LinkStatistics() }

  func connect(_ deliver: @escaping @Sendable ([UInt8]) -> Void) { state.withLock { $0.deliver = deliver } }

  func bring(_ packet: [UInt8]) {
    state.withLock { $0.waiting.append(packet) }
    _ = martinet_event_raise(descriptor)
  }

  func attach(_ addresses: [IPPrefix], gateways: [IPAddress]) throws(LinkError) {}

  func read(into batch: ReceiveBatch) throws(LinkError) -> Int {
    _ = martinet_event_clear(descriptor)
    return state.withLock { state in
      let taken = state.waiting.prefix(batch.room)
      for packet in taken { packet.withOctets(0..<packet.count) { batch.append($0) } }
      state.waiting.removeFirst(taken.count)
      if !state.waiting.isEmpty { _ = martinet_event_raise(descriptor) }
      return batch.count
    }
  }

  func write(_ departure: borrowing Departure) throws(LinkError) -> LinkWrite {
    var octets = [UInt8](repeating: 0, count: departure.count)
    octets.withMutableOctets(0..<octets.count) { departure.copy(into: &$0) }
    let deliver = state.withLock { $0.deliver }
    deliver(octets)
    return .done
  }

  func close() { state.withLock { $0.isClosed = true } }
}

/// Numbers packets.
private final class PacketCount: Sendable {
  private let value = Atomic(0)
  func next() -> Int { value.add(1, ordering: .relaxed).oldValue }
}
