import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// The last number that the old connection saw is that of the peer's FIN.
@Suite("A SYN in TIME-WAIT (RFC 6191)")
struct ReuseTests {
  /// A connection in TIME-WAIT; its last timestamp was 1000, if it had any.
  private func waiting(timestamps: Bool) -> ConnectionBench {
    var bench = ConnectionBench()
    let stamp = { (header: inout TCPHeader) in
      guard timestamps else { return }
      header.options.present.insert(.timestamps)
      header.options.timestamps = TCPTimestamps(value: 1000, echo: 0)
    }
    bench.shake(edit: stamp)
    bench.close()
    bench.arrive([.fin, .ack], edit: stamp)
    #expect(bench.connection.phase == .timeWait)
    return bench
  }

  /// Expects that a SYN `ahead` of the last number seen, with timestamp `value`, opens a new connection, or that it does not.
  private func expect(
    _ accepted: Bool, _ bench: borrowing ConnectionBench, ahead: Int, timestamp value: UInt32? = nil,
    at location: SourceLocation = #_sourceLocation
  ) {
    var header = bench.header(.syn)
    header.sequence = bench.receiveNext - 1 + ahead
    if let value {
      header.options.present.insert(.timestamps)
      header.options.timestamps = TCPTimestamps(value: value, echo: 0)
    }
    let isAccepted = bench.connection.acceptsReuse(bySYN: header) != nil
    #expect(isAccepted == accepted, sourceLocation: location)
  }

  @Test(
    "With timestamps on both sides a later one is accepted, or the same one with a later number", .proves("6191-01"))
  func bothTimestamps() {
    let bench = waiting(timestamps: true)
    expect(true, bench, ahead: -100_000, timestamp: 1001)
    expect(true, bench, ahead: 1, timestamp: 1000)
    expect(false, bench, ahead: 0, timestamp: 1000)
    expect(false, bench, ahead: 100_000, timestamp: 999)
    // Modulo 2^32.
    expect(false, bench, ahead: 100_000, timestamp: 1001 &+ 0x8000_0000)
  }

  @Test("A SYN without timestamps is accepted if its number is later than all that were seen", .proves("6191-02"))
  func withoutTimestamps() {
    for timestamps in [true, false] {
      let bench = waiting(timestamps: timestamps)
      expect(true, bench, ahead: 1)
      expect(true, bench, ahead: 1_000_000)
      expect(false, bench, ahead: 0)
      expect(false, bench, ahead: -1)
    }
  }

  @Test("A SYN with timestamps after a connection without them is accepted", .proves("6191-03"))
  func newTimestamps() {
    let bench = waiting(timestamps: false)
    expect(true, bench, ahead: -5000, timestamp: 1)
  }

  @Test("Any other SYN is dropped in silence, and the waiting goes on", .proves("6191-04"))
  func otherwise() {
    var bench = waiting(timestamps: true)
    let deadline = bench.connection.nextDeadline
    bench.now = .zero + .seconds(10)
    let sent = bench.arrive(.syn) { $0.sequence = $0.sequence - 1000 }
    #expect(sent.isEmpty)
    #expect(bench.connection.phase == .timeWait)
    #expect(bench.connection.nextDeadline == deadline)
  }

  @Test("The new connection is to begin behind the last number of the old", .proves("6191-05"))
  func newInitialNumber() {
    let bench = waiting(timestamps: false)
    var header = bench.header(.syn)
    header.sequence += 5
    let floor = bench.connection.acceptsReuse(bySYN: header)
    #expect(floor == bench.sendNext)
  }

  @Test("Nothing but a SYN reuses, and nothing but TIME-WAIT is reused")
  func otherSegments() {
    let bench = waiting(timestamps: false)
    for flags in [[.syn, .ack], [.syn, .rst], .ack, .fin, []] as [TCPFlags] {
      var header = bench.header(flags)
      header.sequence += 1000
      let isAccepted = bench.connection.acceptsReuse(bySYN: header) != nil
      #expect(!isAccepted)
    }
    for phase in Phase.allCases where phase != .timeWait {
      var bench = ConnectionBench(passive: phase == .listen || phase == .synReceived)
      bench.lead(to: phase)
      var header = bench.header(.syn)
      header.sequence += 1000
      let isAccepted = bench.connection.acceptsReuse(bySYN: header) != nil
      #expect(!isAccepted)
    }
  }
}
