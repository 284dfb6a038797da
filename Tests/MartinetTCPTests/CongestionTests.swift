import MartinetTCP
import MartinetTestSupport
import Testing

/// The window arithmetic alone; ``SlowStartTests`` and ``FastRetransmitTests`` show it at work.
@Suite("Reno's window (RFC 5681, RFC 3465, RFC 6928)")
struct CongestionTests {
  private let segmentSize = 1000

  /// A window of `window` octets in congestion avoidance.
  private func avoiding(_ window: Int) -> Congestion {
    var congestion = Congestion(.reno, window: window)
    congestion.on(.enteredRecovery(flightSize: 2 * window, segmentSize: segmentSize, usesSACK: true))
    #expect(congestion.window == window && congestion.threshold == window)
    return congestion
  }

  private func acknowledged(
    _ octets: Int, inFlight: Int, afterTimeout: Bool = false
  ) -> CongestionEvent {
    .acknowledged(
      AcknowledgementSample(
        octets: octets, inFlightBefore: inFlight, segmentSize: segmentSize, isAfterTimeout: afterTimeout, now: .zero))
  }

  @Test(
    "The initial window is ten segments, or 14,600 octets where segments are larger, but two segments at least",
    .proves("6928-01"),
    arguments: [
      (1460, 14600), (1448, 14480), (536, 5360), (1220, 12200), (2000, 14600), (7000, 14600), (9000, 18000),
    ])
  func initialWindow(segmentSize: Int, window: Int) {
    #expect(Congestion.initialWindow(segments: 10, segmentSize: segmentSize, handshakeWasLossy: false) == window)
  }

  @Test("The threshold is arbitrarily high at first", .proves("5681-06"))
  func initialThreshold() {
    #expect(Congestion(.reno, window: 14600).threshold >= 1 << 30)
  }

  @Test("In slow start the window grows by what is acknowledged, two segments per ACK at most", .proves("3465-02"))
  func slowStart() {
    var congestion = Congestion(.reno, window: 10000)
    congestion.on(acknowledged(300, inFlight: 10000))
    #expect(congestion.window == 10300)
    congestion.on(acknowledged(2000, inFlight: 10000))
    #expect(congestion.window == 12300)
    congestion.on(acknowledged(9000, inFlight: 10000))
    #expect(congestion.window == 14300)
  }

  @Test("After a timeout slow start grows by one segment per ACK at most", .proves("3465-03"))
  func slowStartAfterTimeout() {
    var congestion = Congestion(.reno, window: 10000)
    congestion.on(.timedOut(flightSize: 10000, segmentSize: segmentSize, isFirst: true))
    congestion.on(acknowledged(2000, inFlight: 1000, afterTimeout: true))
    #expect(congestion.window == 2000)
    congestion.on(acknowledged(500, inFlight: 2000, afterTimeout: true))
    #expect(congestion.window == 2500)
  }

  @Test(
    "In congestion avoidance the window grows by one segment for each window of octets acknowledged",
    .proves("5681-09", "5681-10", "3465-01"))
  func avoidance() {
    var congestion = avoiding(10000)
    for _ in 0..<9 { congestion.on(acknowledged(1000, inFlight: 10000)) }
    #expect(congestion.window == 10000)
    congestion.on(acknowledged(1000, inFlight: 10000))
    #expect(congestion.window == 11000)
    // What was acknowledged beyond the window counts for the next segment.
    for _ in 0..<5 { congestion.on(acknowledged(2000, inFlight: 11000)) }
    #expect(congestion.window == 11000)
    congestion.on(acknowledged(2000, inFlight: 11000))
    #expect(congestion.window == 12000)
    for _ in 0..<5 { congestion.on(acknowledged(2000, inFlight: 12000)) }
    #expect(congestion.window == 12000)
    congestion.on(acknowledged(1000, inFlight: 12000))
    #expect(congestion.window == 13000)
  }

  @Test("An ACK of many windows at once grows the window by one segment", .proves("5681-09"))
  func hugeAcknowledgement() {
    var congestion = avoiding(10000)
    congestion.on(acknowledged(95000, inFlight: 95000))
    #expect(congestion.window == 11000)
    congestion.on(acknowledged(10, inFlight: 11000))
    #expect(congestion.window <= 12000)
  }

  @Test("A window that is not used does not grow")
  func unused() {
    var congestion = Congestion(.reno, window: 10000)
    congestion.on(acknowledged(1000, inFlight: 1000))
    #expect(congestion.window == 10000)
    congestion = avoiding(10000)
    for _ in 0..<100 { congestion.on(acknowledged(1000, inFlight: 1000)) }
    #expect(congestion.window == 10000)
  }

  @Test(
    "A timeout halves the threshold by what was in flight, never below two segments, and leaves one segment",
    .proves("5681-07", "5681-11", "5681-12"))
  func timeout() {
    var congestion = Congestion(.reno, window: 50000)
    congestion.on(.timedOut(flightSize: 12000, segmentSize: segmentSize, isFirst: true))
    #expect(congestion.threshold == 6000 && congestion.window == 1000)
    congestion.on(.timedOut(flightSize: 12000, segmentSize: segmentSize, isFirst: false))
    congestion.on(.timedOut(flightSize: 1000, segmentSize: segmentSize, isFirst: false))
    #expect(congestion.threshold == 6000 && congestion.window == 1000)
    congestion.on(.timedOut(flightSize: 1500, segmentSize: segmentSize, isFirst: true))
    #expect(congestion.threshold == 2000 && congestion.window == 1000)
  }

  @Test("Fast recovery begins with half the flight and three segments", .proves("5681-20", "5681-21"))
  func entering() {
    var congestion = Congestion(.reno, window: 50000)
    congestion.on(.enteredRecovery(flightSize: 12000, segmentSize: segmentSize, usesSACK: false))
    #expect(congestion.threshold == 6000 && congestion.window == 9000)
    congestion = Congestion(.reno, window: 50000)
    congestion.on(.enteredRecovery(flightSize: 3000, segmentSize: segmentSize, usesSACK: false))
    #expect(congestion.threshold == 2000 && congestion.window == 5000)
  }

  @Test(
    "Each further duplicate lends one segment, as many as were outstanding, and no more", .proves("5681-22", "ATK-17"))
  func inflation() {
    var congestion = Congestion(.reno, window: 12000)
    congestion.on(.enteredRecovery(flightSize: 12000, segmentSize: segmentSize, usesSACK: false))
    congestion.on(.duplicateInRecovery(segmentSize: segmentSize, flightSize: 12000))
    #expect(congestion.window == 10000)
    for _ in 0..<1000 { congestion.on(.duplicateInRecovery(segmentSize: segmentSize, flightSize: 12000)) }
    #expect(congestion.window == 18000)
  }

  @Test("A full acknowledgement deflates the window", .proves("5681-23", "6582-03"))
  func leaving() {
    for (flightSize, window) in [(0, 2000), (3000, 4000), (5000, 6000), (9000, 6000)] {
      var congestion = Congestion(.reno, window: 12000)
      congestion.on(.enteredRecovery(flightSize: 12000, segmentSize: segmentSize, usesSACK: false))
      for _ in 0..<8 { congestion.on(.duplicateInRecovery(segmentSize: segmentSize, flightSize: 12000)) }
      congestion.on(.leftRecovery(flightSize: flightSize, segmentSize: segmentSize, usesSACK: false))
      #expect(congestion.window == window)
    }
  }

  @Test("Smaller segments make a smaller window of as many", .proves("5681-05"))
  func smallerSegments() {
    var congestion = Congestion(.reno, window: 14600)
    congestion.on(.segmentSizeChanged(from: 1460, to: 960))
    #expect(congestion.window == 9600)
  }
}
