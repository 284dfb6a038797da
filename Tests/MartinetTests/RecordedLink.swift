import CMartinetLinux
import Glibc
import MartinetLinks
import MartinetStack
import MartinetWire
import Synchronization

/// A link without another end: it remembers what is written, and brings what the test puts in.
final class RecordedLink: Link {
  private struct State {
    var written: [[UInt8]] = []
    var waiting: [[UInt8]] = []
    var isFull = false
    var isClosed = false
  }

  let descriptor: Int32
  let description: LinkDescription
  private let state = Mutex(State())

  init() throws(LinkError) {
    descriptor = martinet_event_create()
    if descriptor < 0 { throw .system("eventfd", code: -descriptor) }
    var offer = LinkDescription(name: InterfaceName("recorded"), mtu: 1500)
    offer.isPointToPoint = true
    description = offer
  }

  deinit { _ = Glibc.close(descriptor) }

  var written: [[UInt8]] { state.withLock { $0.written } }
  var isClosed: Bool { state.withLock { $0.isClosed } }
  /// Whether it takes packets. Its descriptor is writable all the time, so that whoever waits for room asks at once.
  func setFull(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

  /// Lets a packet arrive.
  func bring(_ packet: [UInt8]) {
    state.withLock { $0.waiting.append(packet) }
    _ = martinet_event_raise(descriptor)
  }

  var statistics: LinkStatistics { LinkStatistics() }
  func attach(_ addresses: [IPPrefix], gateways: [IPAddress]) throws(LinkError) {}

  func read(into batch: ReceiveBatch) throws(LinkError) -> Int {
    _ = martinet_event_clear(descriptor)
    return state.withLock { state in
      while batch.room > 0 && !state.waiting.isEmpty {
        let packet = state.waiting.removeFirst()
        packet.withOctets(0..<packet.count) { batch.append($0) }
      }
      return batch.count
    }
  }

  func write(_ departure: borrowing Departure) throws(LinkError) -> LinkWrite {
    var octets = [UInt8](repeating: 0, count: departure.count)
    octets.withMutableOctets(0..<octets.count) { departure.copy(into: &$0) }
    return state.withLock { state in
      if state.isFull { return .wouldBlock }
      state.written.append(octets)
      return .done
    }
  }

  func close() { state.withLock { $0.isClosed = true } }
}
