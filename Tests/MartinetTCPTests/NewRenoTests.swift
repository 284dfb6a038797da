import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("NewReno: recovery without SACK (RFC 6582)")
struct NewRenoTests {
  private func play(_ text: String) throws {
    try Transcript.reno(text).run(configure: { $0.minimumRetransmissionTimeout = .seconds(1) })
  }

  /// Of ten segments the first is taken for lost by three duplicates.
  private let inRecovery =
    Opening.plain + """
      0.200  write 14600
      0.200 > ACK seq 1 length 1460 times 9
      0.200 > PSH.ACK seq 13141 length 1460
      0.300 < ACK seq 1 ack 1 times 3
      0.300 > ACK seq 1 length 1460 (fastRetransmission)

      """

  @Test(
    "Each partial acknowledgement repeats the next hole and halves nothing again",
    .proves("6582-04", "5681-27", "6582-03"))
  func threeHoles() throws {
    try play(
      inRecovery + """
        0.301 < ACK seq 1 ack 1 times 4
               status cwnd 17520 ssthresh 7300
        0.400 < ACK seq 1 ack 4381
        0.400 > ACK seq 4381 length 1460 (partialAcknowledgement)
               status cwnd 14600 ssthresh 7300
        0.500 < ACK seq 1 ack 8761
        0.500 > ACK seq 8761 length 1460 (partialAcknowledgement)
               status cwnd 11680 ssthresh 7300
        0.600 < ACK seq 1 ack 14601
               status cwnd 2920 ssthresh 7300 retransmissions 3
        """)
  }

  @Test("A partial acknowledgement of less than a segment gives nothing back to the window", .proves("6582-04"))
  func smallPartial() throws {
    try play(
      inRecovery + """
        0.301 < ACK seq 1 ack 1 times 4
               status cwnd 17520
        0.400 < ACK seq 1 ack 101
        0.400  wait
               status cwnd 17420
        """)
  }

  @Test("A hole is repeated even if the window is full", .proves("6582-04"))
  func fullWindow() throws {
    try play(
      inRecovery + """
        0.400 < ACK seq 1 ack 1461
        0.400 > ACK seq 1461 length 1460 (partialAcknowledgement)
               status cwnd 11680 inflight 13140
        """)
  }

  @Test("The first partial acknowledgement restarts the timer, the next does not", .proves("6582-05"))
  func timer() throws {
    try play(
      inRecovery + """
               status deadline 1.3s
        0.400 < ACK seq 1 ack 1461
        0.400 > ACK seq 1461 length 1460 (partialAcknowledgement)
               status deadline 1.4s
        0.500 < ACK seq 1 ack 2921
        0.500 > ACK seq 2921 length 1460 (partialAcknowledgement)
               status deadline 1.4s
        1.400 > ACK seq 2921 length 1460 (timeout)
        """)
  }

  @Test("Duplicates of what recovery ended with do not begin another", .proves("6582-02"))
  func notAgain() throws {
    try play(
      inRecovery + """
        0.400 < ACK seq 1 ack 14601
               status cwnd 2920
        0.400  write 2920
        0.400 > ACK seq 14601 length 1460
        0.400 > PSH.ACK seq 16061 length 1460
        0.500 < ACK seq 1 ack 14601 times 5
        0.500  wait
               status retransmissions 1
        0.600 < ACK seq 1 ack 16061
        0.600  write 7300
        0.600 > ACK seq 17521 length 1460
        0.600 > ACK seq 18981 length 1460
        0.601 < ACK seq 1 ack 16061
        0.601 > ACK seq 20441 length 1460 (limitedTransmit)
        0.602 < ACK seq 1 ack 16061
        0.602 > ACK seq 21901 length 1460 (limitedTransmit)
        0.603 < ACK seq 1 ack 16061
        0.603 > ACK seq 16061 length 1460 (fastRetransmission)
        """)
  }

  @Test("Duplicates that repetitions after a timeout cause begin no recovery", .proves("6582-06", "6582-07"))
  func afterTimeout() throws {
    try play(
      Opening.plain + """
        0.200  write 14600
        0.200 > ACK seq 1 length 1460 times 9
        0.200 > PSH.ACK seq 13141 length 1460
        1.200 > ACK seq 1 length 1460 (timeout)
        1.210 < ACK seq 1 ack 1461
        1.210 > ACK seq 1461 length 1460 times 2 (timeoutRecovery)
        1.220 < ACK seq 1 ack 14601
               status cwnd 4380
        1.220  write 7300
        1.220 > ACK seq 14601 length 1460 times 3
        # The three repetitions arrive.
        1.300 < ACK seq 1 ack 14601
        1.300 > ACK seq 18981 length 1460 (limitedTransmit)
        1.301 < ACK seq 1 ack 14601
        1.301 > PSH.ACK seq 20441 length 1460 (limitedTransmit)
        1.302 < ACK seq 1 ack 14601
        1.302  wait
               status retransmissions 3
        """)
  }

  @Test("A timeout in recovery ends it, and duplicates before its end begin none", .proves("6582-06"))
  func timeoutInRecovery() throws {
    try play(
      inRecovery + """
        1.300 > ACK seq 1 length 1460 (timeout)
        1.400 < ACK seq 1 ack 1461
        1.400 > ACK seq 1461 length 1460 times 2 (timeoutRecovery)
        1.500 < ACK seq 1 ack 1461 times 5
        1.500  wait
               status retransmissions 4
        """)
  }
}
