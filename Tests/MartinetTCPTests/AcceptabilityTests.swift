import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("Which segments count (RFC 9293 section 3.10.7.4, RFC 5961)")
struct AcceptabilityTests {
  @Test("Text inside the window counts, up to its edges", .proves("9293-P-11"), arguments: [2, 65535 - 99, 65535])
  func insideWindow(number: Int) throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq \(number) ack 1 length 100
        0.200 > ACK seq 1 ack 1 (duplicateAcknowledgement)
               dropped nothing
        """
    ).run()
  }

  @Test(
    "Text outside the window is dropped and answered with an ACK", .proves("9293-P-11", "9293-P-12", "9293-P-38"),
    arguments: [-99, -1000, 65536, 100_000])
  func outsideWindow(number: Int) throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq \(number) ack 1 length 100
        0.200 > ACK seq 1 ack 1
               dropped outsideWindow
               phase ESTABLISHED
        0.200  read 100 gets nothing
        """
    ).run()
  }

  @Test("An empty segment counts at the edges of the window, not beyond", .proves("9293-P-11"))
  func empty() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 10
        0.200 > PSH.ACK seq 1 ack 1 length 10
        0.210 < ACK seq 65536 ack 11
        0.210 > ACK seq 11 ack 1
               dropped outsideWindow
               status una 1
        0.220 < ACK seq 0 ack 11
        0.220 > ACK seq 11 ack 1
               dropped outsideWindow
               status una 1
        0.230 < ACK seq 65535 ack 11
               dropped nothing
               status una 11
        """
    ).run()
  }

  @Test("With a closed window only an empty segment at the edge counts", .proves("9293-P-11", "9293-P-53"))
  func closedWindow() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 1 ack 1 length 1000
        0.200 > ACK seq 1 ack 1001 win 0
        0.300 < ACK seq 1001 ack 1 length 1
        0.300 > ACK seq 1 ack 1001 win 0
               status received 1001
        0.300 < ACK seq 1001 ack 1
        0.400 < ACK seq 1002 ack 1
        0.400 > ACK seq 1 ack 1001
        """
    ).run(open: { $0.options.receiveBufferSize = 1000 })
  }

  @Test("What overlaps the window is trimmed at both ends, and the rest used", .proves("9293-P-13"))
  func trimmed() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 1 ack 1 length 100
        0.200 > ACK seq 1 ack 101
        0.300 < PSH.ACK seq 51 ack 1 length 100
        0.300 > ACK seq 1 ack 151
        0.300  read 500 gets 150
        """
    ).run()
    try Transcript(
      Opening.plain + """
        0.200 < FIN.PSH.ACK seq 1 ack 1 length 1400
        0.200 > ACK seq 1 ack 1001 win 0
               phase ESTABLISHED
        0.200  read 2000 gets 1000
        0.200 > ACK seq 1 ack 1001 win 1000
        """
    ).run(open: { $0.options.receiveBufferSize = 1000 })
  }

  @Test("A segment without ACK is dropped in every synchronized state", .proves("9293-P-18"))
  func withoutAck() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH seq 1 length 100
               dropped acknowledgementMissing
        0.200 < FIN seq 1
               dropped acknowledgementMissing
        0.300  read 100 gets nothing
               phase ESTABLISHED
        """
    ).run()
  }

  @Test(
    "An ACK of what was not sent is answered with an ACK, never with RST", .proves("9293-P-20", "5961-06", "9293-P-38"))
  func ackAhead() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 1 ack 2 length 100
        0.200 > ACK seq 1 ack 1
               dropped acknowledgementOfNothingSent
               phase ESTABLISHED
        0.300  read 100 gets nothing
        """
    ).run()
  }

  @Test("Data with an ACK older than the largest window is an injection", .proves("5961-06", "9293-MAY-12"))
  func ackTooOld() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 1 ack -70000 length 100 forged
        0.200 > ACK seq 1 ack 1
               dropped acknowledgementTooOld
        0.300 < PSH.ACK seq 1 ack -65534 length 100
        0.300 > ACK seq 1 ack 101
        0.300  read 100
        """
    ).run()
  }

  @Test("An old ACK changes nothing, and its text counts", .proves("9293-P-20"))
  func oldAck() throws {
    try Transcript(
      Opening.plain + """
        0.200  write 100
        0.200 > PSH.ACK seq 1 ack 1 length 100
        0.250 < ACK seq 1 ack 101
        0.300 < PSH.ACK seq 1 ack 50 length 10
        0.300 > ACK seq 101 ack 11
               status una 101
        """
    ).run()
  }

  @Test(
    "A SYN in a synchronized state is challenged wherever it stands", .proves("5961-05", "9293-P-17"),
    arguments: ["SYN seq 0", "SYN seq 1", "SYN seq 5000", "SYN seq -90000", "SYN.ACK seq 0 ack 1"])
  func synInEstablished(segment: String) throws {
    try Transcript(
      Opening.plain + """
        0.200 < \(segment)
        0.200 > ACK seq 1 ack 1 (challengeAcknowledgement)
               phase ESTABLISHED
        0.300  write 100
        0.300 > PSH.ACK seq 1 ack 1 length 100
        """
    ).run()
  }

  @Test("A peer that really restarted answers the challenge with RST, and the connection ends", .proves("5961-05"))
  func restarted() throws {
    try Transcript(
      Opening.plain + """
        9.000 < SYN seq 400000
        9.000 > ACK seq 1 ack 1
        9.100 < RST seq 1
               ended reset ESTABLISHED
        """
    ).run()
  }

  @Test("Two lost peers do not answer each other for ever", .proves("5961-09"))
  func ackStorm() throws {
    try Transcript(
      Opening.plain + """
        0.200 < ACK seq 90000 ack 1
        0.200 > ACK seq 1 ack 1
        0.210 < ACK seq 90000 ack 1
        0.220 < ACK seq 90000 ack 1
        0.230 < ACK seq 90000 ack 1
        """
    ).run(configure: { $0.challengeLimit = 1 })
  }

  @Test("Options on a data segment do not cost its data", .proves("9293-MUST-5"))
  func optionsOnData() throws {
    try Transcript(
      Opening.plain + """
        0.200 < PSH.ACK seq 1 ack 1 length 100 <mss 700,ws 3,sackOK>
        0.200 > ACK seq 1 ack 101
               status mss 1460
        0.200  read 100
        0.300 < FIN.ACK seq 101 ack 1 <ts 5 5>
        0.300 > ACK seq 1 ack 102 <>
        """
    ).run()
  }
}
