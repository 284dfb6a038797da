import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("Urgent data (RFC 9293 section 3.8.5, RFC 6093)")
struct UrgentTests {
  @Test("The urgent pointer points behind the last urgent octet", .proves("9293-MUST-30", "9293-MUST-62"))
  func send() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 100 urgent
        0.200 > PSH.URG.ACK seq 1 ack 1 length 100 urg 100
        0.300 < ACK seq 1 ack 101
        0.300  write 50
        0.300 > PSH.ACK seq 101 ack 1 length 50
        """
    ).run()
  }

  @Test("Urgent data of any length is announced in every segment before its end", .proves("9293-MUST-31"))
  func sendLong() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 3000 urgent
        0.200 > URG.ACK seq 1 ack 1 length 1460 urg 3000
        0.200 > URG.ACK seq 1461 ack 1 length 1460 urg 1540
        0.300 < ACK seq 1 ack 2921
        0.300 > PSH.URG.ACK seq 2921 ack 1 length 80 urg 80
        """
    ).run()
  }

  @Test(
    "The program is told that urgent data comes, and how much is left before it",
    .proves("9293-MUST-32", "9293-MUST-33"))
  func receive() throws {
    try Transcript(
      Opening.plain + """
               events connected,writable
        0.200 < PSH.URG.ACK seq 1 ack 1 length 100 urg 60
        0.200 > ACK seq 1 ack 101
               events readable,urgent
               status urgent 60
        0.210  read 20
               status urgent 40
        0.220 < PSH.URG.ACK seq 101 ack 1 length 50 urg 50
        0.220 > ACK seq 1 ack 151
               events readable,urgent
               status urgent 130
        0.230  read 130
               status urgent none
        """
    ).run(open: { $0.options.urgentInline = true })
  }

  @Test("The urgent pointer means nothing without URG", .proves("9293-P-50"))
  func withoutFlag() throws {
    try Transcript(
      Opening.plain + """
               events connected,writable
        0.200 < PSH.ACK seq 1 ack 1 length 100 urg 60
        0.200 > ACK seq 1 ack 101
               events readable
               status urgent none
        0.200  read 100
        """
    ).run()
  }
}
