import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Fragments of IPv4")
struct ReassemblyTests {
  private static let remote = Endpoint(StackBench.theirs, 4000)
  private static let local = Endpoint(StackBench.ours, 5000)

  /// A bench with a UDP endpoint on port 5000.
  private static func bench(configure: (inout HostConfiguration) -> Void = { _ in }) throws -> (
    StackBench, DatagramHandle
  ) {
    let bench = StackBench.onIP(configure: configure)
    return (bench, try bench.host.openDatagram(on: local, at: bench.now))
  }

  /// A datagram of `count` octets, as the payload of IP.
  private static func datagram(_ count: Int) -> (text: [UInt8], payload: [UInt8]) {
    let text = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    return (text, Build.udp(remote, local, text))
  }

  private static func fragment(
    _ payload: [UInt8], _ range: Range<Int>, identification: UInt16 = 9, more: Bool? = nil,
    protocolNumber: UInt8 = IPProtocol.udp, from source: IPv4Address = StackBench.theirs4
  ) -> [UInt8] {
    Build.ipv4(
      from: source, to: StackBench.ours4, protocolNumber: protocolNumber, Array(payload[range]),
      identification: identification, more: more ?? (range.upperBound < payload.count), offset: range.lowerBound)
  }

  private static func fragments(_ payload: [UInt8], size: Int, identification: UInt16 = 9) -> [[UInt8]] {
    stride(from: 0, to: payload.count, by: size).map {
      fragment(payload, $0..<min(payload.count, $0 + size), identification: identification)
    }
  }

  @Test(
    "Fragments in any order and with duplicates give the same datagram",
    .proves("815-01", "1122-06", "791-05", "8200-08"))
  func anyOrder() throws {
    let (bench, handle) = try Self.bench()
    let (text, payload) = Self.datagram(2000)
    let pieces = Self.fragments(payload, size: 400)
    var random = SplitMix(seed: 5)
    for _ in 0..<50 {
      var order = pieces + [pieces[1], pieces[3]]
      for index in order.indices.reversed() { order.swapAt(index, Int(random.next() % UInt64(index + 1))) }
      // The duplicates may come behind the last piece, where they begin another datagram.
      for piece in order { bench.feed(piece) }
      #expect(bench.receive(from: handle)?.bytes == text)
      #expect(bench.receive(from: handle) == nil)
      bench.wait(.seconds(61))
      #expect(bench.pagesInUse == 0)
    }
  }

  @Test("A datagram of 65,515 octets arrives whole", .proves("1122-06"))
  func largest() throws {
    let (bench, handle) = try Self.bench()
    let (text, payload) = Self.datagram(65507)
    for piece in Self.fragments(payload, size: 1480) { bench.feed(piece) }
    #expect(bench.receive(from: handle)?.bytes == text)
    #expect(bench.pagesInUse == 0)
  }

  @Test("Fragments belong together by source, destination, protocol and identification", .proves("791-03", "815-03"))
  func key() throws {
    let (bench, handle) = try Self.bench()
    let (text, payload) = Self.datagram(1000)
    bench.feed(Self.fragment(payload, 0..<504))
    bench.feed(Self.fragment(payload, 504..<1008, identification: 10))
    bench.feed(Self.fragment(payload, 504..<1008, protocolNumber: 99))
    bench.feed(Self.fragment(payload, 504..<1008, from: IPv4Address(10, 0, 0, 3)))
    #expect(bench.receive(from: handle) == nil)
    bench.feed(Self.fragment(payload, 504..<1008))
    #expect(bench.receive(from: handle)?.bytes == text)
  }

  @Test("The identification of a packet that is whole means nothing", .proves("6864-02"))
  func atomicIdentification() throws {
    let (bench, handle) = try Self.bench()
    let (text, payload) = Self.datagram(100)
    bench.feed(Self.fragment(payload, 0..<56))
    for _ in 0..<2 {
      bench.feed(
        Build.ipv4(
          from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.udp, payload, identification: 9,
          dontFragment: true))
      #expect(bench.receive(from: handle)?.bytes == text)
    }
    bench.feed(Self.fragment(payload, 56..<108))
    #expect(bench.receive(from: handle)?.bytes == text)
  }

  @Test("A fragment that is not the last and no multiple of 8 octets long is discarded", .proves("791-04"))
  func oddLength() throws {
    let (bench, handle) = try Self.bench()
    let (_, payload) = Self.datagram(1000)
    bench.feed(Self.fragment(payload, 0..<500, more: true))
    #expect(bench.discarded(.malformedFragment) == 1)
    bench.feed(Self.fragment(payload, 504..<1008))
    #expect(bench.receive(from: handle) == nil)
  }

  @Test(
    "Overlapping fragments spoil their datagram, and what still comes of it is dropped",
    .proves("ATK-10", "5722-03"),
    arguments: [0..<400, 8..<400, 400..<800, 0..<808, 392..<408, 96..<104] as [Range<Int>])
  func overlap(_ second: Range<Int>) throws {
    let (bench, handle) = try Self.bench()
    let (_, payload) = Self.datagram(1000)
    bench.feed(Self.fragment(payload, 96..<496, more: true))
    bench.feed(Self.fragment(payload, second, more: true))
    for piece in [0..<96, 496..<1008] as [Range<Int>] { bench.feed(Self.fragment(payload, piece)) }
    for piece in Self.fragments(payload, size: 504) { bench.feed(piece) }
    #expect(bench.receive(from: handle) == nil)
    #expect(bench.discarded(.overlappingFragment) >= 1)
    // Nobody is told, not even when its time is over.
    #expect(bench.wait(.seconds(61)).isEmpty)
    #expect(bench.pagesInUse == 0)
  }

  @Test("A duplicate with other octets is an overlap, an exact one is not", .proves("5722-03"))
  func duplicates() throws {
    let (bench, handle) = try Self.bench()
    let (text, payload) = Self.datagram(1000)
    bench.feed(Self.fragment(payload, 0..<504))
    bench.feed(Self.fragment(payload, 0..<504))
    bench.feed(Self.fragment(payload, 504..<1008))
    #expect(bench.receive(from: handle)?.bytes == text)
    var forged = payload
    forged[100] ^= 1
    bench.feed(Self.fragment(payload, 0..<504, identification: 20))
    bench.feed(Self.fragment(forged, 0..<504, identification: 20))
    bench.feed(Self.fragment(payload, 504..<1008, identification: 20))
    #expect(bench.receive(from: handle) == nil)
  }

  @Test("The last fragment fixes the length: another end spoils the datagram", .proves("815-02"))
  func conflictingEnds() throws {
    let (_, payload) = Self.datagram(1000)
    for (first, second) in [(504..<1008, 504..<1000), (504..<600, 600..<1008), (600..<1008, 504..<600)] {
      let (bench, handle) = try Self.bench()
      bench.feed(Self.fragment(payload, first, more: false))
      bench.feed(Self.fragment(payload, second, more: false))
      bench.feed(Self.fragment(payload, 0..<504))
      bench.feed(Self.fragment(payload, 504..<1008))
      #expect(bench.receive(from: handle) == nil)
      bench.wait(.seconds(61))
      #expect(bench.pagesInUse == 0)
    }
  }

  @Test("A fragment beyond 65,535 octets takes the whole datagram with it", .proves("ATK-12", "791-03"))
  func pingOfDeath() throws {
    let (bench, handle) = try Self.bench()
    let (_, payload) = Self.datagram(1000)
    bench.feed(Self.fragment(payload, 0..<504))
    bench.feed(
      Build.ipv4(
        from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.udp,
        [UInt8](repeating: 1, count: 80), identification: 9, more: false, offset: 65528))
    #expect(bench.discarded(.malformedFragment) == 1)
    #expect(bench.pagesInUse == 0)
    bench.feed(Self.fragment(payload, 504..<1008))
    #expect(bench.receive(from: handle) == nil)
  }

  @Test("A TCP header in pieces is read only when it is whole, and never from offset 8", .proves("ATK-11"))
  func tinyFragments() throws {
    let bench = StackBench.onIP()
    _ = try bench.host.listen(on: Endpoint(StackBench.ours, 80), backlog: 5, at: bench.now)
    let header = TCPHeader(
      sourcePort: 4000, destinationPort: 80, sequence: SequenceNumber(1), acknowledgement: SequenceNumber(0),
      flags: .syn, window: 1000)
    let segment = Build.tcp(header, from: StackBench.theirs, to: StackBench.ours)
    #expect(bench.answers(to: Self.fragment(segment, 0..<8, protocolNumber: IPProtocol.tcp)).isEmpty)
    #expect(bench.answers(to: Self.fragment(segment, 8..<20, protocolNumber: IPProtocol.tcp)).isEmpty)
    #expect(bench.discarded(.malformedFragment) == 1)
    #expect(
      bench.answers(to: Self.fragment(segment, 0..<16, identification: 7, protocolNumber: IPProtocol.tcp)).isEmpty)
    let answers = bench.answers(to: Self.fragment(segment, 16..<20, identification: 7, protocolNumber: IPProtocol.tcp))
    #expect(answers.first?.tcp?.flags == [.syn, .ack])
  }

  @Test(
    "After 60 seconds a datagram is given up, and its sender told only if the first fragment came", .proves("1122-07"))
  func timeout() throws {
    let (bench, _) = try Self.bench()
    let (_, payload) = Self.datagram(1000)
    let first = Self.fragment(payload, 0..<504)
    bench.feed(first)
    bench.feed(Self.fragment(payload, 504..<1008, identification: 10))
    #expect(bench.wait(.seconds(59)).isEmpty)
    let answers = bench.wait(.seconds(2))
    #expect(answers.count == 1)
    #expect(answers.first?.icmp == .timeExceeded(code: 1))
    #expect(answers.first?.hasRightChecksum == true)
    #expect(answers.first?.body.starts(with: first[0..<28]) == true)
    #expect(bench.discarded(.reassemblyTimeout) == 2)
    #expect(bench.pagesInUse == 0)
  }

  @Test(
    "Fragments that never become whole stay within their bounds, and whole datagrams get through", .proves("ATK-13"))
  func flood() throws {
    let (bench, handle) = try Self.bench { $0.fragmentBytes = 64 << 10 }
    let (text, payload) = Self.datagram(3000)
    var random = SplitMix(seed: 1)
    var most = 0
    for round in 0..<5000 {
      let offset = Int(random.next() % 8000) * 8
      bench.feed(
        Build.ipv4(
          from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.udp,
          [UInt8](repeating: 1, count: 8), identification: UInt16(truncatingIfNeeded: round), more: true,
          offset: offset))
      most = max(most, bench.pagesInUse)
      if round % 100 == 0 {
        for piece in Self.fragments(payload, size: 1480, identification: 7777) { bench.feed(piece) }
        #expect(bench.receive(from: handle)?.bytes == text)
      }
    }
    #expect(most <= 32 + 4)
  }

  @Test("One datagram has a bounded number of fragments", .proves("ATK-13"))
  func fragmentCount() throws {
    let (bench, _) = try Self.bench { $0.fragmentBytes = 1 << 20 }
    for index in 0..<200 {
      bench.feed(
        Build.ipv4(
          from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.udp,
          [UInt8](repeating: 1, count: 8), identification: 3, more: true, offset: index * 16))
    }
    #expect(bench.discarded(.fragmentLimit) >= 1)
    #expect(bench.pagesInUse == 0)
  }
}
