import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("CUBIC's window (RFC 9438)")
struct CUBICTests {
  private let size = 1000
  private let roundTrip = Interval.milliseconds(100)

  /// A window that fell to 70 segments by a loss at 100, with the time of the first acknowledgement after it.
  private func fallen() -> Congestion {
    var congestion = Congestion(.cubic, window: 100 * size)
    congestion.on(.enteredRecovery(flightSize: 100 * size, segmentSize: size, usesSACK: true))
    congestion.on(.leftRecovery(flightSize: 0, segmentSize: size, usesSACK: true))
    return congestion
  }

  private func acknowledge(
    _ congestion: inout Congestion, _ octets: Int, at now: Instant, inFlight: Int? = nil, roundTrip: Interval? = nil
  ) {
    congestion.on(
      .acknowledged(
        AcknowledgementSample(
          octets: octets, inFlightBefore: inFlight ?? congestion.window, segmentSize: size, roundTrip: roundTrip,
          smoothedRoundTrip: roundTrip ?? self.roundTrip, now: now)))
  }

  /// Acknowledges a window in every round trip, by segments, for so long; returns the window.
  private func grow(_ congestion: inout Congestion, from start: Instant, for time: Interval) -> Int {
    var now = start
    while now < start + time {
      let step = Interval(nanoseconds: roundTrip.nanoseconds * Int64(size) / Int64(congestion.window))
      now = now + step
      acknowledge(&congestion, size, at: now)
    }
    return congestion.window / size
  }

  @Test("A loss takes three tenths of what is in flight, at least down to two segments", .proves("9438-06"))
  func decrease() {
    var congestion = fallen()
    #expect(congestion.window == 70 * size && congestion.threshold == 70 * size)
    congestion.on(.enteredRecovery(flightSize: 2 * size, segmentSize: size, usesSACK: true))
    #expect(congestion.threshold == 2 * size)
  }

  @Test(
    "From 70 segments after 100 the window is back after 4.2 s, and at 130 after twice that",
    .proves("9438-01", "9438-03", "9438-04", "9438-13", "9438-16"))
  func curve() {
    var congestion = fallen()
    // The target looks one round trip ahead.
    let half = grow(&congestion, from: .zero, for: .milliseconds(4217))
    #expect((98...101).contains(half), "\(half)")
    let whole = grow(&congestion, from: .zero + .milliseconds(4217), for: .milliseconds(4217))
    #expect((127...133).contains(whole), "\(whole)")
  }

  @Test("On the way the curve is flat around the old window, and concave before it", .proves("9438-04"))
  func shape() {
    var congestion = fallen()
    let first = grow(&congestion, from: .zero, for: .milliseconds(1500)) - 70
    let second = grow(&congestion, from: .zero + .milliseconds(1500), for: .milliseconds(1500)) - 70 - first
    let third = grow(&congestion, from: .zero + .milliseconds(3000), for: .milliseconds(1500)) - 70 - first - second
    #expect(first > second && second > third, "\(first) \(second) \(third)")
  }

  @Test("Where Reno would be faster, the window is Reno's", .proves("9438-05"))
  func renoFriendly() {
    // A short round trip and a small window: the curve is nearly flat for a second, alpha is 9/17 of a segment per window.
    var congestion = Congestion(.cubic, window: 10 * size)
    congestion.on(.enteredRecovery(flightSize: 10 * size, segmentSize: size, usesSACK: true))
    congestion.on(.leftRecovery(flightSize: 0, segmentSize: size, usesSACK: true))
    var now = Instant.zero
    var octets = 0
    while octets < 170 * size {
      now = now + .microseconds(100)
      acknowledge(&congestion, size, at: now, roundTrip: .milliseconds(1))
      octets += size
    }
    // 170 segments are about 16 windows, of which each brings 9/17 until the old window is reached, then a whole one.
    #expect((15...19).contains(congestion.window / size), "\(congestion.window)")
  }

  @Test("A window that was larger before leaves room for others", .proves("9438-08"))
  func fastConvergence() {
    var congestion = Congestion(.cubic, window: 1000 * size)
    congestion.on(.enteredRecovery(flightSize: 1000 * size, segmentSize: size, usesSACK: true))
    acknowledge(&congestion, size, at: .zero)
    congestion.on(.enteredRecovery(flightSize: 700 * size, segmentSize: size, usesSACK: true))
    #expect(congestion.threshold == 490 * size)
    // W_max is 0.85 of 700: the plateau is there after cbrt(105 / 0.4) = 6.4 s, and not at 700.
    let later = grow(&congestion, from: .zero + .seconds(1), for: .milliseconds(6400))
    #expect((590...600).contains(later), "\(later)")
  }

  @Test("A timeout goes back to one segment, and the next stage begins where slow start ends", .proves("9438-09"))
  func timeout() {
    var congestion = fallen()
    congestion.on(.timedOut(flightSize: 70 * size, segmentSize: size, isFirst: true))
    #expect(congestion.window == size && congestion.threshold == 49 * size)
    var now = Instant.zero + .seconds(1)
    while congestion.window < congestion.threshold {
      acknowledge(&congestion, size, at: now)
      now = now + .milliseconds(1)
    }
    #expect(congestion.window == 49 * size)
    // Convex from there: hardly anything in the first second.
    let later = grow(&congestion, from: now, for: .seconds(1))
    #expect((49...56).contains(later), "\(later)")
  }

  @Test("A window that is not used does not grow, and its time does not count", .proves("9438-02", "9438-14"))
  func applicationLimited() {
    var congestion = fallen()
    acknowledge(&congestion, size, at: .zero)
    let before = congestion.window
    for second in 1...60 { acknowledge(&congestion, size, at: .zero + .seconds(Int64(second)), inFlight: 5 * size) }
    #expect(congestion.window == before)
    acknowledge(&congestion, size, at: .zero + .seconds(60))
    // As if the minute had not been: no jump of half a window.
    #expect(congestion.window - before < size)
  }

  @Test("Neither a long silence nor the slow start after it is time of the curve", .proves("9438-02"))
  func idleRestart() {
    var congestion = fallen()
    acknowledge(&congestion, size, at: .zero)
    congestion.on(.idle(initialWindow: 10 * size))
    #expect(congestion.window == 10 * size)
    var now = Instant.zero + .seconds(600)
    while congestion.window < congestion.threshold {
      acknowledge(&congestion, size, at: now)
      now = now + .milliseconds(1)
    }
    let later = grow(&congestion, from: now, for: .milliseconds(4217))
    #expect((98...101).contains(later), "\(later)")
  }

  @Test("A response that was needless is taken back with the curve that it interrupted", .proves("9438-10"))
  func undone() {
    var congestion = fallen()
    let half = grow(&congestion, from: .zero, for: .milliseconds(2000))
    let before = congestion
    congestion.on(.enteredRecovery(flightSize: congestion.window, segmentSize: size, usesSACK: true))
    #expect(congestion.window < half * size * 3 / 4)
    congestion.restore(before, window: before.window, threshold: before.threshold)
    // W_max and the epoch are those of before: at K the window is back at 100 segments.
    let whole = grow(&congestion, from: .zero + .milliseconds(2000), for: .milliseconds(2217))
    #expect((98...101).contains(whole), "\(half) \(whole)")
  }

  @Test("The window passes a bend of a million segments without overflow", .proves("9438-16"))
  func large() {
    var congestion = Congestion(.cubic, window: 1_000_000 * size)
    congestion.on(.enteredRecovery(flightSize: 1_000_000 * size, segmentSize: size, usesSACK: true))
    congestion.on(.leftRecovery(flightSize: 0, segmentSize: size, usesSACK: true))
    acknowledge(&congestion, size, at: .zero)
    // K = cbrt(300,000 / 0.4) = 90.856 s: the target there is the old window.
    for milliseconds in stride(from: 0, through: 90_756, by: 4) {
      acknowledge(&congestion, congestion.window / 25, at: .zero + .milliseconds(Int64(milliseconds)))
    }
    #expect((997_000...1_001_000).contains(congestion.window / size), "\(congestion.window)")
    acknowledge(&congestion, size, at: .zero + .seconds(100_000))
    #expect(congestion.window <= Int(Int32.max))
  }

  @Test("Without SACK the window is inflated by duplicates as Reno's is")
  func inflation() {
    var congestion = Congestion(.cubic, window: 100 * size)
    congestion.on(.enteredRecovery(flightSize: 100 * size, segmentSize: size, usesSACK: false))
    #expect(congestion.window == 73 * size)
    congestion.on(.duplicateInRecovery(segmentSize: size, flightSize: 100 * size))
    #expect(congestion.window == 74 * size)
  }
}

@Suite("HyStart++ (RFC 9406)")
struct HyStartTests {
  private let size = 1000

  /// Slow start by rounds of `window` octets whose acknowledgements have the round trips of `trip`.
  private func run(_ congestion: inout Congestion, rounds: Int, first: Int = 0, trip: (Int) -> Interval) {
    var next = SequenceNumber(0) + first
    for round in 0..<rounds {
      let end = next + congestion.window
      var acknowledged = next
      while acknowledged.isBefore(end) && congestion.threshold == Int(Int32.max) {
        acknowledged += 2 * size
        congestion.on(
          .acknowledged(
            AcknowledgementSample(
              octets: 2 * size, inFlightBefore: congestion.window, segmentSize: size, roundTrip: trip(round),
              smoothedRoundTrip: trip(round), acknowledged: acknowledged, sendNext: end + congestion.window, now: .zero)
          ))
      }
      next = end
    }
  }

  @Test("While round trips stay, the window doubles in each", .proves("9406-01", "9406-02"))
  func steady() {
    var congestion = Congestion(.cubic, window: 10 * size)
    run(&congestion, rounds: 5) { _ in .milliseconds(50) }
    #expect(congestion.window >= 300 * size && congestion.threshold == Int(Int32.max))
  }

  @Test("An acknowledgement adds eight segments at most", .proves("9406-02"))
  func burst() {
    var congestion = Congestion(.cubic, window: 100 * size)
    congestion.on(
      .acknowledged(
        AcknowledgementSample(octets: 50 * size, inFlightBefore: 100 * size, segmentSize: size, now: .zero)))
    #expect(congestion.window == 108 * size)
  }

  @Test(
    "Round trips that grow by an eighth slow it down, and after five rounds slow start is over",
    .proves("9406-03", "9406-04", "9406-06", "9406-08"))
  func growing() {
    var congestion = Congestion(.cubic, window: 20 * size)
    run(&congestion, rounds: 2) { _ in .milliseconds(80) }
    let before = congestion.window
    run(&congestion, rounds: 12, first: 1 << 20) { round in .milliseconds(Int64(100 + 15 * round)) }
    #expect(congestion.threshold == congestion.window)
    // A quarter of the growth: 1.25 for each of five rounds, and not 2.
    #expect(congestion.window > before && congestion.window < before * 5, "\(before) \(congestion.window)")
  }

  @Test("Round trips that shrink again show that it was noise", .proves("9406-05"))
  func noise() {
    var congestion = Congestion(.cubic, window: 20 * size)
    run(&congestion, rounds: 2) { _ in .milliseconds(80) }
    run(&congestion, rounds: 1, first: 1 << 20) { _ in .milliseconds(120) }
    run(&congestion, rounds: 6, first: 1 << 22) { _ in .milliseconds(80) }
    #expect(congestion.threshold == Int(Int32.max))
  }

  @Test(
    "Loss ends it at once, and later slow starts are the careful ones",
    .proves("9406-07", "9406-09", "9438-11", "9438-12"))
  func loss() {
    var congestion = Congestion(.cubic, window: 100 * size)
    congestion.on(.timedOut(flightSize: 100 * size, segmentSize: size, isFirst: true))
    #expect(congestion.threshold == 70 * size && congestion.window == size)
    congestion.on(
      .acknowledged(
        AcknowledgementSample(octets: 8 * size, inFlightBefore: size, segmentSize: size, now: .zero)))
    #expect(congestion.window == 3 * size)
  }
}
