import MartinetTCP
import MartinetTestSupport
import Testing

/// Segments carry 1,448 octets, round trips take 100 ms, and the timeout is at least one second.
@Suite("Tail loss probes (RFC 8985 section 7)")
struct TailLossProbeTests {
  private func play(_ text: String, configure: (inout Configuration) -> Void = { _ in }) throws {
    try Transcript.reno(text).run(configure: {
      $0.minimumRetransmissionTimeout = .seconds(1)
      configure(&$0)
    })
  }

  private let threeOut =
    Opening.modern + """
      0.200  write 4344
      0.200 > ACK seq 1 length 1448 times 2
      0.200 > PSH.ACK seq 2897 length 1448

      """

  @Test(
    "After two round trips of silence the last segment is sent again, and RACK repairs what its SACK shows",
    .proves("8985-11", "8985-13"))
  func lastSegment() throws {
    try play(
      threeOut + """
               status deadline 400ms
        0.400 > PSH.ACK seq 2897 length 1448 (tailLossProbe)
               status deadline 1.4s inflight 4344
        # The echo is of before the gap, and no sign against the probe.
        0.500 < ACK seq 1 ack 1 <ts 500 100,sack 2897-4345>
        0.500 > ACK seq 1 length 1448 (fastRetransmission)
               status ssthresh 2896
        0.600 < ACK seq 1 ack 1449 <sack 2897-4345>
        0.600 > ACK seq 1449 length 1448 (fastRetransmission)
        0.700 < ACK seq 1 ack 4345
               status timeouts 0
        """)
  }

  @Test("A probe of new data is better than a repetition, whatever the congestion window says", .proves("8985-13"))
  func newData() throws {
    try play(
      Opening.modern + """
        0.200  write 15000
        0.200 > ACK seq 1 length 1448 times 10
               status unsent 520 inflight 14480 cwnd 14480
        0.400 > PSH.ACK seq 14481 length 520 (tailLossProbe)
               status inflight 15000 cwnd 14480 deadline 1.4s
        # That the probe of new data arrived says nothing of a loss.
        0.500 < ACK seq 1 ack 15001
               status cwnd 17376 retransmissions 0
        """)
  }

  @Test("New data that the peer's window does not take are no probe", .proves("8985-13"))
  func closedWindow() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 2896 <mss 1460,sackOK,ts>
      0.100 > ACK seq 1 ack 1
      0.200  write 4344
      0.200 > ACK seq 1 length 1448 times 2
      0.400 > ACK seq 1449 length 1448 (tailLossProbe)
      """)
  }

  @Test("For a single segment the peer's delay of its acknowledgement is waited for", .proves("8985-11"))
  func singleSegment() throws {
    try play(
      Opening.modern + """
        0.200  write 1000
        0.200 > PSH.ACK seq 1 length 1000
        0.600 > PSH.ACK seq 1 length 1000 (tailLossProbe)
        """)
  }

  @Test("Without a measurement the probe waits for a second", .proves("8985-11"))
  func unmeasured() throws {
    try play(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535 <mss 1460,sackOK>
      0.000 > SYN.ACK seq 0 ack 1
      0.900 < SYN seq 0 win 65535 <mss 1460,sackOK>
      0.900 > SYN.ACK seq 0 ack 1
      0.910 < ACK seq 1 ack 1
             status srtt 0
      1.000  write 2920
      1.000 > ACK seq 1 length 1460
      1.000 > PSH.ACK seq 1461 length 1460
      2.000 > PSH.ACK seq 1461 length 1460 (tailLossProbe)
      """)
  }

  @Test("A probe never waits longer than the timer that it is to save", .proves("8985-11", "8985-14"))
  func notLaterThanTimeout() throws {
    try Transcript.reno(
      Opening.modern + """
        0.200  write 4344
        0.200 > ACK seq 1 length 1448 times 2
        0.200 > PSH.ACK seq 2897 length 1448
        0.300 < ACK seq 1 ack 4345
        0.300  write 4344
        0.300 > ACK seq 4345 length 1448 times 2
        0.300 > PSH.ACK seq 7241 length 1448
        0.400 < ACK seq 1 ack 8689
        0.400  write 1000
        # SRTT and the variation make 212.5 ms; two round trips and the delay would be 400 ms.
        0.400 > PSH.ACK seq 8689 length 1000
               status rto 212.5ms
        0.6125 > PSH.ACK seq 8689 length 1000 (tailLossProbe)
        0.825 > PSH.ACK seq 8689 length 1000 (timeout)
        """
    ).run()
  }

  @Test("There is one probe; if it is not answered the timer is next", .proves("8985-12", "8985-14"))
  func once() throws {
    try play(
      threeOut + """
        0.400 > PSH.ACK seq 2897 length 1448 (tailLossProbe)
        1.400 > ACK seq 1 length 1448 (timeout)
        """)
  }

  @Test("While segments are held above a gap there is no probe", .proves("8985-11"))
  func notWithReports() throws {
    try play(
      threeOut + """
        0.300 < ACK seq 1 ack 1 <sack 1449-2897>
               status deadline 325ms
        0.325 > ACK seq 1 length 1448 (fastRetransmission)
        1.325 > ACK seq 1 length 1448 (timeout)
        """)
  }

  @Test(
    "An acknowledgement of new data moves the probe, and with everything acknowledged there is none", .proves("8985-11")
  )
  func moved() throws {
    try play(
      threeOut + """
        0.350 < ACK seq 1 ack 1449
               status srtt 106.25ms deadline 562.5ms
        0.360 < ACK seq 1 ack 4345
               status deadline none
        """)
  }

  @Test(
    "A probe that repaired the only loss lowers the window as recovery would", .proves("8985-15"))
  func repaired() throws {
    try play(
      threeOut + """
        0.350 < ACK seq 1 ack 2897
        0.500  wait
               status cwnd 14480
        0.7625 > PSH.ACK seq 2897 length 1448 (tailLossProbe)
        0.8625 < ACK seq 1 ack 4345
               status cwnd 14480
        # What acknowledges more than the probe shows that one copy arrived, not two.
        0.900  write 1000
        0.900 > PSH.ACK seq 4345 length 1000
        1.000 < ACK seq 1 ack 5345
               status ssthresh 2896 cwnd 2896
        """)
  }

  @Test("A report that the probe came twice lowers nothing", .proves("8985-15", "2883-06"))
  func needless() throws {
    try play(
      threeOut + """
        0.400 > PSH.ACK seq 2897 length 1448 (tailLossProbe)
        0.410 < ACK seq 1 ack 4345
        0.500 < ACK seq 1 ack 4345 <sack 2897-4345>
        0.600  write 1000
        0.600 > PSH.ACK seq 4345 length 1000
        0.700 < ACK seq 1 ack 5345
               status ssthresh >=1_000_000_000
        """)
  }

  @Test("A duplicate without a report says that the probe came twice as well", .proves("8985-15"))
  func needlessWithoutReport() throws {
    try play(
      threeOut + """
        0.400 > PSH.ACK seq 2897 length 1448 (tailLossProbe)
        0.410 < ACK seq 1 ack 4345
        0.500 < ACK seq 1 ack 4345
        0.600  write 1000
        0.600 > PSH.ACK seq 4345 length 1000
        0.700 < ACK seq 1 ack 5345
               status ssthresh >=1_000_000_000
        """)
  }

  @Test("A peer without SACK is not probed, and neither is any if the knob says so")
  func without() throws {
    try play(
      Opening.plain + """
        0.200  write 2920
        0.200 > ACK seq 1 length 1460
        0.200 > PSH.ACK seq 1461 length 1460
        1.200 > ACK seq 1 length 1460 (timeout)
        """)
    try play(
      threeOut + """
        1.200 > ACK seq 1 length 1448 (timeout)
        """
    ) { $0.tailLossProbes = false }
  }
}
