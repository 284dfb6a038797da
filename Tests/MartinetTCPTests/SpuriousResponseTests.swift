import MartinetTCP
import MartinetTestSupport
import Testing

/// Round trips take 100 ms, and the timeout is at least one second.
@Suite("Responses to losses that were none (RFC 5682, RFC 3522, RFC 4015, RFC 2883)")
struct SpuriousResponseTests {
  private func play(_ text: String, configure: (inout Configuration) -> Void = { _ in }) throws {
    try Transcript.reno(text).run(configure: {
      $0.minimumRetransmissionTimeout = .seconds(1)
      $0.tailLossProbes = false
      configure(&$0)
    })
  }

  /// We connect to a peer with SACK and without timestamps.
  private static let selective = """
    0.000  connect
    0.000 > SYN seq 0
    0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460,sackOK>
    0.100 > ACK seq 1 ack 1

    """

  /// Ten segments are on their way, ten wait, and the timer expires.
  private func timedOut(_ opening: String) -> String {
    opening + """
      0.200  write 29200
      0.200 > ACK seq 1 length 1460 times 10
      1.200 > ACK seq 1 length 1460 (timeout)
             status ssthresh 7300 cwnd 1460

      """
  }

  @Test(
    "After a timeout the first acknowledgement lets two new segments leave; if the next one advances the timer was wrong",
    .proves("5682-01", "5682-02", "5682-03", "5682-08", "4015-01"))
  func basic() throws {
    try play(
      timedOut(Opening.plain) + """
        1.300 < ACK seq 1 ack 1461
        1.300 > ACK seq 14601 length 1460 times 2 (newData)
        1.310 < ACK seq 1 ack 2921
        # The threshold is what it was, and the window grows from what is in flight.
        1.310 > ACK seq 17521 length 1460 (newData)
               status ssthresh >=1_000_000_000 cwnd 16060 retransmissions 1
        """)
  }

  @Test(
    "If the acknowledgement after the two new segments is a duplicate, the timer was right",
    .proves("5682-03", "5682-08"))
  func right() throws {
    try play(
      timedOut(Opening.plain) + """
        1.300 < ACK seq 1 ack 1461
        1.300 > ACK seq 14601 length 1460 times 2 (newData)
        1.400 < ACK seq 1 ack 1461
        1.400 > ACK seq 1461 length 1460 (timeoutRecovery)
               status ssthresh 7300 cwnd 4380
        """)
  }

  @Test("If the first acknowledgement is a duplicate, or covers everything, the timer was right", .proves("5682-02"))
  func firstIsDuplicate() throws {
    try play(
      timedOut(Opening.plain) + """
        1.300 < ACK seq 1 ack 1
        1.350 < ACK seq 1 ack 1461
        1.350 > ACK seq 1461 length 1460 times 2 (timeoutRecovery)
        """)
    try play(
      timedOut(Opening.plain) + """
        1.300 < ACK seq 1 ack 14601
        1.300 > ACK seq 14601 length 1460 times 2 (newData)
               status ssthresh 7300 cwnd 2920
        """)
  }

  @Test("Without new data, or a window for them, the timer is believed", .proves("5682-07"))
  func nothingNew() throws {
    try play(
      Opening.plain + """
        0.200  write 14600
        0.200 > ACK seq 1 length 1460 times 9
        0.200 > PSH.ACK seq 13141 length 1460
        1.200 > ACK seq 1 length 1460 (timeout)
        1.300 < ACK seq 1 ack 1461
        1.300 > ACK seq 1461 length 1460 times 2 (timeoutRecovery)
        """)
    try play(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.ACK seq 0 ack 1 win 14600 <mss 1460>
      0.100 > ACK seq 1 ack 1
      0.200  write 29200
      0.200 > ACK seq 1 length 1460 times 10
      1.200 > ACK seq 1 length 1460 (timeout)
      1.300 < ACK seq 1 ack 1461 win 13140
      1.300 > ACK seq 1461 length 1460 times 2 (timeoutRecovery)
      """)
  }

  @Test("A timer that expires again begins anew", .proves("5682-04", "5682-01"))
  func again() throws {
    try play(
      timedOut(Opening.plain) + """
        3.200 > ACK seq 1 length 1460 (timeout)
        3.300 < ACK seq 1 ack 1461
        3.300 > ACK seq 14601 length 1460 times 2 (newData)
        3.310 < ACK seq 1 ack 2921
               status ssthresh >=1_000_000_000
        3.310 > ACK seq 17521 length 1460 (newData)
        """)
  }

  @Test("A timeout in the repair of a timeout is not doubted", .proves("5682-01"))
  func inRepair() throws {
    try play(
      timedOut(Opening.plain) + """
        1.300 < ACK seq 1 ack 1
        1.350 < ACK seq 1 ack 1461
        1.350 > ACK seq 1461 length 1460 times 2 (timeoutRecovery)
        3.350 > ACK seq 1461 length 1460 (timeout)
        3.450 < ACK seq 1 ack 2921
        3.450 > ACK seq 2921 length 1460 times 2 (timeoutRecovery)
        """)
  }

  @Test("A timeout in fast recovery with SACK is not doubted", .proves("5682-05"))
  func inFastRecovery() throws {
    try play(
      SpuriousResponseTests.selective + """
        0.200  write 29200
        0.200 > ACK seq 1 length 1460 times 10
        0.300 < ACK seq 1 ack 1 <sack 1461-5841>
        0.300 > ACK seq 1 length 1460 (fastRetransmission)
        1.300 > ACK seq 1 length 1460 (timeout)
        1.400 < ACK seq 1 ack 5841
        1.400 > ACK seq 5841 length 1460 times 2 (timeoutRecovery)
        """)
  }

  @Test(
    "With SACK, news of segments from before the timeout show that it was wrong", .proves("5682-06"))
  func selective() throws {
    try play(
      timedOut(SpuriousResponseTests.selective) + """
        1.300 < ACK seq 1 ack 1461
        1.300 > ACK seq 14601 length 1460 times 2 (newData)
        1.310 < ACK seq 1 ack 1461 <sack 2921-4381>
        1.310 > ACK seq 17521 length 1460 (newData)
               status ssthresh >=1_000_000_000
        """)
  }

  @Test(
    "With SACK, news of the new segments alone, or none, show that it was right", .proves("5682-06"))
  func selectiveRight() throws {
    try play(
      timedOut(SpuriousResponseTests.selective) + """
        1.300 < ACK seq 1 ack 1461
        1.300 > ACK seq 14601 length 1460 times 2 (newData)
        1.400 < ACK seq 1 ack 1461 <sack 14601-16061>
        1.400 > ACK seq 1461 length 1460 times 2 (timeoutRecovery)
               status ssthresh 7300
        """)
  }

  @Test(
    "With timestamps the echo tells at once whether the original was acknowledged or the repetition",
    .proves("4015-01", "5682-08"))
  func eifel() throws {
    try play(
      Opening.modern + """
        0.200  write 28960
        0.200 > ACK seq 1 length 1448 times 10
        1.200 > ACK seq 1 length 1448 (timeout)
               status ssthresh 7240 cwnd 1448
        1.250 < ACK seq 1 ack 2897 <ts 1250 200>
        1.250 > ACK seq 14481 length 1448 times 2 (newData)
               status ssthresh >=1_000_000_000 cwnd 14480 retransmissions 1 srtt 218.75ms
        """)
    try play(
      Opening.modern + """
        0.200  write 28960
        0.200 > ACK seq 1 length 1448 times 10
        1.200 > ACK seq 1 length 1448 (timeout)
        1.300 < ACK seq 1 ack 1449 <ts 1300 1200>
        1.300 > ACK seq 1449 length 1448 times 2 (timeoutRecovery)
               status ssthresh 7240
        """)
  }

  @Test("A fast retransmission whose original arrives late is taken back, and the window is as before")
  func lateOriginal() throws {
    try play(
      Opening.modern + """
        0.200  write 14480
        0.200 > ACK seq 1 length 1448 times 9
        0.200 > PSH.ACK seq 13033 length 1448
        0.300 < ACK seq 1 ack 1 <sack 1449-5793>
        0.300 > ACK seq 1 length 1448 (fastRetransmission)
               status ssthresh 7240
        0.310 < ACK seq 1 ack 5793 <ts 310 200>
               status ssthresh >=1_000_000_000 cwnd 14480 inflight 8688
        # From now on reordering is expected: three segments no longer mean loss at once.
        0.320 < ACK seq 1 ack 5793 <sack 7241-11585>
        0.330  wait
               status retransmissions 1
        """)
  }

  @Test(
    "When reports say that everything repeated came twice, recovery is taken back, though it is over",
    .proves("2883-06"))
  func duplicatesReported() throws {
    try play(
      SpuriousResponseTests.selective + """
        0.200  write 14600
        0.200 > ACK seq 1 length 1460 times 9
        0.200 > PSH.ACK seq 13141 length 1460
        0.300 < ACK seq 1 ack 1 <sack 2921-7301>
        0.300 > ACK seq 1 length 1460 (fastRetransmission)
        0.305 < ACK seq 1 ack 1 <sack 2921-10221>
        0.305 > ACK seq 1461 length 1460 (fastRetransmission)
        0.310 < ACK seq 1 ack 14601
               status ssthresh 7300 cwnd 7300
        0.400 < ACK seq 1 ack 14601 <sack 1-1461>
               status ssthresh 7300
        0.405 < ACK seq 1 ack 14601 <sack 1461-2921>
               status ssthresh >=1_000_000_000 cwnd 14600
        """)
  }

  @Test("A report of one duplicate among two repetitions takes nothing back")
  func oneDuplicateReported() throws {
    try play(
      SpuriousResponseTests.selective + """
        0.200  write 14600
        0.200 > ACK seq 1 length 1460 times 9
        0.200 > PSH.ACK seq 13141 length 1460
        0.300 < ACK seq 1 ack 1 <sack 2921-14601>
        0.300 > ACK seq 1 length 1460 times 2 (fastRetransmission)
        0.310 < ACK seq 1 ack 1461 <sack 2921-14601>
        0.400 < ACK seq 1 ack 14601 <sack 1-1461>
        0.500  wait
               status ssthresh 7300
        """)
  }

  @Test("An old echo with a report that the repetition came twice tells of lost acknowledgements, not of a wrong timer")
  func lostAcknowledgements() throws {
    try play(
      Opening.modern + """
        0.200  write 14480
        0.200 > ACK seq 1 length 1448 times 9
        0.200 > PSH.ACK seq 13033 length 1448
        1.200 > ACK seq 1 length 1448 (timeout)
        1.300 < ACK seq 1 ack 4345 <ts 1300 200,sack 1-1449>
        1.300 > ACK seq 4345 length 1448 times 2 (timeoutRecovery)
               status ssthresh 7240
        """)
  }

  @Test("The timer can count from when the oldest of few segments left")
  func earlyTimeout() throws {
    try play(
      Opening.plain + """
        0.200  write 2920
        0.200 > ACK seq 1 length 1460
        0.200 > PSH.ACK seq 1461 length 1460
        0.500 < ACK seq 1 ack 1461
        1.200 > PSH.ACK seq 1461 length 1460 (timeout)
        """
    ) { $0.earlyRetransmissionTimeout = true }
  }
}
