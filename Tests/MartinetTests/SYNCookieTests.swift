import Martinet
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("A socket that came of a SYN cookie")
struct SYNCookieSocketTests {
  private static let remote = Endpoint(VirtualPair.serverAddress, 80)

  /// A server that answers every SYN with a cookie, and a client whose timestamps are on or off.
  private static func pair(timestamps: Bool, _ impairment: Impairment? = nil) -> VirtualPair {
    var client = HostConfiguration()
    client.tcp.timestamps = timestamps
    var server = HostConfiguration()
    server.synQueue = 0
    return VirtualPair(impairment, client: client, server: server)
  }

  @Test("Is accepted, and carries octets both ways with reduced options", .proves("JSS-21"), arguments: [true, false])
  func usable(timestamps: Bool) throws {
    let pair = Self.pair(timestamps: timestamps)
    try pair.simulation.run {
      let (client, server, listener) = try pair.connected()
      let status = try #require(server.status)
      #expect(status.hasTimestamps == timestamps && status.hasSelectiveAcknowledgement == timestamps)
      #expect((status.sendWindowScale != .none) == timestamps)
      let octets = pattern(300_000)
      try pair.simulation.spawn("client") {
        try? client.outputStream.write(octets)
        try? client.shutdownOutput()
      }
      #expect(try server.inputStream.readToEnd() == octets)
      try server.outputStream.write(octets)
      server.close()
      #expect(try client.inputStream.readToEnd() == octets)
      client.close()
      listener.close()
    }
    #expect(pair.server.statistics.synCookiesAccepted == 1)
  }

  @Test("Survives a wire that loses and reorders", .proves("JSS-21"))
  func lossy() throws {
    var impairment = Impairment()
    impairment.delay = .milliseconds(10)
    impairment.loss = .percent(5)
    let pair = Self.pair(timestamps: true, impairment)
    let octets = pattern(200_000)
    try pair.simulation.run {
      let listener = try ServerSocket(port: 80, on: pair.server)
      try pair.simulation.spawn("client") {
        guard let client = try? Socket(to: Self.remote, on: pair.client) else { return }
        try? client.outputStream.write(octets)
        client.close()
      }
      #expect(try listener.accept().inputStream.readToEnd() == octets)
    }
  }
}
