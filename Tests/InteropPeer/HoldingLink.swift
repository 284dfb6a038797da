import Foundation
import Martinet
import Synchronization

/// A link that can be deaf for a while: what arrives waits in the kernel's queue, so that both ends of a connection act without having heard of each other.
final class HoldingLink: Link {
  private let link: any Link
  private let deafUntil = Mutex(Date.distantPast)

  init(_ link: any Link) { self.link = link }

  func hold(seconds: Double) { deafUntil.withLock { $0 = Date().addingTimeInterval(seconds) } }

  var descriptor: Int32 { link.descriptor }
  var description: LinkDescription { link.description }
  var statistics: LinkStatistics { link.statistics }
  func attach(_ addresses: [IPPrefix], gateways: [IPAddress]) throws(LinkError) {
    try link.attach(addresses, gateways: gateways)
  }
  func read(into batch: ReceiveBatch) throws(LinkError) -> Int {
    if deafUntil.withLock({ $0 > Date() }) {
      Thread.sleep(forTimeInterval: 0.001)
      return 0
    }
    return try link.read(into: batch)
  }
  func write(_ departure: borrowing Departure) throws(LinkError) -> LinkWrite { try link.write(departure) }
  func flush() { link.flush() }
  func close() { link.close() }
}
