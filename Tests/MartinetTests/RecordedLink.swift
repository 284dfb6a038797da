import MartinetLinks
import MartinetStack
import MartinetWire
import Synchronization

/// A link without another end: it remembers what is written, and brings what the test puts in.
final class RecordedLink: Link {
  private struct State {
    var written: [[UInt8]] = []
    var isFull = false
    var isBroken = false
  }

  let description = PacketQueue.description("recorded")
  private let queue: PacketQueue
  private let state = Mutex(State())

  init() throws(LinkError) { queue = try PacketQueue() }

  var descriptor: Int32 { queue.descriptor }
  var written: [[UInt8]] { state.withLock { $0.written } }
  var isClosed: Bool { queue.isClosed }
  var statistics: LinkStatistics { LinkStatistics() }

  /// Whether it takes packets. Its descriptor is writable all the time, so that whoever waits for room asks at once.
  func setFull(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

  /// Ends the link, whose descriptor says so from here on.
  func breakDown() {
    state.withLock { $0.isBroken = true }
    queue.bring([])
  }

  /// Lets a packet arrive.
  func bring(_ packet: [UInt8]) { queue.bring(packet) }

  func attach(_ addresses: [IPPrefix], gateways: [IPAddress]) throws(LinkError) {}
  func read(into batch: ReceiveBatch) throws(LinkError) -> Int {
    if state.withLock({ $0.isBroken }) { throw .gone("recorded") }
    return queue.read(into: batch)
  }

  func write(_ departure: borrowing Departure) throws(LinkError) -> LinkWrite {
    let octets = departure.octets()
    return state.withLock { state in
      if state.isFull { return .wouldBlock }
      state.written.append(octets)
      return .done
    }
  }

  func close() { queue.close() }
}
