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

@Suite("A stack of several shards", .serialized, .blocksThreads)
struct ShardTests {
  private static let near = IPAddress.v4(IPv4Address(10, 0, 0, 1))
  private static let far = IPAddress.v4(IPv4Address(10, 0, 0, 2))

  /// A stack of one host, and one of several shards behind a wire.
  private struct Pair {
    let client: NetworkStack
    let server: NetworkStack

    init(shards: Int = 2, choose: @escaping @Sendable (Int) -> Int = { _ in 0 }) throws {
      let wire = try QueuedWire(queues: shards, choose: choose)
      client = try NetworkStack(link: wire.near, addresses: [IPPrefix(near, 24)])
      server = try NetworkStack(queues: wire.queues, addresses: [IPPrefix(far, 24)])
    }

    func end() {
      client.abortAll()
      server.abortAll()
    }
  }

  /// Waits until `bell` has rung `number` times, ten seconds at most.
  private static func awaits(_ number: UInt64, of bell: Bell, on stack: NetworkStack) throws {
    for _ in 0..<2000 where bell.rings < number { try stack.sleep(for: .milliseconds(5)) }
    #expect(bell.rings == number)
  }

  /// How packets find the queues.
  enum Choice: CaseIterable {
    case allByTheFirst
    case inTurns

    func queue(_ number: Int) -> Int { self == .inTurns ? number % 2 : 0 }
  }

  @Test("carries every connection, whichever queues its packets come by", arguments: Choice.allCases)
  func anyQueue(choice: Choice) throws {
    let pair = try Pair { choice.queue($0) }
    let listener = try ServerSocket(port: 80, on: pair.server)
    let octets = pattern(100_000)
    let echoes = Notebook()
    for _ in 0..<16 {
      try pair.server.startThread("echo") {
        do {
          let socket = try listener.accept()
          try socket.outputStream.write(socket.inputStream.readToEnd())
          socket.close()
        } catch {
          echoes.note("\(error)")
        }
      }
    }
    for _ in 0..<16 {
      let socket = try Socket(to: Endpoint(Self.far, 80), on: pair.client)
      try socket.outputStream.write(octets)
      try socket.shutdownOutput()
      #expect(try socket.inputStream.readToEnd() == octets)
      socket.close()
    }
    #expect(echoes.all == [])
    let shards = pair.server.shardStatistics
    #expect(shards.allSatisfy { $0.host.connectionsAccepted > 0 })
    #expect(shards.map(\.host.connectionsAccepted).reduce(0, +) == 16)
    #expect(shards[1].handedOver > 0 && (choice == .inTurns) == (shards[0].handedOver > 0))
    pair.end()
  }

  @Test("opens connections from all shards, and from a port of the program's choice in the shard that owns the flow")
  func active() throws {
    let pair = try Pair()
    let listener = try ServerSocket(port: 80, on: pair.client)
    for number in 0..<16 {
      let socket = try Socket(on: pair.server)
      if number % 2 == 0 { try socket.bind(to: Endpoint(.v4(.any), UInt16(2000 + number))) }
      try socket.connect(to: Endpoint(Self.near, 80), timeout: .seconds(10))
      let accepted = try listener.accept()
      try accepted.outputStream.write([UInt8(number)])
      #expect(try socket.inputStream.read(exactly: 1) == [UInt8(number)])
      if number % 2 == 0 { #expect(socket.localPort == UInt16(2000 + number)) }
      socket.close()
    }
    #expect(pair.server.shardStatistics.allSatisfy { $0.host.connectionsOpened > 0 })
    pair.end()
  }

  @Test("wakes whoever waits for a connection, whatever shard it comes in, and when the listener is closed")
  func accept() throws {
    let pair = try Pair()
    let listener = try ServerSocket(port: 80, on: pair.server)
    let accepted = Bell()
    let ends = Notebook()
    try pair.server.startThread("accept") {
      do {
        while true {
          _ = try listener.accept()
          accepted.ring()
        }
      } catch {
        ends.note("\((error as? SocketError)?.reason == .closed)")
        accepted.ring()
      }
    }
    for number in UInt64(0)..<40 {
      let socket = try Socket(to: Endpoint(Self.far, 80), on: pair.client)
      try Self.awaits(number + 1, of: accepted, on: pair.client)
      socket.abort()
    }
    listener.close()
    try Self.awaits(41, of: accepted, on: pair.client)
    #expect(ends.all == ["true"])
    pair.end()
  }

  @Test("lets go who waits when it is closed: for a connection, for octets of any shard, for the trace")
  func closed() throws {
    let pair = try Pair()
    let listener = try ServerSocket(port: 80, on: pair.server)
    let sockets = try (0..<8).map { _ in
      _ = try Socket(to: Endpoint(Self.far, 80), on: pair.client)
      return try listener.accept()
    }
    let ended = Bell()
    for socket in sockets {
      try pair.server.startThread("read") {
        _ = try? socket.inputStream.readToEnd()
        ended.ring()
      }
    }
    try pair.server.startThread("accept") {
      _ = try? listener.accept()
      ended.ring()
    }
    try pair.server.startThread("trace") {
      _ = try? pair.server.nextTraceEvents()
      ended.ring()
    }
    try pair.client.sleep(for: .milliseconds(20))
    pair.server.abortAll()
    try Self.awaits(10, of: ended, on: pair.client)
    pair.end()
  }

  @Test("divides a backlog, whose parts never exceed it together, and has a place for each shard at least")
  func backlog() throws {
    let pair = try Pair()
    let listener = try ServerSocket(port: 80, backlog: 3, on: pair.server)
    // The clients stay, so that what is in the backlog does.
    let clients = try (0..<12).map { _ in try Socket(on: pair.client) }
    for client in clients {
      _ = socketError { try client.connect(to: Endpoint(Self.far, 80), timeout: .milliseconds(50)) }
    }
    let established = pair.server.connections.filter { $0.phase == .established }
    #expect((1...3).contains(established.count))
    let error = socketError { _ = try ServerSocket(port: 81, backlog: 1, on: pair.server) }
    let refusal = try #require(error)
    #expect("\(refusal)".contains("a place for each of 2 shards"))
    listener.close()
    pair.end()
  }

  @Test("holds a port that is bound against every shard's listeners, connections and sockets")
  func ports() throws {
    let pair = try Pair()
    let (one, other) = (try Socket(on: pair.server), try Socket(on: pair.server))
    try one.bind(to: Endpoint(.v4(.any), 3000))
    #expect(socketError { try other.bind(to: Endpoint(.v4(.any), 3000)) } != nil)
    #expect(socketError { _ = try ServerSocket(port: 3000, on: pair.server) } != nil)
    let listener = try ServerSocket(port: 0, on: pair.server)
    let port = try #require(listener.localPort)
    #expect(socketError { try other.bind(to: Endpoint(.v4(.any), port)) } != nil)
    listener.close()
    try other.bind(to: Endpoint(.v4(.any), port))
    one.close()
    _ = try ServerSocket(port: 3000, on: pair.server)
    pair.end()
  }

  @Test("connects its own sockets, inside the shard that owns both ends")
  func inside() throws {
    let pair = try Pair()
    let listener = try ServerSocket(port: 80, on: pair.server)
    for address in [Self.far, .v4(.loopback), Self.far, .v4(.loopback)] {
      let socket = try Socket(to: Endpoint(address, 80), on: pair.server)
      let accepted = try listener.accept()
      try socket.outputStream.write([1, 2, 3])
      #expect(try accepted.inputStream.read(exactly: 3) == [1, 2, 3])
    }
    #expect(pair.server.shardStatistics.allSatisfy { $0.handedOver == 0 })
    pair.end()
  }

  @Test("is quiet when all its shards are")
  func quiet() throws {
    let pair = try Pair()
    let listener = try ServerSocket(port: 80, on: pair.client)
    for _ in 0..<4 {
      let socket = try Socket(to: Endpoint(Self.near, 80), on: pair.server)
      try socket.outputStream.write(pattern(50_000))
      socket.close()
    }
    #expect(try pair.server.shutdown(within: .seconds(20)))
    for _ in 0..<4 { #expect(try listener.accept().inputStream.readToEnd().count == 50_000) }
    pair.end()
  }

  @Test("needs links with the same number of queues, and closes them where they have not")
  func queues() throws {
    let ends = try (0..<3).map { _ in try QueuedEnd() }
    #expect(throws: LinkError.queuesDiffer([2, 1])) {
      _ = try NetworkStack([
        LinkAttachment(queues: [ends[0], ends[1]], addresses: [IPPrefix(Self.near, 24)]),
        LinkAttachment(ends[2], addresses: [IPPrefix(Self.far, 24)]),
      ])
    }
    let open = ends.filter { !$0.isClosed }
    #expect(open.isEmpty)
  }

  @Test("that nobody holds any more ends its first shard last, by whose device the others' last packets leave")
  func abandoned() throws {
    let wire = try QueuedWire(queues: 2) { _ in 0 }
    let client = try NetworkStack(link: wire.near, addresses: [IPPrefix(Self.near, 24)])
    defer { client.abortAll() }
    var side: ServerSide? = try ServerSide(
      NetworkStack(queues: wire.queues, addresses: [IPPrefix(Self.far, 24)]), port: 80)
    // One after the other, until there is one of the second shard.
    var socket: Socket?
    while side?.stack.shardStatistics[1].host.connectionsAccepted == 0 {
      socket = try Socket(to: Endpoint(Self.far, 80), on: client)
      try side?.accept()
    }
    let first = wire.queues[0]
    let (departures, farewells) = (Bell(), Notebook())
    let gate = DispatchSemaphore(value: 0)
    wire.queues[1].connect { [near = wire.near] packet in
      departures.ring()
      if departures.rings == 1 { gate.wait() }
      if departures.rings > 1 { farewells.note(first.isClosed ? "too late" : "in time") }
      near.bring(packet)
    }
    // The acknowledgement keeps the second shard's loop at its link, so that all that follows is left to it.
    try socket?.outputStream.write(pattern(3000))
    try Self.awaits(1, of: departures, on: client)
    side = nil
    for _ in 0..<20 where !first.isClosed { try client.sleep(for: .milliseconds(5)) }
    gate.signal()
    for _ in 0..<2000 where !first.isClosed { try client.sleep(for: .milliseconds(5)) }
    #expect(first.isClosed && farewells.all.count > 0)
    #expect(farewells.all.allSatisfy { $0 == "in time" })
    socket?.abort()
  }
}

/// A stack with all that keeps it alive.
private final class ServerSide {
  let stack: NetworkStack
  private let listener: ServerSocket
  private var sockets: [Socket] = []

  init(_ stack: NetworkStack, port: Int) throws {
    self.stack = stack
    listener = try ServerSocket(port: port, on: stack)
  }

  func accept() throws { sockets.append(try listener.accept()) }
}
