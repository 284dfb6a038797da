import Martinet
import MartinetRuntime
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Tasks and threads at once, in real time", .serialized, .blocksThreads)
struct AsyncStressTests {
  let remote = Endpoint(TunnelPair.serverAddress, 9000)

  @Test(
    "A read that is cancelled while octets come brings them or was interrupted, and always ends",
    .timeLimit(.minutes(2)))
  func readRace() async throws {
    let pair = try TunnelPair()
    let listener = try TCPListener(port: 9000, on: pair.server)
    var outcomes = (read: 0, interrupted: 0)
    for round in 0..<300 {
      let client = try await TCPStream.connect(to: remote, on: pair.client)
      let server = try await listener.accept()
      let reading = Task { try await client.read() }
      async let writing: Void = {
        for _ in 0..<round % 11 { await Task.yield() }
        try await server.write([UInt8(round % 256)])
      }()
      for _ in 0..<round % 13 * 10 { await Task.yield() }
      reading.cancel()
      do {
        #expect(try await reading.value == [UInt8(round % 256)])
        outcomes.read += 1
      } catch {
        #expect((error as? SocketError)?.reason == .interrupted)
        #expect(client.isClosed)
        outcomes.interrupted += 1
      }
      _ = try? await writing
      client.abort()
      server.abort()
    }
    #expect(outcomes.read + outcomes.interrupted == 300)
    #expect(try pair.client.shutdown(within: .seconds(10)))
    pair.server.abortAll()
  }

  @Test("An accept that is cancelled while connections come loses none", .timeLimit(.minutes(2)))
  func acceptRace() async throws {
    let pair = try TunnelPair()
    let listener = try TCPListener(port: 9000, on: pair.server)
    async let connected = {
      var streams: [TCPStream] = []
      for _ in 0..<200 { streams.append(try await TCPStream.connect(to: remote, on: pair.client)) }
      return streams
    }()
    var accepted: [TCPStream] = []
    var attempts = 0
    while accepted.count < 200 {
      let accepting = Task { try await listener.accept() }
      // However busy the machine is, some attempts have the time that they need.
      attempts += 1
      for _ in 0..<attempts % 101 { await Task.yield() }
      accepting.cancel()
      if let stream = try? await accepting.value { accepted.append(stream) }
    }
    #expect(Set(accepted.compactMap(\.remoteEndpoint)).count == 200)
    #expect(try await connected.count == 200)
    pair.client.abortAll()
    pair.server.abortAll()
  }

  @Test("Writers that are cancelled in their queue hold up nobody", .timeLimit(.minutes(2)))
  func writeRace() async throws {
    let pair = try TunnelPair()
    let listener = try TCPListener(port: 9000, on: pair.server)
    for round in 0..<30 {
      let client = try await TCPStream.connect(to: remote, on: pair.client, options: .small)
      let server = try await listener.accept()
      let draining = Task { try await server.readToEnd() }
      let writers = (0..<8).map { number in
        Task { await asyncSocketError { try await client.write([UInt8](repeating: UInt8(number), count: 10_000)) } }
      }
      for _ in 0..<round * 5 { await Task.yield() }
      writers[round % 8].cancel()
      for writer in writers {
        let reason = await writer.value?.reason
        #expect(reason == nil || reason == .interrupted || reason == .closed)
      }
      client.close()
      _ = try? await draining.value
      server.abort()
    }
    pair.client.abortAll()
    pair.server.abortAll()
  }

  @Test(
    "A thousand blocked readers, each on a socket of its own, are woken by close within a second",
    .timeLimit(.minutes(2)), .proves("JS-27"))
  func thousandReaders() throws {
    let pair = try TunnelPair()
    let listener = try ServerSocket(port: 9000, on: pair.server)
    var sockets: [Socket] = []
    var peers: [Socket] = []
    for _ in 0..<1000 {
      sockets.append(try Socket(to: remote, on: pair.client))
      peers.append(try listener.accept())
    }
    let readers = sockets.map { socket in Background { socketError { _ = try socket.inputStream.read() } } }
    try pair.client.sleep(for: .seconds(1))
    let elapsed = ContinuousClock().measure {
      for socket in sockets { socket.close() }
      for reader in readers { #expect(reader.value()??.reason == .closed) }
    }
    #expect(elapsed < .seconds(1))
    pair.client.abortAll()
    pair.server.abortAll()
    withExtendedLifetime(peers) {}
  }

  @Test("A stack that is shut down ends the waiting calls of tasks and refuses new ones", .timeLimit(.minutes(1)))
  func stopped() async throws {
    let pair = try TunnelPair()
    let listener = try TCPListener(port: 9000, on: pair.server)
    let client = try await TCPStream.connect(to: remote, on: pair.client)
    try client.setReadTimeout(.seconds(100))
    let server = try await listener.accept()
    async let accepting = asyncSocketError { _ = try await listener.accept() }
    async let sleeping = asyncSocketError { try await pair.client.sleep(for: .seconds(100)) }
    async let reading = asyncSocketError { _ = try await client.read() }
    try await pair.server.sleep(for: .milliseconds(50))
    pair.server.abortAll()
    pair.client.abortAll()
    #expect(await accepting?.reason == .stackStopped)
    #expect(await sleeping?.reason == .stackStopped)
    // What comes first: the end of this stack, or the reset from the other.
    let reason = await reading?.reason
    #expect(reason == .stackStopped || reason == .ended(.aborted) || reason == .reset(in: .established))
    #expect(server.localPort == 9000)
    #expect(await asyncSocketError { try await pair.client.sleep(for: .zero) }?.reason == .stackStopped)
  }

  @Test("Timeouts end reading and accepting on the real clock", .timeLimit(.minutes(1)))
  func timeouts() async throws {
    let pair = try TunnelPair()
    let listener = try TCPListener(port: 9000, on: pair.server)
    let client = try await TCPStream.connect(to: remote, on: pair.client)
    let server = try await listener.accept()
    try listener.setAcceptTimeout(.milliseconds(50))
    try client.setReadTimeout(.milliseconds(50))
    let begin = ContinuousClock.now
    #expect(await asyncSocketError { _ = try await listener.accept() }?.kind == .timeout)
    #expect(await asyncSocketError { _ = try await client.read() }?.kind == .timeout)
    #expect(ContinuousClock.now - begin >= .milliseconds(100))
    try await server.write([5])
    #expect(try await client.read() == [5])
    pair.client.abortAll()
    pair.server.abortAll()
  }
}
