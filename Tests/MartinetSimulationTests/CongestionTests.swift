import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// What a trace says about the congestion window.
struct CongestionChange {
  var time: Instant
  var window: Int
  var threshold: Int
  var cause: CongestionCause
}

/// A segment with payload that left.
struct SentData {
  var time: Instant
  var range: SequenceRange
  var reason: TransmissionReason
}

extension Crossing {
  var congestion: [CongestionChange] {
    trace.compactMap { event in
      guard case .congestion(let window, let threshold, _, let cause) = event.kind else { return nil }
      return CongestionChange(time: event.time, window: window, threshold: threshold, cause: cause)
    }
  }

  var sentData: [SentData] {
    trace.compactMap { event in
      guard case .sent(let segment, let reason) = event.kind, segment.payload > 0 else { return nil }
      let range = SequenceRange(from: segment.sequence, count: segment.payload)
      return SentData(time: event.time, range: range, reason: reason)
    }
  }

  /// Lets vanish the packets with those numbers among those that carry payload to the right, counted from 1.
  mutating func lose(_ numbers: Set<Int>) {
    var count = 0
    pair.scenario.network.setFilter(of: pair.wire, .toRight) { bytes, _ in
      guard bytes.byteCount > 200 else { return .passes }
      count += 1
      return numbers.contains(count) ? .isLost : .passes
    }
  }
}

@Suite("Congestion control at work (RFC 5681, RFC 6298)")
struct CongestionTests {
  static let segment = 1448
  /// A base round trip of 40 ms, and room in the queue for everything.
  static func link(rate: UInt64 = 50_000_000) -> WireDescription {
    var impairment = Impairment(rate: rate, delay: .milliseconds(20))
    impairment.queueCapacity = 10_000_000
    return WireDescription(impairment)
  }

  static func crossing(sack: Bool = true, _ wire: WireDescription = link(), seed: UInt64 = 1) -> Crossing {
    var configuration = HostConfiguration()
    configuration.tcp.selectiveAcknowledgement = sack
    configuration.tcp.connection.congestion = .reno
    return Crossing(wire, seed: seed, left: configuration)
  }

  @Test(
    "Without SACK nothing leaves beyond SND.UNA plus the smaller of the two windows, but for limited transmit",
    .proves("5681-01"), arguments: 1...4 as ClosedRange<UInt64>, [0, 1 << 20])
  func windows(seed: UInt64, growth: Int) throws {
    var impairment = Impairment(rate: 20_000_000, delay: .milliseconds(10), loss: .percent(2))
    impairment.queueCapacity = 50_000
    var crossing = CongestionTests.crossing(sack: false, WireDescription(impairment), seed: seed)
    var options = ConnectionOptions()
    options.receiveBufferSize = 60_000
    options.maximumReceiveBufferSize = growth
    try crossing.open(.client(1_500_000), .server(0), serverOptions: options)
    crossing.run(seconds: 1000)
    var (unacknowledged, edge) = (SequenceNumber(0), SequenceNumber(0))
    var window = 0
    var checked = 0
    for event in crossing.trace {
      switch event.kind {
      case .received(let segment):
        if segment.flags.contains(.syn) { unacknowledged = segment.acknowledgement }
        unacknowledged = .later(unacknowledged, segment.acknowledgement)
        edge = segment.acknowledgement + segment.window
      case .congestion(let now, _, _, _):
        window = now
      case .sent(let segment, let reason) where segment.payload > 0:
        let end = segment.sequence + segment.payload
        let allowance = reason == .limitedTransmit ? 2 * CongestionTests.segment : 0
        #expect(end.distance(from: unacknowledged) <= window + allowance, "at \(event.time), \(reason)")
        #expect(!end.isAfter(edge) || reason == .windowProbe, "at \(event.time)")
        checked += 1
      default: break
      }
    }
    #expect(checked > 1000)
    crossing.expectWhole()
  }

  @Test("In congestion avoidance the window grows by one segment per round trip at most", .proves("5681-09"))
  func congestionAvoidance() throws {
    var crossing = CongestionTests.crossing()
    crossing.lose([60])
    try crossing.open(.client(6_000_000), .server(0))
    crossing.run(seconds: 100)
    let growth = crossing.congestion.filter { $0.cause == .congestionAvoidance }
    #expect(growth.count > 15)
    for (before, after) in zip(growth, growth.dropFirst()) where after.window > before.window {
      #expect(after.window - before.window <= CongestionTests.segment)
      #expect(after.time - before.time >= .milliseconds(40))
    }
    crossing.expectWhole()
  }

  @Test(
    "After a timeout the window is one segment, doubles per round trip up to ssthresh, and then grows linearly",
    .proves("5681-13", "9293-MUST-19"))
  func afterTimeout() throws {
    var crossing = CongestionTests.crossing()
    crossing.pair.scenario.network.schedule(.condition(.partitioned), of: crossing.pair.wire, at: .milliseconds(400))
    crossing.pair.scenario.network.schedule(.condition(.whole), of: crossing.pair.wire, at: .milliseconds(700))
    try crossing.open(.client(8_000_000), .server(0))
    crossing.run(seconds: 100)
    let changes = crossing.congestion
    let start = try #require(changes.lastIndex { $0.cause == .retransmissionTimeout })
    #expect(changes[start].window == CongestionTests.segment)
    let threshold = changes[start].threshold
    #expect(threshold > 20 * CongestionTests.segment)
    var before = changes[start]
    var causes: [CongestionCause] = []
    for change in changes[(start + 1)...] {
      #expect(change.threshold == threshold)
      // Two segments for an acknowledgement (RFC 3465, L = 2) in slow start.
      let most = change.cause == .slowStart ? 2 * CongestionTests.segment : CongestionTests.segment
      #expect(change.window - before.window <= most)
      #expect(change.cause == (before.window < threshold ? .slowStart : .congestionAvoidance))
      causes.append(change.cause)
      before = change
    }
    #expect(causes.contains(.slowStart) && causes.contains(.congestionAvoidance))
    crossing.expectWhole()
  }

  @Test("Slow start doubles the window per round trip", .proves("9293-MUST-19"))
  func slowStart() throws {
    var crossing = CongestionTests.crossing(CongestionTests.link(rate: 1_000_000_000))
    try crossing.open(.client(3_000_000), .server(0))
    crossing.run(seconds: 10)
    // The handshake takes one round trip; the first flight is acknowledged one round trip later.
    let windows = (1...5).map { trip in
      crossing.congestion.last { $0.time <= .milliseconds(40 * Int64(trip) + 30) }?.window ?? 0
    }
    #expect(windows[0] == 10 * CongestionTests.segment)
    for (before, after) in zip(windows, windows.dropFirst()) {
      #expect(after <= 2 * before && after * 10 >= 19 * before, "\(windows)")
    }
  }

  @Test("Each timeout of the same segment doubles the time to the next, up to a minute", .proves("9293-MUST-19"))
  func backOff() throws {
    var crossing = try SilenceTests.cut(ConnectionOptions())
    crossing.run(seconds: 600) { $0.transfer(0)?.isOver == false }
    let timeouts = crossing.sentData.filter { $0.reason == .timeout }.map(\.time)
    let gaps = zip(timeouts, timeouts.dropFirst()).map { $1 - $0 }
    #expect(gaps.count >= 10)
    for (before, after) in zip(gaps, gaps.dropFirst()) {
      #expect(after == min(before * 2, .seconds(60)))
    }
    #expect(gaps.last == .seconds(60))
  }

  @Test(
    "Five losses in one window halve it once, and after the repair the window is ssthresh at most",
    .proves("5681-27"), arguments: [true, false])
  func onceForAWindow(sack: Bool) throws {
    var crossing = CongestionTests.crossing(sack: sack)
    crossing.lose([60, 63, 64, 70, 75])
    try crossing.open(.client(3_000_000), .server(0))
    crossing.run(seconds: 100)
    let changes = crossing.congestion
    let entries = changes.filter { $0.cause == .enteredFastRecovery }
    #expect(entries.count == 1)
    #expect(!changes.contains { $0.cause == .retransmissionTimeout })
    let entry = try #require(entries.first)
    let exit = try #require(changes.first { $0.cause == .leftFastRecovery })
    #expect(exit.window <= entry.threshold)
    #expect(exit.threshold == entry.threshold)
    // In every round trip until the repair no more leaves than half of what was outstanding, which is ssthresh.
    var start = entry.time
    while start < exit.time {
      let end = min(start + .milliseconds(40), exit.time)
      let octets = crossing.sentData.filter { $0.time >= start && $0.time < end }.reduce(0) { $0 + $1.range.count }
      #expect(octets <= entry.threshold + CongestionTests.segment)
      start = end
    }
    crossing.expectWhole()
  }

  @Test("Losses in two successive windows lower the window twice", .proves("5681-28"), arguments: [true, false])
  func twoWindows(sack: Bool) throws {
    var crossing = CongestionTests.crossing(sack: sack)
    crossing.lose([100, 230])
    try crossing.open(.client(3_000_000), .server(0))
    crossing.run(seconds: 100)
    let entries = crossing.congestion.filter { $0.cause == .enteredFastRecovery }
    try #require(entries.count == 2)
    #expect(entries[1].threshold < entries[0].threshold)
    crossing.expectWhole()
  }

  @Test("A retransmission that is lost lowers the window a second time", .proves("5681-28"), arguments: [true, false])
  func lostRetransmission(sack: Bool) throws {
    var crossing = CongestionTests.crossing(sack: sack)
    // The hundredth payload is lost, and lost again when it comes for the second time.
    var victim: UInt32?
    var count = 0
    var losses = 0
    crossing.pair.scenario.network.setFilter(of: crossing.pair.wire, .toRight) { bytes, _ in
      guard bytes.byteCount > 200 else { return .passes }
      count += 1
      let sequence = bytes.uint32(at: 24)
      if count == 100 { victim = sequence }
      guard sequence == victim, losses < 2 else { return .passes }
      losses += 1
      return .isLost
    }
    try crossing.open(.client(3_000_000), .server(0))
    crossing.run(seconds: 100)
    let lowered = crossing.congestion.filter {
      $0.cause == .enteredFastRecovery || $0.cause == .retransmissionTimeout
    }
    #expect(lowered.count == 2)
    #expect(lowered[1].threshold < lowered[0].threshold)
    crossing.expectWhole()
  }

  @Test(
    "The timer never repeats a segment earlier than one timeout after it was last sent", .proves("6298-10"),
    arguments: 1...5)
  func neverEarly(seed: UInt64) throws {
    var impairment = Impairment(rate: 20_000_000, delay: .milliseconds(10), loss: .percent(10))
    impairment.jitter = .milliseconds(30)
    var crossing = CongestionTests.crossing(WireDescription(impairment), seed: seed)
    try crossing.open(.client(300_000), .server(0))
    crossing.run(seconds: 1000)
    var timeouts: [(time: Instant, timeout: Interval)] = []
    var lastSent: [UInt32: Instant] = [:]
    var checked = 0
    for event in crossing.trace {
      switch event.kind {
      case .roundTrip(_, _, _, let timeout):
        timeouts.append((event.time, timeout))
      case .sent(let segment, let reason) where segment.payload > 0:
        if reason == .timeout, let before = lastSent[segment.sequence.rawValue] {
          let inForce = timeouts.last { $0.time <= before }?.timeout ?? .zero
          let since = timeouts.filter { $0.time > before }.map(\.timeout)
          #expect(event.time - before >= since.reduce(inForce, min))
          checked += 1
        }
        lastSent[segment.sequence.rawValue] = event.time
      default: break
      }
    }
    #expect(checked > 0)
    crossing.expectWhole()
  }

  @Test("A window of nearly a gibibyte is offered, understood, and used far beyond 64 KiB", .proves("7323-23"))
  func largeWindow() throws {
    var impairment = Impairment(rate: 1_000_000_000, delay: .milliseconds(40))
    impairment.queueCapacity = 100_000_000
    var crossing = CongestionTests.crossing(WireDescription(impairment))
    var options = ConnectionOptions()
    options.sendBufferSize = 32 << 20
    var serverOptions = ConnectionOptions()
    serverOptions.receiveBufferSize = 1 << 30
    try crossing.open(.client(12_000_000), .server(0), options: options, serverOptions: serverOptions)
    crossing.run(seconds: 100)
    var windows: [Int] = []
    var flight = 0
    var unacknowledged: SequenceNumber?
    for event in crossing.trace {
      switch event.kind {
      case .received(let segment):
        if !segment.flags.contains(.syn) { windows.append(segment.window) }
        unacknowledged = segment.acknowledgement
      case .sent(let segment, _):
        if let base = unacknowledged {
          flight = max(flight, (segment.sequence + segment.payload).distance(from: base))
        }
      default: break
      }
    }
    #expect(windows.max() == 65_535 << 14)
    #expect(flight > 4_000_000)
    crossing.expectWhole()
  }
}
