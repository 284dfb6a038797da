import Foundation
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
  static let total = 50_000_000
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

  /// The processor time that this process has used, in seconds.
  private static func processorTime() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let times = [usage.ru_utime, usage.ru_stime]
    return times.reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
  }

  /// What one kind of sockets has shown.
  private struct Figures {
    var rates: [Double] = []
    var costs: [Double] = []

    mutating func add(_ rate: Double, from before: Double) {
      rates.append(rate)
      costs.append((processorTime() - before) / Double(total) * 1e9)
    }

    var text: String {
      "\(Int(middle(rates) / 1e6)) MB/s, \(Int(middle(costs) * 1000)) ps of processor time for each octet"
    }
  }

  private static func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  /// Measures both in turns, each time in another order, and compares the two of each turn: what disturbs the machine disturbs both of a turn,
  /// or few turns.
  static func report() async throws {
    var (blocking, async) = (Figures(), Figures())
    for turn in 0..<15 {
      for isAsync in turn.isMultiple(of: 2) ? [false, true] : [true, false] {
        let before = processorTime()
        if isAsync {
          async.add(try await Throughput.async(), from: before)
        } else {
          blocking.add(try Throughput.blocking(), from: before)
        }
      }
    }
    print("blocking sockets: \(blocking.text)")
    print("async streams: \(async.text)")
    let ratio = middle(zip(async.rates, blocking.rates).map { $0 / $1 })
    print("async / blocking, median of the turns: \(Int((ratio * 100).rounded())) %")
    Main.demand(ratio >= 0.9, "async streams are at most 10 % slower than blocking sockets")
  }
}
