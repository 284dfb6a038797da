import Martinet
import MartinetRuntime
import MartinetStack
import MartinetTestSupport
import MartinetWire
import Synchronization
import Testing

@Suite("A thread that waits reads the queue of the shard that brings what it waits for", .serialized, .blocksThreads)
struct ShardedAttendanceTests {
  private static let near = IPAddress.v4(IPv4Address(10, 0, 0, 1))
  private static let far = IPAddress.v4(IPv4Address(10, 0, 0, 2))

  /// The queue that packets come by.
  private final class Choice: Sendable {
    private let queue = Atomic(0)
    /// Below zero: by one after the other.
    func set(_ number: Int) { queue.store(number, ordering: .relaxed) }
    func queue(of packet: Int) -> Int {
      let chosen = queue.load(ordering: .relaxed)
      return chosen < 0 ? packet % 2 : chosen
    }
  }

  /// A stack of two shards with a connection in each, and the other ends of those.
  private struct Line {
    let choice = Choice()
    let us: NetworkStack
    let them: NetworkStack
    /// By shard.
    var ours: [Socket] = []
    var theirs: [Socket] = []

    init(spinning: Spinning) throws {
      let choice = choice
      let wire = try QueuedWire(queues: 2) { choice.queue(of: $0) }
      us = try NetworkStack(queues: wire.queues, addresses: [IPPrefix(near, 24)], spinning: spinning)
      them = try NetworkStack(link: wire.near, addresses: [IPPrefix(far, 24)], spinning: spinning)
      let listener = try ServerSocket(port: 80, on: them)
      while ours.count < 2 {
        let before = us.shardStatistics[ours.count].host.connectionsOpened
        let socket = try Socket(to: Endpoint(far, 80), on: us)
        let accepted = try listener.accept()
        guard us.shardStatistics[ours.count].host.connectionsOpened > before else { continue }
        for end in [socket, accepted] { try end.setNoDelay(true) }
        ours.append(socket)
        theirs.append(accepted)
      }
    }

    var handedOver: UInt64 { us.shardStatistics.map(\.handedOver).reduce(0, +) }

    func end() {
      us.abortAll()
      them.abortAll()
    }
  }

  private func echo(_ socket: Socket) -> Background<Bool> {
    Background {
      while let octet = try? socket.inputStream.read() { try? socket.outputStream.write([octet]) }
      return true
    }
  }

  @Test(
    "so that answers need no other thread", .timeLimit(.minutes(1)), arguments: [Spinning.off, .automatic], [0, 1])
  func answers(spinning: Spinning, shard: Int) throws {
    let line = try Line(spinning: spinning)
    defer { line.end() }
    line.choice.set(shard)
    let echo = echo(line.theirs[shard])
    let (turns, handedOver) = (line.us.core.attendedTurns, line.handedOver)
    for number in UInt8(0)..<200 {
      try line.ours[shard].outputStream.write([number])
      #expect(try line.ours[shard].inputStream.read() == number)
    }
    // Now and then the loop is quicker.
    #expect(line.us.core.attendedTurns - turns >= 100)
    #expect(line.handedOver == handedOver)
    line.ours[shard].close()
    #expect(echo.value() == true)
  }

  @Test(
    "the first for a datagram, so that the answer needs no other thread", .timeLimit(.minutes(1)),
    arguments: [Spinning.off, .automatic])
  func datagrams(spinning: Spinning) throws {
    let line = try Line(spinning: spinning)
    defer { line.end() }
    line.choice.set(0)
    let server = try DatagramSocket(port: 7, on: line.them)
    let echo = Background {
      while let datagram = try? server.receive() { try? server.send(datagram.bytes, to: datagram.remote) }
      return true
    }
    let client = try DatagramSocket(on: line.us)
    let turns = line.us.core.attendedTurns
    for number in UInt8(0)..<200 {
      try client.send([number], to: Endpoint(Self.far, 7))
      #expect(try client.receive().bytes == [number])
    }
    // Often the answer is there before anybody waits.
    #expect(line.us.core.attendedTurns - turns >= 20)
    server.close()
    #expect(echo.value() == true)
  }

  @Test("one after the other for a client, who may come in any", .timeLimit(.minutes(1)), arguments: [0, 1, -1])
  func clients(queue: Int) throws {
    let line = try Line(spinning: .off)
    defer { line.end() }
    line.choice.set(queue)
    let listener = try ServerSocket(port: 90, on: line.us)
    let turns = line.us.core.attendedTurns
    let clients = Background {
      (0..<100).allSatisfy { _ in
        guard let socket = try? Socket(to: Endpoint(Self.near, 90), on: line.them) else { return false }
        // Until the other end is accepted and closed, so that its program waits when the next comes.
        return (try? socket.inputStream.read()) == .some(nil)
      }
    }
    for _ in 0..<100 { try listener.accept().close() }
    #expect(clients.value() == true)
    #expect(line.us.core.attendedTurns - turns >= 20)
  }

  @Test("and hands over what is another's, while every octet of all arrives in order", .timeLimit(.minutes(1)))
  func crossing() throws {
    let line = try Line(spinning: .automatic)
    defer { line.end() }
    line.choice.set(-1)
    let handedOver = line.handedOver
    let octets = pattern(2_000_000)
    let ends = line.ours + line.theirs
    let readers = ends.map { socket in Background { try? socket.inputStream.read(exactly: octets.count) } }
    let writers = ends.map { socket in Background { (try? socket.outputStream.write(octets)) != nil } }
    for writer in writers { #expect(writer.value() == true) }
    for reader in readers { #expect(reader.value() == .some(.some(octets))) }
    #expect(line.handedOver > handedOver)
  }

  @Test("and writes what lies in several places from any shard")
  func scattered() throws {
    let line = try Line(spinning: .automatic)
    defer { line.end() }
    for shard in 0..<2 {
      line.choice.set(shard)
      let pieces: [[UInt8]] = [[1, 2], [], pattern(20_000), [3]]
      try line.ours[shard].outputStream.write(contentsOf: pieces)
      #expect(try line.theirs[shard].inputStream.read(exactly: 20_003) == pieces.flatMap { $0 })
    }
  }

  @Test("until the stack ends", .timeLimit(.minutes(1)), arguments: [0, 1])
  func stop(shard: Int) throws {
    let line = try Line(spinning: .off)
    defer { line.end() }
    let reader = Background { socketError { _ = try line.ours[shard].inputStream.read() } != nil }
    try line.them.sleep(for: .milliseconds(50))
    let elapsed = ContinuousClock().measure { line.us.abortAll() }
    #expect(elapsed < .seconds(1))
    #expect(reader.value() == true)
  }
}
