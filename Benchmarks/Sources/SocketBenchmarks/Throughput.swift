import Dispatch
import Martinet

/// Two stacks of this process with a UDP tunnel on loopback between them.
struct Tunnel {
  static let serverAddress = IPAddress.v4(IPv4Address(10, 77, 0, 1))
  let server: NetworkStack
  let client: NetworkStack

  init() throws {
    let hub = try HubLink(host: "127.0.0.1", port: 0)
    let join = try TunnelLink(host: "127.0.0.1", port: hub.outerEndpoint.port)
    server = try NetworkStack(link: hub, addresses: [IPPrefix(Tunnel.serverAddress, 16)])
    client = try NetworkStack(link: join, addresses: [IPPrefix(.v4(IPv4Address(10, 77, 0, 2)), 16)])
  }

  func end() {
    client.abortAll()
    server.abortAll()
  }
}

/// How fast one connection carries octets, by blocking sockets and by async streams.
enum Throughput {
  static let total = 200_000_000
  static let block = [UInt8](repeating: 7, count: 65536)

  /// Octets per second through blocking sockets.
  static func blocking() throws -> Double {
    let tunnel = try Tunnel()
    defer { tunnel.end() }
    let listener = try ServerSocket(port: 9000, on: tunnel.server)
    let begin = ContinuousClock.now
    let end = DispatchSemaphore(value: 0)
    DispatchQueue(label: "receiver").async {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: block.count, alignment: 16)
      defer { buffer.deallocate() }
      var received = 0
      if let input = try? listener.accept().inputStream {
        while let count = try? input.read(into: buffer) { received += count }
      }
      precondition(received == total / block.count * block.count, "octets are missing")
      end.signal()
    }
    let socket = try Socket(to: Endpoint(Tunnel.serverAddress, 9000), on: tunnel.client)
    let output = try socket.outputStream
    for _ in 0..<total / block.count { try output.write(block) }
    socket.close()
    end.wait()
    return rate(since: begin)
  }

  /// Octets per second through async streams.
  static func async() async throws -> Double {
    let tunnel = try Tunnel()
    defer { tunnel.end() }
    let listener = try TCPListener(port: 9000, on: tunnel.server)
    let begin = ContinuousClock.now
    async let received = {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: block.count, alignment: 16)
      defer { buffer.deallocate() }
      let stream = try await listener.accept()
      var received = 0
      while let count = try await stream.read(into: buffer) { received += count }
      return received
    }()
    let stream = try await TCPStream.connect(to: Endpoint(Tunnel.serverAddress, 9000), on: tunnel.client)
    for _ in 0..<total / block.count { try await stream.write(block) }
    stream.close()
    let count = try await received
    precondition(count == total / block.count * block.count, "octets are missing")
    return rate(since: begin)
  }

  private static func rate(since begin: ContinuousClock.Instant) -> Double {
    Double(total) / ((ContinuousClock.now - begin) / .seconds(1))
  }

  /// Alternates between both, and compares the best of each: what disturbs the machine disturbs one round.
  static func report() async throws {
    var blocking: [Double] = []
    var async: [Double] = []
    for _ in 0..<5 {
      blocking.append(try Throughput.blocking())
      async.append(try await Throughput.async())
    }
    print("MB/s, blocking:", blocking.map { Int($0 / 1e6) }, "async:", async.map { Int($0 / 1e6) })
    let best = (blocking.max() ?? 0, async.max() ?? 0)
    print("async / blocking, best of each: \(percent(best.1 / best.0)) %")
    let middle = (blocking.sorted()[2], async.sorted()[2])
    print("async / blocking, medians: \(percent(middle.1 / middle.0)) %")
    // Noise of the machine moves one of them more easily than both.
    let ratio = max(best.1 / best.0, middle.1 / middle.0)
    Main.demand(ratio >= 0.9, "async streams are at most 10 % slower than blocking sockets")
  }

  private static func percent(_ ratio: Double) -> Int { Int((ratio * 100).rounded()) }
}
