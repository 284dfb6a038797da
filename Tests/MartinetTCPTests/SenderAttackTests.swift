import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("A hostile receiver: lies, tiny segments, tiny and shrinking windows")
struct SenderAttackTests {
  /// Ten segments are on their way in a connection with SACK.
  private func tenOut(segmentSize: UInt16 = 1460) -> ConnectionBench {
    var bench = ConnectionBench()
    bench.shake {
      $0.options.present.insert([.sackPermitted, .maximumSegmentSize])
      $0.options.maximumSegmentSize = segmentSize
    }
    _ = bench.write([UInt8](repeating: 1, count: 20000))
    bench.drain()
    return bench
  }

  private func report(_ blocks: [SACKBlock], in header: inout TCPHeader, acknowledging number: SequenceNumber) {
    header.acknowledgement = number
    header.options.present.insert(.sack)
    header.options.sackCount = UInt8(blocks.count)
    for (index, block) in blocks.enumerated() { header.options.sackBlocks[index] = block }
  }

  @Test("SACK blocks that can't be true are ignored", .proves("ATK-19", "2018-11"))
  func impossibleBlocks() {
    var bench = tenOut()
    let una = SequenceNumber(0xFFFF_FF01)
    let lies: [(Int, Int)] = [
      (14600, 29200), (1460, 14601), (20000, 30000), (-1460, 0), (-1460, 1460), (2920, 1460), (1460, 1460),
      (1460, 1 << 31), (1 << 31, 14600), (0, 1 << 32 - 1), (-(1 << 31), 1460),
    ]
    for (low, high) in lies {
      for _ in 0..<5 {
        bench.arrive(.ack) { report([SACKBlock(from: una + low, upTo: una + high)], in: &$0, acknowledging: una) }
      }
    }
    let status = bench.connection.status(in: bench.environment, at: bench.now)
    #expect(status.bytesInFlight == 14600)
    #expect(status.statistics.duplicateAcknowledgements == 0)
    #expect(status.statistics.retransmissions == 0)
    #expect(status.congestionWindow == 14600)
  }

  @Test("Reports of odd octets neither count nor cost", .proves("ATK-19", "ATK-21"))
  func oddOctets() {
    var bench = tenOut()
    let una = SequenceNumber(0xFFFF_FF01)
    for octet in stride(from: 1, to: 14000, by: 8) {
      bench.arrive(.ack) {
        report(
          (0..<4).map { SACKBlock(from: una + (octet + 2 * $0), count: 1) }, in: &$0, acknowledging: una)
      }
    }
    let status = bench.connection.status(in: bench.environment, at: bench.now)
    #expect(status.bytesInFlight == 14600)
    #expect(status.statistics.duplicateAcknowledgements == 0)
  }

  @Test("A peer with the smallest segments and the most gaps is served and breaks nothing", .proves("ATK-20", "ATK-22"))
  func smallestSegments() {
    var bench = tenOut(segmentSize: 48)
    let start = SequenceNumber(0xFFFF_FF01)
    var una = start
    var highest = bench.sendNext
    for round in 0..<2000 where una != highest {
      // Every second segment of the next eight is reported, then all are acknowledged.
      let blocks = (0..<4).map { SACKBlock(from: una + 88 * (2 * $0 + 1), count: 88) }
      bench.arrive(.ack) { report(blocks, in: &$0, acknowledging: una) }
      una = SequenceNumber.earlier(una + 88 * 8, highest)
      let acknowledged = una
      bench.arrive(.ack) { $0.acknowledgement = acknowledged }
      highest = bench.sendNext
      if round % 50 == 0 { _ = bench.advance(to: bench.now + .milliseconds(10)) }
    }
    #expect(una.distance(from: start) == 20000)
    #expect(bench.connection.status(in: bench.environment, at: bench.now).bytesInFlight == 0)
  }

  @Test("A segment size of 0 is none, and one below the floor is raised to it", .proves("ATK-22", "ATK-23"))
  func absurdSizes() throws {
    for (offered, size) in [(0, 536), (1, 88), (48, 88), (87, 88), (88, 88), (89, 89), (65535, 1460)] {
      try Transcript(
        """
        0.000  connect
        0.000 > SYN seq 0
        0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss \(offered)>
        0.100 > ACK seq 1 ack 1
               status mss \(size)
        0.200  write 3000
        0.200 > ACK seq 1 length \(size)
        """ + "\n0.200 > * seq \(1 + size) length \(size) times \(max(0, min(9, 3000 / size - 1)))"
          + rest(of: 3000, size: size)
      ).run()
    }
  }

  private func rest(of total: Int, size: Int) -> String {
    let sent = min(10, total / size) * size
    guard sent < total, total / size < 10 else { return "" }
    return "\n0.300 < ACK seq 1 ack \(1 + sent)\n0.300 > PSH.ACK seq \(1 + sent) length \(total - sent)"
  }

  @Test("Even with the smallest segments, all options leave room for text", .proves("ATK-22"))
  func roomForText() {
    var bench = ConnectionBench()
    bench.shake {
      $0.options.present.insert([.sackPermitted, .maximumSegmentSize, .timestamps])
      $0.options.maximumSegmentSize = 1
    }
    for gap in 1...4 {
      bench.arrive(.ack, payload: [1]) {
        $0.sequence += gap * 10
        $0.options.present.insert(.timestamps)
      }
    }
    _ = bench.write([UInt8](repeating: 1, count: 480))
    let sent = bench.drain()
    #expect(sent.first?.header.options.sackCount == 3)
    #expect(sent.first?.payload == 48)
  }

  @Test("A peer that offers windows of one octet gets one octet per override, not a flood", .proves("ATK-39"))
  func sillyWindows() throws {
    try Transcript(
      Opening.plain + """
        0.150 < ACK seq 1 ack 1 win 1
        0.200  write 5000
        0.700 > ACK seq 1 length 1
        0.800 < ACK seq 1 ack 2 win 1
        1.300 > ACK seq 2 length 1
        1.400 < ACK seq 1 ack 3 win 1
        1.900 > ACK seq 3 length 1
        2.000 < ACK seq 1 ack 4 win 65535
        2.000 > ACK seq 4 length 1460 times 3
        2.100 < ACK seq 1 ack 4384
        2.100 > PSH.ACK seq 4384 length 617
        """
    ).run()
  }

  @Test("A window that opens, closes and shrinks loses nothing", .proves("ATK-40"))
  func shrinkingWindow() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 20000
        0.200 > ACK seq 1 length 1460 times 10
        # The window shrinks behind what was sent.
        0.300 < ACK seq 1 ack 1461 win 0
               status sendwindow 0 una 1461 next 14601
        0.350 < ACK seq 1 ack 1461 win 65535
        0.350 > ACK seq 14601 length 1460 times 2
        0.400 < ACK seq 1 ack 1461 win 1
        0.410 < ACK seq 1 ack 2921 win 0
               status sendwindow 0 una 2921 next 17521
        0.420 < ACK seq 1 ack 2921 win 65535
        0.420 > ACK seq 17521 length 1460
        0.430 < ACK seq 1 ack 18981 win 65535
        0.430 > PSH.ACK seq 18981 length 1020
        0.440 < ACK seq 1 ack 20001 win 65535
               events connected,writable,allAcknowledged
               status inflight 0 retransmissions 0
        """
    ).run()
  }

  @Test("Windows by chance delay octets but lose none", .proves("ATK-40"), arguments: 1...20)
  func randomWindows(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    var bench = ConnectionBench()
    bench.shake()
    let start = bench.sendNext
    let total = 50000
    var written = bench.write([UInt8](repeating: 1, count: total))
    var una = start
    var sent = bench.drain()
    var rounds = 0
    while una.distance(from: start) < total && rounds < 5000 {
      rounds += 1
      for segment in sent where segment.header.sequence == una { una += segment.payload }
      let acknowledged = una
      let window = UInt16([0, 0, 1, 500, 3000, 65535].randomElement(using: &generator) ?? 0)
      sent = bench.arrive(.ack) {
        $0.acknowledgement = acknowledged
        $0.window = window
      }
      if sent.isEmpty {
        sent = bench.advance(to: bench.connection.nextDeadline == .never ? bench.now : bench.connection.nextDeadline)
      }
      written += bench.write([])
    }
    #expect(written == total)
    #expect(una.distance(from: start) == total)
  }
}
