import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("The handshake of accurate ECN (RFC 9768 section 3.1)")
struct AccurateECNHandshakeTests {
  private func play(_ text: String, _ preference: ECNPreference = .ask) throws {
    try Transcript(text).run(configure: {
      $0.minimumRetransmissionTimeout = .seconds(1)
      $0.connection.congestion = .reno
      $0.connection.ecn = preference
      $0.alternativeBackoff = false
    })
  }

  // MARK: The client

  @Test(
    "What the SYN,ACK says decides on the form: 001 is classic, 000 and reflected bits are none, all others are accurate",
    .proves("9768-01", "9768-03", "9768-16"), arguments: 0...7)
  func answers(code: Int) throws {
    let mode = code == 0 || code == 7 ? 0 : code == 1 ? 1 : 2
    // The SYN was not ECN-capable, and where it seems to have arrived as if it were the path can't be trusted; 101 tells nothing of it.
    let isCapable = [1, 2, 5].contains(code)
    try play(
      """
      0.000  connect
      0.000 > SYN.AE.CWR.ECE seq 0 noect <mss 1460,sackOK,ts,ws 5>
      0.100 < \(NotificationBits.flags("SYN.ACK", code)) seq 0 ack 1 win 65535 <mss 1460>
      0.100 > \(mode == 2 ? "ACK.CWR" : "ACK") seq 1 ack 1 \(mode == 2 ? "<ecn0 1 0 1>" : "<>")
             status ecn \(mode) ecncapable \(isCapable ? 1 : 0)
      """)
  }

  @Test(
    "The acknowledgement of the SYN,ACK says what that came with, and counts a mark once",
    .proves("9768-09", "9768-11"),
    arguments: [("noect", 2, 5), ("ect1", 3, 5), ("ect0", 4, 5), ("ce", 6, 6)])
  func acknowledgement(codepoint: String, code: Int, counter: Int) throws {
    try play(
      """
      0.000  connect
      0.000 > SYN.AE.CWR.ECE seq 0
      0.100 < SYN.ACK.CWR seq 0 ack 1 win 65535 <mss 1460,ecn0 1 0 1> \(codepoint)
      0.100 > \(NotificationBits.flags("ACK", code)) seq 1 ack 1 <ecn0 1 0 1>
      0.200 < SYN.ACK.CWR seq 0 ack 1 win 65535 <mss 1460> \(codepoint)
      0.200 > \(NotificationBits.flags("ACK", code)) seq 1 ack 1
      0.300  write 100
      0.300 > \(NotificationBits.flags("PSH.ACK", counter)) seq 1 ack 1 length 100
      """)
  }

  @Test(
    "Octets that wait leave behind the pure acknowledgement, the first of them with an option",
    .proves("9768-09", "9768-16"))
  func pureFirst() throws {
    try play(
      """
      0.000  connect sending 1460
      0.000 > SYN.AE.CWR.ECE seq 0
      0.100 < SYN.ACK.CWR seq 0 ack 1 win 65535 <mss 1460,ecn0 1 0 1>
      0.100 > ACK.CWR seq 1 ack 1 <ecn0 1 0 1> noect
      0.100 > ACK.AE.ECE seq 1 ack 1 length 1448 <ecn0 1 0 1> ect0
      0.200 < ACK.AE.ECE seq 1 ack 1449
      0.200 > PSH.ACK.AE.ECE seq 1449 length 12 <>
      """)
  }

  @Test("The first repetition of a SYN asks again, later ones do not")
  func lostRequest() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN.AE.CWR.ECE seq 0
      1.000 > SYN.AE.CWR.ECE seq 0
      3.000 > SYN seq 0
      3.100 < SYN.ACK.CWR seq 0 ack 1 win 65535 <mss 1460,ecn0 1 0 1>
      3.100 > ACK.CWR seq 1 ack 1
             status ecn 2 ecncapable 1
      """)
  }

  @Test("A SYN that arrived marked makes the first window smaller, and is not counted", .proves("9768-11"))
  func markedSYN() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN.AE.CWR.ECE seq 0
      0.100 < SYN.ACK.AE.CWR seq 0 ack 1 win 65535 <mss 1460,ecn0 1 0 1>
      0.100 > ACK.CWR seq 1 ack 1
             status cwnd 2920 ecncapable 0
      0.200  write 1448
      0.200 > PSH.ACK.AE.ECE seq 1 length 1448
      0.300 < ACK.AE.ECE seq 1 ack 1449
             status marksreported 0
      """)
  }

  // MARK: The server

  @Test(
    "The SYN,ACK says what the SYN came with, whichever of the unknown forms asks",
    .proves("9768-02", "9768-04"),
    arguments: [("noect", 2), ("ect1", 3), ("ect0", 4), ("ce", 6)], [1, 2, 4, 5, 6, 7])
  func requests(codepoint: (name: String, code: Int), asks: Int) throws {
    try play(
      """
      0.000  listen
      0.000 < \(NotificationBits.flags("SYN", asks)) seq 0 win 65535 <mss 1460> \(codepoint.name)
      0.000 > \(NotificationBits.flags("SYN.ACK", codepoint.code)) seq 0 ack 1 noect <mss 1460,ecn0 1 0 1>
      0.100 < ACK.CWR seq 1 ack 1
             status ecn 2 ecncapable 1 marksreceived 0
      0.200 < ACK.AE.ECE seq 1 ack 1 length 100
      0.200 > ACK.AE.ECE seq 1 ack 101
      """, .answer)
  }

  @Test(
    "What the acknowledgement of the SYN,ACK says is read as the code that it is", .proves("9768-10"), arguments: 0...7)
  func handshakeCode(code: Int) throws {
    // Zero: the peer does not take part. Codes of ECT: the path changes what was sent. 110: a mark, too, which a SYN,ACK without ECT cannot have.
    let isCapable = [1, 2, 5, 7].contains(code)
    try play(
      """
      0.000  listen
      0.000 < SYN.AE.CWR.ECE seq 0 win 65535 <mss 1460>
      0.000 > SYN.ACK.CWR seq 0 ack 1
      0.100 < \(NotificationBits.flags("ACK", code)) seq 1 ack 1 <ecn0 1 0 1>
             status ecn 2 ecncapable \(isCapable ? 1 : 0) marksreported \(code == 6 ? 1 : 0)
             status cwnd \(code == 6 ? 2920 : 14600)
      0.200  write 1460
      0.200 > PSH.ACK.AE.ECE seq 1 length 1460 \(isCapable ? "ect0" : "noect")
      0.300 < \(NotificationBits.flags("ACK", code == 6 ? 6 : 5)) seq 1 ack 1461
             status marksreported \(code == 6 ? 1 : 0)
      """, .answer)
  }

  @Test("A server whose code was zero goes on to tell of marks, and heeds none", .proves("9768-10"))
  func zeroCode() throws {
    try play(
      """
      0.000  listen
      0.000 < SYN.AE.CWR.ECE seq 0 win 65535 <mss 1460>
      0.000 > SYN.ACK.CWR seq 0 ack 1
      0.100 < ACK seq 1 ack 1
      0.200 < ACK seq 1 ack 1 length 100 ce
      0.200 > ACK.AE.CWR seq 1 ack 101 <ecn0 1 100>
      0.300  write 1460
      0.300 > PSH.ACK.AE.CWR seq 1 length 1460 noect
      0.400 < ACK.AE.CWR.ECE seq 101 ack 1461
             status notifications 0 cwnd 14600
      """, .answer)
  }

  @Test("Who completes the handshake with octets has the counter in the header, not the code", .proves("9768-10"))
  func octetsComplete() throws {
    try play(
      """
      0.000  listen
      0.000 < SYN.AE.CWR.ECE seq 0 win 65535 <mss 1460>
      0.000 > SYN.ACK.CWR seq 0 ack 1
      0.100 < ACK.AE.CWR seq 1 ack 1 length 100 ect0 <ecn0 101>
      0.100 > ACK.AE.ECE seq 1 ack 101
             status marksreported 1 ecncapable 1
      """, .answer)
  }

  @Test(
    "A SYN,ACK leaves again without the option, then without the bits; feedback goes on then, ECT does not",
    .proves("9768-07", "9768-16"))
  func lostAnswer() throws {
    try play(
      """
      0.000  listen
      0.000 < SYN.AE.CWR.ECE seq 0 win 65535 <mss 1460>
      0.000 > SYN.ACK.CWR seq 0 ack 1 <mss 1460,ecn0 1 0 1>
      1.000 > SYN.ACK.CWR seq 0 ack 1 <mss 1460>
      3.000 > SYN.ACK seq 0 ack 1 <mss 1460>
      3.100 < ACK.CWR seq 1 ack 1
             status ecn 2 ecncapable 0
      3.200 < ACK.AE.ECE seq 1 ack 1 length 100 ce
      3.200 > ACK.AE.CWR seq 1 ack 101
      """, .answer)
  }

  @Test(
    "A SYN that asks no more is answered in the accurate form, with what it came with; there is no ECT",
    .proves("9768-07"))
  func withdrawnRequest() throws {
    try play(
      """
      0.000  listen
      0.000 < SYN.AE.CWR.ECE seq 0 win 65535 <mss 1460>
      0.000 > SYN.ACK.CWR seq 0 ack 1
      0.500 < SYN seq 0 win 65535 <mss 1460> ce
      0.500 > SYN.ACK.AE.CWR seq 0 ack 1
      0.600 < ACK.CWR seq 1 ack 1
             status ecn 2 ecncapable 0
      """, .answer)
  }

  @Test("SYNs that ask for one form and then for the other end the connection", .proves("9768-05"), arguments: [3, 7])
  func mixedRequests(first: Int) throws {
    try play(
      """
      0.000  listen
      0.000 < \(NotificationBits.flags("SYN", first)) seq 0 win 65535 <mss 1460>
      0.000 > \(first == 3 ? "SYN.ACK.ECE" : "SYN.ACK.CWR") seq 0 ack 1
      0.500 < \(NotificationBits.flags("SYN", 10 - first)) seq 0 win 65535 <mss 1460>
      0.500 > RST seq 1
             ended aborted
      """, .answer)
  }

  @Test("A host keeps to the form that it entered first, whatever SYNs come later", .proves("9768-05"))
  func lateRequest() throws {
    try play(
      """
      0.000  listen
      0.000 < SYN seq 0 win 65535 <mss 1460>
      0.000 > SYN.ACK seq 0 ack 1
      0.500 < SYN.AE.CWR.ECE seq 0 win 65535 <mss 1460>
      0.500 > SYN.ACK seq 0 ack 1
      0.600 < ACK seq 1 ack 1
             status ecn 0
      """, .answer)
  }

  @Test(
    "A host that opens while its peer does answers as if it had been listening", .proves("9768-19"), arguments: [3, 7])
  func simultaneousOpen(asks: Int) throws {
    try play(
      """
      0.000  connect
      0.000 > SYN.AE.CWR.ECE seq 0
      0.050 < \(NotificationBits.flags("SYN", asks)) seq 0 win 65535 <mss 1460> \(asks == 7 ? "ect1" : "noect")
      0.050 > \(NotificationBits.flags("SYN.ACK", asks == 7 ? 3 : 1)) seq 0 ack 1
      0.100 < \(NotificationBits.flags("SYN.ACK", asks == 7 ? 2 : 1)) seq 0 ack 1 win 65535 <mss 1460>
             phase ESTABLISHED
             status ecn \(asks == 7 ? 2 : 1) ecncapable 1
             ignore
      """)
  }
}
