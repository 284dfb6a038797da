import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Connections whose programs have gone")
struct OrphanTests {
  private static let local = Endpoint(StackBench.ours, 80)

  /// Opens a connection over which the host has sent 100 octets; the peer says nothing more.
  private static func writeAndClose(_ bench: StackBench, _ listener: ListenerHandle, port: UInt16) throws -> RawPeer {
    var peer = RawPeer(bench, port: port, to: local)
    peer.open()
    let handle = try #require(bench.accept(listener))
    try bench.write([UInt8](repeating: 1, count: 100), on: handle)
    bench.close(handle)
    _ = bench.drain()
    return peer
  }

  @Test(
    "Of too many peers that never acknowledge the end the one that was left first is reset, and memory is given back",
    .proves("ATK-25"))
  func silentPeers() throws {
    let bench = StackBench.onIP { $0.orphans = 100 }
    let listener = try bench.listen(on: Self.local)
    for port in 2000..<2100 as Range<UInt16> { _ = try Self.writeAndClose(bench, listener, port: port) }
    #expect(bench.connectionCount == 100 && bench.statistics.orphansReset == 0)
    let pages = bench.pagesInUse
    var last = RawPeer(bench, port: 3000, to: Self.local)
    last.open()
    let handle = try #require(bench.accept(listener))
    try bench.write([1], on: handle)
    bench.close(handle)
    let resets = bench.drain().filter { $0.tcp?.isRST == true }
    #expect(resets.map(\.tcp?.destinationPort) == [2000])
    #expect(bench.connectionCount == 100 && bench.statistics.orphansReset == 1 && bench.pagesInUse <= pages)
    // R2 ends what is left (RFC 9293 section 3.8.3).
    bench.wait(.minutes(20))
    #expect(bench.connectionCount == 0 && bench.pagesInUse == 0 && bench.nextDeadline == .never)
  }

  @Test(
    "A peer that keeps its window closed for ever keeps a connection that a program holds, and of those without one as many as may be",
    .proves("ATK-24", "6429-01", "9293-MUST-37"))
  func closedWindows() throws {
    let bench = StackBench.onIP { $0.orphans = 10 }
    let listener = try bench.listen(on: Self.local)
    var peers: [RawPeer] = []
    var held: ConnectionHandle?
    for port in 2000..<2020 as Range<UInt16> {
      var peer = RawPeer(bench, port: port, to: Self.local)
      peer.open()
      let handle = try #require(bench.accept(listener))
      peer.window = 0
      peer.send(.ack)
      try bench.write([UInt8](repeating: 1, count: 100), on: handle)
      peers.append(peer)
      if port == 2000 { held = handle } else { bench.close(handle) }
    }
    _ = bench.drain()
    #expect(bench.connectionCount == 11 && bench.statistics.orphansReset == 9)
    // Two hours of probes, each answered: still closed.
    let end = bench.now + .minutes(120)
    var probes = 0
    while bench.now < end {
      for probe in bench.wait(.seconds(1)) {
        guard let index = peers.firstIndex(where: { $0.end.port == probe.tcp?.destinationPort }) else { continue }
        probes += 1
        peers[index].send(.ack)
      }
    }
    #expect(bench.connectionCount == 11)
    // A probe a minute is the most that each costs.
    #expect(probes < 11 * 135)
    #expect(try bench.phase(#require(held)) == .established)
  }

  @Test("Where no connection may stay behind its program none does")
  func none() throws {
    let bench = StackBench.onIP { $0.orphans = 0 }
    let listener = try bench.listen(on: Self.local)
    var peer = RawPeer(bench, port: 2000, to: Self.local)
    peer.open()
    bench.close(try #require(bench.accept(listener)))
    #expect(bench.drain().last?.tcp?.isRST == true)
    #expect(bench.connectionCount == 0 && bench.statistics.orphansReset == 1)
  }

  @Test("An end in good order takes no other connection's place")
  func order() throws {
    let bench = StackBench.onIP { $0.orphans = 1 }
    let listener = try bench.listen(on: Self.local)
    for port in 2000..<2050 as Range<UInt16> {
      var peer = RawPeer(bench, port: port, to: Self.local)
      peer.open()
      bench.close(try #require(bench.accept(listener)))
      peer.hear(bench.drain())
      peer.send([.fin, .ack])
    }
    #expect(bench.statistics.orphansReset == 0 && bench.host.timeWaitRecordCount == 50)
  }
}
