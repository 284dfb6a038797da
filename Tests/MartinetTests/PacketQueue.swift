import CMartinetLinux
import Glibc
import MartinetLinks
import MartinetStack
import MartinetWire
import Synchronization

/// What a link of the tests brings: packets that wait, and a descriptor that is readable as long as there are any.
final class PacketQueue: Sendable {
  private struct State {
    var waiting: [[UInt8]] = []
    var isClosed = false
  }

  let descriptor: Int32
  private let state = Mutex(State())

  init() throws(LinkError) {
    descriptor = martinet_event_create()
    if descriptor < 0 { throw .system("eventfd", code: -descriptor) }
  }

  deinit { _ = Glibc.close(descriptor) }

  /// What a link with such a queue offers.
  static func description(_ name: String) -> LinkDescription {
    var offer = LinkDescription(name: InterfaceName(name), mtu: 1500)
    offer.isPointToPoint = true
    return offer
  }

  var isClosed: Bool { state.withLock { $0.isClosed } }
  func close() { state.withLock { $0.isClosed = true } }

  /// Lets a packet arrive.
  func bring(_ packet: [UInt8]) {
    state.withLock { $0.waiting.append(packet) }
    _ = martinet_event_raise(descriptor)
  }

  func read(into batch: ReceiveBatch) -> Int {
    _ = martinet_event_clear(descriptor)
    return state.withLock { state in
      let taken = state.waiting.prefix(batch.room)
      for packet in taken { packet.withOctets(0..<packet.count) { batch.append($0) } }
      state.waiting.removeFirst(taken.count)
      if !state.waiting.isEmpty { _ = martinet_event_raise(descriptor) }
      return batch.count
    }
  }
}

extension Departure {
  /// The packet as it leaves.
  borrowing func octets() -> [UInt8] {
    var octets = [UInt8](repeating: 0, count: count)
    octets.withMutableOctets(0..<octets.count) { copy(into: &$0) }
    return octets
  }
}
