import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Peers that restarted, vanished or never read")
struct RestartedPeerTests {
  @Test("A peer that lost its state is found out by the next data", .proves("ATK-51"))
  func byData() throws {
    try Transcript(
      Opening.plain + """
        60.000  write 100
        60.000 > PSH.ACK seq 1 ack 1 length 100
        60.100 < RST seq 1
               ended reset ESTABLISHED
               status pages 0
        """
    ).run()
  }

  @Test("A peer that lost its state is found out by keep-alive", .proves("ATK-51"))
  func byKeepAlive() throws {
    try Transcript(
      Opening.plain + """
        0.200  set keepAliveIdle 10s
        0.200  set keepAlive on
        10.100 > ACK seq 0 ack 1 (keepAliveProbe)
        10.200 < RST seq 1
               ended reset ESTABLISHED
        """
    ).run()
  }

  @Test("A peer that reads an octet now and then holds no more than the send buffer", .proves("ATK-41"))
  func slowReader() throws {
    try Transcript(
      Opening.plain + """
        0.150 < ACK seq 1 ack 1 win 2000
        0.200  set sendBufferSize 10000
        0.200  write 20000 accepts 10000
        0.200 > ACK seq 1 length 1460
        0.300 < ACK seq 1 ack 1461 win 0
               status writable 1460 pages 5
        0.300  write 5000 accepts 1460
        0.300  set userTimeout 20s
        1.300 > ACK seq 1461 length 1 (windowProbe)
        1.400 < ACK seq 1 ack 1461 win 0
        3.300 > ACK seq 1461 length 1 (windowProbe)
        3.400 < ACK seq 1 ack 1461 win 0
        7.300 > ACK seq 1461 length 1 (windowProbe)
        7.400 < ACK seq 1 ack 1461 win 0
        15.300 > ACK seq 1461 length 1 (windowProbe)
        20.300 > RST seq 1462
               ended user-timed-out
               status pages 0
        """
    ).run(configure: { $0.minimumRetransmissionTimeout = .seconds(1) })
  }

  @Test("After its end a connection has no timer, and none that comes late does anything", .proves("ATK-50"))
  func noTimerAfterEnd() {
    var bench = ConnectionBench()
    bench.shake()
    _ = bench.write([1, 2, 3])
    bench.drain()
    bench.arrive(.rst)
    #expect(bench.connection.nextDeadline == .never)
    bench.now = .zero + .seconds(100)
    bench.connection.expire(in: &bench.environment, at: bench.now)
    #expect(bench.drain().isEmpty)
    #expect(bench.connection.phase == .closed)
  }

  @Test("The budget of challenges that one connection spends is not another's", .proves("ATK-07", "5961-08"))
  func ownBudgets() {
    var environment = Environment(configuration: Configuration(), pages: 64)
    var one = open(port: 1000, in: &environment)
    var other = open(port: 1001, in: &environment)
    var answered = 0
    for _ in 0..<50 where challenge(&one, in: &environment) { answered += 1 }
    #expect(answered == environment.configuration.challengeLimit)
    #expect(challenge(&other, in: &environment))
  }

  private func open(port: UInt16, in environment: inout Environment) -> Connection {
    let remote = Endpoint(.v4(IPv4Address(10, 0, 0, 2)), 80)
    var connection = Connection(
      opening: OpenParameters(
        id: .none, local: Endpoint(.v4(IPv4Address(10, 0, 0, 1)), port), remote: remote,
        initialSequence: SequenceNumber(0), timestampOffset: 0, pathMTU: 1500, linkMTU: 1500,
        options: ConnectionOptions()), in: &environment, at: .zero)
    _ = transmits(&connection, in: &environment)
    receive([.syn, .ack], sequence: 0, &connection, in: &environment)
    _ = transmits(&connection, in: &environment)
    return connection
  }

  private func receive(
    _ flags: TCPFlags, sequence: UInt32, _ connection: inout Connection, in environment: inout Environment
  ) {
    connection.receive(
      TCPHeader(
        sourcePort: 80, destinationPort: connection.local.port, sequence: SequenceNumber(sequence),
        acknowledgement: SequenceNumber(1), flags: flags, window: 65535), payload: PageChain(), facts: ArrivalFacts(),
      in: &environment, at: .zero)
  }

  /// Whether a RST inside the window is answered.
  private func challenge(_ connection: inout Connection, in environment: inout Environment) -> Bool {
    receive(.rst, sequence: 500, &connection, in: &environment)
    return transmits(&connection, in: &environment)
  }

  private func transmits(_ connection: inout Connection, in environment: inout Environment) -> Bool {
    var departure = Departure()
    let envelope = connection.pollTransmit(into: &departure, maximumTrain: 0, in: &environment, at: .zero)
    departure.release(to: &environment.pool)
    return envelope != nil
  }
}
