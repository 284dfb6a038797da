import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Buffers that tune themselves")
struct BufferTuningTests {
  /// A path whose window is twelve times the buffers' initial size: 1 Gbit/s, 100 ms there and back, and a queue of as much again.
  private static func longFat() -> WireDescription {
    var impairment = Impairment(rate: 1_000_000_000, delay: .milliseconds(50))
    impairment.queueCapacity = 12_500_000
    return WireDescription(impairment, mtu: 9000)
  }

  /// Octets that cross in the third second.
  private func octetsInOneSecond(
    client: ConnectionOptions? = nil, server: ConnectionOptions? = nil, timestamps: Bool = true
  ) throws -> UInt64 {
    var configuration = HostConfiguration()
    configuration.tcp.timestamps = timestamps
    var crossing = Crossing(BufferTuningTests.longFat(), left: configuration, right: configuration)
    var plan = TransferPlan.client(1_000_000_000)
    plan.writeSize = 65_536
    try crossing.open(plan, .server(0), options: client, serverOptions: server)
    crossing.run(seconds: 2)
    let before = crossing.server?.received ?? 0
    crossing.run(seconds: 1)
    return (crossing.server?.received ?? 0) - before
  }

  @Test("A gigabit over 100 ms needs no setting", arguments: [true, false])
  func longFat(timestamps: Bool) throws {
    // 125 million octets are the rate; less what the headers take.
    #expect(try octetsInOneSecond(timestamps: timestamps) > 112_500_000)
  }

  @Test("A buffer that has grown stays so while octets come, however long nothing leaves in return")
  func lasting() throws {
    var impairment = Impairment(rate: 50_000_000, delay: .milliseconds(200))
    impairment.queueCapacity = 100_000_000
    var crossing = Crossing(WireDescription(impairment, mtu: 9000))
    var plan = TransferPlan.client(100_000_000)
    plan.writeSize = 65_536
    // An end that is still open takes what comes the short way, which sets no timer.
    var open = TransferPlan.server(0)
    open.closesOutput = false
    try crossing.open(plan, open)
    crossing.run(seconds: 5)
    let handle = try #require(crossing.server?.connection)
    let right = crossing.pair.right
    var (size, shrinks) = (0, 0)
    crossing.run(seconds: 2) { scenario in
      let now = scenario.network.now
      let status = scenario.network.withHost(right) { host, _ in host.status(of: handle, at: now) }
      if let buffer = status?.receiveBufferSize {
        if buffer < size { shrinks += 1 }
        size = buffer
      }
      return true
    }
    #expect(size > 1 << 20)
    #expect(shrinks == 0)
  }

  @Test("A buffer that the program has set keeps its size, and is what limits the transfer", arguments: [true, false])
  func fixed(isReceiver: Bool) throws {
    var fixed = ConnectionOptions()
    if isReceiver { fixed.receiveBufferSize = 1 << 20 } else { fixed.sendBufferSize = 1 << 20 }
    let octets = try isReceiver ? octetsInOneSecond(server: fixed) : octetsInOneSecond(client: fixed)
    // A buffer in each round trip.
    #expect(octets <= 11 << 20)
    #expect(octets > 6_000_000)
  }

  @Test("The buffer of a slow reader stays as small as it was")
  func slowReader() throws {
    var plan = TransferPlan.server(0)
    plan.readSize = 8192
    plan.readPause = .milliseconds(10)
    var crossing = Crossing(BufferTuningTests.longFat())
    try crossing.open(.client(4_000_000), plan)
    crossing.run(seconds: 3)
    let ending = crossing.serverStatus()
    let status = try #require(ending)
    #expect(status.receiveBufferSize == 1 << 20)
    #expect(status.unreadBytes <= 1 << 20)
  }

  @Test("The right edge of the window never moves left while the buffer grows", .proves("9293-SHLD-14"))
  func edge() throws {
    var crossing = Crossing(BufferTuningTests.longFat())
    try crossing.open(.client(30_000_000), .server(0))
    crossing.run(seconds: 20)
    var edge: SequenceNumber?
    for case .received(let segment) in crossing.trace.lazy.map(\.kind) where segment.flags.contains(.ack) {
      let next = segment.acknowledgement + segment.window
      if let edge, !segment.flags.contains(.syn) { #expect(!next.isBefore(edge)) }
      edge = next
    }
    #expect(edge != nil)
    crossing.expectWhole()
  }
}

extension Crossing {
  /// How the server's end stands.
  fileprivate mutating func serverStatus() -> ConnectionStatus? {
    guard let handle = server?.connection else { return nil }
    let now = pair.scenario.network.now
    return pair.scenario.network.withHost(pair.right) { host, _ in host.status(of: handle, at: now) }
  }
}
