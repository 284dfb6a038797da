import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("RST (RFC 9293 sections 3.5.2, 3.5.3 and 3.10.7.4, RFC 5961 section 3)")
struct ResetTests {
  @Test("A RST at the left edge of the window ends the connection", .proves("9293-P-15", "5961-02", "9293-MUST-12"))
  func atLeftEdge() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100
        0.250  events connected,writable
        0.300 < RST seq 1
               phase CLOSED
               ended reset ESTABLISHED
               events readable,writable,ended
               status pages 0
        0.300  read 10 fails ended
        0.300  write 10 fails ended
        """
    ).run()
  }

  @Test("A RST ends FIN-WAIT-1, FIN-WAIT-2 and CLOSE-WAIT", .proves("9293-P-15"))
  func inOtherStates() throws {
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.300 < RST seq 1
               ended reset FIN-WAIT-1
        """
    ).run()
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.300 < ACK seq 1 ack 2
        0.300 < RST seq 1
               ended reset FIN-WAIT-2
        """
    ).run()
    try Transcript(
      Opening.plain + """
        0.200 < FIN.ACK seq 1 ack 1
        0.200 > ACK seq 1 ack 2
        0.300 < RST seq 2
               ended reset CLOSE-WAIT
        """
    ).run()
  }

  @Test("A RST ends CLOSING and LAST-ACK, but not TIME-WAIT", .proves("9293-P-16", "1337-01"))
  func inLastStates() throws {
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.250 < FIN.ACK seq 1 ack 1
        0.250 > ACK seq 2 ack 2
        0.300 < RST seq 2
               ended reset CLOSING
        """
    ).run()
    try Transcript(
      Opening.plain + """
        0.200 < FIN.ACK seq 1 ack 1
        0.200 > ACK seq 1 ack 2
        0.200  close
        0.200 > FIN.ACK seq 1 ack 2
        0.300 < RST seq 2
               ended reset LAST-ACK
        """
    ).run()
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.300 < FIN.ACK seq 1 ack 2
        0.300 > ACK seq 2 ack 2
        0.400 < RST seq 2
               dropped resetInTimeWait
        60.299  phase TIME-WAIT
        60.300  phase CLOSED
        """
    ).run()
  }

  @Test(
    "Old data in TIME-WAIT is answered with an ACK, and the RST that it provokes does not count", .proves("1337-02"))
  func timeWaitAssassination() throws {
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.300 < FIN.ACK seq 1 ack 2
        0.300 > ACK seq 2 ack 2
        1.000 < PSH.ACK seq -50 ack 1 length 10
        1.000 > ACK seq 2 ack 2
        1.100 < RST seq 2
               phase TIME-WAIT
        """
    ).run()
  }

  @Test(
    "A RST outside the window is dropped in silence", .proves("5961-01", "9293-P-12"),
    arguments: [0, -100, 65536, 70000])
  func outsideWindow(number: Int) throws {
    try Transcript(
      Opening.plain + """
        0.200 < RST seq \(number)
               dropped resetOutsideWindow
               phase ESTABLISHED
        """
    ).run()
  }

  @Test(
    "A RST inside the window, but not at its edge, is challenged", .proves("5961-03", "9293-P-38"),
    arguments: [2, 1000, 65535])
  func challenged(number: Int) throws {
    try Transcript(
      Opening.plain + """
        0.200 < RST seq \(number)
        0.200 > ACK seq 1 ack 1 (challengeAcknowledgement)
               phase ESTABLISHED
               status challenges 1
        """
    ).run()
  }

  @Test(
    "A RST is never answered with a RST", .proves("9293-P-39"),
    arguments: ["RST seq 1", "RST.ACK seq 1 ack 500", "RST seq 70000", "RST.SYN seq 1"])
  func noResetForReset(segment: String) throws {
    try Transcript(
      Opening.plain + """
        0.200 < \(segment)
        1.000  wait
        """
    ).run()
  }

  @Test("Challenges are rationed per connection, in time", .proves("5961-07", "5961-08"))
  func ration() throws {
    try Transcript(
      Opening.plain + """
        0.200 < RST seq 1000
        0.200 > ACK seq 1 ack 1
        0.300 < RST seq 1000
        0.300 > ACK seq 1 ack 1
        0.400 < RST seq 1000
        0.500 < RST seq 1000
               status challenges 2
        5.300 < RST seq 1000
        5.300 > ACK seq 1 ack 1
        """
    ).run(configure: { $0.challengeLimit = 2 })
  }

  @Test("An abort resets the peer from SYN-RECEIVED to CLOSE-WAIT", .proves("9293-P-34"))
  func abort() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100
        0.250  abort
        0.250 > RST seq 101
               phase CLOSED
               ended aborted
               status pages 0
        0.250  write 10 fails ended
        """
    ).run()
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.300 < ACK seq 1 ack 2
        0.400  abort
        0.400 > RST seq 2
        """
    ).run()
    try Transcript(
      Opening.plain + """
        0.200 < FIN.ACK seq 1 ack 1
        0.200 > ACK seq 1 ack 2
        0.400  abort
        0.400 > RST seq 1
        """
    ).run()
  }

  @Test("A peer that lost its state resets us, and we abort", .proves("9293-P-41"))
  func halfOpen() throws {
    try Transcript(
      Opening.plain + """
        9.000  write 100
        9.000 > PSH.ACK seq 1 ack 1 length 100
        9.100 < RST seq 1
               ended reset ESTABLISHED
        """
    ).run()
  }
}
