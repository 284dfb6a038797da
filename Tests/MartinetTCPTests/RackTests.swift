import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// Segments carry 1,448 octets, ten of them fill the first window, round trips take 100 ms.
@Suite("Loss by time: RACK (RFC 8985 section 6)")
struct RackTests {
  private func play(_ text: String) throws {
    try Transcript.reno(text).run(configure: { $0.minimumRetransmissionTimeout = .seconds(1) })
  }

  /// Ten segments are on their way, nothing waits.
  private let tenOut =
    Opening.modern + """
      0.200  write 14480
      0.200 > ACK seq 1 length 1448 times 9
      0.200 > PSH.ACK seq 13033 length 1448

      """

  @Test(
    "A segment that one other overtook is lost a quarter of a round trip later",
    .proves("8985-01", "8985-06", "8985-09"))
  func reorderingTimer() throws {
    try play(
      tenOut + """
        0.300 < ACK seq 1 ack 1 <sack 1449-2897>
               status deadline 325ms
        0.325 > ACK seq 1 length 1448 (fastRetransmission)
               status ssthresh 7240
        """)
  }

  @Test(
    "A segment that comes within the window is not lost, and from then on the window stays",
    .proves("8985-05", "8985-06"))
  func reordered() throws {
    try play(
      tenOut + """
        0.300 < ACK seq 1 ack 1 <sack 1449-2897>
        0.310 < ACK seq 1 ack 2897
               status retransmissions 0
        # Reordering was seen: three segments no longer mean loss at once, but the time does.
        0.311 < ACK seq 1 ack 2897 <sack 4345-5793>
        0.312 < ACK seq 1 ack 2897 <sack 4345-7241>
        0.313 < ACK seq 1 ack 2897 <sack 4345-8689>
        0.314 < ACK seq 1 ack 2897 <sack 4345-10137>
        0.335  wait
               status retransmissions 0 cwnd 17376
        0.339 > ACK seq 2897 length 1448 (fastRetransmission)
        """)
  }

  @Test("Reordering within the window repeats nothing, however much is overtaken", .proves("8985-06", "8985-08"))
  func farReordered() throws {
    try play(
      tenOut + """
        0.300 < ACK seq 1 ack 1 <sack 1449-2897>
        0.301 < ACK seq 1 ack 2897
        0.302 < ACK seq 1 ack 2897 <sack 4345-14481>
        0.320 < ACK seq 1 ack 14481
        0.400  wait
               status retransmissions 0
        """)
  }

  @Test(
    "A repetition that something overtook is lost again, and repaired without the timer",
    .proves("8985-19", "8985-18", "5681-28", "8985-20"))
  func lostRepetition() throws {
    try play(
      Opening.modern + """
        0.200  write 43440
        0.200 > ACK seq 1 length 1448 times 10
        0.300 < ACK seq 1 ack 1 <sack 1449-14481>
        0.300 > ACK seq 1 length 1448 (fastRetransmission)
        0.300 > ACK seq 14481 length 1448 times 4 (newData)
               status ssthresh 7240
        0.400 < ACK seq 1 ack 1 <sack 1449-15929>
        0.400 > ACK seq 1 length 1448 (fastRetransmission)
               status ssthresh 3620
        0.500 < ACK seq 1 ack 20273
        0.500 > ACK seq 20273 length 1448 times 2 (newData)
        """)
  }

  @Test(
    "What was overtaken before it was repeated is not lost by that", .proves("8985-04"))
  func repeatedInTime() throws {
    try play(
      tenOut + """
        0.300 < ACK seq 1 ack 1 <sack 1449-5793>
        0.300 > ACK seq 1 length 1448 (fastRetransmission)
        0.310 < ACK seq 1 ack 1 <sack 1449-14481>
        0.390  wait
               status retransmissions 1
        """)
  }

  @Test(
    "An acknowledgement that comes too soon for a repetition answers the first transmission", .proves("8985-04"))
  func doubtfulRepetition() throws {
    try play(
      Opening.modern + """
        0.200  write 14480
        0.200 > ACK seq 1 length 1448 times 9
        0.200 > PSH.ACK seq 13033 length 1448
        0.300 < ACK seq 1 ack 1 <sack 1449-7241>
        0.300 > ACK seq 1 length 1448 (fastRetransmission)
        # The original was only late. RACK learns nothing from it of what left after it and before the repetition.
        0.310 < ACK seq 1 ack 7241 <ts 310 200>
        0.350  wait
               status retransmissions 1
        """)
  }

  @Test(
    "At a timeout only the first segment is lost, and what has had its time", .proves("8985-10"))
  func timeout() throws {
    try Transcript.reno(
      Opening.modern + """
        0.200  write 2896
        0.200 > ACK seq 1 length 1448
        0.200 > PSH.ACK seq 1449 length 1448
        1.150  write 1448
        1.150 > PSH.ACK seq 2897 length 1448
        1.200 > ACK seq 1 length 1448 (timeout)
        # It was the repetition that arrived: the second segment is lost as well, but not the third, which left a moment ago.
        1.225 < ACK seq 1 ack 1449
        1.225 > ACK seq 1449 length 1448 (timeoutRecovery)
               status inflight 2896
        1.325 < ACK seq 1 ack 4345
               status retransmissions 2
        """
    ).run(configure: {
      $0.minimumRetransmissionTimeout = .seconds(1)
      $0.tailLossProbes = false
    })
  }

  @Test(
    "A report of a duplicate widens the window, once for a round trip, for sixteen recoveries",
    .proves("8985-02", "8985-07"))
  func adaptation() {
    var rack = RecentAcknowledgement()
    let base = SequenceNumber(0xFFFF_FFF0)
    func window(_ rack: RecentAcknowledgement, recovering: Bool = false, held: Int = 1) -> Int64 {
      rack.reorderingWindow(
        isRecovering: recovering, sackedSegments: held, threshold: 3, minimumRoundTrip: .milliseconds(40),
        smoothed: .milliseconds(45)
      ).milliseconds
    }
    #expect(window(rack) == 10)
    #expect(window(rack, recovering: true) == 0 && window(rack, held: 3) == 0 && window(rack, held: 2) == 10)
    rack.duplicateReported(sendNext: base + 100, unacknowledged: base)
    rack.duplicateReported(sendNext: base + 150, unacknowledged: base + 99)
    #expect(window(rack) == 20)
    rack.duplicateReported(sendNext: base + 200, unacknowledged: base + 100)
    #expect(window(rack) == 30)
    for round in 2...6 {
      rack.duplicateReported(sendNext: base + 100 * (round + 1), unacknowledged: base + 100 * round)
    }
    // Never more than SRTT.
    #expect(window(rack) == 45)
    for _ in 1...15 { rack.recovered() }
    #expect(window(rack) == 45)
    rack.recovered()
    #expect(window(rack) == 10)
  }

  @Test("The least round trip is that of the last five minutes", .proves("8985-03"))
  func minimum() {
    let configuration = Configuration()
    var roundTrip = RoundTrip(configuration)
    for (second, milliseconds, expected) in [
      (0, 50, 50), (1, 20, 20), (2, 80, 20), (149, 90, 20), (200, 90, 20), (290, 90, 20), (310, 90, 90),
      (700, 120, 120),
    ] {
      roundTrip.measured(.milliseconds(Int64(milliseconds)), configuration, at: .zero + .seconds(Int64(second)))
      #expect(roundTrip.minimum == .milliseconds(Int64(expected)), "at \(second) s")
    }
  }
}
