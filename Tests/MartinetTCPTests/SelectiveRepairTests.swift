import MartinetTCP
import MartinetTestSupport
import Testing

/// Segments carry 1,448 octets, ten of them fill the first window, and the first is lost.
@Suite("Recovery with SACK (RFC 8985 section 6, RFC 9937, RFC 2018 section 5)")
struct SelectiveRepairTests {
  private func play(_ text: String) throws {
    try Transcript.reno(text).run(configure: {
      $0.minimumRetransmissionTimeout = .seconds(1)
      // What probes do is another suite's subject.
      $0.tailLossProbes = false
    })
  }

  /// Ten segments are on their way, nothing waits.
  private let tenOut =
    Opening.modern + """
      0.200  write 14480
      0.200 > ACK seq 1 length 1448 times 9
      0.200 > PSH.ACK seq 13033 length 1448

      """

  @Test(
    "Three segments held above a gap mean loss at once; recovery sends as much as proportional rate reduction allows",
    .proves("6675-07", "8985-06", "9937-04", "9937-08"))
  func threeSegments() throws {
    try play(
      tenOut + """
        0.300 < ACK seq 1 ack 1 <sack 1449-2897>
        0.301 < ACK seq 1 ack 1 <sack 1449-4345>
        0.301  wait
               status retransmissions 0 cwnd 14480
        0.302 < ACK seq 1 ack 1 <sack 1449-5793>
        # What is in flight is 14,480 less three segments that are held and one that is lost; one segment is forced.
        0.302 > ACK seq 1 length 1448 (fastRetransmission)
               status ssthresh 7240 cwnd 10136 inflight 10136
        """)
  }

  @Test("One report of enough octets begins recovery at once", .proves("6675-07"))
  func oneReport() throws {
    try play(
      tenOut + """
        0.300 < ACK seq 1 ack 1 <sack 1449-14481>
        0.300 > ACK seq 1 length 1448 (fastRetransmission)
               status ssthresh 7240 cwnd 7240 inflight 1448
        """)
  }

  @Test("Three ranges mean that every gap below them is lost, however small", .proves("6675-07", "8985-06"))
  func threeRanges() throws {
    try play(
      Opening.modern + """
               set noDelay on
        0.200  write 100
        0.200 > PSH.ACK seq 1 length 100
        0.200  write 100
        0.200 > PSH.ACK seq 101 length 100
        0.200  write 100
        0.200 > PSH.ACK seq 201 length 100
        0.200  write 100
        0.200 > PSH.ACK seq 301 length 100
        0.200  write 100
        0.200 > PSH.ACK seq 401 length 100
        0.200  write 100
        0.200 > PSH.ACK seq 501 length 100
        0.300 < ACK seq 1 ack 1 <sack 101-201>
        0.301 < ACK seq 1 ack 1 <sack 301-401 101-201>
        0.301  wait
               status retransmissions 0
        0.302 < ACK seq 1 ack 1 <sack 501-601 301-401 101-201>
        0.302 > * seq 1 length 100 (fastRetransmission)
        0.302 > * seq 201 length 100 (fastRetransmission)
        0.302 > * seq 401 length 100 (fastRetransmission)
               status inflight 300
        """)
  }

  @Test("Three duplicates begin recovery, even of less than two segments' octets", .proves("6675-07"))
  func threeDuplicates() throws {
    try play(
      Opening.modern + """
               set noDelay on
        0.200  write 100
        0.200 > PSH.ACK seq 1 length 100
        0.200  write 100
        0.200 > PSH.ACK seq 101 length 100
        0.200  write 100
        0.200 > PSH.ACK seq 201 length 100
        0.200  write 100
        0.200 > PSH.ACK seq 301 length 100
        0.300 < ACK seq 1 ack 1 <sack 101-201>
        0.301 < ACK seq 1 ack 1 <sack 101-301>
        0.302 < ACK seq 1 ack 1 <sack 101-401>
        0.302 > * seq 1 length 100 (fastRetransmission)
        """)
  }

  @Test("News in a segment that carries text count as well", .proves("6675-06", "6675-07"))
  func newsWithText() throws {
    try play(
      tenOut + """
        0.300 < PSH.ACK seq 1 ack 1 length 100 <sack 1449-2897>
        0.300 > ACK seq 14481 ack 101
        0.301 < PSH.ACK seq 101 ack 1 length 100 win 60032 <sack 1449-4345>
        0.301 > ACK seq 14481 ack 201
        0.302 < PSH.ACK seq 201 ack 1 length 100 <sack 1449-5793>
        0.302 > ACK seq 1 ack 301 length 1448 (fastRetransmission)
        """)
  }

  @Test("News of an ACK that comes out of order are not lost", .proves("6675-06"))
  func newsInOldAck() throws {
    try play(
      tenOut + """
        0.300 < ACK seq 1 ack 1449
        0.301 < ACK seq 1 ack 1 <sack 2897-14481>
        0.301 > ACK seq 1449 length 1448 (fastRetransmission)
        """)
  }

  @Test(
    "In recovery one segment leaves for every two that arrive, and one for one once the flight is ssthresh",
    .proves("6675-08", "6675-11", "9937-02", "9937-05", "9937-09", "9937-11", "9937-12", "8985-17"))
  func rateOfRecovery() throws {
    try play(
      Opening.modern + """
        0.200  write 43440
        0.200 > ACK seq 1 length 1448 times 10
        0.300 < ACK seq 1 ack 1 <sack 1449-2897>
        0.300 > ACK seq 14481 length 1448 (limitedTransmit)
        0.301 < ACK seq 1 ack 1 <sack 1449-4345>
        0.301 > ACK seq 15929 length 1448 (limitedTransmit)
        # RecoverFS is twelve segments less the two that were reported before.
        0.302 < ACK seq 1 ack 1 <sack 1449-5793>
        0.302 > ACK seq 1 length 1448 (fastRetransmission)
               status ssthresh 7240 cwnd 13032 inflight 13032
        0.303 < ACK seq 1 ack 1 <sack 1449-7241>
        0.303  wait
               status inflight 11584 cwnd 11584
        0.304 < ACK seq 1 ack 1 <sack 1449-8689>
        0.304  wait
               status inflight 10136 cwnd 10860
        0.305 < ACK seq 1 ack 1 <sack 1449-10137>
        0.305 > ACK seq 17377 length 1448 (newData)
               status inflight 10136 cwnd 10136
        0.306 < ACK seq 1 ack 1 <sack 1449-11585>
        0.306  wait
        0.307 < ACK seq 1 ack 1 <sack 1449-13033>
        0.307  wait
               status inflight 7240 cwnd 7240
        0.308 < ACK seq 1 ack 1 <sack 1449-14481>
        0.308 > ACK seq 18825 length 1448 (newData)
               status inflight 7240 cwnd 7240
        """)
  }

  @Test(
    "Every gap is repeated once, the lowest first, and nothing that the peer holds",
    .proves("6675-11", "2018-07", "5681-27", "9937-10"))
  func threeGaps() throws {
    try play(
      tenOut + """
        0.300 < ACK seq 1 ack 1 <sack 1449-4345>
        0.301 < ACK seq 1 ack 1 <sack 5793-8689 1449-4345>
        0.301 > ACK seq 1 length 1448 (fastRetransmission)
               status ssthresh 7240
        0.302 < ACK seq 1 ack 1 <sack 10137-14481 5793-8689 1449-4345>
        0.302 > ACK seq 4345 length 1448 (fastRetransmission)
        0.302 > ACK seq 8689 length 1448 (fastRetransmission)
               status ssthresh 7240 cwnd 7240 inflight 4344
        0.400 < ACK seq 1 ack 4345 <sack 10137-14481 5793-8689>
        0.401 < ACK seq 1 ack 8689 <sack 10137-14481>
        0.402 < ACK seq 1 ack 14481
               status ssthresh 7240 cwnd 7240 retransmissions 3
        """)
  }

  @Test("Recovery lasts until everything sent before it is acknowledged; what is known above stays", .proves("6675-10"))
  func end() throws {
    try play(
      Opening.modern + """
        0.200  write 43440
        0.200 > ACK seq 1 length 1448 times 10
        0.300 < ACK seq 1 ack 1 <sack 1449-14481>
        0.300 > ACK seq 1 length 1448 (fastRetransmission)
        0.300 > ACK seq 14481 length 1448 times 4 (newData)
               status cwnd 7240 inflight 7240
        # The first of the four is lost.
        0.400 < ACK seq 1 ack 14481
        0.400 > ACK seq 20273 length 1448 (newData)
               status cwnd 7240
        0.401 < ACK seq 1 ack 14481 <sack 15929-17377>
        0.401 > ACK seq 21721 length 1448 (limitedTransmit)
        0.402 < ACK seq 1 ack 14481 <sack 15929-18825>
        0.402 > ACK seq 23169 length 1448 (limitedTransmit)
        0.403 < ACK seq 1 ack 14481 <sack 15929-20273>
        0.403 > ACK seq 14481 length 1448 (fastRetransmission)
               status ssthresh 3620
        """)
  }

  @Test("After a timeout the left edge is repeated, and what the peer holds is not", .proves("2018-08", "6675-13"))
  func timeout() throws {
    try play(
      tenOut + """
        0.300 < ACK seq 1 ack 1 <sack 4345-5793>
        0.325 > ACK seq 1 length 1448 (fastRetransmission)
        1.325 > ACK seq 1 length 1448 (timeout)
               status cwnd 1448
        1.425 < ACK seq 1 ack 1449 <sack 4345-5793>
        1.425 > ACK seq 1449 length 1448 times 2 (timeoutRecovery)
        1.525 < ACK seq 1 ack 5793
        1.525 > ACK seq 5793 length 1448 times 3 (timeoutRecovery)
        """)
  }

  @Test("A peer that throws away what it held gets it again", .proves("2018-10", "6675-02", "2018-08"))
  func reneging() throws {
    try play(
      tenOut + """
        0.300 < ACK seq 1 ack 1 <sack 1449-14481>
        0.300 > ACK seq 1 length 1448 (fastRetransmission)
               status writable 1034096
        0.400 < ACK seq 1 ack 1449
        1.400 > ACK seq 1449 length 1448 (timeout)
        1.500 < ACK seq 1 ack 2897
        1.500 > ACK seq 2897 length 1448 times 2 (timeoutRecovery)
        1.600 < ACK seq 1 ack 5793
        1.600 > ACK seq 5793 length 1448 times 3 (timeoutRecovery)
        """)
  }

  @Test("A timeout in recovery ends it, and reports of what was known begin none")
  func timeoutInRecovery() throws {
    try play(
      tenOut + """
        0.300 < ACK seq 1 ack 1 <sack 1449-5793>
        0.300 > ACK seq 1 length 1448 (fastRetransmission)
        1.300 > ACK seq 1 length 1448 (timeout)
               status ssthresh 3620 cwnd 1448
        1.400 < ACK seq 1 ack 5793
        1.400 > ACK seq 5793 length 1448 times 2 (timeoutRecovery)
        1.500 < ACK seq 1 ack 5793 <sack 8689-13033>
        1.600  wait
               status inflight 2896 cwnd 2896
        1.700 < ACK seq 1 ack 7241 <sack 8689-13033>
        1.700 > PSH.ACK seq 13033 length 1448 (timeoutRecovery)
        """)
  }

  @Test("What the timer repeated is not taken for lost again by reports of its first transmission")
  func notTwice() throws {
    try play(
      tenOut + """
        1.200 > ACK seq 1 length 1448 (timeout)
        1.210 < ACK seq 1 ack 1449
        1.210 > ACK seq 1449 length 1448 times 2 (timeoutRecovery)
        1.220 < ACK seq 1 ack 1449 <sack 5793-7241>
        1.221 < ACK seq 1 ack 1449 <sack 5793-8689>
        1.222 < ACK seq 1 ack 1449 <sack 5793-13033>
        1.300  wait
               status inflight 2896 cwnd 2896
        """)
  }
}
