import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// A connection that exists only as the events that its congestion control hears, in an order that a connection can bring about, from a seed.
private struct ImaginedConnection {
  enum Mode { case open, fast, timeout }

  var congestion: Congestion
  let algorithm: CongestionAlgorithm
  let usesSACK: Bool
  var mode = Mode.open
  var segmentSize = 1448
  var delivered = 0
  var lost = 0
  var now = Instant.zero
  var acknowledged = SequenceNumber(0)
  /// The largest window that there was, which a return from recovery or from ProbeRTT may lead back to.
  var formerWindow: Int
  private var random: UInt64

  init(_ algorithm: CongestionAlgorithm, seed: UInt64, usesSACK: Bool) {
    self.algorithm = algorithm
    self.usesSACK = usesSACK
    random = seed
    formerWindow = 14480
    var path = PathState()
    path.segmentSize = 1448
    path.smoothedRoundTrip = .milliseconds(20)
    path.seed = seed
    congestion = Congestion(algorithm, window: 14480, path: path)
  }

  mutating func choose(_ bound: UInt64) -> Int {
    random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((random >> 33) % bound)
  }

  private func path(inFlight: Int) -> PathState {
    var path = PathState()
    path.now = now
    path.segmentSize = segmentSize
    path.inFlight = inFlight
    path.delivered = delivered
    path.lost = lost
    path.smoothedRoundTrip = .milliseconds(20)
    path.usesSACK = usesSACK
    path.isWindowLimited = inFlight + segmentSize > congestion.window
    return path
  }

  /// Does something; returns by how much the window may have grown at most.
  mutating func step() -> Int {
    formerWindow = max(formerWindow, congestion.window)
    let kind = choose(100)
    if kind < 70 { return acknowledge() }
    if kind < 80 { return lose() }
    if kind < 84 { return expire() }
    if kind < 94 { return leave() }
    if kind < 97 {
      congestion.on(.restarting(path(inFlight: 0)))
      return 0
    }
    if kind < 99 {
      congestion.on(.idle(initialWindow: 10 * segmentSize))
      return 0
    }
    let smaller = 536 + choose(913)
    if smaller < segmentSize {
      congestion.on(.segmentSizeChanged(from: segmentSize, to: smaller))
      segmentSize = smaller
    }
    return 0
  }

  private mutating func acknowledge() -> Int {
    let flight = 1 + choose(UInt64(congestion.window * 5 / 4))
    let octets = min(1 + choose(UInt64(20 * segmentSize)), flight)
    now = now + .microseconds(Int64(1 + choose(8000)))
    if choose(500) == 0 { now = now + .seconds(Int64(1 + choose(20))) }
    delivered += octets
    acknowledged += octets
    var room = octets
    if mode != .fast {
      congestion.on(
        .acknowledged(
          AcknowledgementSample(
            octets: octets, inFlightBefore: flight, segmentSize: segmentSize,
            roundTrip: .milliseconds(Int64(20 + choose(10))), isAfterTimeout: mode == .timeout,
            smoothedRoundTrip: .milliseconds(20), acknowledged: acknowledged, sendNext: acknowledged + flight, now: now)
        ))
      // A whole segment may be due for what was acknowledged before.
      room += segmentSize
    } else if usesSACK && algorithm != .bbr {
      congestion.on(.proportionalRate(window: flight - octets + min(octets, segmentSize)))
      return .max
    }
    var sample = RateSample()
    sample.hasData = choose(10) > 0
    sample.newlyAcknowledged = octets
    sample.delivered = flight
    sample.priorDelivered = max(0, delivered - flight)
    sample.inFlight = flight
    sample.lost = choose(40) == 0 ? choose(UInt64(flight)) : 0
    sample.rate = choose(8) == 0 ? .zero : Rate(octets: flight, in: .milliseconds(Int64(15 + choose(20))))
    sample.isApplicationLimited = choose(4) == 0
    sample.roundTrip = .milliseconds(Int64(20 + choose(20)))
    congestion.on(.sampled(sample, path(inFlight: flight - octets)))
    // ProbeRTT gives the window back that it took.
    return algorithm == .bbr ? max(room, formerWindow) : room
  }

  private mutating func lose() -> Int {
    let flight = max(segmentSize, choose(UInt64(congestion.window + 1)))
    let octets = min(flight, segmentSize * (1 + choose(5)))
    if mode != .fast {
      congestion.on(.enteredRecovery(flightSize: flight, segmentSize: segmentSize, usesSACK: usesSACK))
      mode = .fast
    }
    lost += octets
    var note = LossNote()
    note.ranges = 1 + choose(8)
    note.size = segmentSize
    note.inFlight = flight
    note.lost = octets
    congestion.on(.lost(note, path(inFlight: flight - octets)))
    // Three segments that have left the network (RFC 5681 section 3.2).
    return usesSACK ? 0 : 5 * segmentSize
  }

  private mutating func expire() -> Int {
    let flight = choose(UInt64(congestion.window + 1))
    congestion.on(.timedOut(flightSize: flight, segmentSize: segmentSize, isFirst: mode != .timeout))
    mode = .timeout
    return 0
  }

  private mutating func leave() -> Int {
    switch mode {
    case .open: return 0
    case .timeout: congestion.on(.leftTimeout)
    case .fast:
      congestion.on(.leftRecovery(flightSize: choose(20_000), segmentSize: segmentSize, usesSACK: usesSACK))
    }
    mode = .open
    return .max
  }
}

@Suite("What all congestion controls have in common")
struct CongestionModelTests {
  @Test(
    "Whatever happens, windows stay within bounds, grow only by what is delivered, and a pace is a pace",
    .proves("bbr-08"), arguments: CongestionAlgorithm.allCases, [true, false])
  func model(algorithm: CongestionAlgorithm, usesSACK: Bool) {
    for seed in 1...60 as ClosedRange<UInt64> {
      var connection = ImaginedConnection(algorithm, seed: seed, usesSACK: usesSACK)
      for step in 0..<2000 {
        let before = connection.congestion.window
        let room = connection.step()
        let congestion = connection.congestion
        let story = "seed \(seed) step \(step): \(before) to \(congestion.window), threshold \(congestion.threshold)"
        #expect(congestion.window >= 1 && congestion.window <= Int(Int32.max), "\(story)")
        if connection.mode == .open { #expect(congestion.window >= connection.segmentSize, "\(story)") }
        #expect(congestion.threshold >= 2 * 536, "\(story)")
        if room != .max {
          // The least window after a loss is two segments; BBR keeps four in flight whatever its model says (draft section 5.6.4.3).
          let floor = (algorithm == .bbr ? 4 : 2) * connection.segmentSize + (room < connection.segmentSize ? room : 0)
          #expect(congestion.window <= max(before + room, floor), "\(story)")
        }
        let pace = congestion.pacingRate(isPaced: true, smoothedRoundTrip: .milliseconds(20))
        #expect(pace.map { $0 > .zero && $0 <= .fastest } == true, "\(story)")
        let unpaced = congestion.pacingRate(isPaced: false, smoothedRoundTrip: .milliseconds(20))
        #expect((unpaced != nil) == (algorithm == .bbr))
        if congestion.window < 1 { return }
      }
    }
  }

  @Test("What nobody delivers makes no window larger", arguments: CongestionAlgorithm.allCases)
  func nothingDelivered(algorithm: CongestionAlgorithm) {
    var path = PathState()
    path.segmentSize = 1448
    path.smoothedRoundTrip = .milliseconds(20)
    var congestion = Congestion(algorithm, window: 14480, path: path)
    for _ in 0..<100 {
      congestion.on(.restarting(path))
      congestion.on(.timedOut(flightSize: 1448, segmentSize: 1448, isFirst: false))
      congestion.on(.idle(initialWindow: 14480))
      #expect(congestion.window <= 14480)
    }
  }
}
