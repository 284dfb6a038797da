import Martinet
import MartinetLinks
import MartinetRuntime
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("A stack on a link that fails on purpose", .serialized, .blocksThreads)
struct ImpairedStackTests {
  /// Two stacks, the client's behind a wire that does `impairment` in both directions.
  private struct Pair {
    let server: NetworkStack
    let client: NetworkStack
    let link: ImpairedLink

    init(_ impairment: Impairment) throws {
      let hub = try HubLink(host: "127.0.0.1", port: 0)
      let join = try TunnelLink(host: "127.0.0.1", port: hub.outerEndpoint.port)
      link = try ImpairedLink(join, outgoing: impairment, seed: 42)
      server = try NetworkStack(link: hub, addresses: [IPPrefix(TunnelPair.serverAddress, 16)])
      client = try NetworkStack(link: link, addresses: [IPPrefix(.v4(IPv4Address(10, 77, 0, 2)), 16)])
    }
  }

  @Test("Delivers every octet through loss, reordering, duplication and corruption", .timeLimit(.minutes(2)))
  func transfer() throws {
    var impairment = Impairment(rate: 0, delay: .milliseconds(2), loss: .percent(3))
    impairment.reordering = .percent(10)
    impairment.duplication = .percent(5)
    impairment.corruption = .percent(2)
    let pair = try Pair(impairment)
    let listener = try ServerSocket(port: 9000, on: pair.server)
    let message = pattern(1_000_000)
    let echo = Background {
      guard let socket = try? listener.accept(), let octets = try? socket.inputStream.readToEnd() else { return false }
      try? socket.outputStream.write(octets)
      socket.close()
      return octets == message
    }
    let socket = try Socket(host: "10.77.0.1", port: 9000, on: pair.client)
    try socket.outputStream.write(message)
    try socket.shutdownOutput()
    #expect(try socket.inputStream.readToEnd() == message)
    #expect(echo.value() == true)
    for direction in ImpairedLink.Direction.allCases {
      let statistics = pair.link.losses(in: direction)
      #expect(statistics.lostAtRandom > 0)
      #expect(statistics.corrupted > 0)
      #expect(statistics.duplicated > 0)
      #expect(statistics.reordered > 0)
    }
    socket.close()
    pair.client.abortAll()
    pair.server.abortAll()
  }

  @Test("Sleeps while nothing is on its way", .timeLimit(.minutes(1)))
  func quiet() throws {
    let pair = try Pair(Impairment(rate: 10_000_000, delay: .milliseconds(5)))
    let listener = try ServerSocket(port: 9000, on: pair.server)
    let socket = try Socket(host: "10.77.0.1", port: 9000, on: pair.client)
    let accepted = try listener.accept()
    try socket.outputStream.write([1])
    #expect(try accepted.inputStream.read(upTo: 1) == [1])
    try pair.client.sleep(for: .milliseconds(300))
    let before = pair.client.core.loopTurns + pair.client.core.attendedTurns
    try pair.client.sleep(for: .seconds(1))
    #expect(pair.client.core.loopTurns + pair.client.core.attendedTurns - before <= 2)
    pair.client.abortAll()
    pair.server.abortAll()
  }
}
