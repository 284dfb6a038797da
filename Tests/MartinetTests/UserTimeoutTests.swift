import Martinet
import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("A socket and the user timeout of its peer")
struct UserTimeoutSocketTests {
  @Test(
    "What one end advertises the other adopts if it is willing, and keeps the connection as long",
    .proves("5482-02", "5482-05"))
  func adopted() throws {
    let pair = VirtualPair()
    var client = SocketOptions()
    client.advertisedUserTimeout = .seconds(1200)
    var server = SocketOptions()
    server.acceptsPeerUserTimeout = true
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: client, serverOptions: server)
      #expect(server.status?.peerUserTimeout == .seconds(1200) && server.status?.userTimeout == .seconds(1200))
      #expect(client.status?.userTimeout == .zero)
      #expect(try client.advertisedUserTimeout == .seconds(1200) && client.acceptsPeerUserTimeout == false)
      #expect(try server.advertisedUserTimeout == nil && server.acceptsPeerUserTimeout)
      // The client goes out of reach for longer than R2, and comes back.
      try client.setAdvertisedUserTimeout(.seconds(1500))
      try pair.simulation.sleep(for: .seconds(1))
      #expect(server.status?.userTimeout == .seconds(1500))
      pair.simulation.withNetwork { network in network.partition(pair.wire) }
      try server.outputStream.write([1, 2, 3])
      try pair.simulation.sleep(for: .seconds(1400))
      pair.simulation.withNetwork { network in network.heal(pair.wire) }
      #expect(try client.inputStream.read(exactly: 3) == [1, 2, 3])
      client.abort()
    }
  }

  @Test("A timeout that can't be said is refused", .proves("5482-01"))
  func bounds() throws {
    let socket = try Socket(on: VirtualPair().client)
    #expect(socketError { try socket.setAdvertisedUserTimeout(.zero) }?.kind == .argument)
    #expect(socketError { try socket.setAdvertisedUserTimeout(.seconds(32767 * 60 + 1)) }?.kind == .argument)
    try socket.setAdvertisedUserTimeout(.seconds(32767 * 60))
    try socket.setAdvertisedUserTimeout(nil)
  }
}
