import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("A hostile sender: overlaps, tiny segments, urgent pointers, noise")
struct ReceiverAttackTests {
  @Test("Of octets that contradict each other those that came first are delivered, and none twice", .proves("ATK-09"))
  func conflictingOverlap() throws {
    // A whole segment over two that are held.
    try Transcript(
      Opening.plain + """
        0.200 < ACK seq 101 ack 1 length 100
        0.200 > ACK ack 1
        0.201 < ACK seq 301 ack 1 length 100
        0.201 > ACK ack 1
        0.300 < ACK seq 101 ack 1 length 100 forged
        0.300 > ACK ack 1
        0.301 < ACK seq 1 ack 1 length 100
        0.301 > ACK ack 201
        0.302 < ACK seq 1 ack 1 length 200 forged
        0.302 > ACK ack 201
        0.303 < ACK seq 201 ack 1 length 100
        0.303 > ACK ack 401
        0.400  read 900 gets 400
        """
    ).run()
  }

  @Test("Random overlaps give the stream that came first, octet by octet", .proves("ATK-09"), arguments: 1...20)
  func randomOverlaps(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    var bench = ConnectionBench()
    bench.shake()
    let start = bench.receiveNext
    var model = [UInt8?](repeating: nil, count: 3000)
    for arrival in 0..<200 {
      let offset = generator.number(0...2900)
      let length = min(generator.number(1...300), model.count - offset)
      let octets = (0..<length).map { UInt8(truncatingIfNeeded: $0 &+ arrival &* 7) }
      // What begins beyond the window or lies before what was read is not taken.
      for position in 0..<length where model[offset + position] == nil { model[offset + position] = octets[position] }
      bench.arrive(.ack, payload: octets) { $0.sequence = start + offset }
    }
    let expected = model.prefix { $0 != nil }.compactMap { $0 }
    #expect(bench.read() == expected)
    bench.connection.releaseMemory(in: &bench.environment)
    #expect(bench.environment.pool.pagesInUse == 0)
  }

  @Test(
    "Segments of one octet, whatever their order, take a bounded number of pages", .proves("ATK-14", "ATK-15"),
    arguments: ["forwards", "backwards", "every second", "by chance"])
  func tinySegments(order: String) {
    var generator = SeededGenerator(seed: 3)
    var bench = ConnectionBench { $0.connection.receiveBufferSize = 61440 }
    bench.shake()
    let start = bench.receiveNext
    for number in 0..<20000 {
      let offset: Int
      switch order {
      case "forwards": offset = number + 1
      case "backwards": offset = 20000 - number
      case "every second": offset = 2 * number + 1
      default: offset = generator.number(1...60000)
      }
      bench.arrive(.ack, payload: [1]) { $0.sequence = start + offset }
    }
    // Four times the buffer of 30 pages, and what every connection may have.
    #expect(bench.environment.pool.pagesInUse <= 4 * 30 + 64)
    // Ordinary segments fill the stream all the same.
    var sent = 0
    while sent < 61440 {
      bench.arrive(.ack, payload: [UInt8](repeating: 1, count: 1024)) { $0.sequence = start + sent }
      sent += 1024
    }
    #expect(bench.receiveNext.distance(from: start) == 61440)
    #expect(bench.read().count == 61440)
    #expect(bench.environment.pool.pagesInUse == 0)
  }

  @Test("Urgent pointers cost no octet and signal only when they advance", .proves("ATK-47", "6093-01"))
  func urgentAbuse() throws {
    try Transcript(
      Opening.plain + """
               set urgentInline on
               events connected,writable
        0.200 < URG.ACK seq 1 ack 1 urg 65535
               events urgent
               status urgent 65535
        0.201 < URG.ACK seq 1 ack 1 urg 65535
        0.201 < URG.ACK seq 1 ack 1 urg 100
        0.201 < URG.ACK seq 1 ack 1 urg 0
               events none
        0.300 < URG.PSH.ACK seq 1 ack 1 length 100 urg 10
        0.300 > ACK ack 101
               events readable
        0.300  read 300 gets 100
        0.400 < PSH.ACK seq 101 ack 1 length 100
        0.400 > ACK ack 201
        0.400  read 300 gets 100
        """
    ).run()
  }

  @Test("An urgent octet that is not in line costs that octet alone", .proves("ATK-47"))
  func urgentOutOfLine() throws {
    try Transcript(
      Opening.plain + """
        0.200 < URG.PSH.ACK seq 1 ack 1 length 100 urg 50
        0.200 > ACK ack 101
        0.300  read 300 gets 49
               skip 1
        0.300  read 300 gets 50
        0.300  read 300 gets nothing
        """
    ).run()
  }

  @Test("Data whose URG a middlebox cleared are data", .proves("6093-04"))
  func clearedUrgent() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 1 ack 1 length 100 urg 50
        0.200 > ACK ack 101
               status urgent none
        0.300  read 300 gets 100
        """
    ).run()
  }

  @Test("Unless a program asks for it, a user timeout that the peer announces is ignored", .proves("5482-07"))
  func userTimeoutOption() {
    var bench = ConnectionBench()
    bench.shake {
      $0.options.present.insert(.userTimeout)
      $0.options.userTimeout = UserTimeoutOption(inMinutes: false, value: 1)
    }
    #expect(bench.connection.phase == .established)
    #expect(bench.connection.options.userTimeout == .zero)
    #expect(bench.write([1, 2, 3]) == 3)
    bench.drain()
    _ = bench.advance(to: .zero + .seconds(60))
    #expect(bench.connection.phase == .established)
  }

  @Test("Noise never breaks a connection's bookkeeping", .proves("ATK-49", "ATK-33"), arguments: 1...30)
  func noise(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed) &* 77)
    var bench = ConnectionBench(
      passive: seed % 2 == 0, ours: UInt32(truncatingIfNeeded: generator.next()),
      theirs: UInt32(truncatingIfNeeded: generator.next()))
    if seed % 5 != 0 { bench.shake { offerAll(&$0, &generator) } }
    for _ in 0..<400 {
      step(&bench, &generator)
      let status = bench.connection.status(in: bench.environment, at: bench.now)
      let outstanding = status.sendNext.distance(from: status.sendUnacknowledged)
      #expect(outstanding >= 0 && status.bytesInFlight >= 0 && status.bytesInFlight <= outstanding)
      #expect(status.congestionWindow >= 0 && status.receiveWindow <= 1 << 21)
      if bench.connection.endReason != nil { break }
    }
    bench.connection.releaseMemory(in: &bench.environment)
    #expect(bench.environment.pool.pagesInUse == 0)
  }

  private func offerAll(_ header: inout TCPHeader, _ generator: inout SeededGenerator) {
    if Bool.random(using: &generator) { header.options.present.insert(.sackPermitted) }
    if Bool.random(using: &generator) {
      header.options.present.insert(.windowScale)
      header.options.windowScale = WindowScale(clamping: UInt8.random(in: 0...15, using: &generator))
    }
    if Bool.random(using: &generator) {
      header.options.present.insert(.maximumSegmentSize)
      header.options.maximumSegmentSize = UInt16.random(in: 0...UInt16.max, using: &generator)
    }
  }

  private func step(_ bench: inout ConnectionBench, _ generator: inout SeededGenerator) {
    switch generator.number(0...9) {
    case 0: _ = bench.write([UInt8](repeating: 1, count: generator.number(1...5000)))
    case 1: _ = bench.read()
    case 2: _ = bench.advance(to: bench.now + .milliseconds(Int64(generator.number(0...3000))))
    case 3: if generator.number(0...30) == 0 { bench.close() }
    default:
      let rare = TCPFlags(rawValue: UInt16.random(in: 0..<512, using: &generator))
      let flags: TCPFlags = generator.number(0...15) == 0 ? rare.subtracting(.rst) : .ack
      let payload = [UInt8](repeating: 2, count: generator.number(0...2) == 0 ? generator.number(0...1460) : 0)
      bench.arrive(flags, payload: payload) { disturb(&$0, &generator) }
    }
    bench.drain()
  }

  private func disturb(_ header: inout TCPHeader, _ generator: inout SeededGenerator) {
    let jumps = [0, 0, 0, 1, -1, 1000, -1000, 65535, 1 << 20, 1 << 31, -(1 << 31), 1 << 30]
    header.sequence += jumps.randomElement(using: &generator) ?? 0
    if header.isACK { header.acknowledgement = header.acknowledgement - generator.number(-2...20000) }
    header.window = UInt16.random(in: 0...UInt16.max, using: &generator)
    header.urgentPointer = UInt16.random(in: 0...UInt16.max, using: &generator)
    guard Bool.random(using: &generator) else { return }
    header.options.present.insert(.sack)
    header.options.sackCount = UInt8.random(in: 0...4, using: &generator)
    for index in 0..<Int(header.options.sackCount) {
      let low = header.acknowledgement + generator.number(-5000...30000)
      header.options.sackBlocks[index] = SACKBlock(from: low, upTo: low + generator.number(-3000...9000))
    }
  }
}
