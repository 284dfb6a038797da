import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// The bits of a header with SYN or ACK as transcripts write them.
enum NotificationBits {
  static func flags(_ others: String, _ code: Int) -> String {
    others + (code & 4 != 0 ? ".AE" : "") + (code & 2 != 0 ? ".CWR" : "") + (code & 1 != 0 ? ".ECE" : "")
  }
}

@Suite("Classic ECN (RFC 3168)")
struct ClassicECNTests {
  private func play(
    _ text: String, _ preference: ECNPreference = .askClassic, alternativeBackoff: Bool = false,
    congestion: CongestionAlgorithm = .reno
  ) throws {
    try Transcript(text).run(configure: {
      $0.minimumRetransmissionTimeout = .seconds(1)
      $0.connection.congestion = congestion
      $0.connection.ecn = preference
      $0.alternativeBackoff = alternativeBackoff
    })
  }

  private static let asking = """
    0.000  connect
    0.000 > SYN.ECE.CWR seq 0 noect
    0.100 < SYN.ACK.ECE seq 0 ack 1 win 65535 <mss 1460>
    0.100 > ACK seq 1 ack 1 noect
           status ecn 1 ecncapable 1

    """

  private static let answering = """
    0.000  listen
    0.000 < SYN.ECE.CWR seq 0 win 65535 <mss 1460>
    0.000 > SYN.ACK.ECE seq 0 ack 1 noect
    0.100 < ACK seq 1 ack 1
           status ecn 1 ecncapable 1

    """

  // MARK: The handshake

  @Test(
    "Only a SYN,ACK with ECE and without CWR agrees to ECN", .proves("3168-01", "3168-04", "8311-01"),
    arguments: 0...3)
  func answers(code: Int) throws {
    let agrees = code == 1
    try play(
      """
      0.000  connect
      0.000 > SYN.ECE.CWR seq 0 noect
      0.100 < \(NotificationBits.flags("SYN.ACK", code)) seq 0 ack 1 win 65535 <mss 1460>
      0.100 > ACK seq 1 ack 1 noect
             status ecn \(agrees ? 1 : 0)
      0.200  write 1460
      0.200 > PSH.ACK seq 1 length 1460 \(agrees ? "ect0" : "noect")
      """)
  }

  @Test(
    "A SYN,ACK agrees only to a SYN that asks with both bits",
    .proves("3168-02", "3168-14", "9768-04", "5562-01", "8087-01"),
    arguments: [0, 3])
  func requests(code: Int) throws {
    let asks = code == 3
    try play(
      """
      0.000  listen
      0.000 < \(NotificationBits.flags("SYN", code)) seq 0 win 65535 <mss 1460>
      0.000 > \(asks ? "SYN.ACK.ECE" : "SYN.ACK") seq 0 ack 1 noect
      0.100 < ACK seq 1 ack 1
      0.200  write 1460
      0.200 > PSH.ACK seq 1 length 1460 \(asks ? "ect0" : "noect")
      """, .answer)
  }

  @Test(
    "By default a connection does not ask and does answer; one that is told not to does neither", .proves("3168-14"))
  func preferences() throws {
    #expect(ConnectionOptions().ecn == .answer)
    try play("0.000  connect\n0.000 > SYN seq 0 noect", .answer)
    try play("0.000  connect\n0.000 > SYN seq 0 noect", .off)
    try play("0.000  listen\n0.000 < SYN.ECE.CWR seq 0 win 65535\n0.000 > SYN.ACK seq 0 ack 1", .off)
  }

  @Test(
    "Whoever asks with all three bits gets classic ECN from a host that knows no more: there is no nonce",
    .proves("3540-01"))
  func threeBits() throws {
    try play("0.000  listen\n0.000 < SYN.AE.ECE.CWR seq 0 win 65535\n0.000 > SYN.ACK.ECE seq 0 ack 1", .askClassic)
  }

  @Test(
    "The second repetition of a SYN asks no more, and what agrees to the first then brings no ECT",
    .proves("3168-12", "3168-03", "8087-01"))
  func lostRequest() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN.ECE.CWR seq 0
      1.000 > SYN.ECE.CWR seq 0
      3.000 > SYN seq 0
      3.100 < SYN.ACK.ECE seq 0 ack 1 win 65535 <mss 1460>
      3.100 > ACK seq 1 ack 1
             status ecn 1 ecncapable 0
      3.200  write 1460
      3.200 > PSH.ACK seq 1 length 1460 noect
      3.300 < ACK seq 1 ack 1461 length 1000 ce
      3.300 > ACK.ECE seq 1461 ack 1001
      """)
  }

  @Test("A SYN that asks and is refused is followed by one that does not", .proves("3168-12"))
  func refusedRequest() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN.ECE.CWR seq 0
      0.100 < RST.ACK seq 0 ack 1
      0.100 > SYN seq 0
      0.200 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460>
      0.200 > ACK seq 1 ack 1
             status ecn 0
      """)
    try play(
      """
      0.000  connect
      0.000 > SYN.ECE.CWR seq 0
      0.100 < RST.ACK seq 0 ack 1
      0.100 > SYN seq 0
      0.200 < RST.ACK seq 0 ack 1
             ended refused
      """)
  }

  @Test("A peer that asks and then asks no more gets a plain SYN,ACK and no ECT", .proves("3168-02", "3168-03"))
  func withdrawnRequest() throws {
    try play(
      """
      0.000  listen
      0.000 < SYN.ECE.CWR seq 0 win 65535 <mss 1460>
      0.000 > SYN.ACK.ECE seq 0 ack 1
      0.500 < SYN seq 0 win 65535 <mss 1460>
      0.500 > SYN.ACK seq 0 ack 1
      0.600 < ACK seq 1 ack 1
      0.700  write 1460
      0.700 > PSH.ACK seq 1 length 1460 noect
      """, .answer)
  }

  @Test("Two hosts that open at the same time agree if both ask", .proves("3168-03"))
  func simultaneousOpen() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN.ECE.CWR seq 0
      0.050 < SYN.ECE.CWR seq 0 win 65535 <mss 1460>
      0.050 > SYN.ACK.ECE seq 0 ack 1 noect
      0.100 < SYN.ACK.ECE seq 0 ack 1 win 65535 <mss 1460>
             phase ESTABLISHED
             ignore
      0.200  write 1460
      0.200 > PSH.ACK seq 1 length 1460 ect0
      """)
    try play(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.050 < SYN.ECE.CWR seq 0 win 65535 <mss 1460>
      0.050 > SYN.ACK seq 0 ack 1
      """, .answer)
  }

  // MARK: The sender

  @Test(
    "A mark that is told of halves the window once for each window of data, and the next new segment says so",
    .proves("3168-05", "9293-SHLD-8", "3168-11"))
  func response() throws {
    try play(
      ClassicECNTests.asking + """
        0.200  write 14600
        0.200 > ACK seq 1 length 1460 times 9 ect0
        0.200 > PSH.ACK seq 13141 length 1460 ect0
        0.300 < ACK.ECE seq 1 ack 2921
               status cwnd 7300 ssthresh 7300 notifications 1
        0.301 < ACK.ECE seq 1 ack 14601
               status cwnd 7300 ssthresh 7300 notifications 1
        0.310  write 5840
        0.310 > ACK.CWR seq 14601 length 1460 ect0 (newData)
        0.310 > ACK seq 16061 length 1460 times 2 ect0
        0.310 > PSH.ACK seq 18981 length 1460 ect0
        0.400 < ACK seq 1 ack 16061
               status cwnd 7300 notifications 1
        0.401 < ACK.ECE seq 1 ack 20441
               status cwnd 2920 notifications 2
        """)
  }

  @Test("A mark weighs less than a loss with alternative backoff", .proves("8511-01"))
  func alternativeBackoff() throws {
    try play(
      ClassicECNTests.asking + """
        0.200  write 14600
        0.200 > ACK seq 1 length 1460 times 9
        0.200 > PSH.ACK seq 13141 length 1460
        0.300 < ACK.ECE seq 1 ack 2921
               status cwnd 11680 ssthresh 11680
        """, alternativeBackoff: true)
  }

  @Test(
    "A loss in a window that a mark has reduced is repaired without another reduction; repetitions are not ECN-capable",
    .proves("3168-15", "3168-09"))
  func markAndLoss() throws {
    try play(
      ClassicECNTests.asking + """
        0.200  write 14600
        0.200 > ACK seq 1 length 1460 times 9 ect0
        0.200 > PSH.ACK seq 13141 length 1460 ect0
        0.300 < ACK.ECE seq 1 ack 1461
               status cwnd 7300 ssthresh 7300
        0.301 < ACK.ECE seq 1 ack 1461 times 3
        0.301 > ACK seq 1461 length 1460 noect (fastRetransmission)
               status ssthresh 7300 notifications 1
        0.401 < ACK.ECE seq 1 ack 14601
               status ssthresh 7300 notifications 1
        0.410  write 1460
        0.410 > PSH.ACK.CWR seq 14601 length 1460 ect0
        """)
  }

  @Test("A mark in a window that a loss has reduced reduces it no more, and CWR tells of the loss", .proves("3168-15"))
  func lossAndMark() throws {
    try play(
      ClassicECNTests.asking + """
        0.200  write 14600
        0.200 > ACK seq 1 length 1460 times 9
        0.200 > PSH.ACK seq 13141 length 1460
        0.300 < ACK seq 1 ack 1 times 3
        0.300 > ACK seq 1 length 1460 noect (fastRetransmission)
               status ssthresh 7300
        0.400 < ACK.ECE seq 1 ack 14601
               status ssthresh 7300 notifications 0
        0.410  write 1460
        0.410 > PSH.ACK.CWR seq 14601 length 1460 ect0
        """)
  }

  @Test("With a window of one segment marks let one segment leave for each timeout", .proves("3168-06"))
  func smallestWindow() throws {
    try play(
      ClassicECNTests.asking + """
        0.200  write 4380
        0.200 > ACK seq 1 length 1460 times 2
        0.200 > PSH.ACK seq 2921 length 1460
        1.200 > ACK seq 1 length 1460 noect (timeout)
               status cwnd 1460
        1.300 < ACK.ECE seq 1 ack 1461
               status cwnd 1460 rto 2s
        3.300 > ACK seq 1461 length 1460 noect (timeout)
        3.400 < ACK.ECE seq 1 ack 4381
        3.400  write 1460
        7.400 > PSH.ACK.CWR seq 4381 length 1460 ect0
        """)
  }

  @Test(
    "CUBIC reduces its window for each round trip with marks, down to one segment, and then sends one for each timeout",
    .proves("9438-07"))
  func cubic() throws {
    try play(
      ClassicECNTests.asking + """
        0.200  write 14600
        0.200 > ACK seq 1 length 1460 times 9 ect0
        0.200 > PSH.ACK seq 13141 length 1460 ect0
        0.300 < ACK.ECE seq 1 ack 14601
               status cwnd 10220 ssthresh 10220
        0.310  write 2920
        0.310 > ACK.CWR seq 14601 length 1460 ect0
        0.310 > PSH.ACK seq 16061 length 1460 ect0
        0.410 < ACK.ECE seq 1 ack 17521
               status cwnd 2044 ssthresh 2920
        0.420  write 1460
        0.420 > PSH.ACK.CWR seq 17521 length 1460 ect0
        0.520 < ACK.ECE seq 1 ack 18981
               status cwnd 1460 ssthresh 2920
        0.530  write 2920
        0.530 > ACK.CWR seq 18981 length 1460 ect0
        0.630 < ACK.ECE seq 1 ack 20441
               status cwnd 1460
        1.630 > PSH.ACK.CWR seq 20441 length 1460 ect0
        """, congestion: .cubic)
  }

  @Test(
    "BBR has no answer to marks, so what it sends is not ECN-capable; what it receives is told of all the same",
    .proves("bbr-13"))
  func bbr() throws {
    try play(
      ClassicECNTests.answering.replacing("ecncapable 1", with: "ecncapable 0") + """
        0.200  write 1000
        0.200 > PSH.ACK seq 1 length 1000 noect
        0.300 < ACK seq 1 ack 1001 length 500 ce
        0.300 > ACK.ECE seq 1001 ack 501 noect
        """, .answer, congestion: .bbr)
  }

  @Test("A program's traffic class does not reach into the two bits")
  func trafficClass() throws {
    var bench = ConnectionBench {
      $0.connection.ecn = .askClassic
      $0.connection.trafficClass = 0xBB
    }
    bench.shake { $0.flags.insert(.ece) }
    #expect(bench.write([UInt8](repeating: 1, count: 1000)) == 1000)
    #expect(bench.drainEnvelopes().map(\.trafficClass) == [0xBA])
  }

  // MARK: The receiver

  @Test(
    "From a mark until CWR each acknowledgement has ECE; a mark on the segment with CWR begins anew",
    .proves("3168-07", "3168-08"))
  func echo() throws {
    try play(
      ClassicECNTests.answering + """
        0.200 < ACK seq 1 ack 1 length 1000 ect0
        0.200 > ACK seq 1 ack 1001 noect
        0.300 < ACK seq 1001 ack 1 length 1000 ce
        0.300 > ACK.ECE seq 1 ack 2001 noect
        0.400 < ACK seq 2001 ack 1 length 1000 ect0
        0.400 > ACK.ECE seq 1 ack 3001 noect
        0.450  write 100
        0.450 > PSH.ACK.ECE seq 1 ack 3001 length 100 ect0
        0.500 < ACK.CWR seq 3001 ack 101 length 1000 ect0
        0.500 > ACK seq 101 ack 4001
        0.600 < ACK.CWR seq 4001 ack 101 length 1000 ce
        0.600 > ACK.ECE seq 101 ack 5001
        0.700 < ACK.CWR seq 5001 ack 101 length 1000 ect0
        0.700 > ACK seq 101 ack 6001
               status marksreceived 2
        """, .answer)
  }

  @Test("A mark outside of the window says nothing", .proves("3168-09"))
  func markOutsideWindow() throws {
    try play(
      ClassicECNTests.answering + """
        0.200 < ACK seq 2_000_001 ack 1 length 1000 ce
               dropped outsideWindow
        0.200 > ACK seq 1 ack 1
               status marksreceived 0
        """, .answer)
  }

  @Test("A mark on a probe of a closed window is told of; our own probes are not ECN-capable", .proves("3168-10"))
  func probes() throws {
    try Transcript(
      ClassicECNTests.answering + """
        0.200 < PSH.ACK seq 1 ack 1 length 2000 win 0
        0.200 > ACK seq 1 ack 2001 win 0
        0.500 < ACK seq 2001 ack 1 length 1 ce
        0.500 > ACK.ECE seq 1 ack 2001 win 0
        0.600  write 1460
        0.900 > ACK.ECE seq 1 length 1 noect (windowProbe)
        """
    ).run(configure: {
      $0.connection.receiveBufferSize = 2000
      $0.windowScaling = false
    })
  }
}
