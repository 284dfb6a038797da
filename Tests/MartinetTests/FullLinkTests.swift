import Martinet
import MartinetLinks
import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Synchronization
import Testing

/// A link that is full after every few packets, like a device with a short queue.
final class ShortLink: Link {
  private let link: any Link
  private let packets: Int
  private let refused = Atomic(0)

  init(_ link: any Link, packets: Int) {
    self.link = link
    self.packets = packets
  }

  /// How often the link was full.
  var refusals: Int { refused.load(ordering: .relaxed) }
  var descriptor: Int32 { link.descriptor }
  var description: LinkDescription { link.description }
  var statistics: LinkStatistics { link.statistics }

  func attach(_ addresses: [IPPrefix], gateways: [IPAddress]) throws(LinkError) {
    try link.attach(addresses, gateways: gateways)
  }

  func read(into batch: ReceiveBatch) throws(LinkError) -> Int { try link.read(into: batch) }
  func write(_ departure: borrowing Departure) throws(LinkError) -> LinkWrite { try link.write(departure) }

  func write(_ batch: DepartureBatch, _ range: Range<Int>) throws(LinkError) -> Int {
    guard range.count > packets else { return try link.write(batch, range) }
    refused.add(1, ordering: .relaxed)
    return try link.write(batch, range.lowerBound..<range.lowerBound + packets)
  }

  func flush() { link.flush() }
  func close() { link.close() }
}

@Suite("A link that is often full", .serialized, .blocksThreads)
struct FullLinkTests {
  @Test("Is waited for: what it refused leaves later and in order", .timeLimit(.minutes(1)))
  func waits() throws {
    let hub = try HubLink(host: "127.0.0.1", port: 0)
    let short = ShortLink(try TunnelLink(host: "127.0.0.1", port: hub.outerEndpoint.port), packets: 3)
    let server = try NetworkStack(link: hub, addresses: [IPPrefix(TunnelPair.serverAddress, 16)])
    let client = try NetworkStack(link: short, addresses: [IPPrefix(.v4(IPv4Address(10, 77, 0, 2)), 16)])
    let listener = try ServerSocket(port: 9000, on: server)
    let message = pattern(3_000_000)
    let receiver = Background { (try? listener.accept().inputStream.readToEnd()) == message }
    let socket = try Socket(host: "10.77.0.1", port: 9000, on: client)
    try socket.outputStream.write(message)
    let retransmissions = socket.status?.statistics.retransmissions
    socket.close()
    #expect(receiver.value() == true)
    #expect(short.refusals > 10)
    #expect(retransmissions == 0)
    try client.shutdown(within: .seconds(5))
    try server.shutdown(within: .seconds(5))
    #expect(client.core.outputDrops == 0)
  }
}
