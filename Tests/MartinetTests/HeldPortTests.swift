import Martinet
import MartinetStack
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("A port that is bound and not connected yet", .serialized, .blocksThreads)
struct HeldPortTests {
  private static let near = IPAddress.v4(IPv4Address(10, 0, 0, 1))
  private static let far = IPAddress.v4(IPv4Address(10, 0, 0, 2))

  /// A stack of one host or of several shards that has four ephemeral ports, and another one that listens.
  private struct Pair {
    let us: NetworkStack
    let them: NetworkStack
    let listener: ServerSocket

    init(shards: Int) throws {
      let wire = try QueuedWire(queues: shards) { _ in 0 }
      var configuration = HostConfiguration()
      configuration.ephemeralPorts = 50_000...50_003
      us = try NetworkStack(queues: wire.queues, addresses: [IPPrefix(near, 24)], configuration: configuration)
      them = try NetworkStack(link: wire.near, addresses: [IPPrefix(far, 24)])
      listener = try ServerSocket(port: 80, on: them)
    }

    func bound(to port: UInt16) throws -> Socket {
      let socket = try Socket(on: us)
      try socket.bind(to: Endpoint(.v4(.any), port))
      return socket
    }

    func end() {
      us.abortAll()
      them.abortAll()
    }
  }

  @Test("is none that another connection, listener or socket is given", arguments: [1, 2])
  func spared(shards: Int) throws {
    let pair = try Pair(shards: shards)
    defer { pair.end() }
    let remote = Endpoint(Self.far, 80)
    let held = try (50_000...50_002).map { try pair.bound(to: $0) }
    let first = try Socket(to: remote, on: pair.us)
    #expect(first.localPort == 50_003)
    #expect(socketError { _ = try Socket(to: remote, on: pair.us) } != nil)
    #expect(try ServerSocket(port: 0, on: pair.us).localPort == 50_003)
    #expect(socketError { _ = try pair.bound(to: 0) } != nil)
    // Who holds it can use it, and who lets it go gives it to the others.
    try held[0].connect(to: remote, timeout: .seconds(10))
    #expect(held[0].localPort == 50_000)
    held[1].close()
    #expect(try Socket(to: remote, on: pair.us).localPort == 50_001)
    // One that a connection has taken over is held no more: towards another end it is free.
    let second = try ServerSocket(port: 81, on: pair.them)
    let ports = try (0..<3).map { _ in try Socket(to: Endpoint(Self.far, 81), on: pair.us) }.map(\.localPort)
    #expect(Set(ports) == [50_000, 50_001, 50_003])
    second.close()
    held[2].close()
  }
}
