import CMartinetLinux
import Glibc
import Martinet
import MartinetLinks
import MartinetRuntime
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// An impaired link over one that remembers, and the hands of a driver.
private final class Bench {
  let inner: RecordedLink
  let link: ImpairedLink
  private var pool = PagePool(limit: 256)
  private let batch: ReceiveBatch

  init(_ impairment: Impairment, seed: UInt64 = 1, maximumPackets: Int = 8192) throws {
    inner = try RecordedLink()
    link = try ImpairedLink(inner, outgoing: impairment, seed: seed, maximumPackets: maximumPackets)
    batch = ReceiveBatch(packets: 16, size: link.readSize)
  }

  /// A packet of `octets` that begins with its number.
  static func packet(_ number: Int, octets: Int = 600) -> [UInt8] {
    [UInt8(number >> 8), UInt8(number & 0xFF)] + pattern(octets - 2)
  }

  static func number(of packet: [UInt8]) -> Int { Int(packet[0]) << 8 | Int(packet[1]) }

  func write(_ packet: [UInt8]) throws {
    let writer = DepartureBatch(capacity: 1)
    writer.fill { departure in
      guard let chain = packet.withOctets(0..<packet.count, { pool.chain(copying: $0) }) else { return false }
      let isComplete = departure.append(chain, in: &pool)
      pool.release(chain)
      return isComplete
    }
    #expect(try link.write(writer, 0..<1) == 1)
    writer.release { $0.release(to: &pool) }
  }

  /// Reads once, into what is left of the reserved pages or into all that the batch may have.
  func read(hasRoom: Bool = true) throws -> [[UInt8]] {
    if hasRoom { batch.reserve(from: &pool) }
    return try (0..<link.read(into: batch)).map { index in
      let packet = batch.take(index, from: &pool)
      var octets = [UInt8](repeating: 0, count: packet.chain.count)
      octets.withMutableOctets(0..<octets.count) { target in _ = pool.copy(packet.chain, from: 0, into: &target) }
      pool.release(packet.chain)
      return octets
    }
  }

  /// Whether the link wants to be read within some milliseconds.
  func isReadable(within milliseconds: Int64) -> Bool {
    let epoll = martinet_epoll_create()
    defer { _ = Glibc.close(epoll) }
    _ = martinet_epoll_add(epoll, link.descriptor, UInt32(MARTINET_READABLE), 0)
    var report = martinet_readiness()
    return martinet_epoll_wait(epoll, &report, 1, milliseconds * 1_000_000) == 1
  }

  /// Reads whenever the link wants it, until `condition` holds; false after five seconds.
  func drive(until condition: (RecordedLink, [[UInt8]]) -> Bool) throws -> Bool {
    var packets: [[UInt8]] = []
    let end = ContinuousClock.now + .seconds(5)
    while !condition(inner, packets) {
      guard ContinuousClock.now < end else { return false }
      if isReadable(within: 100) { packets += try read() }
    }
    return true
  }
}

@Suite("A link that fails on purpose")
struct ImpairedLinkTests {
  private static func survivors(seed: UInt64) throws -> [Int] {
    let bench = try Bench(Impairment(rate: 0, delay: .zero, loss: .percent(20)), seed: seed)
    for number in 0..<300 { try bench.write(Bench.packet(number)) }
    let numbers = bench.inner.written.map(Bench.number)
    #expect(UInt64(numbers.count) == bench.link.losses(in: .outgoing).delivered)
    #expect(300 - UInt64(numbers.count) == bench.link.losses(in: .outgoing).lostAtRandom)
    return numbers
  }

  @Test("The seed says which packets are lost")
  func seeded() throws {
    let first = try ImpairedLinkTests.survivors(seed: 1)
    #expect((200...280).contains(first.count))
    #expect(try ImpairedLinkTests.survivors(seed: 1) == first)
    #expect(try ImpairedLinkTests.survivors(seed: 2) != first)
  }

  @Test("A wire without impairment hands on at once and unchanged, in both directions", arguments: [64, 600, 1500])
  func perfect(octets: Int) throws {
    let bench = try Bench(Impairment())
    let packets = (0..<10).map { Bench.packet($0, octets: octets) }
    for packet in packets { try bench.write(packet) }
    #expect(bench.inner.written == packets)
    for packet in packets { bench.inner.bring(packet) }
    #expect(bench.isReadable(within: 1000))
    #expect(try bench.read() == packets)
    #expect(!bench.isReadable(within: 0))
  }

  @Test("A corrupted packet differs in one bit, a duplicated one comes twice")
  func altered() throws {
    var impairment = Impairment()
    impairment.corruption = .always
    impairment.duplication = .always
    let bench = try Bench(impairment)
    let packet = Bench.packet(1)
    try bench.write(packet)
    let written = bench.inner.written
    #expect(written.count == 2)
    for copy in written {
      #expect(zip(copy, packet).map { ($0 ^ $1).nonzeroBitCount }.reduce(0, +) == 1)
    }
  }

  @Test("A delay holds packets back in both directions, and the descriptor tells when it is over")
  func delayed() throws {
    let bench = try Bench(Impairment(rate: 0, delay: .milliseconds(60)))
    let clock = ContinuousClock()
    let begin = clock.now
    try bench.write(Bench.packet(1))
    #expect(bench.inner.written == [])
    #expect(try bench.drive { inner, _ in inner.written.count == 1 })
    #expect(clock.now - begin >= .milliseconds(60))
    let second = clock.now
    bench.inner.bring(Bench.packet(2))
    #expect(try bench.drive { _, packets in packets == [Bench.packet(2)] })
    #expect(clock.now - second >= .milliseconds(60))
    #expect(!bench.isReadable(within: 0))
  }

  @Test("A rate spreads packets over time")
  func rate() throws {
    // 50 packets of 600 octets at 1.2 Mbit/s take 200 ms.
    let bench = try Bench(Impairment(rate: 1_200_000, delay: .zero))
    let clock = ContinuousClock()
    let begin = clock.now
    for number in 0..<50 { try bench.write(Bench.packet(number)) }
    #expect(try bench.drive { inner, _ in inner.written.count == 50 })
    #expect(clock.now - begin >= .milliseconds(200))
    #expect(bench.inner.written.map(Bench.number) == Array(0..<50))
  }

  @Test("A full link is waited for, and what waits leaves in order")
  func full() throws {
    let bench = try Bench(Impairment())
    bench.inner.setFull(true)
    for number in 0..<5 { try bench.write(Bench.packet(number)) }
    #expect(try bench.read() == [])
    #expect(bench.inner.written == [])
    bench.inner.setFull(false)
    #expect(try bench.drive { inner, _ in inner.written.count == 5 })
    #expect(bench.inner.written.map(Bench.number) == Array(0..<5))
    #expect(!bench.isReadable(within: 0))
  }

  @Test("What is in flight is bounded, and the rest is counted")
  func bounded() throws {
    let bench = try Bench(Impairment(rate: 0, delay: .seconds(60)), maximumPackets: 16)
    for number in 0..<40 {
      try bench.write(Bench.packet(number))
      bench.inner.bring(Bench.packet(number))
    }
    #expect(try bench.read() == [])
    for direction in ImpairedLink.Direction.allCases {
      #expect(bench.link.losses(in: direction).lostForMemory == 24)
    }
  }

  @Test("More than a batch arrives in several reads; without any room it is lost and counted")
  func batches() throws {
    let bench = try Bench(Impairment())
    for number in 0..<20 { bench.inner.bring(Bench.packet(number)) }
    #expect(try bench.read().count == 16)
    #expect(bench.isReadable(within: 0))
    #expect(try bench.read().map(Bench.number) == Array(16..<20))
    // Nothing was reserved since.
    bench.inner.bring(Bench.packet(0))
    #expect(try bench.read(hasRoom: false) == [])
    #expect(bench.link.losses(in: .incoming).lostAtReceiver == 1)
    #expect(!bench.isReadable(within: 0))
  }

  @Test("A cut wire carries nothing until it is whole again")
  func cut() throws {
    let bench = try Bench(Impairment())
    bench.link.setCondition(.cut, of: .outgoing)
    try bench.write(Bench.packet(1))
    bench.inner.bring(Bench.packet(2))
    #expect(try bench.read() == [Bench.packet(2)])
    bench.link.setCondition(.whole, of: .outgoing)
    try bench.write(Bench.packet(3))
    #expect(bench.inner.written == [Bench.packet(3)])
    #expect(bench.link.losses(in: .outgoing).lostToCut == 1)
  }

  @Test("Closing lets out at once what is still on its way, and closes the link beneath")
  func closing() throws {
    let bench = try Bench(Impairment(rate: 0, delay: .seconds(60)))
    for number in 0..<3 { try bench.write(Bench.packet(number)) }
    bench.link.close()
    #expect(bench.inner.written.map(Bench.number) == [0, 1, 2])
    #expect(bench.inner.isClosed)
  }
}
