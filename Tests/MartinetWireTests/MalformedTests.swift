import MartinetTestSupport
import MartinetWire
import Testing

/// Every parser of the module, one after the other over the same octets: what they find does not matter, that they return does.
private func parseEverything(_ octets: [UInt8]) {
  _ = octets.refused { (bytes) throws(WireError) in try EthernetHeader.parse(bytes) }
  _ = octets.refused { (bytes) throws(WireError) in try ARPPacket.parse(bytes) }
  _ = octets.refused { (bytes) throws(WireError) in try IPv4Header.parse(bytes) }
  _ = octets.refused { (bytes) throws(WireError) in try IPv4Header.parse(bytes, of: 65535) }
  _ = octets.refused { (bytes) throws(WireError) in try IPv6Header.parse(bytes).walk(bytes) }
  _ = octets.refused { (bytes) throws(WireError) in try IPv6Header.parse(bytes, of: 65575).walk(bytes) }
  _ = octets.refused { (bytes) throws(WireError) in try IPv6FragmentHeader.parse(bytes, at: 3) }
  _ = octets.refused { (bytes) throws(WireError) in try QuotedPacket.parse(bytes) }
  _ = octets.refused { (bytes) throws(WireError) in try ICMPMessage.parse(bytes) }
  _ = octets.refused { (bytes) throws(WireError) in try ICMPv6Message.parse(bytes) }
  _ = octets.refused { (bytes) throws(WireError) in try UDPHeader.parse(bytes) }
  _ = octets.refused { (bytes) throws(WireError) in try TCPHeader.parse(bytes).header.line }
}

@Suite("Bytes that nobody well-behaved sends")
struct MalformedTests {
  /// Headers of all kinds, valid ones.
  private func specimens(_ generator: inout SeededGenerator) -> [[UInt8]] {
    var header = TCPHeader(
      sourcePort: 1, destinationPort: 2, sequence: generator.sequence(), acknowledgement: generator.sequence(),
      flags: .syn, window: 5)
    header.options = .random(using: &generator, isSYN: true)
    let tcp = [UInt8](written: header.encodedLength) { header.encode(into: &$0, at: 0) } + [1, 2, 3]
    let four = [UInt8](written: 20) {
      IPv4Header(totalLength: 20 + tcp.count, protocolNumber: 6, source: .loopback, destination: .loopback)
        .encode(into: &$0, at: 0)
    }
    let chain: [UInt8] = [60, 0, 1, 4, 0, 0, 0, 0] + [44, 0, 0x1E, 3, 0, 0, 0, 0] + [6, 0, 0, 1, 0, 0, 0, 9]
    let six = [UInt8](written: 40) {
      IPv6Header(payloadLength: chain.count + tcp.count, nextHeader: 0, source: .loopback, destination: .loopback)
        .encode(into: &$0, at: 0)
    }
    let solicitation = NeighbourSolicitation(
      target: .loopback, options: NeighbourOptions(sourceLinkLayer: MACAddress(5), mtu: 1500))
    let discovery = [UInt8](written: 40) { ICMPv6Message.neighbourSolicitation(solicitation).encode(into: &$0, at: 0) }
    let tag = VLANTag(network: 1)
    let frame = [UInt8](written: 18) {
      EthernetHeader(destination: .broadcast, source: MACAddress(1), etherType: 0x0800, tag: tag).encode(
        into: &$0, at: 0)
    }
    let arp = [UInt8](written: 28) {
      ARPPacket(.request, senderHardware: MACAddress(1), sender: .loopback, target: .loopback).encode(into: &$0, at: 0)
    }
    let udp = [UInt8](written: 8) { UDPHeader(sourcePort: 1, destinationPort: 2).encode(into: &$0, at: 0) }
    return [tcp, four + tcp, six + chain + tcp, discovery, frame + four + tcp, arp, udp, []]
  }

  @Test("Every prefix of every header is refused or taken, and nothing is read beyond it", .proves("ATK-29", "ATK-49"))
  func everyPrefix() {
    var generator = SeededGenerator(90)
    for _ in 0..<30 {
      for specimen in specimens(&generator) {
        for count in 0...specimen.count { parseEverything(Array(specimen.prefix(count))) }
      }
    }
  }

  @Test("Headers with changed octets do no harm", .proves("ATK-29", "ATK-49"), arguments: 0..<20 as Range<UInt64>)
  func mutations(seed: UInt64) {
    var generator = SeededGenerator(1000 + seed)
    for _ in 0..<100 {
      for specimen in specimens(&generator) where !specimen.isEmpty {
        var octets = specimen
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          let index = Int.random(in: 0..<octets.count, using: &generator)
          octets[index] = [0, 1, 2, 0x7F, 0x80, 0xFF, generator.number()].randomElement(using: &generator) ?? 0
        }
        if Bool.random(using: &generator) { octets.removeLast(Int.random(in: 0...octets.count, using: &generator)) }
        parseEverything(octets)
      }
    }
  }

  @Test("Noise does no harm", .proves("ATK-49"), arguments: 0..<10 as Range<UInt64>)
  func noise(seed: UInt64) {
    var generator = SeededGenerator(2000 + seed)
    for _ in 0..<1000 { parseEverything(generator.octets(Int.random(in: 0...120, using: &generator))) }
  }

  @Test("Text that is no address does no harm")
  func text() {
    var generator = SeededGenerator(91)
    let characters = Array("0123456789abcdefABCDEF::::....[]/%g \u{E9}")
    for _ in 0..<20_000 {
      let text = String(
        (0..<Int.random(in: 0...30, using: &generator)).map { _ in
          characters.randomElement(using: &generator) ?? "0"
        })
      if let address = IPAddress(parsing: text) { #expect(IPAddress(parsing: address.description) == address) }
      if let endpoint = Endpoint(parsing: text) { #expect(Endpoint(parsing: endpoint.description) == endpoint) }
      if let prefix = IPPrefix(parsing: text) { #expect(IPPrefix(parsing: prefix.description) == prefix) }
      _ = MACAddress(parsing: text)
    }
  }

  @Test("Every IPv6 address is read back from its text", arguments: 0..<256)
  func addressTexts(zeros: Int) {
    var generator = SeededGenerator(UInt64(zeros))
    var groups: [UInt64] = []
    for bit in 0..<8 { groups.append(zeros >> bit & 1 == 1 ? 0 : UInt64.random(in: 1...0xFFFF, using: &generator)) }
    let address = IPv6Address(
      high: groups[0..<4].reduce(0) { $0 << 16 | $1 }, low: groups[4..<8].reduce(0) { $0 << 16 | $1 })
    #expect(IPv6Address(parsing: address.description) == address)
    let long = groups.map { String($0, radix: 16) }.joined(separator: ":")
    #expect(IPv6Address(parsing: long) == address)
    #expect(address.description.count <= long.count)
  }
}
