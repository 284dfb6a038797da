import CMartinetLinux
import Glibc
import MartinetLinks
import MartinetWire
import Testing

/// Two ends of UDP on loopback.
struct Tunnel {
  let hub: HubLink
  let host: String

  init(host: String = "127.0.0.1", mtu: Int = 1400) throws {
    self.host = host
    hub = try HubLink(host: host, port: 0, mtu: mtu)
  }

  func join(mtu: Int = 1400) throws -> TunnelLink {
    try TunnelLink(host: host, port: hub.outerEndpoint.port, mtu: mtu)
  }
}

/// One reader of a link with its own pool.
final class Reader {
  let link: any Link
  private var pool = PagePool(limit: 256)
  private let batch: ReceiveBatch

  init(_ link: any Link, packets: Int = 16) {
    self.link = link
    batch = ReceiveBatch(packets: packets, size: link.readSize)
  }

  var pagesInUse: Int { pool.pagesInUse }

  /// Reads once; the packets as octets.
  func read() throws -> [[UInt8]] {
    batch.reserve(from: &pool)
    return try (0..<link.read(into: batch)).map { index in
      let packet = batch.take(index, from: &pool)
      var octets = [UInt8](repeating: 0, count: packet.chain.count)
      var span = octets.mutableSpan
      var target = span.mutableBytes
      pool.copy(packet.chain, from: 0, into: &target)
      pool.release(packet.chain)
      return octets
    }
  }

  /// Waits for the link, a second at most, and reads until `number` packets have come.
  func wait(for number: Int = 1) throws -> [[UInt8]] {
    let epoll = martinet_epoll_create()
    defer { _ = close(epoll) }
    _ = martinet_epoll_add(epoll, link.descriptor, MARTINET_READABLE, 0)
    var all: [[UInt8]] = []
    var report = martinet_readiness()
    for _ in 0..<100 where all.count < number {
      _ = martinet_epoll_wait(epoll, &report, 1, 10_000_000)
      all += try read()
    }
    return all
  }

  func release() { batch.release(to: &pool) }
}

struct PoolExhausted: Error {}

enum Sample {
  static func address(_ text: String) throws -> IPAddress { try #require(IPAddress(parsing: text)) }
  static func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(parsing: text)) }

  /// Makes `departure` a packet of protocol 253 (RFC 3692) from `source` to `destination` with `payload` octets, in two ranges if they are many.
  static func fill(
    _ departure: inout Departure, from source: String, to destination: String, payload: Int, pool: inout PagePool
  ) throws {
    departure.reset()
    var left = payload
    while left > 0 {
      guard let page = pool.allocate() else { throw PoolExhausted() }
      let count = min(left, PagePool.pageSize / 2)
      let octets = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ left) }
      pool.write(octets.span.bytes, to: page, at: 5)
      guard departure.append(page: page, offset: 5, count: count, in: &pool) else { throw PoolExhausted() }
      pool.unpin(page)
      left -= count
    }
    switch try (address(source), address(destination)) {
    case (.v4(let source), .v4(let destination)):
      IPv4Header(protocolNumber: 253, source: source, destination: destination).encode(into: &departure)
    case (.v6(let source), .v6(let destination)):
      IPv6Header(nextHeader: 253, source: source, destination: destination).encode(into: &departure)
    default: Issue.record("the addresses are of two families")
    }
  }
}

/// One writer with its own pool.
final class Writer {
  let link: any Link
  private var pool = PagePool(limit: 1024)

  init(_ link: any Link) { self.link = link }

  /// Writes one packet and returns its octets.
  func write(from source: String, to destination: String, payload: Int = 100) throws -> (LinkWrite, [UInt8]) {
    var departure = Departure()
    try Sample.fill(&departure, from: source, to: destination, payload: payload, pool: &pool)
    var octets = [UInt8](repeating: 0, count: departure.count)
    var span = octets.mutableSpan
    var target = span.mutableBytes
    departure.copy(into: &target)
    let outcome = try link.write(departure)
    departure.release(to: &pool)
    #expect(pool.pagesInUse == 0)
    return (outcome, octets)
  }

  /// Writes a batch with a packet per destination and returns how many were dealt with.
  func writeBatch(from source: String, to destinations: [String], payload: Int = 1200) throws -> Int {
    let batch = DepartureBatch(capacity: destinations.count)
    var next = 0
    batch.fill { departure in
      guard next < destinations.count else { return false }
      do {
        try Sample.fill(&departure, from: source, to: destinations[next], payload: payload, pool: &pool)
      } catch {
        return false
      }
      next += 1
      return true
    }
    let dealtWith = try link.write(batch, 0..<batch.count)
    batch.release { $0.release(to: &pool) }
    #expect(pool.pagesInUse == 0)
    return dealtWith
  }
}
