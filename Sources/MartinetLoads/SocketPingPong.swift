import Martinet
import MartinetRuntime
import MartinetTCP
import MartinetWire

/// One octet to and fro through blocking sockets: two threads, one stack, no link.
enum SocketPingPong {
  /// The round trips are timed in so many parts, so that what the machine does besides spoils only some.
  private static let parts = 50

  /// The nanoseconds of a round trip: the median of the parts.
  static func measure(rounds: Int, spinning: Spinning) throws(SocketPingPongError) -> Double {
    do {
      let stack = try NetworkStack([], spinning: spinning)
      defer { stack.abortAll() }
      let listener = try ServerSocket(port: 0, on: stack)
      let end = Endpoint(.v4(.loopback), listener.localPort ?? 0)
      guard OSThread.start(name: "echo", { echo(from: listener) }) else {
        throw SocketPingPongError(reason: "the system has no thread left")
      }
      let socket = try Socket(to: end, on: stack)
      try socket.setNoDelay(true)
      let (input, output) = (try socket.inputStream, try socket.outputStream)
      for _ in 0..<min(rounds, 100) { try turn(input, output) }
      let clock = ContinuousClock()
      let each = max(1, rounds / parts)
      var times: [Double] = []
      for _ in 0..<parts {
        let start = clock.now
        for _ in 0..<each { try turn(input, output) }
        let time = start.duration(to: clock.now).components
        times.append((Double(time.seconds) * 1e9 + Double(time.attoseconds) * 1e-9) / Double(each))
      }
      socket.close()
      return times.sorted()[parts / 2]
    } catch {
      throw SocketPingPongError(reason: "\(error)")
    }
  }

  /// Sends back what comes, until the peer closes or the stack ends.
  private static func echo(from listener: ServerSocket) {
    do {
      let socket = try listener.accept()
      try socket.setNoDelay(true)
      let (input, output) = (try socket.inputStream, try socket.outputStream)
      while let octet = try input.read() { try output.write(CollectionOfOne(octet)) }
      socket.close()
    } catch {
      // The client, which measures, sees the end of the connection as well.
      listener.close()
    }
  }

  private static func turn(_ input: SocketInputStream, _ output: SocketOutputStream) throws(SocketError) {
    try output.write(CollectionOfOne(UInt8(0x5A)))
    _ = try input.read()
  }
}

/// Why sockets gave no figure.
struct SocketPingPongError: Error {
  let reason: String
}
