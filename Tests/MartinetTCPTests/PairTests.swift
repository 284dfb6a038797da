import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// Two connections and a wire that loses, repeats and reorders by a seed; everything in virtual time.
private struct Pair: ~Copyable {
  struct Flying {
    var arrival: Instant
    var toServer: Bool
    var bytes: [UInt8]
  }
  var environment: Environment
  var client: Connection
  var server: Connection
  var flying: [Flying] = []
  var now = Instant.zero
  var state: UInt64
  var lossPercent: UInt64
  var reorderPercent: UInt64
  let delay = Interval.milliseconds(10)

  init(seed: UInt64, loss: UInt64, reorder: UInt64, iss: UInt32, configure: (inout Configuration) -> Void = { _ in }) {
    var configuration = Configuration()
    configure(&configuration)
    environment = Environment(configuration: configuration, pages: 8192)
    state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
    lossPercent = loss
    reorderPercent = reorder
    let one = Endpoint(.v4(IPv4Address(10, 0, 0, 1)), 1000)
    let two = Endpoint(.v4(IPv4Address(10, 0, 0, 2)), 2000)
    client = Connection(
      opening: OpenParameters(
        id: ConnectionID(slot: 0, generation: 0), local: one, remote: two, initialSequence: SequenceNumber(iss),
        timestampOffset: 77, pathMTU: 1500, linkMTU: 1500, options: configuration.connection),
      in: &environment, at: now)
    server = Connection(
      listening: OpenParameters(
        id: ConnectionID(slot: 1, generation: 0), local: two, remote: one, initialSequence: SequenceNumber(iss &+ 5),
        timestampOffset: 99, pathMTU: 1500, linkMTU: 1500, options: configuration.connection),
      in: &environment, at: now)
  }

  mutating func random() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }

  mutating func drain() {
    var departure = Departure()
    while client.pollTransmit(into: &departure, maximumTrain: 0, in: &environment, at: now) != nil {
      launch(&departure, toServer: true)
    }
    while server.pollTransmit(into: &departure, maximumTrain: 0, in: &environment, at: now) != nil {
      launch(&departure, toServer: false)
    }
  }

  mutating func launch(_ departure: inout Departure, toServer: Bool) {
    var bytes = [UInt8](repeating: 0, count: departure.count)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    departure.copy(into: &raw)
    departure.release(to: &environment.pool)
    if random() % 100 < lossPercent { return }
    var arrival = now + delay
    if random() % 100 < reorderPercent { arrival = arrival + .milliseconds(3) }
    flying.append(Flying(arrival: arrival, toServer: toServer, bytes: bytes))
  }

  mutating func deliver(_ packet: Flying) throws {
    let (header, length) = try TCPHeader.parse(packet.bytes.span.bytes)
    let chain = environment.pool.chain(copying: packet.bytes.span.bytes.extracting(length..<packet.bytes.count))!
    if packet.toServer {
      server.receive(header, payload: chain, facts: ArrivalFacts(), in: &environment, at: now)
    } else {
      client.receive(header, payload: chain, facts: ArrivalFacts(), in: &environment, at: now)
    }
  }

  /// Moves to the next thing that happens; false when nothing will.
  mutating func step() throws -> Bool {
    drain()
    var next = min(client.nextDeadline, server.nextDeadline)
    var index: Int?
    for (position, packet) in flying.enumerated() where packet.arrival <= next {
      if index == nil || packet.arrival < flying[index!].arrival {
        index = position
        next = packet.arrival
      }
    }
    if next == .never { return false }
    now = max(now, next)
    if let index {
      try deliver(flying.remove(at: index))
    } else {
      client.expire(in: &environment, at: now)
      server.expire(in: &environment, at: now)
    }
    return true
  }
}

@Suite("Two connections and a wire")
struct PairTests {
  /// Sends `total` pattern octets from the client to the server and closes both; returns when everything is over.
  private func transfer(
    seed: UInt64, total: Int, loss: UInt64, reorder: UInt64 = 0, iss: UInt32 = 0xFFFF_0000,
    configure: (inout Configuration) -> Void = { _ in }
  ) throws {
    var pair = Pair(seed: seed, loss: loss, reorder: reorder, iss: iss, configure: configure)
    var written = 0
    var read = 0
    var closed = false
    var buffer = [UInt8](repeating: 0, count: 65536)
    var steps = 0
    while try pair.step() {
      steps += 1
      try #require(steps < 400_000, "no end in sight at \(pair.now.nanoseconds) ns: read \(read) written \(written)")
      if pair.client.phase == .established && written < total {
        let chunk = (0..<min(16384, total - written)).map { UInt8(truncatingIfNeeded: (written + $0) &* 7 >> 3) }
        written += try pair.client.send(chunk.span.bytes, in: &pair.environment, at: pair.now)
      } else if written == total && !closed && pair.client.phase == .established {
        closed = true
        try pair.client.close(in: &pair.environment, at: pair.now)
      }
      read = try readAll(&pair, into: &buffer, from: read)
    }
    #expect(read == total)
    #expect(pair.client.endReason == .closed)
    #expect(pair.server.endReason == .closed)
    #expect(pair.environment.pool.pagesInUse == 0)
  }

  /// Reads and checks what the server has; closes its half at the end of the stream.
  private func readAll(_ pair: inout Pair, into buffer: inout [UInt8], from start: Int) throws -> Int {
    var read = start
    while pair.server.phase.isSynchronized && pair.server.endReason == nil {
      var span = buffer.mutableSpan
      var raw = span.mutableBytes
      switch try pair.server.receive(into: &raw, in: &pair.environment, at: pair.now) {
      case .bytes(let count):
        let expected = (read..<read + count).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        try #require(buffer[..<count].elementsEqual(expected), "octets \(read)..<\(read + count)")
        read += count
      case .endOfStream:
        if pair.server.phase == .closeWait { try pair.server.close(in: &pair.environment, at: pair.now) }
        return read
      case .nothingYet: return read
      }
    }
    return read
  }

  @Test("A stream crosses a clean wire and the sequence wrap")
  func clean() throws { try transfer(seed: 1, total: 1_000_000, loss: 0) }

  @Test("A stream crosses wires that lose segments", arguments: 1...12 as ClosedRange<UInt64>)
  func lossy(seed: UInt64) throws { try transfer(seed: seed, total: 400_000, loss: seed % 4 * 5 + 1) }

  @Test("A stream crosses wires that reorder", arguments: 1...6 as ClosedRange<UInt64>)
  func reordered(seed: UInt64) throws { try transfer(seed: seed, total: 400_000, loss: seed % 2, reorder: 20) }

  @Test("A stream crosses without options", arguments: 1...6 as ClosedRange<UInt64>)
  func bare(seed: UInt64) throws {
    try transfer(seed: seed, total: 300_000, loss: seed % 3 * 3, reorder: 5) {
      $0.timestamps = seed & 1 == 0
      $0.selectiveAcknowledgement = false
      $0.windowScaling = seed & 2 == 0
    }
  }

  @Test("A stream crosses small buffers", arguments: 1...6 as ClosedRange<UInt64>)
  func smallBuffers(seed: UInt64) throws {
    try transfer(seed: seed, total: 100_000, loss: seed % 3 * 2) {
      $0.connection.receiveBufferSize = 3000 + Int(seed) * 700
      $0.connection.sendBufferSize = 2000 + Int(seed) * 900
    }
  }
}
