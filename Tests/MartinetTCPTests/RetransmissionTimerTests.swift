import MartinetTCP
import MartinetTestSupport
import Testing

/// Round trips take 100 ms, so that a floor of one second is what the timeout is.
@Suite("The retransmission timer (RFC 6298 sections 3 and 5)")
struct RetransmissionTimerTests {
  private func play(_ text: String, configure: (inout Configuration) -> Void = { _ in }) throws {
    try Transcript(text).run(configure: {
      $0.minimumRetransmissionTimeout = .seconds(1)
      // The timer alone is the subject: a probe would come before it.
      $0.tailLossProbes = false
      configure(&$0)
    })
  }

  @Test(
    "An ACK of octets that were sent twice is no measurement, and the timeout stays doubled",
    .proves("6298-07", "6298-15", "9293-MUST-18"))
  func karn() throws {
    try play(
      Opening.plain + """
        0.200  write 1000
        0.200 > PSH.ACK seq 1 length 1000
        1.200 > PSH.ACK seq 1 length 1000 (timeout)
        1.250 < ACK seq 1 ack 1001
               status srtt 100ms rto 2s
        1.300  write 1000
        1.300 > PSH.ACK seq 1001 length 1000
        3.300 > PSH.ACK seq 1001 length 1000 (timeout)
        3.350 < ACK seq 1 ack 2001
               status srtt 100ms rto 4s
        3.400  write 1000
        3.400 > PSH.ACK seq 2001 length 1000
        3.500 < ACK seq 1 ack 3001
               status srtt 100ms rto 1s
        """)
  }

  @Test("With timestamps an ACK of octets that were sent twice is a measurement", .proves("6298-07", "7323-12"))
  func timestampsDisambiguate() throws {
    try play(
      Opening.modern
        + """
        0.200  write 1000
        0.200 > PSH.ACK seq 1 length 1000
        1.200 > PSH.ACK seq 1 length 1000 <ts> (timeout)
        1.220 < ACK seq 1 ack 1001 <ts 1220 1200>
               status srtt 90ms rto 1s
        """)
  }

  @Test(
    "An echo older than the last transmission is no measurement: the ACK that it belongs to may have been lost long ago",
    .proves("6298-07"))
  func oldEcho() throws {
    try play(
      Opening.modern + """
        0.200  write 1000
        0.200 > PSH.ACK seq 1 length 1000
        1.200 > PSH.ACK seq 1 length 1000 (timeout)
        1.300 < ACK seq 1 ack 1001 <ts 1300 200,sack 1-1001>
               status srtt 100ms rto 2s
        """)
  }

  @Test("A SYN that was repeated gives no measurement without timestamps", .proves("6298-07"))
  func repeatedSYN() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN seq 0
      1.000 > SYN seq 0 (timeout)
      1.010 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460>
      1.010 > ACK seq 1 ack 1
             status srtt 0 rttvar 0
      """)
    // The peer's SYN comes again, so our answer is repeated.
    try play(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535 <mss 1460>
      0.000 > SYN.ACK seq 0 ack 1
      0.900 < SYN seq 0 win 65535 <mss 1460>
      0.900 > SYN.ACK seq 0 ack 1
      0.910 < ACK seq 1 ack 1
             status srtt 0 rttvar 0
      """)
    // SYNs cross: the SYN,ACK says our SYN again.
    try play(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.090 < SYN seq 0 win 65535 <mss 1460>
      0.090 > SYN.ACK seq 0 ack 1
      0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460>
             phase ESTABLISHED
             status srtt 0
      """)
  }

  @Test("Every round trip is measured", .proves("6298-08"))
  func everyRoundTrip() throws {
    try play(
      Opening.plain + """
        0.200  write 1000
        0.200 > PSH.ACK seq 1 length 1000
        0.400 < ACK seq 1 ack 1001
               status srtt 112.5ms
        0.400  write 1000
        0.400 > PSH.ACK seq 1001 length 1000
        0.600 < ACK seq 1 ack 2001
               status srtt 123.4375ms
        0.600  write 1000
        0.600 > PSH.ACK seq 2001 length 1000
        0.800 < ACK seq 1 ack 3001
               status srtt 133.0078125ms
        """)
  }

  @Test("The timer starts with the first octets outstanding, not anew with those that follow", .proves("6298-11"))
  func starts() throws {
    try play(
      Opening.plain
        + """
               status deadline none
        0.200  write 1460
        0.200 > PSH.ACK seq 1 length 1460
               status deadline 1.2s
        0.700  write 1460
        0.700 > PSH.ACK seq 1461 length 1460
               status deadline 1.2s
        1.200 > * seq 1 length 1460 (timeout)
               status deadline 3.2s
        """)
  }

  @Test("The timer stops when everything is acknowledged", .proves("6298-12"))
  func stops() throws {
    try play(
      Opening.plain + """
        0.200  write 2920
        0.200 > ACK seq 1 length 1460
        0.200 > PSH.ACK seq 1461 length 1460
        0.300 < ACK seq 1 ack 2921
               status deadline none
        9.000  wait
        """)
  }

  @Test("An ACK of new octets restarts the timer; a duplicate does not", .proves("6298-13", "6928-04"))
  func restarts() throws {
    try play(
      Opening.plain + """
        0.200  write 2920
        0.200 > ACK seq 1 length 1460
        0.200 > PSH.ACK seq 1461 length 1460
        0.500 < ACK seq 1 ack 1461
               status deadline 1.5s
        0.900 < ACK seq 1 ack 1461
               status deadline 1.5s
        1.500 > PSH.ACK seq 1461 length 1460 (timeout)
        """)
  }

  @Test(
    "An expiry repeats the earliest segment alone, doubles the timeout and restarts the timer",
    .proves("6298-14", "6298-15"))
  func expires() throws {
    try play(
      Opening.plain + """
        0.200  write 4380
        0.200 > ACK seq 1 length 1460 times 2
        0.200 > PSH.ACK seq 2921 length 1460
        1.200 > ACK seq 1 length 1460 (timeout)
               status rto 2s deadline 3.2s
        3.200 > ACK seq 1 length 1460 (timeout)
               status rto 4s
        7.200 > ACK seq 1 length 1460 (timeout)
        15.200 > ACK seq 1 length 1460 (timeout)
        31.200 > ACK seq 1 length 1460 (timeout)
        63.200 > ACK seq 1 length 1460 (timeout)
               status rto 60s
        123.200 > ACK seq 1 length 1460 (timeout)
        183.200 > ACK seq 1 length 1460 (timeout)
        """
    ) {
      // Else the third expiry makes the segment smaller (RFC 4821 section 7.7).
      $0.connection.pathMTUDiscovery = .off
    }
  }

  @Test("A segment that fast retransmit repeats is not repeated by the timer before its time", .proves("6298-10"))
  func notTooEarly() throws {
    try play(
      Opening.plain + """
        0.200  write 5840
        0.200 > ACK seq 1 length 1460 times 3
        0.200 > PSH.ACK seq 4381 length 1460
        0.900 < ACK seq 1 ack 1 times 3
        0.900 > ACK seq 1 length 1460 (fastRetransmission)
        1.900 > ACK seq 1 length 1460 (timeout)
        """)
  }

  @Test("After a SYN that was lost the timeout for data is three seconds", .proves("6298-16"))
  func afterLostSYN() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN seq 0
      1.000 > SYN seq 0 (timeout)
      1.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460>
      1.100 > ACK seq 1 ack 1
             status rto 3s
      1.200  write 100
      1.200 > PSH.ACK seq 1 length 100
      4.200 > PSH.ACK seq 1 length 100 (timeout)
      """)
    try play(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535 <mss 1460,ts 0 0>
      0.000 > SYN.ACK seq 0 ack 1
      1.000 > SYN.ACK seq 0 ack 1 (timeout)
      1.100 < ACK seq 1 ack 1
             status rto 3s
      """)
  }
}
