import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("Slow start, timeouts and idle connections (RFC 5681 sections 3.1 and 4.1, RFC 3465, RFC 6928)")
struct SlowStartTests {
  private func play(_ text: String, initialWindow: Int = 10) throws {
    try Transcript.reno(text).run(configure: {
      $0.minimumRetransmissionTimeout = .seconds(1)
      $0.initialWindowSegments = initialWindow
    })
  }

  @Test("No more leaves than the peer's window takes", .proves("5681-01"))
  func receiverLimits() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 4380 <mss 1460>
      0.100 > ACK seq 1 ack 1
      0.200  write 14600
      0.200 > ACK seq 1 length 1460 times 3
             status cwnd 14600 inflight 4380
      0.300 < ACK seq 1 ack 1461
      0.300 > ACK seq 4381 length 1460
      """)
  }

  @Test("No more leaves than the congestion window takes", .proves("5681-01"))
  func networkLimits() throws {
    try play(
      Opening.plain + """
        0.200  write 29200
        0.200 > ACK seq 1 length 1460 times 2
               status cwnd 2920 inflight 2920 sendwindow 65535
        0.300 < ACK seq 1 ack 2921
        0.300 > ACK seq 2921 length 1460 times 4
               status cwnd 5840 inflight 5840
        """, initialWindow: 2)
  }

  @Test("The handshake does not grow the congestion window", .proves("5681-03", "5681-06"))
  func handshake() throws {
    try play(
      Opening.plain + """
               status cwnd 14600 ssthresh >=1_000_000_000
        """)
    try play(
      Opening.passive + """
               status cwnd 14600 ssthresh >=1_000_000_000
        """)
  }

  @Test("Each ACK in slow start lets two segments more leave than it acknowledges, at most", .proves("3465-02"))
  func doubles() throws {
    try play(
      Opening.plain + """
        0.200  write 43800
        0.200 > ACK seq 1 length 1460 times 4
        0.300 < ACK seq 1 ack 5841
        0.300 > ACK seq 5841 length 1460 times 6
               status cwnd 8760
        0.400 < ACK seq 1 ack 8761
        0.400 > ACK seq 14601 length 1460 times 4
               status cwnd 11680
        """, initialWindow: 4)
  }

  @Test("A segment that is acknowledged in ten pieces counts once", .proves("3465-04", "ATK-16"))
  func acknowledgementDivision() throws {
    var text =
      Opening.plain + """
        0.200  write 14600
        0.200 > ACK seq 1 length 1460 times 2

        """
    for piece in 1...10 {
      text += "0.3\(piece + 10) < ACK seq 1 ack \(1 + 146 * piece)\n"
      if piece == 5 { text += "0.315 > ACK seq 2921 length 1460\n" }
      if piece == 10 { text += "0.320 > ACK seq 4381 length 1460\n" }
    }
    try play(text + "       status cwnd 4380 inflight 4380", initialWindow: 2)
  }

  @Test("A peer that acknowledges octet by octet gains nothing", .proves("ATK-16", "3465-04"))
  func octetByOctet() throws {
    var text =
      Opening.plain + """
        0.200  write 14600
        0.200 > ACK seq 1 length 1460 times 9
        0.200 > PSH.ACK seq 13141 length 1460

        """
    for octet in 1...100 { text += "0.3 < ACK seq 1 ack \(1 + octet)\n" }
    try play(text + "       status cwnd 14700")
  }

  @Test("After a timeout the window is one segment and the threshold half the flight", .proves("5681-11", "5681-12"))
  func timeout() throws {
    try play(
      Opening.plain + """
        0.200  write 8760
        0.200 > ACK seq 1 length 1460 times 5
        0.200 > PSH.ACK seq 7301 length 1460
               status cwnd 14600 inflight 8760
        1.200 > ACK seq 1 length 1460 (timeout)
               status cwnd 1460 ssthresh 4380
        3.200 > ACK seq 1 length 1460 (timeout)
               status cwnd 1460 ssthresh 4380
        """)
  }

  @Test(
    "After a timeout slow start leads to the threshold, congestion avoidance further",
    .proves("5681-13", "3465-03"))
  func afterTimeout() throws {
    try play(
      Opening.plain + """
        0.200  write 8760
        0.200 > ACK seq 1 length 1460 times 5
        0.200 > PSH.ACK seq 7301 length 1460
        1.200 > ACK seq 1 length 1460 (timeout)
        1.300 < ACK seq 1 ack 1461
        1.300 > ACK seq 1461 length 1460 times 2 (timeoutRecovery)
               status cwnd 2920
        1.400 < ACK seq 1 ack 4381
        1.400 > ACK seq 4381 length 1460 times 2 (timeoutRecovery)
        1.400 > PSH.ACK seq 7301 length 1460 (timeoutRecovery)
               status cwnd 4380 ssthresh 4380
        1.500 < ACK seq 1 ack 7301
        1.500  write 29200
        1.500 > ACK seq 8761 length 1460 times 2
               status cwnd 4380
        1.600 < ACK seq 1 ack 8761
        1.600 > ACK seq 11681 length 1460 times 2
               status cwnd 5840
        """)
  }

  @Test("After silence longer than the timeout the window is the initial one", .proves("5681-24", "5681-29"))
  func idle() throws {
    let grown =
      Opening.plain + """
        0.200  write 17520
        0.200 > ACK seq 1 length 1460 times 4
        0.300 < ACK seq 1 ack 2921
        0.300 > ACK seq 5841 length 1460 times 4
        0.400 < ACK seq 1 ack 11681
        0.400 > ACK seq 11681 length 1460 times 3
        0.400 > PSH.ACK seq 16061 length 1460
        0.500 < ACK seq 1 ack 17521
               status cwnd 14600

        """
    try play(
      grown + """
        1.300  write 14600
        1.300 > ACK seq 17521 length 1460 times 9
        1.300 > PSH.ACK seq 30661 length 1460
        """, initialWindow: 4)
    // What arrives meanwhile does not count: the last that was sent does.
    try play(
      grown + """
        1.400 < PSH.ACK seq 1 ack 17521 length 100
        1.400 > ACK seq 17521 ack 101
        1.500  write 14600
        1.500 > ACK seq 17521 length 1460 times 4
               status cwnd 5840
        """, initialWindow: 4)
  }

  @Test("One lost SYN leaves the initial window as it is, a second makes it one segment", .proves("5681-04", "6928-02"))
  func lossyHandshake() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN seq 0
      1.000 > SYN seq 0
      1.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460>
      1.100 > ACK seq 1 ack 1
             status cwnd 14600
      """)
    try play(
      """
      0.000  connect
      0.000 > SYN seq 0
      1.000 > SYN seq 0
      3.000 > SYN seq 0
      3.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460>
      3.100 > ACK seq 1 ack 1
             status cwnd 1460
      """)
    try play(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535 <mss 1460>
      0.000 > SYN.ACK seq 0 ack 1
      1.000 > SYN.ACK seq 0 ack 1
      3.000 > SYN.ACK seq 0 ack 1
      3.100 < ACK seq 1 ack 1
             status cwnd 1460
      """)
  }
}
