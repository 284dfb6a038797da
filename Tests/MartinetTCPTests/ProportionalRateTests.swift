import MartinetTCP
import MartinetTestSupport
import Testing

/// The arithmetic alone; ``SelectiveRepairTests`` shows it at work.
@Suite("Proportional rate reduction (RFC 9937 section 6)")
struct ProportionalRateTests {
  private let segment = 1000

  /// Recovery with so much in flight, of which the first segment went out again.
  private func recovering(from flightSize: Int) -> ProportionalRate {
    var rate = ProportionalRate()
    rate.begin(flightSize: flightSize)
    return rate
  }

  @Test("The first transmission is forced, whatever has arrived", .proves("9937-08", "9937-01"))
  func forced() {
    var rate = recovering(from: 20_000)
    #expect(
      rate.allowance(delivered: 0, inFlight: 19_000, threshold: 10_000, segmentSize: segment, isSafe: false) == 1000)
    #expect(
      rate.allowance(delivered: 1000, inFlight: 18_000, threshold: 10_000, segmentSize: segment, isSafe: false) == 1000)
    rate.left(1000)
    #expect(rate.allowance(delivered: 0, inFlight: 19_000, threshold: 10_000, segmentSize: segment, isSafe: false) == 0)
  }

  @Test(
    "Above ssthresh as much leaves as arrives, times ssthresh by what was in flight, rounded up",
    .proves("9937-05", "9937-09"))
  func proportional() {
    var rate = recovering(from: 20_000)
    rate.left(1000)
    var inFlight = 19_000
    var sent = 1000
    for round in 1...8 {
      inFlight -= 1000
      let allowance = rate.allowance(
        delivered: 1000, inFlight: inFlight, threshold: 14_000, segmentSize: segment, isSafe: true)
      #expect(allowance == max(0, (round * 1000 * 14_000 + 19_999) / 20_000 - sent))
      rate.left(allowance)
      sent += allowance
      inFlight += allowance
    }
    #expect(sent == 5600)
    rate = recovering(from: 3)
    rate.left(1)
    #expect(rate.allowance(delivered: 2, inFlight: 10, threshold: 2, segmentSize: 1, isSafe: false) == 1)
  }

  @Test(
    "Below ssthresh no more leaves than has arrived, as long as losses go on",
    .proves("9937-06", "9937-12", "6937-01"))
  func conservation() {
    var rate = recovering(from: 20_000)
    rate.left(1000)
    // Half of the flight was lost at once.
    #expect(
      rate.allowance(delivered: 1000, inFlight: 5000, threshold: 10_000, segmentSize: segment, isSafe: false) == 1000)
    rate.left(1000)
    #expect(
      rate.allowance(delivered: 1000, inFlight: 5000, threshold: 10_000, segmentSize: segment, isSafe: false) == 1000)
    rate.left(1000)
    #expect(rate.delivered == 2000 && rate.sent == 3000)
    #expect(
      rate.allowance(delivered: 3000, inFlight: 9500, threshold: 10_000, segmentSize: segment, isSafe: false) == 500)
  }

  @Test(
    "Progress without further loss lets one segment more leave, up to ssthresh",
    .proves("9937-06", "9937-07", "6937-01"))
  func slowStart() {
    var rate = recovering(from: 20_000)
    rate.left(1000)
    #expect(
      rate.allowance(delivered: 1000, inFlight: 5000, threshold: 10_000, segmentSize: segment, isSafe: true) == 2000)
    #expect(
      rate.allowance(delivered: 1000, inFlight: 9000, threshold: 10_000, segmentSize: segment, isSafe: true) == 1000)
    #expect(
      rate.allowance(delivered: 1000, inFlight: 10_000, threshold: 10_000, segmentSize: segment, isSafe: true) == 0)
  }

  @Test("A new recovery counts anew", .proves("9937-01"))
  func again() {
    var rate = recovering(from: 20_000)
    rate.left(5000)
    _ = rate.allowance(delivered: 9000, inFlight: 19_000, threshold: 10_000, segmentSize: segment, isSafe: false)
    rate.begin(flightSize: 10_000)
    #expect(rate.delivered == 0 && rate.sent == 0)
  }
}
