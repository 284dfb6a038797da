import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Slow readers, small buffers, half-open streams")
struct FlowControlTests {
  static func crossing(loss: UInt32 = 0, seed: UInt64 = 1) -> Crossing {
    Crossing(
      WireDescription(Impairment(rate: 20_000_000, delay: .milliseconds(5), loss: .percent(loss))), seed: seed)
  }

  @Test("A receive buffer smaller than a segment still lets everything through", arguments: [500, 1000, 3000])
  func tinyBuffer(size: Int) throws {
    var crossing = FlowControlTests.crossing()
    var options = ConnectionOptions()
    options.receiveBufferSize = size
    try crossing.open(.client(40_000), .server(0), serverOptions: options)
    crossing.run(seconds: 400)
    crossing.expectWhole()
  }

  @Test("A reader that pauses closes the window, and probes find it open again", arguments: [0, 10])
  func zeroWindow(loss: UInt32) throws {
    var crossing = FlowControlTests.crossing(loss: loss, seed: 5)
    var options = ConnectionOptions()
    options.receiveBufferSize = 8192
    var server = TransferPlan.server(0)
    server.readDelay = .seconds(30)
    try crossing.open(.client(50_000), server, serverOptions: options)
    crossing.run(seconds: 600)
    let probes = crossing.trace.filter { event in
      if case .sent(_, .windowProbe) = event.kind { true } else { false }
    }
    #expect(probes.count >= 3)
    crossing.expectWhole()
  }

  @Test("A slow reader is never sent silly segments")
  func sillyWindows() throws {
    var crossing = FlowControlTests.crossing()
    var options = ConnectionOptions()
    options.receiveBufferSize = 16_384
    var server = TransferPlan.server(0)
    server.readSize = 100
    server.readPause = .milliseconds(1)
    try crossing.open(.client(100_000), server, serverOptions: options)
    crossing.run(seconds: 600)
    var small = 0
    for event in crossing.trace {
      if case .sent(let segment, .newData) = event.kind, segment.payload < 1000 { small += 1 }
    }
    #expect(small < 10)
    crossing.expectWhole()
  }

  @Test("After a half-close the other stream goes on")
  func halfClose() throws {
    var crossing = FlowControlTests.crossing(loss: 2)
    var server = TransferPlan.server(200_000)
    server.waitsForPeer = true
    try crossing.open(.client(10_000), server)
    crossing.run(seconds: 100)
    crossing.expectWhole()
    #expect(crossing.phases.suffix(4) == [.finWait1, .finWait2, .timeWait, .closed])
  }

  @Test("Two hosts that open to each other at the same time share one connection", .proves("9293-MUST-10"))
  func simultaneousOpen() throws {
    var crossing = FlowControlTests.crossing()
    let left = Endpoint(TestAddress.v4(1), 7000)
    let right = Endpoint(TestAddress.v4(2), 7001)
    _ = try crossing.pair.scenario.open(crossing.pair.left, to: right, from: left, .client(50_000))
    _ = try crossing.pair.scenario.open(crossing.pair.right, to: left, from: right, .server(50_000))
    crossing.run(seconds: 100)
    #expect(crossing.phases.starts(with: [.synSent, .synReceived, .established]))
    crossing.expectWhole()
  }

  @Test("Two hosts that close at the same time both pass through CLOSING")
  func simultaneousClose() throws {
    var crossing = FlowControlTests.crossing()
    let left = Endpoint(TestAddress.v4(1), 7000)
    let right = Endpoint(TestAddress.v4(2), 7001)
    _ = try crossing.pair.scenario.open(crossing.pair.left, to: right, from: left, .client(0))
    _ = try crossing.pair.scenario.open(crossing.pair.right, to: left, from: right, .server(0))
    crossing.run(seconds: 100)
    crossing.expectWhole()
    #expect(crossing.phases.suffix(4) == [.finWait1, .closing, .timeWait, .closed])
  }

  @Test("Questions are answered, one after the other, under loss")
  func questions() throws {
    var crossing = FlowControlTests.crossing(loss: 5, seed: 2)
    let endpoint = Endpoint(TestAddress.v4(2), 7)
    try crossing.pair.scenario.serve(crossing.pair.right, on: endpoint, .echo)
    let number = try crossing.pair.scenario.ask(crossing.pair.left, to: endpoint, size: 700, count: 100)
    crossing.run(seconds: 300)
    guard case .questioner(let questioner) = crossing.pair.scenario.programs[number] else {
      Issue.record("the program is another")
      return
    }
    #expect(questioner.answered == 100)
    #expect(questioner.isFaithful)
    #expect(questioner.failure == nil)
  }
}

extension Crossing {
  /// The phases that the left connection entered, in order.
  var phases: [Phase] {
    trace.compactMap { event in
      if case .phaseChanged(_, let phase, _) = event.kind { phase } else { nil }
    }
  }
}
