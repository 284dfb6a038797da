import Dispatch
import Glibc
import Martinet
import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Synchronization
import Testing

@Suite("Tasks run on the thread that reads the links", .serialized, .blocksThreads)
struct LinkExecutorTests {
  /// A stack with the executor, and one whose sockets block.
  private struct Line {
    let pair: TunnelPair
    let listener: TCPListener
    let executor: LinkExecutor

    init(spinning: Spinning = .automatic) throws {
      pair = try TunnelPair(spinning: spinning)
      var options = SocketOptions.asyncDefaults
      options.noDelay = true
      listener = try TCPListener(port: 9000, on: pair.server, options: options)
      executor = try #require(pair.server.executor)
    }

    func connect() throws -> Socket {
      let socket = try Socket(host: "10.77.0.1", port: 9000, on: pair.client)
      try socket.setNoDelay(true)
      return socket
    }

    /// Accepts one connection and serves it.
    @discardableResult
    func serve<Result: Sendable>(
      _ body: @escaping @Sendable (TCPStream) async throws -> Result
    ) -> Task<Result, any Error> {
      Task(executorPreference: executor) { try await body(listener.accept()) }
    }

    func end() {
      pair.client.abortAll()
      pair.server.abortAll()
    }
  }

  private static func echo(_ stream: TCPStream) async throws -> Int {
    var count = 0
    while let octets = try await stream.read() {
      count += octets.count
      try await stream.write(octets)
    }
    stream.close()
    return count
  }

  private func goToAndFro(_ socket: Socket, times: Int) throws {
    for number in 0..<times {
      try socket.outputStream.write([UInt8(truncatingIfNeeded: number)])
      #expect(try socket.inputStream.read() == UInt8(truncatingIfNeeded: number))
    }
  }

  @Test("that serves them, one and several at once", .timeLimit(.minutes(1)), arguments: [Spinning.off, .automatic])
  func serves(spinning: Spinning) async throws {
    let line = try Line(spinning: spinning)
    defer { line.end() }
    let servers = (0..<3).map { _ in line.serve(LinkExecutorTests.echo) }
    let sockets = try (0..<3).map { _ in try line.connect() }
    let before = line.pair.server.core.attendedTurns
    for socket in sockets { try goToAndFro(socket, times: 100) }
    // Now and then the loop is quicker.
    #expect(line.pair.server.core.attendedTurns - before >= 150)
    for socket in sockets { socket.close() }
    for server in servers { #expect(try await server.value == 100) }
  }

  @Test(
    "One segment carries an answer with the acknowledgement of what it answers, and the FIN with that of the peer's",
    .timeLimit(.minutes(1)))
  func combines() async throws {
    let line = try Line()
    defer { line.end() }
    let rounds = 50
    let server = Task(executorPreference: line.executor) {
      for _ in 0..<rounds { _ = try await LinkExecutorTests.echo(line.listener.accept()) }
    }
    let before = line.pair.server.connectionTotals.segmentsSent
    for _ in 0..<rounds {
      let socket = try line.connect()
      try goToAndFro(socket, times: 1)
      try socket.shutdownOutput()
      #expect(try socket.inputStream.read() == nil)
      socket.close()
    }
    try await server.value
    // The SYN, the octet, the FIN; now and then the loop is quicker, and acknowledges before.
    #expect(line.pair.server.connectionTotals.segmentsSent - before < UInt64(rounds * 7 / 2))
  }

  /// Rings again and again until it is told to stop.
  private final class Ringing: Sendable {
    private let stack: NetworkStack
    private let isOver = Atomic(false)

    init(_ stack: NetworkStack, every interval: Interval) {
      self.stack = stack
      ring(every: interval)
    }

    private func ring(every interval: Interval) {
      let alarm = Alarm { [self] outcome in
        if outcome == .timedOut && !isOver.load(ordering: .acquiring) { ring(every: interval) }
      }
      _ = stack.core.set(alarm, at: stack.core.now + interval)
    }

    func stop() { isOver.store(true, ordering: .releasing) }
  }

  @Test(
    "An alarm that rings while a task runs sends nothing that the task is about to send with more",
    .timeLimit(.minutes(1)))
  func alarms() async throws {
    let line = try Line()
    defer { line.end() }
    let rounds = 20
    let server = Task(executorPreference: line.executor) {
      while let stream = try? await line.listener.accept() {
        // The peer's FIN is to be acknowledged at once.
        guard try await stream.read() == nil else { return }
        let begin = line.pair.server.core.now
        while line.pair.server.core.now - begin < .microseconds(300) {}
        stream.close()
      }
    }
    let ringing = Ringing(line.pair.server, every: .microseconds(50))
    var fewest = UInt64.max
    // On a busy machine the thread may well be kept longer than the links wait for it.
    for _ in 0..<10 where fewest > UInt64(rounds * 5 / 2) {
      let before = line.pair.server.connectionTotals.segmentsSent
      for _ in 0..<rounds {
        let socket = try line.connect()
        try socket.shutdownOutput()
        #expect(try socket.inputStream.read() == nil)
        socket.close()
      }
      fewest = min(fewest, line.pair.server.connectionTotals.segmentsSent - before)
    }
    ringing.stop()
    // The SYN, and the FIN with the acknowledgement.
    #expect(fewest <= UInt64(rounds * 5 / 2))
    line.listener.close()
    try await server.value
  }

  @Test("A wait that was given up leaves nothing to the next", .timeLimit(.minutes(1)))
  func waits() async throws {
    let line = try Line()
    defer { line.end() }
    let server = line.serve { stream in
      var missed = 0
      for number in UInt8(0)..<20 {
        try stream.setReadTimeout(.milliseconds(1))
        do {
          _ = try await stream.read()
        } catch let error as SocketError where error.kind == .timeout {
          missed += 1
        }
        try stream.setReadTimeout(nil)
        try await stream.write([number])
        guard try await stream.read() == [number] else { return 0 }
      }
      return missed
    }
    let socket = try line.connect()
    for number in UInt8(0)..<20 {
      #expect(try socket.inputStream.read() == number)
      usleep(500)
      try socket.outputStream.write([number])
    }
    #expect(try await server.value == 20)
  }

  @Test("A task that keeps the thread keeps nobody else from the stack", .timeLimit(.minutes(1)))
  func longTask() async throws {
    let line = try Line()
    defer { line.end() }
    let other = try ServerSocket(port: 9001, on: line.pair.server)
    let isDone = DispatchSemaphore(value: 0)
    let hog = Task(executorPreference: line.executor) { isDone.wait() }
    let echo = Background {
      guard let socket = try? other.accept() else { return false }
      while let octet = try? socket.inputStream.read() { try? socket.outputStream.write([octet]) }
      return true
    }
    let socket = try Socket(host: "10.77.0.1", port: 9001, on: line.pair.client)
    try goToAndFro(socket, times: 50)
    socket.close()
    #expect(echo.value() == true)
    isDone.signal()
    await hog.value
  }

  @Test("What a task has written leaves, though it keeps the thread afterwards", .timeLimit(.minutes(1)))
  func writesAndBlocks() async throws {
    let line = try Line()
    defer { line.end() }
    let isThere = DispatchSemaphore(value: 0)
    let server = line.serve { stream in
      for number in UInt8(0)..<20 {
        try await stream.write([number])
        isThere.wait()
      }
    }
    let socket = try line.connect()
    for number in UInt8(0)..<20 {
      #expect(try socket.inputStream.read() == number)
      isThere.signal()
    }
    try await server.value
  }

  @Test("A task may block its thread in a call on the same stack, which then reads the links", .timeLimit(.minutes(1)))
  func blockingCall() async throws {
    let line = try Line()
    defer { line.end() }
    let other = try ServerSocket(port: 9001, on: line.pair.server)
    let server = line.serve { stream in
      let socket = try other.accept()
      for number in UInt8(0)..<50 {
        try await stream.write([number])
        guard try socket.inputStream.read() == number else { return false }
      }
      return true
    }
    let inward = try line.connect()
    let outward = try Socket(host: "10.77.0.1", port: 9001, on: line.pair.client)
    for number in UInt8(0)..<50 {
      #expect(try inward.inputStream.read() == number)
      try outward.outputStream.write([number])
    }
    #expect(try await server.value)
  }

  @Test("Tasks that write much, several at once and both ways, bring every octet in order", .timeLimit(.minutes(2)))
  func crossing() async throws {
    let line = try Line()
    defer { line.end() }
    let octets = pattern(2_000_000)
    let servers = (0..<2).map { _ in
      line.serve { stream in
        async let written: Void = stream.write(octets)
        var read: [UInt8] = []
        while read.count < octets.count, let piece = try await stream.read() { read += piece }
        try await written
        return read == octets
      }
    }
    let sockets = try (0..<2).map { _ in try line.connect() }
    let readers = sockets.map { socket in Background { try? socket.inputStream.read(exactly: octets.count) } }
    let writers = sockets.map { socket in Background { (try? socket.outputStream.write(octets)) != nil } }
    for writer in writers { #expect(writer.value() == true) }
    for reader in readers { #expect(reader.value() == .some(.some(octets))) }
    for server in servers { #expect(try await server.value) }
  }

  @Test("The end of the stack ends its thread, not its tasks", .timeLimit(.minutes(1)))
  func end() async throws {
    let line = try Line()
    let waiting = line.serve { _ in }
    let elapsed = ContinuousClock().measure { line.end() }
    #expect(elapsed < .seconds(1))
    await #expect(throws: SocketError.self) { try await waiting.value }
    #expect(await Task(executorPreference: line.executor) { 7 }.value == 7)
  }

  @Test("A task may end the stack on whose thread it runs", .timeLimit(.minutes(1)))
  func endFromWithin() async throws {
    let line = try Line()
    defer { line.end() }
    let number = await Task(executorPreference: line.executor) {
      line.pair.server.abortAll()
      await Task.yield()
      return 7
    }.value
    #expect(number == 7)
  }

  @Test("A simulated stack has no executor, and a stack has one only")
  func number() throws {
    #expect(VirtualPair().server.executor == nil)
    let line = try Line()
    defer { line.end() }
    #expect(line.pair.server.executor === line.executor)
  }
}
