import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Connections at rest")
struct RestTests {
  /// A connection that has carried five full segments, all acknowledged 30 ms later.
  private func used() -> ConnectionBench {
    var bench = ConnectionBench()
    bench.shake()
    #expect(bench.write([UInt8](repeating: 1, count: 2680)) == 2680)
    bench.drain()
    bench.now = bench.now + .milliseconds(30)
    bench.arrive(.ack)
    return bench
  }

  @Test("Five seconds after all is acknowledged a connection gives back what it needs to send")
  func rests() {
    var bench = used()
    #expect(bench.connection.isResting == false)
    _ = bench.advance(to: bench.now + .milliseconds(4999))
    #expect(bench.connection.isResting == false)
    _ = bench.advance(to: bench.now + .milliseconds(2))
    #expect(bench.connection.isResting == true)
    #expect(bench.connection.nextDeadline == .never)
  }

  @Test("Nothing outstanding is given back, however long it waits")
  func outstanding() {
    var bench = used()
    #expect(bench.write([1]) == 1)
    bench.drain()
    _ = bench.advance(to: bench.now + .seconds(20))
    #expect(bench.connection.isResting == false)
  }

  @Test("After a rest it says what it said before, takes text, and sends within the window that it had reached")
  func wakes() {
    var bench = used()
    let before = bench.connection.status(in: bench.environment, at: bench.now)
    _ = bench.advance(to: bench.now + .seconds(6))
    #expect(bench.connection.isResting == true)
    let after = bench.connection.status(in: bench.environment, at: bench.now)
    #expect(after.congestionWindow == before.congestionWindow)
    #expect(after.slowStartThreshold == before.slowStartThreshold)
    #expect((after.smoothedRoundTrip - before.smoothedRoundTrip).nanoseconds < 16)
    #expect((after.retransmissionTimeout - before.retransmissionTimeout).nanoseconds < 16)
    #expect(after.statistics == before.statistics)
    bench.arrive([.ack, .psh], payload: [7, 8, 9])
    #expect(bench.read() == [7, 8, 9])
    #expect(bench.write([UInt8](repeating: 2, count: 2680)) == 2680)
    #expect(bench.drain().reduce(0) { $0 + $1.payload } == 2680)
    bench.now = bench.now + .milliseconds(30)
    bench.arrive(.ack)
    #expect(bench.connection.status(in: bench.environment, at: bench.now).bytesInFlight == 0)
  }

  @Test("A FIN that follows a rest is sent, sent again when lost, and acknowledged")
  func closes() {
    var bench = used()
    _ = bench.advance(to: bench.now + .seconds(6))
    bench.close()
    #expect(bench.connection.phase == .finWait1)
    let again = bench.advance(to: bench.now + .seconds(2))
    #expect(again.contains { $0.header.isFIN })
    bench.arrive(.ack)
    #expect(bench.connection.phase == .finWait2)
  }
}
