import MartinetLinks
import MartinetWire
import Testing

@Suite("IP over UDP")
struct TunnelTests {
  @Test("A packet crosses unchanged, both ways", arguments: ["127.0.0.1", "::1", "localhost"])
  func crossing(host: String) throws {
    let tunnel = try Tunnel(host: host)
    let peer = try tunnel.join()
    try tunnel.hub.attach([Sample.prefix("10.77.0.1/16")])
    let (sent, octets) = try Writer(peer).write(from: "10.77.0.2", to: "10.77.0.1", payload: 1380)
    #expect(sent == .done)
    #expect(try Reader(tunnel.hub).wait() == [octets])
    let (answered, answer) = try Writer(tunnel.hub).write(from: "10.77.0.1", to: "10.77.0.2", payload: 1)
    #expect(answered == .done)
    #expect(try Reader(peer).wait() == [answer])
    #expect(peer.statistics.octetsWritten == 1400)
    #expect(tunnel.hub.statistics.octetsRead == 1400)
  }

  @Test("IPv6 crosses, too, and large packets over several pages")
  func large() throws {
    let tunnel = try Tunnel(mtu: 9000)
    let peer = try tunnel.join(mtu: 9000)
    try tunnel.hub.attach([Sample.prefix("fd77::1/64")])
    let (_, octets) = try Writer(peer).write(from: "fd77::2", to: "fd77::1", payload: 8960)
    #expect(octets.count == 9000)
    #expect(try Reader(tunnel.hub).wait() == [octets])
  }

  @Test("A datagram larger than the MTU is dropped and counted")
  func tooLarge() throws {
    let tunnel = try Tunnel(mtu: 1400)
    let peer = try tunnel.join(mtu: 1400)
    _ = try Writer(peer).write(from: "10.77.0.2", to: "10.77.0.1", payload: 1381)
    let (_, octets) = try Writer(peer).write(from: "10.77.0.2", to: "10.77.0.1", payload: 1380)
    #expect(try Reader(tunnel.hub).wait() == [octets])
    #expect(tunnel.hub.statistics.drops == [.tooLarge: 1])
  }

  @Test("A hub passes packets on between its peers, and its host sees none of them")
  func switching() throws {
    let tunnel = try Tunnel()
    let (one, two) = (try tunnel.join(), try tunnel.join())
    try one.attach([Sample.prefix("10.77.0.2/16")])
    try two.attach([Sample.prefix("10.77.0.3/16")])
    let hubReader = Reader(tunnel.hub)
    let (_, octets) = try Writer(one).write(from: "10.77.0.2", to: "10.77.0.3", payload: 1380)
    #expect(try hubReader.wait() == [])
    #expect(try Reader(two).wait() == [octets])
    #expect(tunnel.hub.statistics.packetsForwarded == 1)
    #expect(tunnel.hub.statistics.packetsRead == 0)
  }

  @Test("A peer that has announced itself is reached before it has sent anything")
  func announcement() throws {
    let tunnel = try Tunnel()
    let peer = try tunnel.join()
    let writer = Writer(tunnel.hub)
    #expect(try writer.write(from: "fd77::1", to: "fd77::2").0 == .dropped(.noPeer))
    try peer.attach([Sample.prefix("10.77.0.2/16"), Sample.prefix("fd77::2/64")])
    #expect(try Reader(tunnel.hub).wait() == [])
    let (sent, octets) = try writer.write(from: "fd77::1", to: "fd77::2")
    #expect(sent == .done)
    #expect(try Reader(peer).wait() == [octets])
  }

  @Test("A second claimant of an address is refused, and so is who claims the hub's own")
  func claims() throws {
    let tunnel = try Tunnel()
    let (one, two) = (try tunnel.join(), try tunnel.join())
    try tunnel.hub.attach([Sample.prefix("10.77.0.1/16")])
    let reader = Reader(tunnel.hub)
    _ = try Writer(one).write(from: "10.77.0.2", to: "10.77.0.1")
    #expect(try reader.wait().count == 1)
    _ = try Writer(two).write(from: "10.77.0.2", to: "10.77.0.1")
    _ = try Writer(two).write(from: "10.77.0.1", to: "10.77.0.2")
    _ = try Writer(two).write(from: "224.0.0.1", to: "10.77.0.1")
    let (_, octets) = try Writer(two).write(from: "10.77.0.3", to: "10.77.0.1")
    #expect(try reader.wait() == [octets])
    #expect(tunnel.hub.statistics.drops == [.claimRefused: 2, .malformed: 1])
  }

  @Test("A batch goes out in order; what has no peer is dropped, the rest arrives")
  func batch() throws {
    let tunnel = try Tunnel()
    let peer = try tunnel.join()
    try peer.attach([Sample.prefix("10.77.0.2/16")])
    _ = try Reader(tunnel.hub).wait()
    let destinations = (0..<24).map { $0 % 3 == 1 ? "10.77.0.9" : "10.77.0.2" }
    #expect(try Writer(tunnel.hub).writeBatch(from: "10.77.0.1", to: destinations) == 24)
    #expect(tunnel.hub.statistics.drops == [.noPeer: 8])
    let reader = Reader(peer)
    #expect(try reader.wait(for: 16).map(\.count) == [Int](repeating: 1220, count: 16))
    reader.release()
    #expect(reader.pagesInUse == 0)
    #expect(try Writer(peer).writeBatch(from: "10.77.0.2", to: ["10.77.0.1", "10.77.0.1"]) == 2)
    #expect(try Reader(tunnel.hub).wait(for: 2).count == 2)
  }

  @Test("A packet whose header lies in its payload finds its peer, too")
  func headerInPayload() throws {
    let tunnel = try Tunnel()
    let peer = try tunnel.join()
    try peer.attach([Sample.prefix("10.77.0.2/16")])
    _ = try Reader(tunnel.hub).wait()
    var pool = PagePool(limit: 32)
    let header = IPv4Header(
      totalLength: 20, protocolNumber: 253, source: IPv4Address(10, 77, 0, 1), destination: IPv4Address(10, 77, 0, 2))
    var octets = [UInt8](repeating: 0, count: 20)
    var span = octets.mutableSpan
    var target = span.mutableBytes
    header.encode(into: &target, at: 0)
    guard let page = pool.allocate() else { throw PoolExhausted() }
    pool.write(octets.span.bytes, to: page, at: 0)
    var departure = Departure()
    let isAppended = departure.append(page: page, offset: 0, count: 20, in: &pool)
    #expect(isAppended)
    #expect(try tunnel.hub.write(departure) == .done)
    departure.release(to: &pool)
    #expect(try Reader(peer).wait() == [octets])
  }

  @Test("A gateway gets what is for an unknown destination")
  func gateway() throws {
    let tunnel = try Tunnel()
    let peer = try tunnel.join()
    try peer.attach([Sample.prefix("10.77.0.2/16")])
    try tunnel.hub.attach([Sample.prefix("10.77.0.1/16")], gateways: [Sample.address("10.77.0.2")])
    _ = try Reader(tunnel.hub).wait()
    let (sent, octets) = try Writer(tunnel.hub).write(from: "10.77.0.1", to: "192.0.2.1")
    #expect(sent == .done)
    #expect(try Reader(peer).wait() == [octets])
  }
}

@Suite("IP over UDP when the other end is not there")
struct TunnelFailureTests {
  @Test("An ICMP error is counted, and the link lives on")
  func softEvidence() throws {
    var tunnel: Tunnel? = try Tunnel()
    let port = try #require(tunnel?.hub.outerEndpoint.port)
    let peer = try TunnelLink(host: "127.0.0.1", port: port)
    tunnel?.hub.close()
    tunnel = nil
    let writer = Writer(peer)
    for _ in 0..<3 {
      #expect(try writer.write(from: "10.77.0.2", to: "10.77.0.1").0 == .done)
      #expect(try Reader(peer).wait() == [])
    }
    #expect(peer.statistics.softErrors > 0)
    #expect(peer.statistics.lastSoftError?.reason == "Connection refused")
    let hub = try HubLink(host: "127.0.0.1", port: port)
    let (_, octets) = try writer.write(from: "10.77.0.2", to: "10.77.0.1")
    #expect(try Reader(hub).wait() == [octets])
  }

  @Test("A hub whose peer has gone serves the others")
  func gonePeer() throws {
    let tunnel = try Tunnel()
    let (gone, here) = (try tunnel.join(), try tunnel.join())
    try gone.attach([Sample.prefix("10.77.0.2/16")])
    try here.attach([Sample.prefix("10.77.0.3/16")])
    let reader = Reader(tunnel.hub)
    _ = try reader.wait()
    gone.close()
    for _ in 0..<3 { _ = try Writer(tunnel.hub).write(from: "10.77.0.1", to: "10.77.0.2") }
    let (sent, octets) = try Writer(tunnel.hub).write(from: "10.77.0.1", to: "10.77.0.3")
    #expect(sent == .done)
    #expect(try Reader(here).wait() == [octets])
    #expect(try reader.wait() == [])
    #expect(tunnel.hub.statistics.softErrors > 0)
  }

  @Test("A port in use, an address that is not ours and an unknown host are said in one line")
  func errors() throws {
    let tunnel = try Tunnel()
    let port = tunnel.hub.outerEndpoint.port
    #expect(throws: LinkError.portInUse("127.0.0.1:\(port)")) { try HubLink(host: "127.0.0.1", port: port) }
    #expect(throws: LinkError.addressNotOurs("192.0.2.1:1")) { try HubLink(host: "192.0.2.1", port: 1) }
    let unknown = #expect(throws: LinkError.self) { try TunnelLink(host: "no such host", port: 1) }
    #expect(unknown?.description.hasPrefix("cannot find the host \"no such host\": ") == true)
  }

  @Test("IPv6 is refused on a link that is too small for it")
  func smallMTU() throws {
    let tunnel = try Tunnel(mtu: 1279)
    let prefix = try Sample.prefix("fd77::1/64")
    #expect(throws: LinkError.mtuTooSmallForIPv6(1279)) { try tunnel.hub.attach([prefix]) }
  }
}
