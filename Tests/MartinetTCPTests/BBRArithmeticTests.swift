import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// Single steps, by samples of the test's own making; the example cases show BBR on a path.
@Suite("BBR's arithmetic (draft-ietf-ccwg-bbr sections 5.3 to 5.6)")
struct BBRArithmeticTests {
  private let size = 1000
  private var path = PathState()
  private var congestion: Congestion

  init() {
    path.segmentSize = 1000
    path.smoothedRoundTrip = .milliseconds(50)
    congestion = Congestion(.bbr, window: 10_000, path: path)
  }

  private var pace: Int {
    congestion.pacingRate(isPaced: false, smoothedRoundTrip: .zero)?.octetsPerSecond ?? 0
  }

  /// A round trip in which `rate` octets per second were delivered: one acknowledgement of all of them.
  private mutating func round(
    rate: Int, lost: Int = 0, inFlight: Int? = nil, isApplicationLimited: Bool = false,
    roundTrip: Interval = .milliseconds(50)
  ) {
    let octets = rate / 20
    path.now = path.now + .milliseconds(50)
    let prior = path.delivered
    path.delivered += octets
    path.inFlight = inFlight ?? octets
    var sample = RateSample()
    sample.hasData = true
    sample.newlyAcknowledged = octets
    sample.delivered = octets
    sample.priorDelivered = prior
    sample.rate = Rate(octetsPerSecond: rate)
    sample.inFlight = octets
    sample.lost = lost
    sample.roundTrip = roundTrip
    sample.isApplicationLimited = isApplicationLimited
    congestion.on(.sampled(sample, path))
  }

  private mutating func lose(_ octets: Int, of flight: Int, ranges: Int) {
    path.lost += octets
    var note = LossNote()
    note.ranges = ranges
    note.size = 1000
    note.inFlight = flight
    note.lost = octets
    congestion.on(.lost(note, path))
  }

  @Test("The first pace is 2.77 initial windows in a round trip", .proves("bbr-07"))
  func firstPace() {
    #expect(pace == 10_000 * 20 * 277 / 100)
    var unknown = PathState()
    unknown.segmentSize = 1000
    let early = Congestion(.bbr, window: 10_000, path: unknown)
    // Without a round trip a millisecond is assumed.
    #expect(early.pacingRate(isPaced: false, smoothedRoundTrip: .zero)?.octetsPerSecond == 27_700_000)
  }

  @Test(
    "The pace is the gain of the state times the bandwidth, less one percent, and never falls before the path is full",
    .proves("bbr-01", "bbr-07"))
  mutating func pacing() {
    round(rate: 1_000_000)
    #expect(pace == 1_000_000 * 277 / 100 * 99 / 100 && congestion.bbrState == .startup)
    round(rate: 2_000_000)
    round(rate: 500_000)
    #expect(pace == 2_000_000 * 277 / 100 * 99 / 100)
  }

  @Test(
    "Three rounds without a quarter more mean that the path is full; rounds limited by the program do not count",
    .proves("bbr-01"))
  mutating func plateau() {
    round(rate: 1_000_000)
    round(rate: 1_240_000)
    round(rate: 1_240_000, isApplicationLimited: true)
    round(rate: 1_240_000)
    round(rate: 1_240_000, isApplicationLimited: true)
    #expect(congestion.bbrState == .startup)
    // Much is in flight: Drain does not end at once.
    round(rate: 1_240_000, inFlight: 500_000)
    #expect(congestion.bbrState == .drain && pace == 1_240_000 * 50 / 100 * 99 / 100)
    for _ in 0..<3 { round(rate: 1_240_000, inFlight: 500_000) }
    #expect(congestion.bbrState == .drain)
    round(rate: 1_240_000, inFlight: 500_000)
    #expect(congestion.bbrState == .down && pace == 1_240_000 * 90 / 100 * 99 / 100)
    round(rate: 1_240_000, inFlight: 62_000)
    #expect(congestion.bbrState == .cruise && pace == 1_240_000 * 99 / 100)
  }

  @Test("Samples that tell of the program count only if they are the largest", .proves("bbr-10"))
  mutating func applicationLimited() {
    round(rate: 1_000_000)
    round(rate: 1_500_000, isApplicationLimited: true)
    #expect(pace == 1_500_000 * 277 / 100 * 99 / 100)
  }

  @Test(
    "Heavy loss in six places of a round of fast recovery ends Startup, less does not", .proves("bbr-02"),
    arguments: [5, 6])
  mutating func startupLoss(ranges: Int) {
    for _ in 0..<3 { round(rate: 1_000_000) }
    #expect(congestion.bbrState == .startup)
    congestion.on(.enteredRecovery(flightSize: 50_000, segmentSize: size, usesSACK: true))
    lose(3000, of: 50_000, ranges: ranges)
    round(rate: 1_000_000, lost: 3000, isApplicationLimited: true)
    round(rate: 1_000_000, lost: 3000, isApplicationLimited: true)
    #expect((congestion.bbrState != .startup) == (ranges == 6))
  }

  @Test("Without SACK any loss in fast recovery ends Startup", .proves("bbr-14"))
  mutating func withoutSACK() {
    path.usesSACK = false
    for _ in 0..<2 { round(rate: 1_000_000) }
    congestion.on(.enteredRecovery(flightSize: 50_000, segmentSize: size, usesSACK: false))
    lose(1000, of: 50_000, ranges: 1)
    round(rate: 1_000_000, lost: 1000, isApplicationLimited: true)
    #expect(congestion.bbrState != .startup)
  }

  @Test("What ended Startup and was no loss takes it back", .proves("bbr-12"))
  mutating func undone() {
    for _ in 0..<3 { round(rate: 1_000_000) }
    let before = congestion
    congestion.on(.enteredRecovery(flightSize: 50_000, segmentSize: size, usesSACK: true))
    lose(8000, of: 50_000, ranges: 8)
    for _ in 0..<2 { round(rate: 1_000_000, lost: 8000, isApplicationLimited: true) }
    #expect(congestion.bbrState != .startup)
    congestion.restore(before, window: before.window, threshold: before.threshold)
    #expect(congestion.bbrState == .startup && congestion.window >= before.window)
  }

  /// A flow that cruises at 1,000,000 octets per second.
  private mutating func cruise() {
    for _ in 0..<10 { round(rate: 1_000_000) }
    #expect(congestion.bbrState == .cruise)
  }

  @Test("Rounds of heavy loss lower the pace to what is delivered, by three tenths at most")
  mutating func heavyLoss() {
    cruise()
    // In the first round the samples of before still tell of more.
    for _ in 0..<2 {
      lose(25_000, of: 50_000, ranges: 3)
      round(rate: 500_000, lost: 25_000)
    }
    #expect(pace == 700_000 * 99 / 100)
  }

  @Test("The window is twice what fills the path, and what arrives at once on top of it", .proves("bbr-08", "bbr-17"))
  mutating func aggregation() {
    cruise()
    // Each acknowledgement is of a whole round: 50,000 octets more than the time since the one before explains.
    for _ in 0..<5 { round(rate: 1_000_000) }
    #expect(congestion.bbrState == .cruise && congestion.window == 150_000)
  }

  /// Leaves Startup by so many rounds of loss with a bound of 50,000 octets, as much as fills the path, and cruises.
  private mutating func cruiseBounded(lossyRounds: Int) {
    for _ in 0..<3 { round(rate: 1_000_000) }
    congestion.on(.enteredRecovery(flightSize: 50_000, segmentSize: size, usesSACK: true))
    for number in 0..<2 {
      if number < lossyRounds { lose(8000, of: 50_000, ranges: 8) }
      round(rate: 1_000_000, lost: 8000, isApplicationLimited: true)
    }
    congestion.on(.leftRecovery(flightSize: 0, segmentSize: size, usesSACK: true))
    for _ in 0..<3 { round(rate: 1_000_000, inFlight: 40_000) }
    #expect(congestion.bbrState == .cruise)
  }

  @Test("While cruising 15 percent of what was found to be too much stay free", .proves("bbr-08", "bbr-17"))
  mutating func headroom() {
    cruiseBounded(lossyRounds: 2)
    #expect(congestion.window == 42_500)
  }

  @Test("What fills the path does not stay free where on the average no more is lost than is tolerable")
  mutating func headroomOfFewLosses() {
    cruiseBounded(lossyRounds: 1)
    #expect(congestion.window == 50_000)
  }

  @Test(
    "Losses that end a probe without a queue leave the bandwidth known and the path full; with a queue two such probes count",
    arguments: [53, 54] as [Int64])
  mutating func probesEndedByLosses(roundTrip: Int64) {
    cruise()
    for _ in 0..<2 {
      for _ in 0..<130 where congestion.bbrState != .up { round(rate: 990_000, inFlight: 20_000) }
      #expect(congestion.bbrState == .up)
      round(rate: 990_000, inFlight: 20_000, roundTrip: .milliseconds(roundTrip))
      lose(2000, of: 50_000, ranges: 2)
      #expect(congestion.bbrState == .down)
      for _ in 0..<3 { round(rate: 990_000, inFlight: 20_000) }
    }
    #expect(congestion.bbrState == .cruise)
    #expect(pace == (roundTrip == 53 ? 1_000_000 : 990_000) * 99 / 100)
    #expect(congestion.window == (roundTrip == 53 ? 52_500 : 49_500))
  }

  @Test("A timeout leaves one segment, and its end the window of before")
  mutating func timeout() {
    cruise()
    let before = congestion.window
    congestion.on(.timedOut(flightSize: 50_000, segmentSize: size, isFirst: true))
    #expect(congestion.window == size)
    congestion.on(.leftTimeout)
    #expect(congestion.window == before)
  }

  @Test("A rate and a time make octets, and octets and a rate make a time, without overflow")
  func rates() {
    #expect(Rate(octets: 125_000, in: .milliseconds(10)).octetsPerSecond == 12_500_000)
    #expect(Rate(octets: .max, in: .zero) == .fastest && Rate(octets: -1, in: .seconds(1)) == .zero)
    #expect(Rate(octetsPerSecond: 12_500_000).octets(in: .milliseconds(20)) == 250_000)
    #expect(Rate.fastest.octets(in: .forever) == 9_000_000_000_000)
    #expect(Rate(octetsPerSecond: 1_000_000).time(for: 1000) == .milliseconds(1))
    #expect(Rate.zero.time(for: 1) == .forever)
  }
}
