import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// Two connections that write to each other at random over a wire that loses, delays and shuffles, all by a seed: what left, and how both stand after each step.
private struct Chat: ~Copyable {
  struct Flying {
    var arrival: Instant
    var isForServer: Bool
    var bytes: [UInt8]
  }
  /// Whether segments may go the short way.
  let hasShortWay: Bool
  var environment: Environment
  var client: Connection
  var server: Connection
  var now = Instant.zero
  var flying: [Flying] = []
  var state: UInt64
  /// What there is to compare.
  var story: [String] = []
  /// Segments that went the short way, and the others.
  var short = 0
  var long = 0

  init(seed: UInt64, hasShortWay: Bool, configure: (inout Configuration) -> Void) {
    var configuration = Configuration()
    configuration.connection.noDelay = seed % 2 == 0
    configure(&configuration)
    self.hasShortWay = hasShortWay
    environment = Environment(configuration: configuration, pages: 8192)
    environment.trace.isEnabled = true
    state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
    let one = Endpoint(.v4(IPv4Address(10, 0, 0, 1)), 1000)
    let two = Endpoint(.v4(IPv4Address(10, 0, 0, 2)), 2000)
    var parameters = OpenParameters(
      id: ConnectionID(slot: 0, generation: 0), local: one, remote: two, initialSequence: SequenceNumber(0xFFFF_FF00),
      timestampOffset: 77, pathMTU: 1500, linkMTU: 1500, options: configuration.connection)
    client = Connection(opening: parameters, in: &environment, at: now)
    (parameters.local, parameters.remote) = (two, one)
    parameters.id = ConnectionID(slot: 1, generation: 0)
    server = Connection(listening: parameters, in: &environment, at: now)
  }

  mutating func random(_ bound: UInt64) -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state >> 33) % bound
  }

  private mutating func send() {
    var departure = Departure()
    while Chat.poll(&client, hasShortWay, into: &departure, &environment, at: now) {
      launch(&departure, isForServer: true)
    }
    while Chat.poll(&server, hasShortWay, into: &departure, &environment, at: now) {
      launch(&departure, isForServer: false)
    }
  }

  private static func poll(
    _ connection: inout Connection, _ hasShortWay: Bool, into departure: inout Departure,
    _ environment: inout Environment, at now: Instant
  ) -> Bool {
    let envelope =
      hasShortWay
      ? connection.pollTransmit(into: &departure, maximumTrain: 0, in: &environment, at: now)
      : connection.pollAny(into: &departure, maximumTrain: 0, in: &environment, at: now)
    return envelope != nil
  }

  private mutating func launch(_ departure: inout Departure, isForServer: Bool) {
    var bytes = [UInt8](repeating: 0, count: departure.count)
    bytes.withMutableOctets(0..<bytes.count) { departure.copy(into: &$0) }
    departure.release(to: &environment.pool)
    story.append("\(now.nanoseconds) \(isForServer) \(bytes)")
    if random(100) == 0 { return }
    let late: Interval = random(100) == 0 ? .milliseconds(7) : .zero
    flying.append(Flying(arrival: now + .milliseconds(5) + late, isForServer: isForServer, bytes: bytes))
  }

  private mutating func deliver(_ packet: Flying) throws {
    let (header, length) = try TCPHeader.parse(packet.bytes.span.bytes)
    let text = packet.bytes.span.bytes.extracting(length..<packet.bytes.count)
    guard var payload = environment.pool.chain(copying: text) else {
      Issue.record("the pool is empty")
      return
    }
    let facts = ArrivalFacts()
    var isDone = false
    if hasShortWay, let plain = PlainSegment(header) {
      isDone =
        packet.isForServer
        ? server.receiveExpected(plain, payload: &payload, facts, in: &environment, at: now)
        : client.receiveExpected(plain, payload: &payload, facts, in: &environment, at: now)
    }
    if isDone {
      short += 1
    } else {
      long += 1
      if packet.isForServer {
        server.receiveUnexpected(header, payload: payload.take(), facts: facts, in: &environment, at: now)
      } else {
        client.receiveUnexpected(header, payload: payload.take(), facts: facts, in: &environment, at: now)
      }
    }
    environment.pool.release(payload)
  }

  /// A program at either end writes or reads now and then.
  private mutating func use() throws {
    let octets = [UInt8](repeating: 7, count: Int(random(4) == 0 ? random(6000) : random(3)))
    var room = [UInt8](repeating: 0, count: Int(1 + random(9000)))
    if client.phase == .established {
      if random(5) == 0 { _ = try client.send(octets.span.bytes, in: &environment, at: now) }
      if random(3) > 0 {
        _ = try room.withMutableOctets(0..<room.count) { target throws(CallError) in
          try client.receive(into: &target, in: &environment, at: now)
        }
      }
    }
    if server.phase == .established {
      if random(5) == 0 { _ = try server.send(octets.span.bytes, in: &environment, at: now) }
      if random(3) > 0 {
        _ = try room.withMutableOctets(0..<room.count) { target throws(CallError) in
          try server.receive(into: &target, in: &environment, at: now)
        }
      }
    }
  }

  /// The programs close, each in its time, and perhaps go.
  private mutating func close() throws {
    if client.phase == .established || client.phase == .closeWait, random(60) == 0 {
      if random(2) == 0 {
        try client.close(in: &environment, at: now)
      } else {
        client.orphan(in: &environment, at: now)
      }
    }
    if server.phase == .established || server.phase == .closeWait, random(60) == 0 {
      if random(2) == 0 {
        try server.close(in: &environment, at: now)
      } else {
        server.orphan(in: &environment, at: now)
      }
    }
  }

  mutating func step(isLate: Bool) throws {
    if isLate { try close() }
    send()
    var next = min(client.nextProtocolDeadline, server.nextProtocolDeadline)
    for packet in flying { next = min(next, packet.arrival) }
    guard next != .never else { return try use() }
    now = max(now, next)
    if let index = flying.firstIndex(where: { $0.arrival <= now }) {
      try deliver(flying.remove(at: index))
    } else {
      client.expire(in: &environment, at: now)
      server.expire(in: &environment, at: now)
    }
    try use()
    while let event = environment.trace.poll() { story.append("\(event)") }
    story.append("\(client.status(in: environment, at: now)) \(client.nextProtocolDeadline.nanoseconds)")
    story.append("\(server.status(in: environment, at: now)) \(server.nextProtocolDeadline.nanoseconds)")
    story.append("\(client.pollEvents().rawValue) \(server.pollEvents().rawValue)")
  }
}

@Suite("The short way of a segment does what the long way does")
struct ShortWayTests {
  /// What two lines do not have in common, as far as it stands in the same place.
  private static func difference(_ one: String, _ other: String) -> String {
    let fields = zip(one.split(separator: ", "), other.split(separator: ", ")).filter { $0 != $1 }
    return fields.map { "\($0) | \($1)" }.joined(separator: ", ")
  }

  private func compare(_ seed: UInt64, _ configure: (inout Configuration) -> Void) throws {
    var short = Chat(seed: seed, hasShortWay: true, configure: configure)
    var long = Chat(seed: seed, hasShortWay: false, configure: configure)
    for number in 0..<600 {
      try short.step(isLate: number > 450)
      try long.step(isLate: number > 450)
      let differences = zip(short.story, long.story).filter { $0 != $1 }.map(ShortWayTests.difference)
      try #require(differences.isEmpty, "step \(number)")
      try #require(short.story.count == long.story.count, "step \(number)")
      short.story = []
      long.story = []
    }
    // What crosses text of the other end goes the long way, and so does much after a loss.
    #expect(short.short > 100, "\(short.long) went the long way")
    #expect(long.short == 0)
  }

  @Test(
    "Segments, trace, timers and status are the same, whichever way segments go",
    arguments: 1...12 as ClosedRange<UInt64>)
  func same(seed: UInt64) throws {
    try compare(seed) { _ in }
  }

  @Test(
    "So they are without SACK, without timestamps, with a validated window, and with every congestion control",
    arguments: [CongestionAlgorithm.reno, .cubic, .bbr])
  func same(algorithm: CongestionAlgorithm) throws {
    for hasSACK in [false, true] {
      try compare(40) { configuration in
        configuration.connection.congestion = algorithm
        configuration.selectiveAcknowledgement = hasSACK
        configuration.timestamps = !hasSACK
        configuration.windowValidation = hasSACK
      }
    }
  }
}
