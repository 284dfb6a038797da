import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("CLOSED, LISTEN and SYN-RECEIVED (RFC 9293 sections 3.10.7.1, 3.10.7.2, 3.10.7.4)")
struct ListenTests {
  static let received = """
    0.000  listen
    0.000 < SYN seq 0 win 20000 <mss 1460>
    0.000 > SYN.ACK seq 0 ack 1

    """

  @Test(
    "Without a connection a segment without ACK is answered with RST,ACK of all its length", .proves("9293-P-01"),
    arguments: [
      ("SYN seq 10", 11), ("none seq 10 length 5", 15), ("FIN seq 10 length 5", 16), ("SYN.FIN seq 10 length 5", 17),
    ])
  func closedWithoutAck(segment: String, end: Int) throws {
    try Transcript(
      """
      0.000 < \(segment)
      0.000 > RST.ACK seq * ack \(end) rawwin 0
      """
    ).run()
  }

  @Test("The RST for a segment without ACK has sequence number zero", .proves("9293-P-01"))
  func zeroSequence() throws {
    let syn = TCPHeader(
      sourcePort: 1, destinationPort: 2, sequence: SequenceNumber(UInt32.max), acknowledgement: SequenceNumber(9),
      flags: .syn, window: 100)
    let reset = try #require(TCPHeader.reset(answering: syn, payload: 3))
    #expect(reset.sequence == SequenceNumber(0))
    #expect(reset.acknowledgement == SequenceNumber(3))
    #expect(reset.sourcePort == 2)
    #expect(reset.destinationPort == 1)
  }

  @Test(
    "Without a connection a segment with ACK is answered with RST at its ACK", .proves("9293-P-02"),
    arguments: ["ACK", "SYN.ACK", "FIN.ACK"])
  func closedWithAck(flags: String) throws {
    try Transcript(
      """
      0.000 < \(flags) seq 10 ack 77 length 3
      0.000 > RST seq 77
      """
    ).run()
  }

  @Test(
    "Without a connection a RST is dropped", .proves("9293-P-01", "9293-P-39"),
    arguments: ["RST seq 10", "RST.ACK seq 10 ack 5"])
  func closedReset(segment: String) throws {
    try Transcript(
      """
      0.000 < \(segment)
      1.000  wait
      """
    ).run()
  }

  @Test(
    "LISTEN ignores RST and what is neither SYN nor ACK", .proves("9293-P-03", "9293-P-28"),
    arguments: ["RST seq 5", "RST.ACK seq 5 ack 5", "FIN seq 5", "PSH seq 5 length 9", "none seq 5"])
  func listenIgnores(segment: String) throws {
    try Transcript(
      """
      0.000  listen
      0.000 < \(segment)
             phase LISTEN
      1.000  phase LISTEN
      """
    ).run()
  }

  @Test("LISTEN answers an ACK with RST and stays", .proves("9293-P-03"), arguments: ["ACK", "SYN.ACK", "FIN.ACK"])
  func listenAck(flags: String) throws {
    try Transcript(
      """
      0.000  listen
      0.000 < \(flags) seq 5 ack 99
      0.000 > RST seq 99
             phase LISTEN
      0.100 < SYN seq 0 win 20000 <mss 1460>
      0.100 > SYN.ACK seq 0 ack 1
      """
    ).run()
  }

  @Test("A close in LISTEN ends it without a word", .proves("9293-P-32"))
  func closeListen() throws {
    try Transcript(
      """
      0.000  listen
      0.000  close
             phase CLOSED
      """
    ).run()
  }

  @Test(
    "A RST in SYN-RECEIVED returns a passive open to LISTEN, and the program hears nothing",
    .proves("9293-MUST-11", "9293-P-14"))
  func resetOfPassiveOpen() throws {
    try Transcript(
      ListenTests.received + """
        0.100 < RST seq 1
               phase LISTEN
               ended not
               events none
               status pages 0
        9.000  phase LISTEN
        """
    ).run()
  }

  @Test("A RST in SYN-RECEIVED refuses an active open", .proves("9293-MUST-11", "9293-P-14"))
  func resetOfActiveOpen() throws {
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.050 < SYN seq 0 win 20000
      0.050 > SYN.ACK seq 0 ack 1
      0.100 < RST seq 1
             phase CLOSED
             ended refused
             events readable,writable,ended
      """
    ).run()
  }

  @Test(
    "An unacceptable ACK in SYN-RECEIVED is answered with RST and changes nothing", .proves("9293-P-19"),
    arguments: [0, -7, 2, 5000])
  func badAck(number: Int) throws {
    try Transcript(
      ListenTests.received + """
        0.100 < ACK seq 1 ack \(number)
        0.100 > RST seq \(number)
               phase SYN-RECEIVED
        0.200 < ACK seq 1 ack 1
               phase ESTABLISHED
        """
    ).run()
  }

  @Test("A close in SYN-RECEIVED sends FIN", .proves("9293-P-32"))
  func closeInSynReceived() throws {
    try Transcript(
      ListenTests.received + """
        0.050  close
        0.050 > FIN.ACK seq 1 ack 1
               phase FIN-WAIT-1
        0.100 < ACK seq 1 ack 1
               phase FIN-WAIT-1
        0.150 < ACK seq 1 ack 2
               phase FIN-WAIT-2
        """
    ).run()
  }

  @Test("An abort in SYN-RECEIVED resets the peer", .proves("9293-P-34"))
  func abort() throws {
    try Transcript(
      ListenTests.received + """
        0.050  abort
        0.050 > RST seq 1
               phase CLOSED
               ended aborted
        """
    ).run()
  }

  @Test("A new SYN in the window of SYN-RECEIVED returns a passive open to LISTEN", .proves("9293-P-17"))
  func synInWindow() throws {
    try Transcript(
      ListenTests.received + """
        0.050 < SYN seq 100 win 20000
               phase LISTEN
        """
    ).run()
  }

  @Test("A segment outside the window in SYN-RECEIVED is answered with an ACK", .proves("9293-P-12"))
  func outside() throws {
    try Transcript(
      ListenTests.received + """
        0.050 < ACK seq 70000 ack 1 length 10
        0.050 > ACK seq 1 ack 1
               phase SYN-RECEIVED
        """
    ).run()
  }
}
