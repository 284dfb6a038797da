import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("Feedback of accurate ECN (RFC 9768 section 3.2)")
struct AccurateECNTests {
  private func play(_ text: String, quick: Int = 16, congestion: CongestionAlgorithm = .reno) throws {
    try Transcript(text).run(configure: {
      $0.minimumRetransmissionTimeout = .seconds(1)
      $0.connection.congestion = congestion
      $0.connection.ecn = .ask
      $0.alternativeBackoff = false
      $0.quickAcknowledgements = quick
    })
  }

  /// We are the client; the peer's option came with its SYN,ACK.
  private static let client = """
    0.000  connect
    0.000 > SYN.AE.CWR.ECE seq 0
    0.100 < SYN.ACK.CWR seq 0 ack 1 win 65535 <mss 1460,ecn0 1 0 1>
    0.100 > ACK.CWR seq 1 ack 1 <ecn0 1 0 1>
           status ecn 2

    """

  /// We are the client, and options do not cross the path.
  private static let bare = """
    0.000  connect
    0.000 > SYN.AE.CWR.ECE seq 0
    0.100 < SYN.ACK.CWR seq 0 ack 1 win 65535 <mss 1460>
    0.100 > ACK.CWR seq 1 ack 1

    """

  private static let server = """
    0.000  listen
    0.000 < SYN.AE.CWR.ECE seq 0 win 65535 <mss 1460>
    0.000 > SYN.ACK.CWR seq 0 ack 1
    0.100 < ACK.CWR seq 1 ack 1 <ecn0 1 0 1>

    """

  private static let selective = """
    0.000  listen
    0.000 < SYN.AE.CWR.ECE seq 0 win 65535 <mss 1460,sackOK,ts>
    0.000 > SYN.ACK.CWR seq 0 ack 1
    0.100 < ACK.CWR seq 1 ack 1 <ecn0 1 0 1>

    """

  // MARK: The sender with the smallest window

  @Test(
    "With a window of one segment each mark lowers CUBIC's rate by three tenths more, and what arrives without one ends that",
    .proves("9438-07"))
  func smallestWindow() throws {
    try play(
      AccurateECNTests.bare + """
        0.200  write 2908
        0.200 > ACK.AE.ECE seq 1 length 1448 ect0
        0.200 > PSH.ACK.AE.ECE seq 1449 length 1460 ect0
        0.300 < ACK.AE.CWR seq 1 ack 2909
               status cwnd 2030 ssthresh 2920
        0.300  write 7300
        0.300 > ACK.AE.ECE seq 2909 length 1460 ect0
        0.400 < ACK.AE.CWR.ECE seq 1 ack 4369
               status cwnd 1460 ssthresh 2920
        0.400 > ACK.AE.ECE seq 4369 length 1460 ect0
        0.500 < ACK seq 1 ack 5829
        0.543 > ACK.AE.ECE seq 5829 length 1460 ect0
        0.643 < ACK.ECE seq 1 ack 7289
        0.747 > ACK.AE.ECE seq 7289 length 1460 ect0
        0.847 < ACK.ECE seq 1 ack 8749
               status cwnd 1460
        0.951 > PSH.ACK.AE.ECE seq 8749 length 1460 ect0
        1.051 < ACK.ECE seq 1 ack 10209
               status cwnd 2920
        """, congestion: .cubic)
  }

  // MARK: The receiver

  @Test(
    "Every mark is counted in the header, octets by their codepoint in the option, and only counters that ever moved are told",
    .proves("9768-08", "9768-16", "3168-08"))
  func counters() throws {
    try play(
      AccurateECNTests.server + """
        0.200 < ACK.AE.ECE seq 1 ack 1 length 1000 noect
        0.200 > ACK.AE.ECE seq 1 ack 1001 <>
        0.210 < ACK.AE.ECE seq 1001 ack 1 length 1000 ect0
        0.210 > ACK.AE.ECE seq 1 ack 2001 noect <ecn0 1001>
        0.220 < ACK.AE.ECE seq 2001 ack 1 length 1000 ce
        0.220 > ACK.AE.CWR seq 1 ack 3001 noect <ecn0 1001 1000>
        0.230 < ACK.AE.ECE seq 3001 ack 1 length 1000 ce
        0.230 > ACK.AE.CWR.ECE seq 1 ack 4001 <ecn0 1001 2000>
        0.240 < ACK.AE.ECE seq 4001 ack 1 length 1000 ect1
        0.240 > ACK.AE.CWR.ECE seq 1 ack 5001 <ecn0 1001 2000 1001>
        0.250 < ACK.AE.ECE seq 5001 ack 1 length 1000 ce
        0.250 > ACK seq 1 ack 6001 <ecn0 1001 3000 1001>
               status marksreceived 3
        """)
    // Where nothing came with ECT(0) the other order is shorter.
    try play(
      AccurateECNTests.server + """
        0.200 < ACK.AE.ECE seq 1 ack 1 length 1000 ect1
        0.200 > ACK.AE.ECE seq 1 ack 1001 <ecn1 1001>
        0.210 < ACK.AE.ECE seq 1001 ack 1 length 1000 ce
        0.210 > ACK.AE.CWR seq 1 ack 2001 <ecn1 1001 1000>
        """)
  }

  @Test(
    "A client whose first data with the option are lost sends it no more, for it may be what the path does not let pass",
    .proves("9768-16"))
  func lostOption() throws {
    try play(
      AccurateECNTests.client + """
        0.200  write 1448
        0.200 > PSH.ACK.AE.ECE seq 1 length 1448 <ecn0 1 0 1>
        1.200 > PSH.ACK.AE.ECE seq 1 length 1448 <> (timeout)
        1.300 < ACK.AE.ECE seq 1 ack 1449
        1.400 < ACK.AE.ECE seq 1 ack 1449 length 1000 ect0
        1.400 > ACK.AE.ECE seq 1449 ack 1001 <>
        """)
  }

  @Test("Marked control packets count, marks outside of the window do not", .proves("9768-08"))
  func controlPackets() throws {
    try play(
      AccurateECNTests.server + """
        0.200 < ACK.AE.ECE seq 1 ack 1 ce
        0.210 < ACK.AE.ECE seq 2_000_001 ack 1 length 1000 ce
               dropped outsideWindow
        0.210 > ACK.AE.CWR seq 1 ack 1 <>
        0.220  write 1460
        0.220 > PSH.ACK.AE.CWR seq 1 length 1460 ect0
        """)
  }

  @Test("A marked segment, and the one after it, are acknowledged at once", .proves("9768-12"))
  func immediateFeedback() throws {
    try play(
      AccurateECNTests.server + """
        0.200 < ACK.AE.ECE seq 1 ack 1 length 1000 ect0
        0.201 < ACK.AE.ECE seq 1001 ack 1 length 100 ce
        0.201 > ACK.AE.CWR seq 1 ack 1101 <ecn0 1001 100> (congestionFeedback)
        0.202 < ACK.AE.ECE seq 1101 ack 1 length 100 ce
        0.202 > ACK.AE.CWR.ECE seq 1 ack 1201 <ecn0 1001 200> (congestionFeedback)
        0.203 < ACK.AE.ECE seq 1201 ack 1 length 100 ect0
        0.203 > ACK.AE.CWR.ECE seq 1 ack 1301 <ecn0 1101 200> (acknowledgement)
        0.204 < ACK.AE.ECE seq 1301 ack 1 length 100 ect0
        0.205 < ACK.AE.ECE seq 1401 ack 1 length 100 ce
        0.205 > ACK seq 1 ack 1501 <ecn0 1201 300> (congestionFeedback)
        """, quick: 0)
  }

  @Test("Every third marked acknowledgement is acknowledged, without SACK blocks", .proves("9768-12", "9768-13"))
  func acknowledgementsOfAcknowledgements() throws {
    try play(
      AccurateECNTests.selective + """
        0.200 < ACK.AE.ECE seq 1001 ack 1 length 1000 noect
        0.200 > ACK.AE.ECE seq 1 ack 1 <ts,sack 1001-2001>
        0.300 < ACK.AE.ECE seq 1 ack 1 ce times 2
        0.310 < ACK.AE.ECE seq 1 ack 1 ce
        0.310 > ACK seq 1 ack 1 <ts> (congestionFeedback)
        """)
  }

  @Test("Two SACK blocks come before the option, the option before a third", .proves("9768-16"))
  func optionSpace() throws {
    try play(
      AccurateECNTests.selective + """
        0.200 < ACK.AE.ECE seq 1 ack 1 length 1000 ect0
        0.200 > ACK.AE.ECE seq 1 ack 1001 <ts,ecn0 1001>
        0.210 < ACK.AE.ECE seq 2001 ack 1 length 1000 ect0
        0.210 > ACK.AE.ECE seq 1 ack 1001 <ts,ecn0 2001,sack 2001-3001>
        0.220 < ACK.AE.ECE seq 4001 ack 1 length 1000 ce
        0.220 > ACK.AE.CWR seq 1 ack 1001 <ts,ecn0 2001 1000,sack 4001-5001 2001-3001>
        0.230 < ACK.AE.ECE seq 6001 ack 1 length 1000 ect0
        0.230 > ACK.AE.CWR seq 1 ack 1001 <ts,ecn0 3001 1000,sack 6001-7001 4001-5001>
        0.240 < ACK.AE.ECE seq 8001 ack 1 length 1000 ect1
        0.240 > ACK.AE.CWR seq 1 ack 1001 <ts,sack 8001-9001 6001-7001 4001-5001>
        """)
  }

  // MARK: The sender

  @Test(
    "Marks that the counters tell of reduce the window once for each window of data, without CWR", .proves("9768-17"))
  func response() throws {
    try play(
      AccurateECNTests.client + """
        0.200  write 14588
        0.200 > ACK.AE.ECE seq 1 length 1448 ect0
        0.200 > ACK.AE.ECE seq 1449 length 1460 ect0 times 8
        0.200 > PSH.ACK.AE.ECE seq 13129 length 1460 ect0
        0.300 < ACK.AE.CWR seq 1 ack 2909 <ecn0 1449 1460>
               status marksreported 1 notifications 1 cwnd 7294
        0.301 < ACK.AE.CWR.ECE seq 1 ack 14589 <ecn0 11669 2920>
               status marksreported 2 notifications 1
        0.310  write 2920
        0.310 > ACK.AE.ECE seq 14589 length 1460 ect0
        0.310 > PSH.ACK.AE.ECE seq 16049 length 1460 ect0
        0.400 < ACK seq 1 ack 17509 <ecn0 13129 4380>
               status marksreported 3 notifications 2
        """)
  }

  @Test("Feedback that another acknowledgement has overtaken is ignored")
  func overtaken() throws {
    try play(
      AccurateECNTests.client + """
        0.200  write 4368
        0.200 > ACK.AE.ECE seq 1 length 1448
        0.200 > ACK.AE.ECE seq 1449 length 1460
        0.200 > PSH.ACK.AE.ECE seq 2909 length 1460
        0.300 < ACK.AE.ECE seq 1 ack 4369 <ecn0 4369 0>
        0.301 < ACK.CWR seq 1 ack 1449 <ecn0 1449 0>
               status marksreported 0
        """)
  }

  @Test("Without options a jump of many segments is taken for as many marks as there can be", .proves("9768-14"))
  func safestWrap() throws {
    try play(
      AccurateECNTests.bare + """
        0.200  write 14588
        0.200 > ACK.AE.ECE seq 1 length 1448
        0.200 > ACK.AE.ECE seq 1449 length 1460 times 8
        0.200 > PSH.ACK.AE.ECE seq 13129 length 1460
        0.300 < ACK.AE.CWR seq 1 ack 14589
               status marksreported 9 notifications 1
        """)
    // An option that says how many octets were marked says how often the counter went round.
    try play(
      AccurateECNTests.client + """
        0.200  write 14588
        0.200 > ACK.AE.ECE seq 1 length 1448
        0.200 > ACK.AE.ECE seq 1449 length 1460 times 8
        0.200 > PSH.ACK.AE.ECE seq 13129 length 1460
        0.300 < ACK.AE.CWR seq 1 ack 14589 <ecn0 13129 1460>
               status marksreported 1
        """)
    try play(
      AccurateECNTests.client + """
        0.200  write 14588
        0.200 > ACK.AE.ECE seq 1 length 1448
        0.200 > ACK.AE.ECE seq 1449 length 1460 times 8
        0.200 > PSH.ACK.AE.ECE seq 13129 length 1460
        0.300 < ACK.AE.CWR seq 1 ack 14589 <ecn0 1449 13140>
               status marksreported 9
        """)
  }

  @Test(
    "A first counter of zero shows that the bits are cleared on the way: no ECT, and no heed",
    .proves("9768-08", "8087-01"))
  func clearedCounter() throws {
    try play(
      AccurateECNTests.client + """
        0.200  write 1448
        0.200 > PSH.ACK.AE.ECE seq 1 length 1448 ect0
        0.300 < ACK seq 1 ack 1449
               status ecncapable 0 notifications 0
        0.400  write 1460
        0.400 > PSH.ACK.AE.ECE seq 1449 length 1460 noect
        """)
  }

  @Test("Options whose first counters are zero are ignored, and the counter in the header counts by itself")
  func clearedOption() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN.AE.CWR.ECE seq 0
      0.100 < SYN.ACK.CWR seq 0 ack 1 win 65535 <mss 1460,ecn0 0 0 0>
      0.100 > ACK.CWR seq 1 ack 1
      0.200  write 1448
      0.200 > PSH.ACK.AE.ECE seq 1 length 1448 ect0
      0.300 < ACK.AE.ECE seq 1 ack 1449 <ecn0 0 1448 0>
             status marksreported 0 ecncapable 1
      """)
  }

  @Test("Marked octets without a marked packet show that feedback is mangled: no ECT from there")
  func inconsistent() throws {
    try play(
      AccurateECNTests.client + """
        0.200  write 1448
        0.200 > PSH.ACK.AE.ECE seq 1 length 1448 ect0
        0.300 < ACK.AE.ECE seq 1 ack 1449 <ecn0 1 1448>
               status ecncapable 0
        """)
  }

  @Test("An option on a SYN says nothing", .proves("9768-16"))
  func optionOnSYN() throws {
    try play(
      """
      0.000  listen
      0.000 < SYN.AE.CWR.ECE seq 0 win 65535 <mss 1460,ecn0 0 0 0>
      0.000 > SYN.ACK.CWR seq 0 ack 1
      0.100 < ACK.CWR seq 1 ack 1 <ecn0 1 0 1>
      0.200  write 1460
      0.200 > PSH.ACK.AE.ECE seq 1 length 1460
      0.300 < ACK.AE.CWR seq 1 ack 1461 <ecn0 1 1460>
             status marksreported 1
      """)
  }

  @Test("Who has SACK and accurate ECN reports duplicates, too", .proves("9768-18"))
  func duplicates() throws {
    try play(
      AccurateECNTests.selective + """
        0.200 < ACK.AE.ECE seq 1 ack 1 length 1000
        0.200 > ACK.AE.ECE seq 1 ack 1001
        0.300 < ACK.AE.ECE seq 1 ack 1 length 1000
        0.300 > ACK.AE.ECE seq 1 ack 1001 <ts,sack 1-1001>
        """)
  }
}
