import Martinet
import MartinetRuntime
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Options of a connected socket")
struct OptionTests {
  let pair = VirtualPair()

  /// The payloads that the client sent since the last look.
  private func sentPayloads() -> [Int] {
    pair.segments().filter { $0.isSent && $0.payload > 0 }.map(\.payload)
  }

  @Test("Small writes wait for the acknowledgement of earlier ones, unless noDelay is set", .proves("JS-36"))
  func noDelay() throws {
    pair.record()
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      _ = pair.segments()
      for value in UInt8(1)...3 { try client.outputStream.write([value]) }
      #expect(sentPayloads() == [1])
      try client.setNoDelay(true)
      #expect(try client.noDelay)
      #expect(sentPayloads() == [2])
      for value in UInt8(4)...5 { try client.outputStream.write([value]) }
      #expect(sentPayloads() == [1, 1])
      #expect(try server.inputStream.read(exactly: 5) == [1, 2, 3, 4, 5])
    }
  }

  @Test("Keep-alive finds a dead peer, and the blocked read says so", .proves("JS-37"))
  func keepAlive() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      #expect(try !client.keepAlive)
      var options = try client.options
      options.keepAlive = true
      options.keepAliveIdle = .seconds(10)
      options.keepAliveInterval = .seconds(5)
      options.keepAliveCount = 3
      try client.setOptions(options)
      pair.simulation.withNetwork { network in network.cut(pair.wire) }
      let begin = pair.simulation.now
      let error = socketError { _ = try client.inputStream.read(upTo: 1) }
      guard case .ended(.keepAliveTimedOut(let evidence)) = error?.reason else {
        Issue.record("the error is \(String(describing: error))")
        return
      }
      #expect(error?.kind == .socket && evidence.attempts == 3)
      #expect((20...30).contains((pair.simulation.now - begin).components.seconds))
      server.abort()
    }
  }

  @Test("Without keep-alive a silent peer is waited for", .proves("JS-37"))
  func noKeepAlive() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      pair.simulation.withNetwork { network in network.cut(pair.wire) }
      try client.setReadTimeout(.seconds(100_000))
      #expect(socketError { _ = try client.inputStream.read(upTo: 1) }?.kind == .timeout)
      #expect(client.status?.phase == .established)
      server.abort()
    }
  }

  @Test("Data that nobody acknowledges for the user timeout end the connection")
  func userTimeout() throws {
    var options = SocketOptions()
    options.userTimeout = .seconds(5)
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: options)
      pair.simulation.withNetwork { network in network.cut(pair.wire) }
      let begin = pair.simulation.now
      try client.outputStream.write([1])
      let error = socketError { _ = try client.inputStream.read(upTo: 1) }
      guard case .ended(.userTimedOut) = error?.reason else {
        Issue.record("the error is \(String(describing: error))")
        return
      }
      #expect((5...7).contains((pair.simulation.now - begin).components.seconds))
      server.abort()
    }
  }

  @Test(
    "A receive buffer beyond 64 KiB, set before connecting, becomes a window beyond 64 KiB", .proves("JS-42", "JSS-17"),
    arguments: [20_000, 500_000])
  func window(size: Int) throws {
    var options = SocketOptions()
    options.receiveBufferSize = size
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(serverOptions: options)
      try client.outputStream.write(pattern(1_000_000 - size))
      try pair.simulation.sleep(for: .seconds(20))
      let unread = try server.inputStream.available
      #expect(unread <= size && unread > size / 2)
      client.abort()
    }
  }

  @Test("Growing the receive buffer of a connected socket opens its window", .proves("JS-42"))
  func growing() throws {
    var options = SocketOptions()
    options.receiveBufferSize = 10_000
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(serverOptions: options)
      try client.outputStream.write(pattern(100_000))
      try pair.simulation.sleep(for: .seconds(5))
      #expect(try server.inputStream.available <= 10_000)
      try server.setReceiveBufferSize(40_000)
      #expect(try server.receiveBufferSize == 40_000)
      try pair.simulation.sleep(for: .seconds(60))
      #expect(try server.inputStream.available > 20_000)
      client.abort()
    }
  }

  @Test("The traffic class stands in later packets, without the bits of ECN", .proves("JS-45"))
  func trafficClass() throws {
    pair.record()
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try client.setTrafficClass(0xB9)
      #expect(try client.trafficClass == 0xB8)
      _ = pair.segments()
      try client.outputStream.write([1])
      #expect(pair.segments().first?.trafficClass == 0xB8)
      server.abort()
    }
  }

  @Test(
    "An urgent octet is left out of the stream, or stays at its place", .proves("JS-38", "JS-39"),
    arguments: [false, true])
  func urgent(inline: Bool) throws {
    pair.record()
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try server.setUrgentInline(inline)
      #expect(try server.urgentInline == inline)
      try client.outputStream.write([1, 2])
      try client.sendUrgentData(3)
      try client.outputStream.write([4])
      try client.shutdownOutput()
      #expect(try server.inputStream.readToEnd() == (inline ? [1, 2, 3, 4] : [1, 2, 4]))
      #expect(pair.segments().contains { $0.isSent && $0.flags.contains(.urg) })
      #expect(socketError { try client.sendUrgentData(5) }?.reason == .outputIsShutDown)
    }
  }

  @Test("A port whose connections are in TIME-WAIT can be listened on again", .proves("JSS-06"))
  func listenAgain() throws {
    try pair.simulation.run {
      let (client, server, listener) = try pair.connected()
      server.close()
      try pair.simulation.sleep(for: .milliseconds(100))
      client.close()
      listener.close()
      try pair.simulation.sleep(for: .milliseconds(100))
      let again = try ServerSocket(port: 80, on: pair.server)
      let next = try Socket(to: Endpoint(VirtualPair.serverAddress, 80), on: pair.client)
      #expect(try again.accept().remoteEndpoint == next.localEndpoint)
    }
  }

  @Test("Shutting a stack down waits for the last acknowledgement, and not for TIME-WAIT")
  func shutdown() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try client.outputStream.write(pattern(100_000))
      client.close()
      #expect(try pair.client.shutdown(within: .seconds(10)))
      #expect(pair.simulation.now < .seconds(2))
      #expect(try server.inputStream.readToEnd() == pattern(100_000))
    }
  }

  @Test("Shutting a stack down gives up at its limit and resets")
  func shutdownExpires() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      pair.simulation.withNetwork { network in network.cut(pair.wire) }
      try client.outputStream.write([1])
      client.close()
      let begin = pair.simulation.now
      #expect(try !pair.client.shutdown(within: .seconds(10)))
      #expect(pair.simulation.now - begin == .seconds(10))
      server.abort()
    }
  }
}
