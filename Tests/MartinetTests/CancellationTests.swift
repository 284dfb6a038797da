import Martinet
import MartinetRuntime
import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Synchronization
import Testing

@Suite("A task that is cancelled")
struct CancellationTests {
  let pair = VirtualPair()

  /// Runs `body` as a child task, cancels it after a second, and returns its error.
  private func cancelling(_ body: @escaping @Sendable () async throws -> Void) async throws -> SocketError? {
    try await withThrowingTaskGroup(of: SocketError?.self) { group in
      group.addTask { await asyncSocketError(body) }
      try await pair.simulation.sleep(for: .seconds(1))
      group.cancelAll()
      return try await group.next() ?? nil
    }
  }

  @Test("In a read hears that it was interrupted, and the stream is closed")
  func read() throws {
    try pair.simulation.runAsync {
      let (client, server, _) = try await pair.connectedStreams()
      let error = try await cancelling { _ = try await client.read() }
      #expect(error?.reason == .interrupted && error?.operation == .read)
      #expect(error?.kind == .socket && error?.description.hasSuffix("closed by interrupt") == true)
      #expect(client.isClosed)
      #expect(try await server.read() == nil)
    }
  }

  @Test("In a write hears that it was interrupted and how far it came, and the stream is closed")
  func write() throws {
    try pair.simulation.runAsync {
      let (client, server, _) = try await pair.connectedStreams(client: .small, server: .small)
      let error = try await cancelling { try await client.write(pattern(100_000)) }
      #expect(error?.reason == .interrupted)
      #expect(error?.bytesTransferred == 2000)
      #expect(client.isClosed)
      #expect(try await server.readToEnd() == Array(pattern(100_000)[..<2000]))
    }
  }

  @Test("In the queue of writers leaves it, and the stream is closed")
  func queuedWrite() throws {
    try pair.simulation.runAsync {
      let (client, server, _) = try await pair.connectedStreams(client: .small, server: .small)
      async let first = asyncSocketError { try await client.write(pattern(100_000)) }
      try await pair.simulation.sleep(for: .seconds(1))
      let error = try await cancelling { try await client.write([1]) }
      #expect(error?.reason == .interrupted)
      #expect(await first?.reason == .closed)
      server.close()
    }
  }

  @Test("In a connect hears that it was interrupted, and nothing is left of the connection")
  func connect() throws {
    try pair.simulation.runAsync {
      pair.simulation.withNetwork { $0.cut(pair.wire) }
      let error = try await cancelling {
        _ = try await TCPStream.connect(to: VirtualPair.serverEndpoint, on: pair.client)
      }
      #expect(error?.reason == .interrupted && error?.operation == .connect)
      #expect(pair.client.connections.isEmpty)
    }
  }

  @Test("In an accept hears that it was interrupted, and the listener stays open")
  func accept() throws {
    try pair.simulation.runAsync {
      let listener = try TCPListener(port: 80, on: pair.server)
      let error = try await cancelling { _ = try await listener.accept() }
      #expect(error?.reason == .interrupted)
      #expect(!listener.isClosed)
      async let accepted = listener.accept()
      _ = try await TCPStream.connect(to: VirtualPair.serverEndpoint, on: pair.client)
      _ = try await accepted
    }
  }

  @Test("While it sleeps, is woken at once")
  func sleep() throws {
    try pair.simulation.runAsync {
      let ofStack = try await cancelling { try await pair.client.sleep(for: .seconds(100)) }
      let ofSimulation = try await cancelling { try await pair.simulation.sleep(for: .seconds(100)) }
      #expect(ofStack?.reason == .interrupted && ofSimulation?.reason == .interrupted)
      #expect(pair.simulation.now == .seconds(2))
    }
  }

  @Test("Outside of virtual time takes the tasks inside along")
  func outside() async throws {
    let task = Task {
      try await pair.simulation.runAsync {
        let listener = try TCPListener(port: 80, on: pair.server)
        // Virtual time stands still for one who waits for real time.
        try? await Task.sleep(for: .seconds(30))
        return await asyncSocketError { _ = try await listener.accept() }
      }
    }
    try await Task.sleep(for: .milliseconds(10))
    task.cancel()
    #expect(try await task.value?.reason == .interrupted)
  }

  @Test("While it waits for a warning, leaves the stream open")
  func warning() throws {
    try pair.simulation.runAsync {
      let (client, server, _) = try await pair.connectedStreams()
      let error = try await cancelling { _ = try await client.nextWarning() }
      #expect(error?.reason == .interrupted)
      try await client.write([1])
      #expect(try await server.read() == [1])
    }
  }

  @Test("Before its call is told at once, and the stream is closed", .proves("JS-52"))
  func beforehand() throws {
    try pair.simulation.runAsync {
      let (client, server, _) = try await pair.connectedStreams()
      let error = await withTaskGroup(of: SocketError?.self) { group in
        group.addTask {
          withUnsafeCurrentTask { $0?.cancel() }
          return await asyncSocketError { _ = try await client.read() }
        }
        return await group.next() ?? nil
      }
      #expect(error?.reason == .interrupted)
      #expect(client.isClosed)
      #expect(try await server.read() == nil)
    }
    try pair.simulation.runAsync {
      let listener = try ServerSocket(port: 81, on: pair.server)
      let socket = try Socket(to: Endpoint(VirtualPair.serverAddress, 81), on: pair.client)
      let other = try Socket(on: pair.client)
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          withUnsafeCurrentTask { $0?.cancel() }
          #expect(socketError { _ = try socket.inputStream.read() }?.reason == .interrupted)
          #expect(socketError { try other.connect(to: VirtualPair.serverEndpoint) }?.reason == .interrupted)
          #expect(socketError { _ = try listener.accept() }?.reason == .interrupted)
        }
      }
      #expect(socket.isClosed && other.isClosed && !listener.isClosed)
    }
  }
}

/// When a blocking call has ended.
private final class EndOfCall: Sendable {
  private let moment = Mutex<ContinuousClock.Instant?>(nil)
  func note() { moment.withLock { $0 = .now } }
  var time: ContinuousClock.Instant? { moment.withLock { $0 } }
}

@Suite("A blocking call in a task that is cancelled, in real time", .serialized, .blocksThreads)
struct InterruptionTests {
  /// Runs a blocking call in a task, waits until it is blocked, cancels the task and returns the error of the call.
  private func interrupting(
    _ socket: Socket, _ clock: NetworkStack, _ body: @escaping @Sendable () throws -> Void
  ) async throws -> SocketError? {
    // When the call ends, not when this task, which waits for a thread of the pool like all others, hears of it.
    let end = EndOfCall()
    let task = Task.detached(executorPreference: ThreadExecutor.shared) {
      await asyncSocketError {
        try await withInterruption(of: socket) {
          defer { end.note() }
          try body()
        }
      }
    }
    try await clock.sleep(for: .milliseconds(50))
    let begin = ContinuousClock.now
    task.cancel()
    let error = await task.value
    let ended = try #require(end.time)
    #expect(ended - begin < .seconds(1))
    return error
  }

  @Test("Ends, whatever it is, and closes the socket", .timeLimit(.minutes(1)), .proves("JS-52"))
  func interruption() async throws {
    let pair = try TunnelPair(resolver: SilentResolver())
    let listener = try TCPListener(port: 9000, on: pair.server)
    let remote = Endpoint(TunnelPair.serverAddress, 9000)

    let reader = try Socket(to: remote, on: pair.client)
    let readersPeer = try await listener.accept()
    let ofRead = try await interrupting(reader, pair.client) { _ = try reader.inputStream.read() }
    #expect(ofRead?.reason == .interrupted && reader.isClosed)
    let end = try await readersPeer.read()
    #expect(end == nil)

    let writer = try Socket(to: remote, on: pair.client)
    let writersPeer = try await listener.accept()
    let block = [UInt8](repeating: 1, count: 20_000_000)
    let ofWrite = try await interrupting(writer, pair.client) { try writer.outputStream.write(block) }
    #expect(ofWrite?.reason == .interrupted && writer.isClosed)
    writersPeer.abort()

    let connector = try Socket(on: pair.client)
    let nowhere = Endpoint(.v4(IPv4Address(10, 77, 200, 9)), 1)
    let ofConnect = try await interrupting(connector, pair.client) { try connector.connect(to: nowhere) }
    #expect(ofConnect?.reason == .interrupted && connector.isClosed)

    let searcher = try Socket(on: pair.client)
    let ofSearch = try await interrupting(searcher, pair.client) { try searcher.connect(host: "www.test", port: 80) }
    #expect(ofSearch?.reason == .interrupted && searcher.isClosed)
    pair.client.abortAll()
    pair.server.abortAll()
  }

  @Test("Others that are blocked on the same socket hear that it is closed", .timeLimit(.minutes(1)))
  func others() async throws {
    let pair = try TunnelPair()
    let listener = try ServerSocket(port: 9000, on: pair.server)
    let socket = try Socket(to: Endpoint(TunnelPair.serverAddress, 9000), on: pair.client)
    let bystander = Background { socketError { _ = try socket.inputStream.read() } }
    let error = try await interrupting(socket, pair.client) { _ = try socket.inputStream.read() }
    #expect(error?.reason == .interrupted)
    #expect(bystander.value()??.reason == .closed)
    listener.close()
    pair.client.abortAll()
    pair.server.abortAll()
  }
}

/// Never answers.
private struct SilentResolver: Resolver {
  func lookUp(
    _ name: String, _ families: [AddressFamily], on stack: NetworkStack, notify: @escaping @Sendable () -> Void
  ) -> any NameLookup { Lookup() }

  private final class Lookup: NameLookup {
    func poll(at now: Instant) -> NameProgress { NameProgress() }
    func cancel() {}
  }
}
