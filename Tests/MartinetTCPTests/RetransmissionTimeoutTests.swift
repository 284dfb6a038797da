import MartinetTCP
import MartinetTestSupport
import Testing

/// The arithmetic alone; ``RetransmissionTimerTests`` shows it at work.
@Suite("The retransmission timeout (RFC 6298 sections 2 and 5)")
struct RetransmissionTimeoutTests {
  /// Knobs that leave the arithmetic of section 2 alone.
  private var unclamped: Configuration {
    var configuration = Configuration()
    configuration.minimumRetransmissionTimeout = .zero
    return configuration
  }

  @Test("Before the first measurement the timeout is one second", .proves("6298-01"))
  func initial() {
    #expect(RoundTrip(Configuration()).timeout(Configuration()) == .seconds(1))
    #expect(RoundTrip(unclamped).timeout(unclamped) == .seconds(1))
  }

  @Test("The first measurement R makes SRTT R, RTTVAR R/2 and the timeout three times R", .proves("6298-02", "6298-04"))
  func first() {
    var roundTrip = RoundTrip(unclamped)
    roundTrip.measured(.milliseconds(100), unclamped)
    #expect(roundTrip.smoothed == .milliseconds(100))
    #expect(roundTrip.variation == .milliseconds(50))
    #expect(roundTrip.timeout(unclamped) == .milliseconds(300))
  }

  @Test("The next measurement moves RTTVAR first, by the SRTT of before", .proves("6298-03", "6298-04"))
  func second() {
    var roundTrip = RoundTrip(unclamped)
    roundTrip.measured(.milliseconds(100), unclamped)
    roundTrip.measured(.milliseconds(200), unclamped)
    #expect(roundTrip.variation == .microseconds(62500))
    #expect(roundTrip.smoothed == .microseconds(112_500))
    #expect(roundTrip.timeout(unclamped) == .microseconds(362_500))
    // A shorter one counts by its distance, too.
    roundTrip.measured(.microseconds(12500), unclamped)
    #expect(roundTrip.variation == .microseconds(71875))
    #expect(roundTrip.smoothed == .microseconds(100_000))
    #expect(roundTrip.timeout(unclamped) == .microseconds(387_500))
  }

  @Test("When measurements stop varying, the clock's granularity is what is left beside SRTT", .proves("6298-09"))
  func granularity() {
    var roundTrip = RoundTrip(unclamped)
    for _ in 0..<200 { roundTrip.measured(.milliseconds(100), unclamped) }
    #expect(unclamped.clockGranularity == .milliseconds(1))
    #expect(roundTrip.timeout(unclamped) == .milliseconds(101))
  }

  @Test("A floor of one second holds against every short round trip")
  func floor() {
    var configuration = Configuration()
    configuration.minimumRetransmissionTimeout = .seconds(1)
    var roundTrip = RoundTrip(configuration)
    roundTrip.measured(.milliseconds(100), configuration)
    #expect(roundTrip.timeout(configuration) == .seconds(1))
    roundTrip.measured(.milliseconds(2), configuration)
    #expect(roundTrip.timeout(configuration) == .seconds(1))
    roundTrip.backOff()
    #expect(roundTrip.timeout(configuration) == .seconds(2))
  }

  @Test("Each expiry doubles the timeout, up to a minute, and a measurement ends that", .proves("6298-06", "6298-15"))
  func backoff() {
    let configuration = Configuration()
    var roundTrip = RoundTrip(configuration)
    var timeouts: [Int64] = []
    for _ in 0..<40 {
      timeouts.append(roundTrip.timeout(configuration).milliseconds)
      roundTrip.backOff()
    }
    #expect(timeouts.prefix(8) == [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000])
    #expect(timeouts.allSatisfy { $0 <= 60000 })
    roundTrip.measured(.milliseconds(100), configuration)
    #expect(roundTrip.timeout(configuration) == .milliseconds(300))
  }

  @Test("A timeout never exceeds the cap, however slow the path", .proves("6298-06"))
  func cap() {
    let configuration = Configuration()
    var roundTrip = RoundTrip(configuration)
    roundTrip.measured(.seconds(100), configuration)
    #expect(roundTrip.timeout(configuration) == .seconds(60))
  }
}
