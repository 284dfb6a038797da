import MartinetTCP
import MartinetTestSupport
import Testing

/// Round trips take 100 ms, and the timeout is at least one second.
@Suite("Reports that contradict what was acknowledged (RFC 5927 section 7.2)")
struct DoubtfulReportTests {
  private let reported =
    Opening.plain + """
      0.200  write 1460
      0.200 > PSH.ACK seq 1 length 1460
      0.300 < ACK seq 1 ack 1461
      0.400  write 4380
      0.400 > ACK seq 1461 length 1460 times 2
      0.400 > PSH.ACK seq 4381 length 1460
      0.450  icmp 3 4 seq 1461 mtu 1000 ignored
             status pathmtu 1500

      """

  @Test(
    "A claim that the path takes less than was acknowledged waits, and is forgotten when its segment arrives",
    .proves("5927-04"))
  func forged() throws {
    try PathTranscript.play(
      reported + """
        0.500 < ACK seq 1 ack 2921
        1.500 > ACK seq 2921 length 1460 (timeout)
               status pathmtu 1500
        """)
  }

  @Test("It is believed when its segment expires", .proves("5927-04"))
  func borneOut() throws {
    try PathTranscript.play(
      reported + """
        0.460  icmp 3 4 seq 4381 mtu 1000 ignored
        1.400 > ACK seq 1461 length 960 (timeout)
               status pathmtu 1000
        1.500 < ACK seq 1 ack 2421
        1.500 > ACK seq 2421 length 960 times 2 (timeoutRecovery)
        """)
  }

  @Test("A claim of more than was acknowledged is believed at once", .proves("5927-04"))
  func first() throws {
    try PathTranscript.play(
      Opening.plain + """
        0.200  write 500
        0.200 > PSH.ACK seq 1 length 500
        0.300 < ACK seq 1 ack 501
        0.400  write 1460
        0.400 > PSH.ACK seq 501 length 1460
        0.450  icmp 3 4 seq 501 mtu 1000 believed
        0.450 > ACK seq 501 length 960 (packetTooBig)
        0.450 > PSH.ACK seq 1461 length 500 (packetTooBig)
        """)
  }
}
