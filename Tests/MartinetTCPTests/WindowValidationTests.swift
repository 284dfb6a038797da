import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("A congestion window that is not used (RFC 7661)")
struct WindowValidationTests {
  private let round = Interval.milliseconds(100)

  private func play(_ text: String) throws {
    try Transcript(text).run(configure: {
      $0.minimumRetransmissionTimeout = .seconds(1)
      $0.connection.congestion = .reno
      $0.windowValidation = true
    })
  }

  /// One round trip in which so many octets were acknowledged.
  private func acknowledge(_ octets: Int, _ validation: inout WindowValidation, _ number: inout UInt32, at now: Instant)
  {
    number &+= UInt32(octets)
    validation.acknowledged(
      AcknowledgementSample(
        octets: octets, inFlightBefore: octets, segmentSize: 1000, smoothedRoundTrip: round,
        acknowledged: SequenceNumber(number), sendNext: SequenceNumber(number), now: now))
  }

  private func validation(_ rounds: [Int]) -> (WindowValidation, Instant) {
    var validation = WindowValidation()
    var number: UInt32 = 0
    var now = Instant.zero
    for octets in rounds {
      acknowledge(octets, &validation, &number, at: now)
      now = now + round
    }
    return (validation, now)
  }

  @Test("pipeACK is the most that one round trip brought within three round trips or a second", .proves("7661-04"))
  func sampling() {
    #expect(WindowValidation().pipe(smoothed: round, at: .zero) == nil)
    let (few, now) = validation([0, 5000, 20000, 3000, 1000])
    #expect(few.pipe(smoothed: round, at: now) == 20000)
    let (many, later) = validation([0, 5000, 20000] + [Int](repeating: 1000, count: 12))
    #expect(many.pipe(smoothed: round, at: later) == 1000)
    #expect(many.pipe(smoothed: round, at: later + .seconds(2)) == 0)
    // Three round trips of a slow path are longer than a second.
    #expect(few.pipe(smoothed: .seconds(2), at: now + .seconds(2)) == 20000)
  }

  @Test("A window of which less than half is used is not validated", .proves("7661-01"))
  func phases() {
    var (used, now) = validation([0, 10000, 10000])
    #expect(used.review(window: 20000, smoothed: round, at: now) == 0 && used.isValidated)
    #expect(used.review(window: 20001, smoothed: round, at: now) == 0 && !used.isValidated)
    #expect(used.review(window: 19000, smoothed: round, at: now) == 0 && used.isValidated)
  }

  @Test("After five minutes, and after each five more, it is too old", .proves("7661-03"))
  func fiveMinutes() {
    var (unused, now) = validation([0, 1000, 1000])
    #expect(unused.review(window: 20000, smoothed: round, at: now) == 0)
    #expect(unused.review(window: 20000, smoothed: round, at: now + .seconds(299)) == 0)
    #expect(unused.review(window: 20000, smoothed: round, at: now + .seconds(300)) == 1)
    #expect(unused.review(window: 20000, smoothed: round, at: now + .seconds(599)) == 0)
    #expect(unused.review(window: 20000, smoothed: round, at: now + .seconds(1500)) == 4)
  }

  @Test("Then cwnd is halved down to the initial window, and ssthresh keeps three quarters", .proves("7661-03"))
  func reduction() {
    var congestion = Congestion(.reno, window: 80000)
    congestion.on(.enteredRecovery(flightSize: 80000, segmentSize: 1000, usesSACK: true))
    congestion.on(.unused(initialWindow: 14600))
    #expect(congestion.window == 20000 && congestion.threshold == 40000)
    congestion.on(.unused(initialWindow: 14600))
    #expect(congestion.window == 14600 && congestion.threshold == 40000)
  }

  /// A window of 29,200 octets, of which all was used until 0.5 s.
  private static let grown = """
    0.000  connect
    0.000 > SYN seq 0
    0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460>
    0.100 > ACK seq 1 ack 1
    0.200  write 29200
    0.200 > ACK seq 1 length 1460 times 10
    0.300 < ACK seq 1 ack 2921 times 1
    0.300 > ACK seq 14601 length 1460 times 4
    0.301 < ACK seq 1 ack 5841
    0.301 > ACK seq 20441 length 1460 times 4
    0.302 < ACK seq 1 ack 8761
    0.302 > ACK seq 26281 length 1460
    0.302 > PSH.ACK seq 27741 length 1460
    0.303 < ACK seq 1 ack 11681
    0.304 < ACK seq 1 ack 14601
    0.400 < ACK seq 1 ack 29201

    """

  @Test(
    "Silence leaves the window as it is, and what leaves after it is no more than the initial window at once",
    .proves("7661-01", "7661-06"))
  func silence() throws {
    try play(
      WindowValidationTests.grown + """
               status cwnd 32120
        5.000  write 29200
        5.000 > ACK seq 29201 length 1460 times 10
               status cwnd 32120 inflight 14600
        5.100 < ACK seq 1 ack 32121
        5.100 > ACK seq 43801 length 1460 times 9
        5.100 > PSH.ACK seq 56941 length 1460
               status cwnd 32120
        """)
  }

  @Test("After five minutes of silence the window is halved", .proves("7661-03"))
  func longSilence() throws {
    try play(
      WindowValidationTests.grown + """
        400.000  write 29200
        400.000 > ACK seq 29201 length 1460 times 10
               status cwnd 16060 ssthresh >=1_000_000_000
        """)
  }

  @Test(
    "A loss while the window is not used makes it half of what was used, and at the end of recovery what was sent again is taken off",
    .proves("7661-02"))
  func loss() throws {
    try play(
      WindowValidationTests.grown + """
        5.000  write 11680
        5.000 > ACK seq 29201 length 1460 times 7
        5.000 > PSH.ACK seq 39421 length 1460
        5.100 < ACK seq 1 ack 29201 times 3
        5.100 > ACK seq 29201 length 1460 (fastRetransmission)
               status ssthresh 5840
        5.200 < ACK seq 1 ack 40881
               status cwnd 2920
        """)
  }

  @Test("A timeout ends the phase", .proves("7661-05"))
  func timeout() throws {
    try play(
      WindowValidationTests.grown + """
        5.000  write 14600
        5.000 > ACK seq 29201 length 1460 times 9
        5.000 > PSH.ACK seq 42341 length 1460
        6.000 > ACK seq 29201 length 1460 (timeout)
               status cwnd 1460 ssthresh 7300
        6.100 < ACK seq 1 ack 43801
               status cwnd 2920
        """)
  }
}
