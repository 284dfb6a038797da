import Dispatch
import Martinet
import MartinetLinks
import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Synchronization
import Testing

/// Two stacks of this process with a UDP tunnel on loopback between them, in real time.
struct TunnelPair {
  static let serverAddress = IPAddress.v4(IPv4Address(10, 77, 0, 1))
  let server: NetworkStack
  let client: NetworkStack

  init(spinning: Spinning = .automatic, resolver: any Resolver = SystemResolver()) throws {
    let hub = try HubLink(host: "127.0.0.1", port: 0)
    let join = try TunnelLink(host: "127.0.0.1", port: hub.outerEndpoint.port)
    server = try NetworkStack(
      link: hub, addresses: [IPPrefix(TunnelPair.serverAddress, 16)], spinning: spinning)
    client = try NetworkStack(
      link: join, addresses: [IPPrefix(.v4(IPv4Address(10, 77, 0, 2)), 16)], resolver: resolver, spinning: spinning)
  }
}

/// A thread of the operating system that brings a result.
final class Background<Result: Sendable>: Sendable {
  private let result = Mutex<Result?>(nil)
  private let end = DispatchSemaphore(value: 0)

  init(_ body: @escaping @Sendable () -> Result) {
    _ = OSThread.start(name: "background") {
      let value = body()
      self.result.withLock { $0 = value }
      self.end.signal()
    }
  }

  /// Waits for the end of the thread.
  func value() -> Result? {
    end.wait()
    return result.withLock { $0 }
  }
}

/// A pattern whose octets repeat after a prime number.
private func octet(_ position: Int) -> UInt8 { UInt8(truncatingIfNeeded: position % 251) }

@Suite("Two stacks over a UDP tunnel, in real time", .serialized, .blocksThreads)
struct TunnelTests {
  @Test("50 MB cross, and every octet is right", .timeLimit(.minutes(2)))
  func bulk() throws {
    let pair = try TunnelPair()
    let total = 50_000_000
    let listener = try ServerSocket(port: 9000, on: pair.server)
    let receiver = Background {
      guard let socket = try? listener.accept(), let input = try? socket.inputStream else { return -1 }
      var position = 0
      while let bytes = try? input.read(upTo: 65536) {
        let isRight = bytes.withUnsafeBufferPointer { bytes in
          bytes.indices.allSatisfy { bytes[$0] == octet(position + $0) }
        }
        guard isRight else { return position }
        position += bytes.count
      }
      socket.close()
      return position
    }
    let block = (0..<251 * 256).map(octet)
    let socket = try Socket(host: "10.77.0.1", port: 9000, on: pair.client)
    let output = try socket.outputStream
    var left = total
    while left > 0 {
      let count = min(left, block.count)
      try output.write(block[..<count])
      left -= count
    }
    socket.close()
    #expect(receiver.value() == total)
    #expect(try pair.client.shutdown(within: .seconds(10)))
    #expect(try pair.server.shutdown(within: .seconds(10)))
  }

  @Test(
    "A closed socket wakes a blocked reader and a blocked acceptor", .timeLimit(.minutes(1)), .proves("JS-27", "JSS-13")
  )
  func wakes() throws {
    let pair = try TunnelPair()
    let listener = try ServerSocket(port: 9000, on: pair.server)
    let socket = try Socket(host: "10.77.0.1", port: 9000, on: pair.client)
    let accepted = try listener.accept()
    let reader = Background { socketError { _ = try socket.inputStream.read(upTo: 1) } }
    let acceptor = Background { socketError { _ = try listener.accept() } }
    try pair.client.sleep(for: .milliseconds(50))
    let clock = ContinuousClock()
    let elapsed = clock.measure {
      socket.close()
      listener.close()
      #expect(reader.value()??.reason == .closed)
      #expect(acceptor.value()??.reason == .closed)
    }
    #expect(elapsed < .seconds(1))
    accepted.close()
    pair.client.abortAll()
    pair.server.abortAll()
  }

  @Test("Timeouts end accepting, reading and connecting", .timeLimit(.minutes(1)), .proves("JS-34", "JSS-11", "JS-08"))
  func timeouts() throws {
    let pair = try TunnelPair()
    let listener = try ServerSocket(port: 9000, on: pair.server)
    try listener.setAcceptTimeout(.milliseconds(50))
    #expect(socketError { _ = try listener.accept() }?.kind == .timeout)
    let socket = try Socket(host: "10.77.0.1", port: 9000, on: pair.client)
    try socket.setReadTimeout(.milliseconds(50))
    #expect(socketError { _ = try socket.inputStream.read(upTo: 1) }?.kind == .timeout)
    try listener.accept().outputStream.write([1])
    #expect(try socket.inputStream.read(upTo: 1) == [1])
    let nowhere = socketError {
      _ = try Socket(host: "10.77.9.9", port: 1, on: pair.client, timeout: .milliseconds(50))
    }
    #expect(nowhere?.kind == .timeout || nowhere?.kind == .noRoute)
    pair.client.abortAll()
    pair.server.abortAll()
  }

  @Test("A stack that was shut down ends blocked calls and refuses new ones", .timeLimit(.minutes(1)))
  func stopped() throws {
    let pair = try TunnelPair()
    let listener = try ServerSocket(port: 9000, on: pair.server)
    let acceptor = Background { socketError { _ = try listener.accept() } }
    try pair.client.sleep(for: .milliseconds(50))
    pair.server.abortAll()
    #expect(acceptor.value()??.reason == .stackStopped)
    #expect(socketError { _ = try listener.accept() }?.reason == .stackStopped)
    pair.server.abortAll()
    pair.client.abortAll()
  }

  @Test("Aborting resets what is open, within a second", .timeLimit(.minutes(1)))
  func abort() throws {
    let pair = try TunnelPair()
    let listener = try ServerSocket(port: 9000, on: pair.server)
    let socket = try Socket(host: "10.77.0.1", port: 9000, on: pair.client)
    let accepted = try listener.accept()
    let clock = ContinuousClock()
    let elapsed = clock.measure { pair.client.abortAll() }
    #expect(elapsed < .seconds(1))
    #expect(socketError { _ = try accepted.inputStream.read(upTo: 1) }?.reason == .reset(in: .established))
    socket.close()
    pair.server.abortAll()
  }

  @Test("An idle stack sleeps: its loop is not woken by writes that need no new deadline", .timeLimit(.minutes(1)))
  func quietLoop() throws {
    let pair = try TunnelPair()
    let listener = try ServerSocket(port: 9000, on: pair.server)
    let socket = try Socket(host: "10.77.0.1", port: 9000, on: pair.client)
    let accepted = try listener.accept()
    try pair.client.sleep(for: .milliseconds(300))
    let before = pair.client.core.loopTurns + pair.client.core.attendedTurns
    try pair.client.sleep(for: .seconds(1))
    #expect(pair.client.core.loopTurns + pair.client.core.attendedTurns - before <= 2)
    accepted.close()
    socket.close()
    pair.client.abortAll()
    pair.server.abortAll()
  }
}
