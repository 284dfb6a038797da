import Glibc
import MartinetLinks
import MartinetWire
import Testing

@Suite("Many datagrams in one call")
struct TunnelTrainTests {
  /// Writes packets of `payloads` octets in one batch; returns them.
  private func write(_ payloads: [Int], to destination: (Int) -> String, over link: any Link) throws -> [[UInt8]] {
    var pool = PagePool(limit: 1024)
    var packets: [[UInt8]] = []
    let batch = DepartureBatch(capacity: payloads.count)
    batch.fill { departure in
      guard packets.count < payloads.count else { return false }
      do {
        try Sample.fill(
          &departure, from: "10.77.0.2", to: destination(packets.count), payload: payloads[packets.count], pool: &pool)
      } catch {
        return false
      }
      var octets = [UInt8](repeating: 0, count: departure.count)
      octets.withMutableOctets(0..<octets.count) { departure.copy(into: &$0) }
      packets.append(octets)
      return true
    }
    #expect(try link.write(batch, 0..<batch.count) == payloads.count)
    batch.release { $0.release(to: &pool) }
    return packets
  }

  @Test(
    "Packets of one size, shorter and longer ones arrive unchanged and in order",
    arguments: [
      [Int](repeating: 1380, count: 60), [1380, 1380, 700, 1380, 1380, 1380], [1, 1, 2, 2, 2, 1, 1380, 1380, 1],
      [Int](repeating: 20, count: 64), [1380],
    ])
  func sizes(payloads: [Int]) throws {
    let tunnel = try Tunnel()
    let peer = try tunnel.join()
    try tunnel.hub.attach([Sample.prefix("10.77.0.1/16")])
    let packets = try write(payloads, to: { _ in "10.77.0.1" }, over: peer)
    #expect(try Reader(tunnel.hub, packets: 64).wait(for: payloads.count) == packets)
    #expect(peer.statistics.packetsWritten == UInt64(payloads.count))
    #expect(peer.statistics.octetsWritten == UInt64(packets.reduce(0) { $0 + $1.count }))
  }

  @Test(
    "What the kernel puts together comes with one read, and in order with several if the batch is small",
    arguments: [true, false])
  func together(readsOfHub: Bool) throws {
    let tunnel = try Tunnel()
    let peer = try tunnel.join()
    try tunnel.hub.attach([Sample.prefix("10.77.0.1/16")])
    try peer.attach([Sample.prefix("10.77.0.2/16")])
    _ = try Reader(tunnel.hub).wait(for: 0)
    _ = try Reader(tunnel.hub).read()
    let (sender, receiver): (any Link, any Link) = readsOfHub ? (peer, tunnel.hub) : (tunnel.hub, peer)
    let destination = readsOfHub ? "10.77.0.1" : "10.77.0.2"
    let payloads = [Int](repeating: 1000, count: 60)
    let whole = try write(payloads, to: { _ in destination }, over: sender)
    // Ungathered, so many datagrams are more than one call to the system brings.
    usleep(100_000)
    #expect(try Reader(receiver, packets: 64).read() == whole)
    #expect(!receiver.holdsPackets)
    let parts = try write(payloads, to: { _ in destination }, over: sender)
    usleep(100_000)
    let reader = Reader(receiver, packets: 8)
    var all = try reader.read()
    #expect(all.count == 8 && receiver.holdsPackets)
    while receiver.holdsPackets { all += try reader.read() }
    #expect(all == parts)
    #expect(receiver.statistics.packetsRead >= 120 && receiver.statistics.packetsDropped == 0)
  }

  @Test("A hub passes a train on to the peer that it is for, whatever the size of its batch", arguments: [4, 64])
  func passedOn(packets: Int) throws {
    let tunnel = try Tunnel()
    let peers = try (0..<2).map { number in
      let peer = try tunnel.join()
      try peer.attach([Sample.prefix("10.77.1.\(number + 1)/16")])
      return peer
    }
    let reader = Reader(tunnel.hub, packets: packets)
    _ = try reader.wait(for: 0)
    _ = try reader.read()
    let sent = try write([Int](repeating: 1200, count: 50), to: { _ in "10.77.1.1" }, over: peers[1])
    repeat { #expect(try reader.read().isEmpty) } while tunnel.hub.holdsPackets
    #expect(try Reader(peers[0], packets: 64).wait(for: 50) == sent)
    #expect(tunnel.hub.statistics.packetsForwarded == 50)
  }

  @Test("Packets for two peers in turn reach each its own")
  func peers() throws {
    let tunnel = try Tunnel()
    let peers = try (0..<2).map { number in
      let peer = try tunnel.join()
      try peer.attach([Sample.prefix("10.77.1.\(number + 1)/16")])
      return peer
    }
    _ = try Reader(tunnel.hub).wait(for: 0)
    _ = try Reader(tunnel.hub).read()
    // Runs of three for each.
    let packets = try write(
      [Int](repeating: 1000, count: 12), to: { "10.77.1.\($0 / 3 % 2 + 1)" }, over: tunnel.hub)
    for (number, peer) in peers.enumerated() {
      let mine = packets.enumerated().filter { $0.offset / 3 % 2 == number }.map(\.element)
      #expect(try Reader(peer).wait(for: 6) == mine)
    }
  }
}
