import MartinetTestSupport
import Testing

@Suite("SYN-SENT (RFC 9293 section 3.10.7.3)")
struct SynSentTests {
  static let opened = """
    0.000  connect
    0.000 > SYN seq 0

    """

  @Test(
    "An ACK of what was never sent is answered with RST and changes nothing", .proves("9293-P-05"),
    arguments: [0, -5, 2, 1000])
  func badAck(number: Int) throws {
    try Transcript(
      SynSentTests.opened + """
        0.100 < ACK seq 77 ack \(number)
        0.100 > RST seq \(number)
               phase SYN-SENT
        0.200 < SYN.ACK seq 0 ack \(number) win 20000
        0.200 > RST seq \(number)
               phase SYN-SENT
        0.300 < SYN.ACK seq 0 ack 1 win 20000
        0.300 > ACK seq 1 ack 1
        """
    ).run()
  }

  @Test("An acceptable RST refuses the connection", .proves("9293-P-06"))
  func refused() throws {
    try Transcript(
      SynSentTests.opened + """
        0.100 < RST.ACK seq 0 ack 1 win 0
               phase CLOSED
               ended refused
               events readable,writable,ended
        """
    ).run()
  }

  @Test(
    "A RST that does not acknowledge our SYN is dropped without an answer",
    .proves("9293-P-06", "5961-04", "9293-P-39"),
    arguments: ["RST seq 0", "RST.ACK seq 0 ack 0", "RST.ACK seq 0 ack 2", "RST.ACK seq 0 ack -1"])
  func forgedReset(segment: String) throws {
    try Transcript(
      SynSentTests.opened + """
        0.100 < \(segment)
               phase SYN-SENT
        0.200  phase SYN-SENT
        """
    ).run()
  }

  @Test(
    "A segment with neither SYN nor RST is dropped, FIN or not", .proves("9293-P-10", "9293-P-28"),
    arguments: ["ACK seq 5 ack 1", "FIN.ACK seq 5 ack 1", "PSH seq 5 length 10", "FIN seq 5", "none seq 5"])
  func neither(segment: String) throws {
    try Transcript(
      SynSentTests.opened + """
        0.100 < \(segment)
               phase SYN-SENT
        0.200  phase SYN-SENT
        """
    ).run()
  }

  @Test("The window of a SYN,ACK is not scaled", .proves("9293-P-07", "7323-02"))
  func unscaled() throws {
    try Transcript(
      SynSentTests.opened + """
        0.100 < SYN.ACK seq 0 ack 1 rawwin 5000 <mss 1460,ws 7>
        0.100 > ACK seq 1 ack 1
               status sendwindow 5000
        0.200 < ACK seq 1 ack 1 rawwin 5000
               status sendwindow 640000
        """
    ).run()
  }

  @Test(
    "The peer's half-open connection answers our SYN with an ACK, we reset it, and the next SYN works",
    .proves("9293-P-41", "9293-P-05"))
  func halfOpen() throws {
    try Transcript(
      SynSentTests.opened + """
        0.100 < ACK seq 300 ack -100
        0.100 > RST seq -100
        1.000 > SYN seq 0
        1.100 < SYN.ACK seq 0 ack 1 win 20000
        1.100 > ACK seq 1 ack 1
               phase ESTABLISHED
        """
    ).run()
  }

  @Test("A close in SYN-SENT says nothing to the peer", .proves("9293-P-32"))
  func close() throws {
    try Transcript(
      SynSentTests.opened + """
        0.100  close
               phase CLOSED
        5.000  phase CLOSED
        """
    ).run()
  }

  @Test("An abort in SYN-SENT says nothing to the peer", .proves("9293-P-34"))
  func abort() throws {
    try Transcript(
      SynSentTests.opened + """
        0.100  abort
               phase CLOSED
               ended aborted
        5.000  phase CLOSED
        """
    ).run()
  }
}
