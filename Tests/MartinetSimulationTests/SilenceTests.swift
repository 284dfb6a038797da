import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("A peer that vanishes is given up for a reason, in time")
struct SilenceTests {
  static let cutAt = Instant.milliseconds(500)

  /// A transfer whose wire is cut in silence after half a second.
  static func cut(
    _ options: ConnectionOptions, _ configuration: HostConfiguration = HostConfiguration(),
    sending: UInt64 = 100_000_000
  ) throws -> Crossing {
    var crossing = Crossing(
      WireDescription(Impairment(rate: 20_000_000, delay: .milliseconds(5))), left: configuration)
    var client = TransferPlan.client(sending)
    client.closesOutput = false
    var server = TransferPlan.server(0)
    server.closesOutput = false
    try crossing.open(client, server, options: options)
    crossing.pair.scenario.network.schedule(.condition(.cut), of: crossing.pair.wire, at: cutAt)
    return crossing
  }

  static func reason(_ crossing: borrowing Crossing) -> EndReason? {
    if case .call(.ended(let reason)) = crossing.pair.scenario.transfer(0)?.failure { reason } else { nil }
  }

  static func run(_ crossing: inout Crossing, seconds: Int64) {
    crossing.run(seconds: seconds) { $0.transfer(0)?.isOver == false }
  }

  @Test("Data that nobody acknowledges end the connection at R2")
  func retransmissions() throws {
    var configuration = HostConfiguration()
    configuration.tcp.giveUpAfter = .seconds(100)
    var crossing = try SilenceTests.cut(ConnectionOptions(), configuration)
    SilenceTests.run(&crossing, seconds: 1000)
    guard case .retransmissionTimedOut(let evidence) = SilenceTests.reason(crossing) else {
      Issue.record("ended by \(String(describing: SilenceTests.reason(crossing)))")
      return
    }
    #expect(evidence.silence >= .seconds(100))
    #expect(evidence.attempts >= 5)
    #expect(!evidence.unacknowledged.isEmpty)
    // The next retransmission after 100 s may be a minute away.
    #expect(crossing.pair.scenario.network.now < SilenceTests.cutAt + .seconds(165))
  }

  @Test("With default settings that is between 100 s and 17 minutes")
  func defaultR2() throws {
    var crossing = try SilenceTests.cut(ConnectionOptions())
    SilenceTests.run(&crossing, seconds: 3000)
    guard case .retransmissionTimedOut = SilenceTests.reason(crossing) else {
      Issue.record("ended by \(String(describing: SilenceTests.reason(crossing)))")
      return
    }
    #expect(crossing.pair.scenario.network.now > .seconds(100))
    #expect(crossing.pair.scenario.network.now < .seconds(1020))
  }

  @Test("A user timeout ends the connection when it says")
  func userTimeout() throws {
    var options = ConnectionOptions()
    options.userTimeout = .seconds(30)
    var crossing = try SilenceTests.cut(options)
    SilenceTests.run(&crossing, seconds: 1000)
    guard case .userTimedOut = SilenceTests.reason(crossing) else {
      Issue.record("ended by \(String(describing: SilenceTests.reason(crossing)))")
      return
    }
    let ended = crossing.pair.scenario.network.now
    #expect(ended >= SilenceTests.cutAt + .seconds(29))
    #expect(ended <= SilenceTests.cutAt + .seconds(31))
  }

  @Test("Keep-alive finds out about an idle peer")
  func keepAlive() throws {
    var options = ConnectionOptions()
    options.keepAlive = true
    options.keepAliveIdle = .seconds(60)
    options.keepAliveInterval = .seconds(10)
    options.keepAliveCount = 3
    var crossing = try SilenceTests.cut(options, sending: 1000)
    SilenceTests.run(&crossing, seconds: 1000)
    guard case .keepAliveTimedOut(let evidence) = SilenceTests.reason(crossing) else {
      Issue.record("ended by \(String(describing: SilenceTests.reason(crossing)))")
      return
    }
    #expect(evidence.attempts == 3)
    let silence = evidence.silence
    #expect(silence >= .seconds(89) && silence <= .seconds(91))
  }

  @Test("Without keep-alive an idle connection outlives a silent cut")
  func idle() throws {
    var crossing = try SilenceTests.cut(ConnectionOptions(), sending: 1000)
    SilenceTests.run(&crossing, seconds: 100_000)
    #expect(crossing.client?.isOver == false)
  }

  @Test("A SYN into a cut wire fails after three minutes, or after the program's own timeout")
  func connecting() throws {
    for (timeout, least, most) in [(Interval.zero, Int64(180), Int64(250)), (.seconds(7), 7, 8)] {
      var crossing = Crossing(WireDescription(Impairment(rate: 0, delay: .milliseconds(5))))
      crossing.pair.scenario.network.cut(crossing.pair.wire)
      var options = ConnectionOptions()
      options.connectTimeout = timeout
      try crossing.open(.client(1000), .server(0), options: options)
      SilenceTests.run(&crossing, seconds: 1000)
      guard case .connectTimedOut = SilenceTests.reason(crossing) else {
        Issue.record("ended by \(String(describing: SilenceTests.reason(crossing)))")
        continue
      }
      #expect(crossing.pair.scenario.network.now >= .seconds(least))
      #expect(crossing.pair.scenario.network.now <= .seconds(most))
    }
  }

  @Test("A closed port refuses at once")
  func refused() throws {
    var crossing = Crossing(WireDescription(Impairment(rate: 0, delay: .milliseconds(5))))
    _ = try crossing.pair.scenario.open(
      crossing.pair.left, to: Endpoint(TestAddress.v4(2), 81), .client(1000))
    SilenceTests.run(&crossing, seconds: 10)
    #expect(SilenceTests.reason(crossing) == .refused)
    #expect(crossing.pair.scenario.network.now <= .milliseconds(11))
  }
}
