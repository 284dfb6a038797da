import Foundation
import Martinet
import MartinetRuntime
import MartinetTestSupport
import Testing

/// What a process holds of the system.
struct Holdings: CustomStringConvertible {
  var descriptors: Int
  var threads: Int

  static var now: Holdings {
    func count(_ folder: String) -> Int { (try? FileManager.default.contentsOfDirectory(atPath: folder).count) ?? 0 }
    return Holdings(descriptors: count("/proc/self/fd"), threads: count("/proc/self/task"))
  }

  static func <= (one: Holdings, other: Holdings) -> Bool {
    one.descriptors <= other.descriptors && one.threads <= other.threads
  }

  var description: String { "\(descriptors) descriptors, \(threads) threads" }
}

@Suite("Ten thousand connections", .serialized, .blocksThreads)
struct LeakTests {
  /// How the two ends of a connection part.
  enum Parting: CaseIterable {
    case clientFirst, serverFirst, together, clientHalf, serverHalf, clientAborts, serverAborts, clientLeavesUnread,
      dropped

    func part(_ client: Socket, _ server: Socket) throws {
      switch self {
      case .clientFirst:
        client.close()
        _ = try server.inputStream.read(upTo: 1)
        server.close()
      case .serverFirst:
        server.close()
        _ = try client.inputStream.read(upTo: 1)
        client.close()
      case .together:
        client.close()
        server.close()
      case .clientHalf:
        try client.shutdownOutput()
        _ = try server.inputStream.read(upTo: 1)
        try server.outputStream.write([7])
        server.close()
        _ = try client.inputStream.readToEnd()
        client.close()
      case .serverHalf:
        try server.shutdownOutput()
        _ = try client.inputStream.read(upTo: 1)
        try client.outputStream.write([7])
        client.close()
        _ = try server.inputStream.readToEnd()
        server.close()
      case .clientAborts:
        client.abort()
        _ = try? server.inputStream.read(upTo: 1)
        server.close()
      case .serverAborts:
        server.abort()
        _ = try? client.inputStream.read(upTo: 1)
        client.close()
      case .clientLeavesUnread:
        try server.outputStream.write([1, 2, 3])
        _ = try client.inputStream.read(upTo: 1)
        client.close()
        _ = try? server.inputStream.read(upTo: 1)
        server.close()
      case .dropped:
        // Nobody closes: the last reference does.
        break
      }
    }
  }

  @Test("opened, used and closed in every order leave no connection, no page and nobody who waits")
  func virtual() throws {
    let pair = VirtualPair()
    let orders = Parting.allCases
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      let remote = Endpoint(VirtualPair.serverAddress, 80)
      for number in 0..<10_000 {
        let client = try Socket(to: remote, on: pair.client)
        let server = try listener.accept()
        try client.outputStream.write([1, 2, 3])
        #expect(try server.inputStream.read(exactly: 3) == [1, 2, 3])
        try orders[number % orders.count].part(client, server)
        // Ports are 16 bits: TIME-WAIT is let go now and then.
        if number % 4000 == 3999 { try pair.simulation.sleep(for: .seconds(61)) }
      }
      listener.close()
      try pair.simulation.sleep(for: .seconds(200))
      for stack in [pair.client, pair.server] {
        #expect(stack.connections.isEmpty)
        #expect(stack.core.pagesInUse == 0)
      }
    }
  }

  @Test("in real time give every descriptor, thread and page back to the system", .timeLimit(.minutes(5)))
  func real() async {
    // A process of its own: other tests open descriptors and threads, too.
    await #expect(processExitsWith: .success) {
      // What the system opens once and keeps is opened here.
      try RealConnections().run(20)
      let before = Holdings.now
      try RealConnections().run(10_000)
      // A thread that has ended is still listed for a moment.
      for _ in 0..<500 where !(Holdings.now <= before) { usleep(10_000) }
      #expect(Holdings.now <= before, "before: \(before), after: \(Holdings.now)")
      if !(Holdings.now <= before) { exit(1) }
    }
  }
}

/// Connections between two stacks over the UDP tunnel, closed in every order.
struct RealConnections {
  func run(_ count: Int) throws {
    var configuration = HostConfiguration()
    configuration.tcp.maximumSegmentLifetime = .milliseconds(200)
    let hub = try HubLink(host: "127.0.0.1", port: 0)
    let join = try TunnelLink(host: "127.0.0.1", port: hub.outerEndpoint.port)
    let serverStack = try NetworkStack(
      link: hub, addresses: [IPPrefix(TunnelPair.serverAddress, 16)], configuration: configuration)
    let clientStack = try NetworkStack(
      link: join, addresses: [IPPrefix(.v4(IPv4Address(10, 77, 0, 2)), 16)], configuration: configuration)
    let listener = try ServerSocket(port: 80, on: serverStack)
    for number in 0..<count {
      let client = try Socket(to: Endpoint(TunnelPair.serverAddress, 80), on: clientStack)
      let server = try listener.accept()
      try client.outputStream.write([1, 2, 3])
      guard try server.inputStream.read(exactly: 3) == [1, 2, 3] else { exit(2) }
      try LeakTests.Parting.allCases[number % LeakTests.Parting.allCases.count].part(client, server)
    }
    listener.close()
    for stack in [clientStack, serverStack] {
      for _ in 0..<500 where !stack.connections.isEmpty { try stack.sleep(for: .milliseconds(10)) }
      guard stack.connections.isEmpty, stack.core.pagesInUse <= RealConnections.pagesForReading else { exit(3) }
      try stack.shutdown(within: .seconds(10))
    }
  }

  /// The pages that a link holds for the packets that it will read next.
  private static let pagesForReading = 64 * 2
}
