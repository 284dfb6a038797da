import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Ports that TIME-WAIT holds (RFC 9293 section 3.6.1, RFC 7323 section 5.8)")
struct PortReuseTests {
  private static let server = Endpoint(Pair.address2, 80)

  /// A pair whose first host has four ports to give away, and the listener of the second.
  private static func pair(configure: (inout HostConfiguration) -> Void = { _ in }) throws -> (Pair, ListenerHandle) {
    let pair = Pair(link: LinkDescription(name: InterfaceName("x"), mtu: 1500)) {
      $0.ephemeralPorts = 50_000...50_003
      configure(&$0)
    }
    return (pair, try pair.two.listen(on: server))
  }

  /// Opens a connection from one to two that carries `octets` and that one closes first; returns the last number that one used.
  @discardableResult
  private static func visit(
    _ pair: Pair, _ listener: ListenerHandle, from local: Endpoint? = nil, octets: Int = 0
  ) throws -> SequenceNumber {
    let client = try pair.one.connect(to: server, from: local)
    let first = try #require(pair.one.status(client)).sendUnacknowledged
    pair.run(.milliseconds(1))
    let accepted = try #require(pair.two.accept(listener))
    var carried = 0
    while carried < octets {
      try pair.one.write([UInt8](repeating: 1, count: min(10_000, octets - carried)), on: client)
      pair.run(.milliseconds(1))
      carried += try pair.two.read(accepted).count
    }
    pair.one.close(client)
    pair.run(.milliseconds(1))
    pair.two.close(accepted)
    pair.run(.milliseconds(1))
    #expect(pair.one.host.timeWaitRecordCount > 0 && pair.two.connectionCount == 0)
    return first + (carried + 2)
  }

  @Test(
    "When timestamps tell their segments apart, the next connection gets the ports of the last after a second",
    .proves("9293-SHLD-4", "ATK-27", "6056-04"))
  func givenAgain() throws {
    let (pair, listener) = try Self.pair()
    for _ in 0..<4 { try Self.visit(pair, listener) }
    #expect(throws: HostError.noPorts) { try pair.one.connect(to: Self.server) }
    pair.run(.milliseconds(1000))
    for _ in 0..<4 { try Self.visit(pair, listener) }
    #expect(pair.one.statistics.timeWaitReused == 4 && pair.one.connectionCount == 4)
    // What replaced them has just ended: none may be used yet.
    #expect(throws: HostError.noPorts) { try pair.one.connect(to: Self.server) }
  }

  @Test("The next connection's numbers begin beyond the last one's", .proves("9293-MAY-2"))
  func numbersGoOn() throws {
    let (pair, listener) = try Self.pair()
    let local = Endpoint(Pair.address1, 50_001)
    // In a second the clock of initial numbers goes on by 250,000.
    let last = try Self.visit(pair, listener, from: local, octets: 400_000)
    #expect(throws: HostError.addressInUse) { try pair.one.connect(to: Self.server, from: local) }
    pair.run(.milliseconds(1000))
    let client = try pair.one.connect(to: Self.server, from: local)
    #expect(try #require(pair.one.status(client)).sendUnacknowledged.isAfter(last))
    pair.run(.milliseconds(1))
    #expect(pair.one.phase(client) == .established)
  }

  @Test(
    "Without timestamps, or where it is switched off, a port is free after 2 MSL and not before",
    arguments: [true, false])
  func notGivenAgain(isOff: Bool) throws {
    let (pair, listener) = try Self.pair {
      if isOff { $0.timeWaitReuse = nil } else { $0.tcp.timestamps = false }
    }
    for _ in 0..<4 { try Self.visit(pair, listener) }
    pair.run(.seconds(59))
    #expect(throws: HostError.noPorts) { try pair.one.connect(to: Self.server) }
    pair.run(.seconds(2))
    try Self.visit(pair, listener)
    #expect(pair.one.statistics.timeWaitReused == 0)
  }

  @Test("A peer that still waits for the last ACK of the old connection accepts the new one")
  func peerInLastAck() throws {
    let (pair, listener) = try Self.pair()
    let local = Endpoint(Pair.address1, 50_001)
    let client = try pair.one.connect(to: Self.server, from: local)
    pair.run(.milliseconds(1))
    let accepted = try #require(pair.two.accept(listener))
    pair.one.close(client)
    pair.run(.milliseconds(1))
    // The FIN of two arrives; of its acknowledgements, and of what two repeats, nothing does.
    let sent = pair.packets
    pair.loses = { $0 > sent }
    pair.two.close(accepted)
    pair.run(.milliseconds(2500))
    #expect(pair.two.connectionCount == 1)
    pair.loses = { _ in false }
    let next = try pair.one.connect(to: Self.server, from: local)
    pair.run(.seconds(3))
    #expect(pair.one.phase(next) == .established && pair.two.accept(listener) != nil)
  }
}
