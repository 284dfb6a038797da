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

  @Test("Each option has a name, a getter and a setter; one that nobody has fails", .proves("JS-54"))
  func byName() throws {
    // Whether a buffer tunes itself is said by setting its size.
    let fields = Mirror(reflecting: SocketOptions()).children.compactMap(\.label).filter { !$0.hasPrefix("tunes") }
    #expect(Set(fields) == Socket.supportedOptions)
    let socket = try Socket(on: pair.client)
    try socket.set(.noDelay, to: true)
    try socket.set(.deadPeerBound, to: .seconds(9))
    try socket.set(.maximumSegmentSize, to: 500)
    #expect(try socket.value(of: .noDelay) && socket.noDelay)
    #expect(try socket.value(of: .deadPeerBound) == .seconds(9))
    #expect(try socket.maximumSegmentSize == 500)
    let unknown = SocketOption<Int>(named: "SO_MARK")
    #expect(socketError { try socket.set(unknown, to: 1) }?.kind == .unsupported)
    #expect(socketError { _ = try socket.value(of: unknown) }?.kind == .unsupported)
    #expect(socketError { try socket.set(.keepAliveCount, to: 1) }?.kind == .argument)
  }

  @Test("The performance preferences are hints that change nothing", .proves("JS-53"))
  func preferences() throws {
    let socket = try Socket(on: pair.client)
    let before = try socket.options
    socket.setPerformancePreferences(connectionTime: 1, latency: 2, bandwidth: -3)
    #expect(try socket.options == before)
  }

  @Test("An urgent octet does not wait for room in a full send buffer", .proves("JS-40"))
  func urgentWithoutRoom() throws {
    var options = SocketOptions()
    options.sendBufferSize = 1000
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: options)
      pair.simulation.withNetwork { network in network.cut(pair.wire) }
      try client.outputStream.write(pattern(1000))
      let error = socketError { try client.sendUrgentData(1) }
      #expect(error?.reason == .noBufferSpace && error?.kind == .socket)
      server.abort()
    }
  }

  @Test(
    "An error says how much of the call was done: a read nothing, a write what it had handed over", .proves("JS-35"))
  func transferred() throws {
    var options = SocketOptions()
    options.sendBufferSize = 1000
    options.userTimeout = .seconds(5)
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: options)
      try client.setReadTimeout(.milliseconds(50))
      #expect(socketError { _ = try client.inputStream.read(upTo: 1) }?.bytesTransferred == 0)
      pair.simulation.withNetwork { network in network.cut(pair.wire) }
      let error = socketError { try client.outputStream.write(pattern(3000)) }
      #expect(error?.bytesTransferred == 1000)
      server.abort()
    }
  }

  @Test("A stream has no mark to come back to; skipping reads and discards", .proves("JS-20"))
  func mark() throws {
    try pair.simulation.run {
      let (client, server, _) = try pair.connected()
      try client.outputStream.write(pattern(10))
      #expect(try !server.inputStream.supportsMark)
      #expect(socketError { try server.inputStream.reset() }?.kind == .unsupported)
      #expect(try server.inputStream.skip(4) == 4)
      #expect(try server.inputStream.read(exactly: 6) == Array(pattern(10).dropFirst(4)))
    }
  }

  @Test("A socket describes itself by its two ends", .proves("JS-51"))
  func describes() throws {
    try pair.simulation.run {
      #expect("\(try Socket(on: pair.client))" == "Socket[unconnected]")
      let (client, server, _) = try pair.connected()
      #expect("\(client)" == "Socket[\(client.localEndpoint!) to 10.0.0.2:80]")
      #expect("\(server)" == "Socket[10.0.0.2:80 to \(client.localEndpoint!)]")
    }
  }

  @Test("Segments are no larger than the option says, both ways")
  func segmentSize() throws {
    var options = SocketOptions()
    options.maximumSegmentSize = 500
    pair.record()
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: options)
      _ = pair.segments()
      try client.outputStream.write(pattern(2000))
      #expect(try server.inputStream.read(exactly: 2000) == pattern(2000))
      try server.outputStream.write(pattern(2000))
      #expect(try client.inputStream.read(exactly: 2000) == pattern(2000))
      let payloads = pair.segments().filter { $0.payload > 0 }.map(\.payload)
      #expect(payloads.count >= 8 && payloads.allSatisfy { $0 <= 500 })
    }
  }

  @Test("The mark of what is not sent keeps a writer back although the buffer has room")
  func notSent() throws {
    var options = SocketOptions()
    options.notSentLowWater = 2000
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: options)
      pair.simulation.withNetwork { network in network.cut(pair.wire) }
      try pair.simulation.spawn("closer") {
        try? pair.simulation.sleep(for: .seconds(3))
        client.abort()
      }
      let error = socketError { try client.outputStream.write(pattern(100_000)) }
      // Ten segments of the initial window, one more that probes the tail, and what may wait.
      #expect((15_000...18_000).contains(error?.bytesTransferred ?? 0))
      server.abort()
    }
  }

  @Test("Congestion control is each connection's choice, from the start or from now on", .proves("9293-MAY-18"))
  func congestion() throws {
    var options = SocketOptions()
    options.congestion = .reno
    try pair.simulation.run {
      let (client, server, _) = try pair.connected(clientOptions: options)
      #expect(client.status?.congestion == .reno && server.status?.congestion == .cubic)
      try client.outputStream.write(pattern(100_000))
      #expect(try server.inputStream.read(exactly: 100_000) == pattern(100_000))
      let before = client.status
      try client.setCongestion(.cubic)
      #expect(try client.congestion == .cubic)
      #expect(client.status?.congestion == .cubic)
      #expect(client.status?.congestionWindow == before?.congestionWindow)
      try client.set(.congestion, to: .bbr)
      try client.set(.pacing, to: true)
      #expect(try client.value(of: .congestion) == .bbr && client.value(of: .pacing))
      #expect(client.status?.congestion == .bbr && client.status?.pacingRate ?? 0 > 0)
      try client.outputStream.write(pattern(300_000))
      #expect(try server.inputStream.read(exactly: 300_000) == pattern(300_000))
      #expect(client.status?.deliveryRate ?? 0 > 0)
    }
  }

  @Test(
    "ECN is agreed to where one side asks and the other is not told to refuse, from the start on",
    .proves("9293-SHLD-8"))
  func ecn() throws {
    for (preference, mode) in [(ECNPreference.ask, ECNMode.accurate), (.askClassic, .classic), (.answer, .none)] {
      let pair = VirtualPair()
      var options = SocketOptions()
      options.ecn = preference
      try pair.simulation.run {
        let (client, server, _) = try pair.connected(clientOptions: options)
        #expect(try client.ecn == preference && server.ecn == .answer)
        try client.outputStream.write(pattern(1000))
        #expect(try server.inputStream.read(exactly: 1000) == pattern(1000))
        #expect(client.status?.ecn == mode && server.status?.ecn == mode)
        #expect(client.status?.isECNCapable == (mode != .none))
        server.abort()
      }
    }
  }
}
