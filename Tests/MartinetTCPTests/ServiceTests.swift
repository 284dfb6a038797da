import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("What a connection does for its program and its network (RFC 9293 sections 3.8 and 3.9)")
struct ServiceTests {
  @Test(
    "A batch of segments is taken in whole and answered with one acknowledgement",
    .proves("9293-MUST-58", "9293-MUST-59"))
  func batch() {
    var bench = ConnectionBench()
    bench.shake()
    var header = bench.header(.ack)
    for _ in 0..<5 {
      guard let chain = bench.environment.pool.allocateChain(capacity: 1460) else {
        Issue.record("the pool has no page")
        return
      }
      bench.connection.receive(header, payload: chain, facts: ArrivalFacts(), in: &bench.environment, at: bench.now)
      header.sequence += 1460
    }
    let sent = bench.drain()
    #expect(sent.count == 1)
    #expect(sent.first?.header.acknowledgement == header.sequence)
  }

  @Test("The octets that a RST carries are not delivered, and do not weaken it", .proves("9293-SHLD-2"))
  func resetWithText() throws {
    try Transcript(
      Opening.plain + """
        0.200 < RST seq 1 length 20
               phase CLOSED
               ended reset ESTABLISHED
               status pages 0
        0.300  read 100 fails ended
        """
    ).run()
  }

  @Test("A soft error reaches the program, which decides what it means", .proves("9293-SHLD-25", "9293-MUST-47"))
  func softError() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100
               events connected,writable
        0.250  icmp 3 1 seq 1 believed
               events warning
               phase ESTABLISHED
        """
    ).run()
    var bench = ConnectionBench()
    bench.shake()
    _ = bench.write([UInt8](repeating: 1, count: 100))
    let quoted = bench.sendNext
    bench.drain()
    let cause = UnreachableCause(isIPv6: false, type: 3, code: 1)
    #expect(
      bench.connection.networkReported(cause, quoting: quoted, in: &bench.environment, at: bench.now))
    #expect(bench.connection.status(in: bench.environment, at: bench.now).softError == cause)
  }

  @Test(
    "The DSCP stands unchanged in every segment; the two bits of ECN are not the program's", .proves("9293-SHLD-22"))
  func trafficClass() {
    var bench = ConnectionBench { $0.connection.trafficClass = 0xBB }
    var departure = Departure()
    var classes: [UInt8] = []
    func poll(_ bench: inout ConnectionBench) {
      while let envelope = bench.connection.pollTransmit(
        into: &departure, maximumTrain: 0, in: &bench.environment, at: bench.now)
      {
        classes.append(envelope.trafficClass)
        departure.release(to: &bench.environment.pool)
      }
    }
    poll(&bench)
    bench.shake()
    _ = bench.write([UInt8](repeating: 1, count: 3000))
    poll(&bench)
    bench.close()
    poll(&bench)
    #expect(classes.count >= 3)
    #expect(classes.allSatisfy { $0 == 0xB8 })
  }

  @Test("A program that does not read keeps the window closed as long as it likes", .proves("9293-MAY-8"))
  func closedForLong() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 1 ack 1 length 1000
        0.200 > ACK seq 1 ack 1001 win 0
        60.000 < ACK seq 1001 ack 1 length 1
        60.000 > ACK seq 1 ack 1001 win 0
        36000.000 < ACK seq 1001 ack 1 length 1
        36000.000 > ACK seq 1 ack 1001 win 0
               phase ESTABLISHED
        36001.000  read 1000 gets 1000
        36001.000 > ACK seq 1 ack 1001 win 1000
        """
    ).run(open: { $0.options.receiveBufferSize = 1000 })
  }
}
