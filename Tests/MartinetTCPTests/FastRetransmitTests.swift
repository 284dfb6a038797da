import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("Fast retransmit and limited transmit without SACK (RFC 5681 section 3.2, RFC 3042)")
struct FastRetransmitTests {
  /// Ten segments are on their way and nothing waits.
  private let tenOut =
    Opening.plain + """
      0.200  write 14600
      0.200 > ACK seq 1 length 1460 times 9
      0.200 > PSH.ACK seq 13141 length 1460

      """

  /// Ten segments are on their way and ten wait.
  private let tenMoreWait =
    Opening.plain + """
      0.200  write 29200
      0.200 > ACK seq 1 length 1460 times 10

      """

  @Test("The third duplicate, not the second, repeats the first segment", .proves("5681-16", "5681-21", "6582-01"))
  func thirdDuplicate() throws {
    try Transcript.reno(
      tenOut + """
        0.300 < ACK seq 1 ack 1
        0.301 < ACK seq 1 ack 1
        0.301  wait
               status duplicates 2 retransmissions 0 cwnd 14600
        0.302 < ACK seq 1 ack 1
        0.302 > ACK seq 1 length 1460 (fastRetransmission)
               status ssthresh 7300 cwnd 11680
        """
    ).run()
  }

  @Test(
    "The first two duplicates each let one new segment leave, outside the congestion window",
    .proves("5681-18", "3042-01", "3042-02"))
  func limitedTransmit() throws {
    try Transcript.reno(
      tenMoreWait + """
        0.300 < ACK seq 1 ack 1
        0.300 > ACK seq 14601 length 1460 (limitedTransmit)
               status cwnd 14600 inflight 16060
        0.301 < ACK seq 1 ack 1
        0.301 > ACK seq 16061 length 1460 (limitedTransmit)
               status cwnd 14600 inflight 17520
        """
    ).run()
  }

  @Test("Limited transmit obeys the peer's window", .proves("3042-01", "5681-18"))
  func limitedByPeer() throws {
    try Transcript.reno(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 14600 <mss 1460>
      0.100 > ACK seq 1 ack 1
      0.200  write 29200
      0.200 > ACK seq 1 length 1460 times 10
      0.300 < ACK seq 1 ack 1 times 2
      0.301  wait
             status duplicates 2
      """
    ).run()
  }

  @Test(
    "What limited transmit sent does not raise the threshold, and each further duplicate lends a segment",
    .proves("5681-20", "5681-22", "ATK-17"))
  func inflation() throws {
    try Transcript.reno(
      tenMoreWait + """
        0.300 < ACK seq 1 ack 1
        0.300 > ACK seq 14601 length 1460 (limitedTransmit)
        0.301 < ACK seq 1 ack 1
        0.301 > ACK seq 16061 length 1460 (limitedTransmit)
        0.302 < ACK seq 1 ack 1
        0.302 > ACK seq 1 length 1460 (fastRetransmission)
               status ssthresh 7300 cwnd 11680 inflight 17520
        0.303 < ACK seq 1 ack 1 times 4
        0.303  wait
               status cwnd 17520
        0.304 < ACK seq 1 ack 1
        0.304 > ACK seq 17521 length 1460 (newData)
        0.305 < ACK seq 1 ack 1
        0.305 > ACK seq 18981 length 1460
        0.306 < ACK seq 1 ack 1
        0.306 > ACK seq 20441 length 1460
        0.307 < ACK seq 1 ack 1
        0.307 > ACK seq 21901 length 1460
        0.308 < ACK seq 1 ack 1
        0.308 > ACK seq 23361 length 1460
               status cwnd 24820
        # Twelve segments were outstanding: more duplicates than that are invented.
        0.309 < ACK seq 1 ack 1 times 50
        0.309  wait
               status cwnd 24820
        """
    ).run()
  }

  @Test("A full acknowledgement ends recovery and deflates the window", .proves("5681-23", "6582-03"))
  func deflation() throws {
    try Transcript.reno(
      tenMoreWait + """
        0.300 < ACK seq 1 ack 1
        0.300 > ACK seq 14601 length 1460
        0.301 < ACK seq 1 ack 1
        0.301 > ACK seq 16061 length 1460
        0.302 < ACK seq 1 ack 1
        0.302 > ACK seq 1 length 1460 (fastRetransmission)
        0.303 < ACK seq 1 ack 1 times 4
        0.304 < ACK seq 1 ack 1
        0.304 > ACK seq 17521 length 1460
        0.400 < ACK seq 1 ack 17521
        # FlightSize was one segment: min(ssthresh, one and one more).
        0.400 > ACK seq 18981 length 1460
               status ssthresh 7300 cwnd 2920
        """
    ).run()
  }

  @Test("A window update is no duplicate", .proves("5681-17"))
  func windowUpdates() throws {
    try Transcript.reno(
      tenOut + """
        0.300 < ACK seq 1 ack 1 win 60000
        0.301 < ACK seq 1 ack 1 win 50000
        0.302 < ACK seq 1 ack 1 win 40000
        0.303 < ACK seq 1 ack 1 win 50000
        0.303  wait
               status duplicates 0 retransmissions 0
        """
    ).run()
  }

  @Test("A segment with text is no duplicate", .proves("5681-17"))
  func dataSegments() throws {
    try Transcript.reno(
      tenOut + """
        0.300 < PSH.ACK seq 1 ack 1 length 100
        0.300 > ACK seq 14601 ack 101
        0.301 < PSH.ACK seq 101 ack 1 length 100
        0.301 > ACK seq 14601 ack 201
        0.302 < PSH.ACK seq 201 ack 1 length 100
        0.302 > ACK seq 14601 ack 301
        0.303 < FIN.ACK seq 301 ack 1
        0.303 > ACK seq 14601 ack 302
               status duplicates 0 retransmissions 0
        """
    ).run()
  }

  @Test("An ACK older than the last is no duplicate", .proves("5681-17"))
  func oldAcknowledgements() throws {
    try Transcript.reno(
      tenOut + """
        0.300 < ACK seq 1 ack 2921
        0.301 < ACK seq 1 ack 1461 times 4
        0.302 < ACK seq 1 ack 1 times 4
        0.303  wait
               status duplicates 0 retransmissions 0
        """
    ).run()
  }

  @Test("When nothing is outstanding there are no duplicates", .proves("5681-17"))
  func nothingOutstanding() throws {
    try Transcript.reno(
      Opening.plain + """
        0.200 < ACK seq 1 ack 1 times 5
        0.200  write 1000
        0.200 > PSH.ACK seq 1 length 1000
               status duplicates 0
        0.300 < ACK seq 1 ack 1001
        0.300 < ACK seq 1 ack 1001 times 5
               status duplicates 0
        """
    ).run()
  }

  @Test("With SACK a duplicate that reports nothing new sends nothing", .proves("5681-19", "3042-03", "5681-17"))
  func duplicateWithoutNews() throws {
    try Transcript.reno(
      Opening.modern + """
        0.200  write 28960
        0.200 > ACK seq 1 length 1448 times 10
        0.300 < ACK seq 1 ack 1 <sack 1449-2897>
        0.300 > ACK seq 14481 length 1448 (limitedTransmit)
        0.301 < ACK seq 1 ack 1 <sack 1449-2897> times 20
        0.302 < ACK seq 1 ack 1 times 20
        0.303  wait
               status duplicates 1 retransmissions 0
        """
    ).run()
  }

  @Test("Losses in two windows, one after the other, lower the window twice", .proves("5681-28"))
  func twoWindows() throws {
    try Transcript.reno(
      tenOut + """
        0.300 < ACK seq 1 ack 1 times 3
        0.300 > ACK seq 1 length 1460 (fastRetransmission)
        0.300 < ACK seq 1 ack 1 times 6
               status ssthresh 7300
        0.400 < ACK seq 1 ack 14601
        0.400  write 29200
        0.400 > ACK seq 14601 length 1460 times 2
        0.500 < ACK seq 1 ack 17521
        0.500 > ACK seq 17521 length 1460 times 4
               status cwnd 5840
        0.600 < ACK seq 1 ack 17521
        0.600 > ACK seq 23361 length 1460 (limitedTransmit)
        0.601 < ACK seq 1 ack 17521
        0.601 > ACK seq 24821 length 1460 (limitedTransmit)
        0.602 < ACK seq 1 ack 17521
        0.602 > ACK seq 17521 length 1460 (fastRetransmission)
               status ssthresh 2920 cwnd 7300
        """
    ).run()
  }

  @Test("A repetition that is lost lowers the window again", .proves("5681-28"))
  func lostRepetition() throws {
    try Transcript.reno(
      tenOut + """
        0.300 < ACK seq 1 ack 1 times 3
        0.300 > ACK seq 1 length 1460 (fastRetransmission)
        0.300 < ACK seq 1 ack 1 times 6
               status ssthresh 7300 cwnd 20440
        1.300 > ACK seq 1 length 1460 (timeout)
               status ssthresh 3650 cwnd 1460
        """
    ).run(configure: { $0.minimumRetransmissionTimeout = .seconds(1) })
  }
}
