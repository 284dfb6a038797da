import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Departures: headers in place, payload pinned")
struct DepartureTests {
  /// A departure whose payload are `runs`, each in a page of its own.
  private func departure(_ runs: [[UInt8]], in pool: inout PagePool) -> Departure {
    var departure = Departure()
    for run in runs {
      guard let page = pool.allocate() else { break }
      run.withOctets(0..<run.count) { pool.write($0, to: page, at: 3) }
      _ = departure.append(page: page, offset: 3, count: run.count, in: &pool)
      pool.unpin(page)
    }
    return departure
  }

  private func header(_ flags: TCPFlags) -> TCPHeader {
    TCPHeader(
      sourcePort: 49152, destinationPort: 80, sequence: SequenceNumber(0xFFFF_FFF0),
      acknowledgement: SequenceNumber(7), flags: flags, window: 0xFFFF)
  }

  @Test(
    "Every segment leaves with the right checksum: data, pure acknowledgement, reset, odd lengths",
    .proves("9293-MUST-2"), arguments: 0..<2)
  func segmentChecksum(family: Int) {
    let (source, destination) = families[family]
    var generator = SeededGenerator(10)
    var pool = PagePool(limit: 32)
    for flags in [TCPFlags.ack, .rst, [.rst, .ack], [.syn], [.fin, .ack, .psh]] {
      for lengths in [[], [1], [1460], [1, 1, 1], [511, 2, 700]] {
        var departure = departure(lengths.map { generator.octets($0) }, in: &pool)
        header(flags).encode(into: &departure)
        departure.completeTransportChecksum(source: source, destination: destination, protocolNumber: IPProtocol.tcp)
        #expect(departure.duty == .complete)
        let segment = departure.octets
        #expect(segment.count == 20 + lengths.reduce(0, +))
        #expect(referenceChecksum(withPseudoHeader(source, destination, 6, segment)) == 0)
        departure.release(to: &pool)
      }
    }
    #expect(pool.pagesInUse == 0)
  }

  @Test("What a link completes is what we would have written", arguments: 0..<2)
  func deferred(family: Int) {
    let (source, destination) = families[family]
    var generator = SeededGenerator(11)
    var pool = PagePool(limit: 32)
    for number in [IPProtocol.tcp, IPProtocol.udp] {
      let payload = [generator.octets(333), generator.octets(1000)]
      var full = departure(payload, in: &pool)
      var partial = departure(payload, in: &pool)
      encodeTransport(number, into: &full)
      encodeTransport(number, into: &partial)
      full.completeTransportChecksum(source: source, destination: destination, protocolNumber: number)
      encodeIP(source, destination, number, into: &full)
      encodeIP(source, destination, number, into: &partial)
      partial.deferTransportChecksum(source: source, destination: destination, protocolNumber: number)
      guard case .partial(let start, let offset) = partial.duty else {
        Issue.record("no duty is left to the link")
        return
      }
      var octets = partial.octets
      #expect(octets != full.octets)
      octets.withMutableOctets(0..<octets.count) { Checksum.complete(&$0, start: start, offset: offset) }
      #expect(octets == full.octets)
      full.release(to: &pool)
      partial.release(to: &pool)
    }
  }

  private func encodeTransport(_ number: UInt8, into departure: inout Departure) {
    if number == IPProtocol.tcp {
      header(.ack).encode(into: &departure)
    } else {
      UDPHeader(sourcePort: 1, destinationPort: 2).encode(into: &departure)
    }
  }

  private func encodeIP(_ source: IPAddress, _ destination: IPAddress, _ number: UInt8, into departure: inout Departure)
  {
    switch (source, destination) {
    case (.v4(let source), .v4(let destination)):
      IPv4Header(protocolNumber: number, source: source, destination: destination).encode(into: &departure)
    case (.v6(let source), .v6(let destination)):
      IPv6Header(nextHeader: number, source: source, destination: destination).encode(into: &departure)
    default: break
    }
  }

  @Test("A range that is not inside the packet is not completed")
  func completeOutside() {
    let octets = [UInt8](repeating: 1, count: 20)
    for (start, offset) in [(-1, 0), (0, -1), (19, 0), (20, 0), (21, 0), (0, 19), (Int.max, 16), (0, Int.max)] {
      var copy = octets
      copy.withMutableOctets(0..<20) { Checksum.complete(&$0, start: start, offset: offset) }
      #expect(copy == octets)
    }
  }

  @Test("A UDP checksum that comes out as zero is sent as all ones", .proves("768-02"), arguments: 0..<2)
  func udpZero(family: Int) {
    let (source, destination) = families[family]
    var pool = PagePool(limit: 32)
    // The last word makes the sum all ones.
    var first = departure([[0, 0]], in: &pool)
    UDPHeader(sourcePort: 5, destinationPort: 6).encode(into: &first)
    first.completeTransportChecksum(source: source, destination: destination, protocolNumber: IPProtocol.udp)
    let word = Array(first.octets[6..<8])
    first.release(to: &pool)
    var second = departure([word], in: &pool)
    UDPHeader(sourcePort: 5, destinationPort: 6).encode(into: &second)
    second.completeTransportChecksum(source: source, destination: destination, protocolNumber: IPProtocol.udp)
    #expect(second.octets[6..<8] == [0xFF, 0xFF])
    #expect(referenceChecksum(withPseudoHeader(source, destination, 17, second.octets)) == 0)
    second.release(to: &pool)
  }

  @Test("ICMP of IPv4 has no pseudo-header, ICMPv6 has one", .proves("4443-07"))
  func icmpChecksums() {
    var departure = Departure()
    ICMPMessage.echoRequest(identifier: 1, sequence: 2).encode(into: &departure)
    departure.completeTransportChecksum(
      source: families[0].source, destination: families[0].destination, protocolNumber: IPProtocol.icmp)
    #expect(referenceChecksum(departure.octets) == 0)
    ICMPv6Message.echoRequest(identifier: 1, sequence: 2).encode(into: &departure)
    departure.completeTransportChecksum(
      source: families[1].source, destination: families[1].destination, protocolNumber: IPProtocol.icmpv6)
    #expect(referenceChecksum(departure.octets) != 0)
    #expect(
      referenceChecksum(withPseudoHeader(families[1].source, families[1].destination, 58, departure.octets)) == 0)
  }

  @Test("Headers are put before one another, and the lengths come out right")
  func headersInFront() throws {
    var pool = PagePool(limit: 32)
    var departure = departure([[1, 2, 3]], in: &pool)
    header(.ack).encode(into: &departure)
    let source = IPv6Address(high: 1, low: 2)
    IPv6FragmentHeader(nextHeader: 6, offset: 0, hasMoreFragments: false, identification: 9).encode(into: &departure)
    IPv6Header(nextHeader: IPProtocol.fragment, source: source, destination: source).encode(into: &departure)
    EthernetHeader(
      destination: .broadcast, source: MACAddress(2), etherType: EtherType.ipv6, tag: VLANTag(network: 5)
    ).encode(into: &departure)
    #expect(departure.count == 18 + 40 + 8 + 20 + 3)
    let octets = departure.octets
    let header = try octets.withOctets(18..<octets.count) { (bytes) throws(WireError) in try IPv6Header.parse(bytes) }
    #expect(header.payloadLength == 8 + 20 + 3)
    #expect(octets.suffix(3) == [1, 2, 3])
    departure.release(to: &pool)
    #expect(departure.count == 0)
  }

  @Test("A departure pins its pages, refuses a piece too many, and gives all back")
  func pins() {
    var pool = PagePool(limit: 32)
    guard let page = pool.allocate() else {
      Issue.record("an empty pool has no page")
      return
    }
    var departure = Departure()
    for _ in 0..<Departure.rangeCapacity {
      let fits = departure.append(page: page, offset: 0, count: 10, in: &pool)
      #expect(fits)
    }
    let fits = departure.append(page: page, offset: 0, count: 10, in: &pool)
    #expect(!fits)
    #expect(departure.payloadCount == 10 * Departure.rangeCapacity)
    pool.unpin(page)
    #expect(pool.pagesInUse == 1)
    departure.release(to: &pool)
    #expect(pool.pagesInUse == 0)
    #expect(departure.payloadCount == 0 && departure.rangeCount == 0 && departure.duty == .complete)
  }
}
