import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("Closing (RFC 9293 section 3.6)")
struct ClosingTests {
  @Test(
    "We close first: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT for two segment lifetimes",
    .proves("9293-MUST-13", "9293-P-22", "9293-P-31"))
  func activeClose() throws {
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
               phase FIN-WAIT-1
        0.300 < ACK seq 1 ack 2
               phase FIN-WAIT-2
        0.400 < FIN.ACK seq 1 ack 2
        0.400 > ACK seq 2 ack 2
               phase TIME-WAIT
        60.399  phase TIME-WAIT
               ended not
        60.400  phase CLOSED
               ended closed
        """
    ).run()
  }

  @Test("The segment lifetime is a knob", .proves("9293-MUST-13"))
  func lifetime() throws {
    try Transcript(
      Opening.plain + """
          0.200  close
          0.200 > FIN.ACK seq 1 ack 1
          0.400 < FIN.ACK seq 1 ack 2
          0.400 > ACK seq 2 ack 2
        240.399  phase TIME-WAIT
        240.400  phase CLOSED
        """
    ).run(configure: { $0.maximumSegmentLifetime = .minutes(2) })
  }

  @Test("A FIN that acknowledges ours goes straight to TIME-WAIT", .proves("9293-P-22"))
  func finWithAck() throws {
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.300 < FIN.ACK seq 1 ack 2
        0.300 > ACK seq 2 ack 2
               phase TIME-WAIT
        """
    ).run()
  }

  @Test("Both close at once: CLOSING, then TIME-WAIT", .proves("9293-P-22", "9293-P-24", "9293-P-42"))
  func simultaneous() throws {
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.250 < FIN.ACK seq 1 ack 1
        0.250 > ACK seq 2 ack 2
               phase CLOSING
        0.300 < ACK seq 2 ack 2
               phase TIME-WAIT
        """
    ).run()
  }

  @Test("The peer closes first: CLOSE-WAIT, LAST-ACK, CLOSED", .proves("9293-P-24", "9293-P-31", "9293-MUST-12"))
  func passiveClose() throws {
    try Transcript(
      Opening.plain + """
        0.200 < FIN.ACK seq 1 ack 1
        0.200 > ACK seq 1 ack 2
               phase CLOSE-WAIT
               events connected,writable,readable,peerClosed
        0.200  read 100 gets end
        0.300  close
        0.300 > FIN.ACK seq 1 ack 2
               phase LAST-ACK
        0.400 < ACK seq 2 ack 2
               phase CLOSED
               ended closed
        """
    ).run()
  }

  @Test("A FIN follows all the data that waits", .proves("9293-P-31"))
  func finAfterData() throws {
    try Transcript(
      Opening.plain + """
        0.200 < ACK seq 1 ack 1 win 2920
        0.200  write 3500
        0.200 > ACK seq 1 ack 1 length 1460 times 2
        0.210  close
               phase FIN-WAIT-1
        0.300 < ACK seq 1 ack 2921 win 2920
        0.300 > FIN.PSH.ACK seq 2921 ack 1 length 580
        """
    ).run()
  }

  @Test(
    "A FIN ahead of missing data waits for it; then the reader gets the data and the end",
    .proves("9293-P-27", "9293-P-36", "9293-SHLD-31"))
  func finOutOfOrder() throws {
    try Transcript(
      Opening.plain + """
        0.200 < FIN.PSH.ACK seq 101 ack 1 length 100
        0.200 > ACK seq 1 ack 1
               phase ESTABLISHED
        0.200  read 500 gets nothing
        0.300 < ACK seq 1 ack 1 length 100
        0.300 > ACK seq 1 ack 202
               phase CLOSE-WAIT
        0.300  read 150
        0.300  read 500 gets 50
        0.300  read 500 gets end
        0.300  read 500 gets end
        """
    ).run()
  }

  @Test("After our FIN the peer may send for long", .proves("9293-P-43", "9293-P-23"))
  func halfClose() throws {
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.300 < ACK seq 1 ack 2
        90.000 < PSH.ACK seq 1 ack 2 length 100
        90.000 > ACK seq 2 ack 101
               phase FIN-WAIT-2
        90.000  read 100
        90.000 < FIN.PSH.ACK seq 101 ack 2 length 100
        90.000 > ACK seq 2 ack 202
               phase TIME-WAIT
        90.000  read 500 gets 100
        90.000  read 500 gets end
        """
    ).run()
  }

  @Test("Data in FIN-WAIT-1 is delivered", .proves("9293-P-43"))
  func dataInFinWait1() throws {
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.250 < PSH.ACK seq 1 ack 1 length 100
        0.250 > ACK seq 2 ack 101
               phase FIN-WAIT-1
        0.250  read 100
        """
    ).run()
  }

  @Test("After the peer's FIN we may send", .proves("9293-P-43"))
  func sendInCloseWait() throws {
    try Transcript(
      Opening.plain + """
        0.200 < FIN.ACK seq 1 ack 1
        0.200 > ACK seq 1 ack 2
        5.000  write 700
        5.000 > PSH.ACK seq 1 ack 2 length 700
        5.100 < ACK seq 2 ack 701
               status inflight 0
        """
    ).run()
  }

  @Test("A FIN that comes again in TIME-WAIT is acknowledged and starts the time anew", .proves("9293-P-25"))
  func finAgain() throws {
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.400 < FIN.ACK seq 1 ack 2
        0.400 > ACK seq 2 ack 2
        30.000 < FIN.ACK seq 1 ack 2
        30.000 > ACK seq 2 ack 2
        89.999  phase TIME-WAIT
        90.000  phase CLOSED
        """
    ).run()
  }

  @Test("A lost FIN is sent again, and nothing but time ends the waiting", .proves("9293-P-30"))
  func finLost() throws {
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.500 > FIN.ACK seq 1 ack 1 (timeout)
        1.100 > FIN.ACK seq 1 ack 1 (timeout)
        1.200 < ACK seq 1 ack 2
               phase FIN-WAIT-2
        9.000  wait
        """
    ).run()
  }

  @Test("A second close sends no second FIN", .proves("9293-P-33"))
  func closeTwice() throws {
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.250  close fails closing
        0.300 < ACK seq 1 ack 2
        9.000  wait
        """
    ).run()
  }

  @Test("SEND after CLOSE fails in every state", .proves("9293-P-35"))
  func sendAfterClose() throws {
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.200  write 10 fails closing
        0.300 < ACK seq 1 ack 2
               phase FIN-WAIT-2
        0.300  write 10 fails closing
        0.400 < FIN.ACK seq 1 ack 2
        0.400 > ACK seq 2 ack 2
               phase TIME-WAIT
        0.400  write 10 fails closing
        """
    ).run()
    try Transcript(
      Opening.plain + """
        0.200  close
        0.200 > FIN.ACK seq 1 ack 1
        0.250 < FIN.ACK seq 1 ack 1
        0.250 > ACK seq 2 ack 2
               phase CLOSING
        0.250  write 10 fails closing
        """
    ).run()
    try Transcript(
      Opening.plain + """
        0.200 < FIN.ACK seq 1 ack 1
        0.200 > ACK seq 1 ack 2
        0.200  close
        0.200 > FIN.ACK seq 1 ack 2
               phase LAST-ACK
        0.200  write 10 fails closing
        """
    ).run()
  }

  @Test("Data behind the peer's FIN is never delivered", .proves("9293-P-26"))
  func dataAfterFin() throws {
    try Transcript(
      Opening.plain + """
        0.200 < FIN.ACK seq 1 ack 1
        0.200 > ACK seq 1 ack 2
        0.300 < PSH.URG.ACK seq 2 ack 1 length 100 urg 50
               phase CLOSE-WAIT
               status urgent none unread 0 received 2
        """
    ).run()
  }

  @Test("A program that goes with octets unread resets the connection", .proves("9293-SHLD-3", "9293-MAY-1"))
  func orphanWithUnread() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 1 ack 1 length 100
        0.200 > ACK seq 1 ack 101
        0.300  orphan
        0.300 > RST seq 1
               phase CLOSED
        """
    ).run()
  }

  @Test("Data that comes when the program has gone is answered with RST", .proves("9293-SHLD-3", "9293-MAY-1"))
  func dataAfterOrphan() throws {
    try Transcript(
      Opening.plain + """
        0.200  orphan
        0.200 > FIN.ACK seq 1 ack 1
        0.300 < ACK seq 1 ack 2
               phase FIN-WAIT-2
        0.400 < PSH.ACK seq 1 ack 2 length 10
        0.400 > RST seq 2
               phase CLOSED
        """
    ).run()
  }

  @Test("FIN-WAIT-2 is bounded when the program has gone", .proves("ATK-26"))
  func orphanedFinWait2() throws {
    try Transcript(
      Opening.plain + """
        0.200  orphan
        0.200 > FIN.ACK seq 1 ack 1
        0.300 < ACK seq 1 ack 2
        60.299  phase FIN-WAIT-2
        60.300  phase CLOSED
        """
    ).run()
  }
}
