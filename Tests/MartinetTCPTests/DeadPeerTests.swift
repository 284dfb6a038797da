import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("A bound on the silence of a peer that is asked")
struct DeadPeerTests {
  @Test("An idle peer is asked from half of the bound on, and given up when it is over")
  func idle() throws {
    try Transcript(
      Opening.plain + """
         1.000  set deadPeerBound 12s
         6.100 > ACK seq 0 ack 1 (keepAliveProbe)
         8.100 > ACK seq 0 ack 1 (keepAliveProbe)
                warned peer-silent 2 after 8000ms
        10.100 > ACK seq 0 ack 1 (keepAliveProbe)
                warned not
        12.100 > RST seq 1 (reset)
                ended keep-alive-timed-out
        """
    ).run()
  }

  @Test("A peer that answers lives, however idle")
  func alive() throws {
    try Transcript(
      Opening.plain + """
         1.000  set deadPeerBound 12s
         6.100 > ACK seq 0 ack 1 (keepAliveProbe)
         6.200 < ACK seq 1 ack 1
        12.200 > ACK seq 0 ack 1 (keepAliveProbe)
        14.200 > ACK seq 0 ack 1 (keepAliveProbe)
        14.300 < ACK seq 1 ack 1
        20.300 > ACK seq 0 ack 1 (keepAliveProbe)
                phase ESTABLISHED
        """
    ).run()
  }

  @Test("Data that nobody acknowledges count from when the peer was last heard, with R1 as a warning")
  func outstanding() throws {
    try Transcript(
      Opening.plain + """
         1.000  set deadPeerBound 12s
         5.000  write 100
         5.000 > PSH.ACK seq 1 ack 1 length 100
         5.300 > PSH.ACK seq 1 ack 1 length 100 (timeout)
         5.900 > PSH.ACK seq 1 ack 1 length 100 (timeout)
                warned not
         7.100 > PSH.ACK seq 1 ack 1 length 100 (timeout)
                warned retransmitting 3 after 2100ms
         9.500 > PSH.ACK seq 1 ack 1 length 100 (timeout)
        12.100 > RST seq 101 (reset)
                ended retransmission-timed-out
        """
    ).run()
  }

  @Test("Data written while the probes go unanswered do not put the end off")
  func writtenLate() throws {
    try Transcript(
      Opening.plain + """
         1.000  set deadPeerBound 12s
         6.100 > ACK seq 0 ack 1 (keepAliveProbe)
         8.100 > ACK seq 0 ack 1 (keepAliveProbe)
         9.000  write 100
         9.000 > PSH.ACK seq 1 ack 1 length 100
         9.300 > PSH.ACK seq 1 ack 1 length 100 (timeout)
         9.900 > PSH.ACK seq 1 ack 1 length 100 (timeout)
        11.100 > PSH.ACK seq 1 ack 1 length 100 (timeout)
        12.100 > RST seq 101 (reset)
                ended retransmission-timed-out
        """
    ).run()
  }

  @Test("A peer that keeps its window closed and answers the probes lives (RFC 9293 MUST-37)", .proves("9293-MUST-37"))
  func closedWindow() throws {
    try Transcript(
      Opening.plain + """
         1.000  set deadPeerBound 6s
         1.000 < ACK seq 1 ack 1 win 0
         1.000  write 100
         1.300 > ACK seq 1 ack 1 length 1 (windowProbe)
         1.400 < ACK seq 1 ack 1 win 0
         1.900 > ACK seq 1 ack 1 length 1 (windowProbe)
         2.000 < ACK seq 1 ack 1 win 0
         2.900 > ACK seq 1 ack 1 length 1 (windowProbe)
         3.000 < ACK seq 1 ack 1 win 0
         3.900 > ACK seq 1 ack 1 length 1 (windowProbe)
         4.900 > ACK seq 1 ack 1 length 1 (windowProbe)
         5.900 > ACK seq 1 ack 1 length 1 (windowProbe)
                warned retransmitting 3 after 2900ms
         6.900 > ACK seq 1 ack 1 length 1 (windowProbe)
         7.900 > ACK seq 1 ack 1 length 1 (windowProbe)
         8.900 > ACK seq 1 ack 1 length 1 (windowProbe)
         9.000 > RST seq 2 (reset)
                ended retransmission-timed-out
        """
    ).run()
  }

  @Test("A bound that is set after a long silence leaves half of itself to ask")
  func setLate() throws {
    try Transcript(
      Opening.plain + """
        100.000  set deadPeerBound 12s
        100.000 > ACK seq 0 ack 1 (keepAliveProbe)
        102.000 > ACK seq 0 ack 1 (keepAliveProbe)
        104.000 > ACK seq 0 ack 1 (keepAliveProbe)
                 phase ESTABLISHED
        106.000 > RST seq 1 (reset)
        """
    ).run()
  }

  @Test("After our FIN the peer is watched, too")
  func halfClosed() throws {
    try Transcript(
      Opening.plain + """
         1.000  set deadPeerBound 12s
         2.000  close
         2.000 > FIN.ACK seq 1 ack 1
         2.100 < ACK seq 1 ack 2
                phase FIN-WAIT-2
         8.100 > ACK seq 1 ack 1 (keepAliveProbe)
        10.100 > ACK seq 1 ack 1 (keepAliveProbe)
        12.100 > ACK seq 1 ack 1 (keepAliveProbe)
        14.100 > RST seq 2 (reset)
        """
    ).run()
  }

  @Test("A process that slept through the bound asks before it gives up")
  func slept() throws {
    var bench = ConnectionBench()
    bench.shake()
    var options = bench.connection.options
    options.deadPeerBound = .seconds(12)
    bench.connection.setOptions(options, in: &bench.environment, at: bench.now)
    // All at once, as when a machine wakes: no timer has run meanwhile.
    bench.now = bench.now + .seconds(1000)
    bench.connection.expire(in: &bench.environment, at: bench.now)
    #expect(bench.connection.phase == .established)
    #expect(bench.drain().count == 1)
    #expect(bench.connection.nextDeadline <= bench.now + .seconds(2))
  }
}

@Suite("The mark of what has not been sent")
struct NotSentTests {
  @Test("No more is accepted than may wait unsent, and a writer hears when there is room")
  func mark() throws {
    try Transcript(
      Opening.plain + """
        1.000  set notSentLowWater 2000
        1.000  write 3000 accepts 2000
        1.000 > ACK seq 1 ack 1 length 1460
               status writable 1460 unsent 540
               events connected,writable
        1.000  write 1460
        1.000 > ACK seq 1461 ack 1 length 1460
               status unsent 540 writable 1460
        """
    ).run()
  }
}
