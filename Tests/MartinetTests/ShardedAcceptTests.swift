import Dispatch
import Martinet
import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Synchronization
import Testing

@Suite("Those who wait for a connection of any shard", .serialized, .blocksThreads)
struct ShardedAcceptTests {
  private static let near = IPAddress.v4(IPv4Address(10, 0, 0, 1))
  private static let far = IPAddress.v4(IPv4Address(10, 0, 0, 2))

  /// A listener in three shards, and a client behind a wire.
  private struct Pair {
    let client: NetworkStack
    let server: NetworkStack
    let listener: StackListener

    init() throws {
      let wire = try QueuedWire(queues: 3) { $0 % 3 }
      client = try NetworkStack(link: wire.near, addresses: [IPPrefix(near, 24)])
      server = try NetworkStack(queues: wire.queues, addresses: [IPPrefix(far, 24)])
      listener = try server.core.listen(on: .port(80), backlog: 60, options: ConnectionOptions()).listener
    }

    func connect() throws -> Socket { try Socket(to: Endpoint(far, 80), on: client) }

    func end() {
      client.abortAll()
      server.abortAll()
    }
  }

  /// Somebody who waits, and counts how often he is woken.
  private final class Sleeper: Sendable {
    private let waiter = Mutex<Waiter?>(nil)
    private let wakeUps: Bell

    init(_ wakeUps: Bell, _ woken: Notebook, number: Int) {
      self.wakeUps = wakeUps
      let own = CallbackWaiter {
        woken.note("\(number)")
        wakeUps.ring()
      }
      waiter.withLock { $0 = own }
    }

    /// Whether there was a connection; he waits otherwise.
    func looks(_ pair: Pair) throws -> Bool {
      guard let accepted = try pair.server.core.accept(pair.listener, otherwise: waiter.withLock { $0 }) else {
        return false
      }
      pair.server.core.abort(accepted.handle)
      return true
    }
  }

  @Test("are woken one for each connection")
  func oneEach() throws {
    let pair = try Pair()
    defer { pair.end() }
    let (wakeUps, woken) = (Bell(), Notebook())
    let sleepers = (0..<8).map { Sleeper(wakeUps, woken, number: $0) }
    for sleeper in sleepers { #expect(try !sleeper.looks(pair)) }
    var seen = 0
    for _ in 0..<40 {
      let socket = try pair.connect()
      for _ in 0..<2000 where wakeUps.rings == UInt64(seen) { try pair.client.sleep(for: .milliseconds(5)) }
      // Whoever else is woken is woken at once.
      try pair.client.sleep(for: .milliseconds(2))
      let awake = woken.all.dropFirst(seen).compactMap { Int($0) }
      seen += awake.count
      // The first finds it, and everybody waits again.
      let first = try #require(awake.first)
      #expect(try sleepers[first].looks(pair))
      for number in awake { #expect(try !sleepers[number].looks(pair)) }
      socket.abort()
    }
    #expect(woken.all.count == 40)
    #expect(Set(woken.all).count == 8)
  }

  @Test("miss none, though one of them gives up at about the time when it comes", .timeLimit(.minutes(1)))
  func impatience() throws {
    let pair = try Pair()
    defer { pair.end() }
    let accepted = Bell()
    let next = DispatchSemaphore(value: 0)
    @Sendable func take(within limit: Interval?) throws {
      guard let connection = try Self.accept(pair, within: limit) else { return }
      pair.server.core.abort(connection.handle)
      accepted.ring()
    }
    for _ in 0..<2 {
      try pair.server.startThread("patient") { while (try? take(within: nil)) != nil {} }
    }
    try pair.server.startThread("impatient") {
      for round in Int64(0)..<300 {
        next.wait()
        try? take(within: .microseconds(100 + round * 5))
      }
    }
    for number in UInt64(1)...300 {
      next.signal()
      let socket = try? pair.connect()
      for _ in 0..<2000 where accepted.rings < number { try pair.client.sleep(for: .milliseconds(1)) }
      try #require(accepted.rings == number)
      socket?.abort()
    }
  }

  /// Takes a connection; nil: the time is over.
  private static func accept(_ pair: Pair, within limit: Interval?) throws -> AcceptedConnection? {
    let core = pair.server.core
    let waiter = try core.admit()
    let deadline = limit.map { core.now + $0 } ?? .never
    while true {
      if let connection = try core.accept(pair.listener, otherwise: waiter) { return connection }
      switch core.wait(waiter, until: deadline) {
      case .fired: continue
      case let outcome:
        if !core.cancel(waiter, on: pair.listener) {
          core.consume(waiter)
          if let connection = try core.accept(pair.listener, otherwise: nil) { return connection }
        }
        if outcome == .timedOut { return nil }
        throw SocketError(.accept, nil, .closed)
      }
    }
  }

  @Test("are all let go when the listener is closed, and when the stack is", arguments: [true, false])
  func letGo(closesListener: Bool) throws {
    let pair = try Pair()
    defer { pair.end() }
    let listener = try ServerSocket(port: 81, on: pair.server)
    let ended = Bell()
    for _ in 0..<6 {
      try pair.server.startThread("accept") {
        while (try? listener.accept()) != nil {}
        ended.ring()
      }
    }
    try pair.client.sleep(for: .milliseconds(30))
    if closesListener { listener.close() } else { pair.server.abortAll() }
    for _ in 0..<2000 where ended.rings < 6 { try pair.client.sleep(for: .milliseconds(5)) }
    #expect(ended.rings == 6)
  }
}
