import Martinet
import MartinetTestSupport
import Testing

@Suite("A snapshot of a connection")
struct SnapshotTests {
  let pair = VirtualPair()

  @Test("says what was agreed on, how the path is, and how things stand")
  func standing() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try client.outputStream.write(pattern(100_000))
      #expect(try server.inputStream.read(exactly: 100_000).count == 100_000)
      try pair.simulation.sleep(for: .seconds(3))
      let status = try #require(client.status)
      let scale = WindowScale(for: ConnectionOptions().maximumReceiveBufferSize)
      #expect(status.phase == .established && status.hasTimestamps && status.hasSelectiveAcknowledgement)
      #expect(status.sendWindowScale == scale && status.receiveWindowScale == scale)
      #expect(status.pathMTU == 1500 && status.segmentSize == 1448 && status.congestion == .cubic)
      #expect(status.smoothedRoundTrip >= .milliseconds(20) && status.minimumRoundTrip == .milliseconds(20))
      #expect(status.sinceSent >= .seconds(3) && status.sinceHeard >= .milliseconds(2900))
      #expect(status.recovery == .open && status.bytesInFlight == 0 && status.unansweredRetransmissions == 0)
      #expect(status.statistics.bytesAcknowledged == 100_000)
    }
  }

  @Test("shows that nobody answers while nobody does")
  func silence() throws {
    var options = SocketOptions()
    options.keepAlive = true
    options.keepAliveIdle = .seconds(1)
    options.keepAliveInterval = .seconds(1)
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: options)
      pair.simulation.withNetwork { network in network.cut(pair.wire) }
      try pair.simulation.sleep(for: .milliseconds(3500))
      #expect(client.status?.unansweredProbes == 3)
      try client.outputStream.write([1])
      try pair.simulation.sleep(for: .milliseconds(1500))
      let status = try #require(client.status)
      #expect(status.unansweredRetransmissions >= 2 && status.recovery == .timeout)
      #expect(status.sinceHeard >= .seconds(4))
      client.abort()
      server.abort()
    }
  }

  @Test("can be had of every connection of a stack, also of those that no program holds")
  func everyConnection() throws {
    try pair.simulation.run {
      let (client, server, listener) = try pair.connected()
      let waiting = try Socket(to: Endpoint(VirtualPair.serverAddress, 80), on: pair.client)
      // The last acknowledgement of the handshake is on its way.
      #expect(pair.server.connections.map(\.phase) == [.established, .synReceived])
      client.close()
      _ = try server.inputStream.read(upTo: 1)
      server.close()
      try pair.simulation.sleep(for: .seconds(1))
      #expect(Set(pair.client.connections.map(\.phase)) == [.timeWait, .established])
      #expect(pair.server.connections.map(\.phase) == [.established])
      waiting.close()
      listener.close()
    }
  }
}
