import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("DCTCP (RFC 8257)")
struct DCTCPTests {
  private func play(_ text: String, quick: Int = 0, _ preference: ECNPreference = .askClassic) throws {
    try Transcript(text).run(configure: {
      $0.minimumRetransmissionTimeout = .seconds(1)
      $0.connection.congestion = .dctcp
      $0.connection.ecn = preference
      $0.quickAcknowledgements = quick
    })
  }

  private static let server = """
    0.000  listen
    0.000 < SYN.ECE.CWR seq 0 win 65535 <mss 1460> ect0
    0.000 > SYN.ACK.ECE seq 0 ack 1 ect0
    0.100 < ACK seq 1 ack 1

    """

  @Test("Nobody gets DCTCP who does not ask for it", .proves("8257-01"))
  func optIn() {
    #expect(ConnectionOptions().congestion != .dctcp)
    #expect(Configuration().connection.congestion != .dctcp)
  }

  @Test("It asks for accurate ECN where nothing was said; its SYN, SYN,ACK and RST are ECN-capable", .proves("8257-06"))
  func controlPackets() throws {
    try play(
      """
      0.000  connect
      0.000 > SYN.AE.CWR.ECE seq 0 ect0
      1.000 > SYN.AE.CWR.ECE seq 0 noect
      """, .answer)
    try play(
      """
      0.000  connect
      0.000 > SYN.AE.CWR.ECE seq 0 ect0
      0.100 < SYN.ACK.AE seq 0 ack 1 win 65535 <mss 1460>
      0.100 > ACK.CWR seq 1 ack 1 noect
             status ecn 2 ecncapable 1
             abort
      0.100 > RST seq 1 ect0
      """, .answer)
    try play(DCTCPTests.server + "       status ecn 1", .answer)
  }

  @Test(
    "ECE says whether what is acknowledged was marked; a change has what came before acknowledged as it was",
    .proves("8257-02"))
  func receiver() throws {
    try play(
      DCTCPTests.server + """
        0.200 < ACK seq 1 ack 1 length 1460 ect0
        0.201 < ACK seq 1461 ack 1 length 1460 ce
        0.201 > ACK seq 1 ack 1461 (congestionFeedback)
        0.201 > ACK.ECE seq 1 ack 2921
        0.202 < ACK seq 2921 ack 1 length 1460 ce
        0.203 < ACK.CWR seq 4381 ack 1 length 1460 ce
        0.203 > ACK.ECE seq 1 ack 5841
        0.204 < ACK seq 5841 ack 1 length 1460 ce
        0.205 < ACK seq 7301 ack 1 length 1460 ect0
        0.205 > ACK.ECE seq 1 ack 7301 (congestionFeedback)
        0.205 > ACK seq 1 ack 8761
        """)
  }

  @Test("An acknowledgement of less than there is does not move the right edge of the window")
  func edge() throws {
    try play(
      DCTCPTests.server + """
        0.200 < ACK seq 1 ack 1 length 1460 ect0
        0.201 < ACK seq 1461 ack 1 length 1460 ce
        0.201 > ACK ack 1461 win 64075
        0.201 > ACK.ECE ack 2921 win 65535
        """)
  }

  // MARK: The window

  private let size = 1000

  private func acknowledged(_ octets: Int, upTo end: UInt32, marked: Int = 0, next: UInt32) -> CongestionEvent {
    .acknowledged(
      AcknowledgementSample(
        octets: octets, inFlightBefore: 0, segmentSize: size, acknowledged: SequenceNumber(end),
        sendNext: SequenceNumber(next), isNotified: marked > 0, markedOctets: marked, now: .zero))
  }

  private var notified: CongestionEvent {
    .explicitNotification(flightSize: 100_000, segmentSize: size, usesAlternativeBackoff: true)
  }

  /// A window after so many windows of data, of each of which that many thousandths were marked.
  private func congestion(_ windows: [Int]) -> Congestion {
    var congestion = Congestion(.dctcp, window: 100_000)
    var next: UInt32 = 100_000
    congestion.on(acknowledged(0, upTo: 0, next: 0))
    for marked in windows {
      congestion.on(acknowledged(100_000, upTo: next, marked: marked * 100, next: next))
      next += 100_000
    }
    return congestion
  }

  @Test("At first a mark halves the window, as elsewhere", .proves("8257-03"))
  func firstMark() {
    var congestion = Congestion(.dctcp, window: 100_000)
    congestion.on(notified)
    #expect(congestion.window == 50_000 && congestion.threshold == 50_000)
  }

  @Test(
    "The window shrinks by half the fraction of marked octets, which is averaged over sixteen windows",
    .proves("8257-03"))
  func fraction() {
    var congestion = congestion([Int](repeating: 100, count: 200))
    congestion.on(notified)
    // A tenth is marked: alpha is 0.1 but for rounding.
    #expect((94_800...95_200).contains(congestion.window), "\(congestion.window)")
    var once = self.congestion([0])
    once.on(notified)
    // alpha = 15/16
    #expect((53_000...53_200).contains(once.window), "\(once.window)")
  }

  @Test("alpha comes to zero where nothing is marked, and is one at most", .proves("8257-05"))
  func bounds() {
    var quiet = congestion([Int](repeating: 0, count: 300))
    quiet.on(notified)
    #expect(quiet.window == 100_000)
    var marked = congestion([Int](repeating: 5000, count: 50))
    marked.on(notified)
    #expect(marked.window == 50_000)
  }

  @Test("What SACK reports does not count, only what is acknowledged", .proves("8257-05"))
  func selective() {
    var congestion = Congestion(.dctcp, window: 100_000)
    congestion.on(acknowledged(0, upTo: 0, next: 0))
    // Marks on octets that no acknowledgement covers do not make more than all of a window.
    congestion.on(acknowledged(1000, upTo: 100_000, marked: 50_000, next: 100_000))
    congestion.on(notified)
    #expect(congestion.window == 50_000)
  }

  @Test("A loss weighs as it does elsewhere, also in a window that a mark has reduced", .proves("8257-04"))
  func loss() {
    var congestion = congestion([Int](repeating: 0, count: 300))
    congestion.on(.enteredRecovery(flightSize: 100_000, segmentSize: size, usesSACK: true))
    #expect(congestion.window == 50_000)
  }
}
