import Martinet
import MartinetRuntime
import MartinetStack
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("A thread that waits reads the links in the loop's place", .blocksThreads)
struct AttendanceTests {
  /// Two connected sockets over a tunnel.
  private struct Line {
    let pair: TunnelPair
    let listener: ServerSocket
    let client: Socket
    let server: Socket

    init(spinning: Spinning) throws {
      pair = try TunnelPair(spinning: spinning)
      listener = try ServerSocket(port: 9000, on: pair.server)
      client = try Socket(host: "10.77.0.1", port: 9000, on: pair.client)
      server = try listener.accept()
      for socket in [client, server] { try socket.setNoDelay(true) }
    }

    func end() {
      pair.client.abortAll()
      pair.server.abortAll()
    }
  }

  private func echo(_ socket: Socket) -> Background<Int> {
    Background {
      var count = 0
      while let octet = try? socket.inputStream.read() {
        count += 1
        try? socket.outputStream.write([octet])
      }
      socket.close()
      return count
    }
  }

  private func goToAndFro(_ socket: Socket, times: Int) throws {
    for number in 0..<times {
      try socket.outputStream.write([UInt8(truncatingIfNeeded: number)])
      #expect(try socket.inputStream.read() == UInt8(truncatingIfNeeded: number))
    }
  }

  @Test(
    "Answers are read by the thread that waits for them", .timeLimit(.minutes(1)),
    arguments: [Spinning.off, .automatic])
  func answers(spinning: Spinning) throws {
    let line = try Line(spinning: spinning)
    defer { line.end() }
    let echo = echo(line.server)
    let before = line.pair.client.core.attendedTurns
    try goToAndFro(line.client, times: 200)
    // Now and then the loop is quicker.
    #expect(line.pair.client.core.attendedTurns - before >= 100)
    line.client.close()
    #expect(echo.value() == 200)
  }

  @Test(
    "A thread that works for others alone leaves the links, and one that has more use for them takes them",
    .timeLimit(.minutes(1)))
  func othersFirst() throws {
    let line = try Line(spinning: .off)
    defer { line.end() }
    let second = try Socket(host: "10.77.0.1", port: 9000, on: line.pair.client)
    let secondServer = try line.listener.accept()
    let idle = Background { try? line.client.inputStream.read() }
    let echo = echo(secondServer)
    try goToAndFro(second, times: 300)
    let before = line.pair.client.core.attendedTurns
    try goToAndFro(second, times: 200)
    #expect(line.pair.client.core.attendedTurns - before >= 50)
    try line.server.outputStream.write([77])
    #expect(idle.value() == .some(.some(77)))
    second.close()
    #expect(echo.value() == 500)
  }

  @Test(
    "A read ends with its timeout, and with its socket", .timeLimit(.minutes(1)), arguments: [Spinning.off, .automatic])
  func ends(spinning: Spinning) throws {
    let line = try Line(spinning: spinning)
    defer { line.end() }
    #expect(socketError { _ = try line.client.inputStream.read(upTo: 1, within: .milliseconds(30)) }?.kind == .timeout)
    let reader = Background { socketError { _ = try line.client.inputStream.read(upTo: 1) }?.reason }
    try line.pair.server.sleep(for: .milliseconds(50))
    line.client.close()
    #expect(reader.value() == .closed)
  }

  @Test(
    "The end of the stack ends the wait of a thread that attends to its links, within a second", .timeLimit(.minutes(1))
  )
  func stop() throws {
    let line = try Line(spinning: .off)
    let sleeper = Background { socketError { try line.pair.client.sleep(for: .seconds(50)) } != nil }
    try line.pair.server.sleep(for: .milliseconds(50))
    let elapsed = ContinuousClock().measure { line.pair.client.abortAll() }
    #expect(elapsed < .seconds(1))
    #expect(sleeper.value() == true)
    line.pair.server.abortAll()
  }

  @Test(
    "Threads that write much, both ways at once and several on a stack, bring every octet in order",
    .timeLimit(.minutes(2)))
  func crossing() throws {
    let line = try Line(spinning: .automatic)
    defer { line.end() }
    let second = try Socket(host: "10.77.0.1", port: 9000, on: line.pair.client)
    let secondServer = try line.listener.accept()
    let octets = pattern(3_000_000)
    let ends = [line.client, line.server, second, secondServer]
    let readers = ends.map { socket in Background { try? socket.inputStream.read(exactly: octets.count) } }
    let writers = ends.map { socket in Background { (try? socket.outputStream.write(octets)) != nil } }
    for writer in writers { #expect(writer.value() == true) }
    for reader in readers { #expect(reader.value() == .some(.some(octets))) }
  }
}
