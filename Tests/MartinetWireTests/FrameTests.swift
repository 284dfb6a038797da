import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Ethernet and ARP")
struct FrameTests {
  private let one = MACAddress(2, 0, 0, 0, 0, 1)
  private let two = MACAddress(2, 0, 0, 0, 0, 2)

  @Test("Frames are Ethernet II, with and without a tag", .proves("1122-28"))
  func frames() throws {
    let plain = EthernetHeader(destination: one, source: two, etherType: EtherType.ipv4)
    let octets = [UInt8](written: 14) { plain.encode(into: &$0, at: 0) }
    #expect(octets == [UInt8](hex: "02 00 00 00 00 01 02 00 00 00 00 02 08 00"))
    #expect(try octets.parsed { (bytes) throws(WireError) in try EthernetHeader.parse(bytes) } == plain)
    let tag = VLANTag(network: 0xABC, priority: 5)
    #expect(tag.network == 0xABC && tag.priority == 5)
    let tagged = EthernetHeader(destination: one, source: two, etherType: EtherType.ipv6, tag: tag)
    let longer = [UInt8](written: 18) { tagged.encode(into: &$0, at: 0) }
    #expect(longer[12...] == [0x81, 0, 0xAA, 0xBC, 0x86, 0xDD])
    #expect(try longer.parsed { (bytes) throws(WireError) in try EthernetHeader.parse(bytes) } == tagged)
    for count in 0..<18 {
      let refused = Array(longer.prefix(count)).refused { (bytes) throws(WireError) in try EthernetHeader.parse(bytes) }
      #expect(refused == .truncated)
    }
  }

  @Test("A frame of IEEE 802.3 is refused", .proves("1122-28"), arguments: [0, 46, 1500, 0x05FF] as [UInt16])
  func lengthField(length: UInt16) {
    let header = EthernetHeader(destination: one, source: two, etherType: length)
    let octets = [UInt8](written: 60) { header.encode(into: &$0, at: 0) }
    #expect(octets.refused { (bytes) throws(WireError) in try EthernetHeader.parse(bytes) } == .frameType)
  }

  @Test("An ARP packet stands as RFC 826 puts it and is read back")
  func arp() throws {
    let packet = ARPPacket(
      .request, senderHardware: one, sender: IPv4Address(10, 0, 0, 1), target: IPv4Address(10, 0, 0, 2))
    let octets = [UInt8](written: 28) { packet.encode(into: &$0, at: 0) }
    #expect(
      octets
        == [UInt8](
          hex: "00 01 08 00 06 04 00 01 02 00 00 00 00 01 0a 00 00 01 00 00 00 00 00 00 0a 00 00 02"))
    let padded = octets + [UInt8](repeating: 0, count: 18)
    #expect(try padded.parsed { (bytes) throws(WireError) in try ARPPacket.parse(bytes) } == packet)
    var departure = Departure()
    packet.encode(into: &departure)
    #expect(departure.octets == octets)
  }

  @Test("ARP about anything but IPv4 over Ethernet is refused, and so is a group as the sender", .proves("826-03"))
  func invalidARP() {
    let packet = ARPPacket(
      .reply, senderHardware: one, sender: IPv4Address(10, 0, 0, 1), targetHardware: two,
      target: IPv4Address(10, 0, 0, 2))
    let octets = [UInt8](written: 28) { packet.encode(into: &$0, at: 0) }
    func refused(_ octets: [UInt8]) -> WireError? {
      octets.refused { (bytes) throws(WireError) in try ARPPacket.parse(bytes) }
    }
    #expect(refused(octets) == nil)
    for (index, value) in [(1, 6), (2, 0x86), (3, 1), (4, 8), (5, 16), (7, 0), (7, 3), (6, 1)] as [(Int, UInt8)] {
      var bad = octets
      bad[index] = value
      #expect(refused(bad) == .frameType)
    }
    for sender in [MACAddress.broadcast, MACAddress(1, 0, 0x5E, 0, 0, 1)] {
      var bad = packet
      bad.senderHardware = sender
      #expect(refused([UInt8](written: 28) { bad.encode(into: &$0, at: 0) }) == .address)
    }
    for count in 0..<28 { #expect(refused(Array(octets.prefix(count))) == .truncated) }
  }

  @Test("Hardware addresses as text")
  func text() {
    #expect(MACAddress(parsing: "02:00:5E:10:00:ff") == MACAddress(2, 0, 0x5E, 0x10, 0, 0xFF))
    #expect(MACAddress(2, 0, 0x5E, 0x10, 0, 0xFF).description == "02:00:5e:10:00:ff")
    for text in [
      "", "02:00:5e:10:00", "2:0:5e:10:0:ff", "02:00:5e:10:00:ff:", "02-00-5e-10-00-ff", "02:00:5e:10:00:fg",
    ] {
      #expect(MACAddress(parsing: text) == nil)
    }
  }
}

@Suite("What addresses are for")
struct AddressKindTests {
  @Test("Kinds of IPv4 addresses")
  func version4() {
    #expect(IPv4Address(127, 255, 0, 1).isLoopback && !IPv4Address(128, 0, 0, 1).isLoopback)
    #expect(IPv4Address(224, 0, 0, 1).isMulticast && IPv4Address(239, 255, 255, 255).isMulticast)
    #expect(!IPv4Address(240, 0, 0, 0).isMulticast && IPv4Address(240, 0, 0, 0).isReserved)
    #expect(IPv4Address.limitedBroadcast.isLimitedBroadcast && !IPv4Address.limitedBroadcast.isReserved)
    #expect(IPv4Address(0, 1, 2, 3).isThisNetwork && !IPv4Address(0, 1, 2, 3).isUnspecified)
    #expect(IPv4Address(169, 254, 1, 1).isLinkLocal && !IPv4Address(169, 253, 1, 1).isLinkLocal)
  }

  @Test("Kinds of IPv6 addresses")
  func version6() throws {
    #expect(try #require(IPv6Address(parsing: "ff02::1")).isMulticast)
    #expect(try #require(IPv6Address(parsing: "febf::1")).isLinkLocal)
    #expect(try !#require(IPv6Address(parsing: "fec0::1")).isLinkLocal)
    #expect(try #require(IPv6Address(parsing: "::ffff:1.2.3.4")).isIPv4Mapped)
    let address = try #require(IPv6Address(parsing: "fd77::1:800:200e:8c6c"))
    #expect(address.solicitedNode.description == "ff02::1:ff0e:8c6c")
    #expect(MACAddress(multicast: address.solicitedNode).description == "33:33:ff:0e:8c:6c")
    #expect(
      IPv6Address(linkLocal: MACAddress(0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE)).description == "fe80::3656:78ff:fe9a:bcde")
    #expect(MACAddress(multicast: IPv4Address(224, 129, 2, 3)).description == "01:00:5e:01:02:03")
  }

  @Test("A prefix holds what has its first bits", arguments: 0...128 as ClosedRange<UInt8>)
  func prefixes(length: UInt8) {
    var generator = SeededGenerator(UInt64(length))
    let own = IPv6Address(high: generator.number(), low: generator.number())
    let prefix = IPPrefix(.v6(own), length)
    for bit in 0..<128 as Range<UInt8> {
      let high: UInt64 = bit < 64 ? (1 << 63) >> UInt64(bit) : 0
      let low: UInt64 = bit < 64 ? 0 : (1 << 63) >> UInt64(bit - 64)
      let other = IPAddress.v6(IPv6Address(high: own.high ^ high, low: own.low ^ low))
      #expect(prefix.contains(other) == (bit >= length))
    }
    #expect(prefix.contains(prefix.network.address) && prefix.network.network == prefix.network)
    guard length <= 32 else { return }
    let four = IPPrefix(.v4(IPv4Address(generator.number())), length)
    guard case .v4(let address) = four.address else { return }
    for bit in 0..<32 as Range<UInt8> {
      let other = IPAddress.v4(IPv4Address(address.rawValue ^ (UInt32(1 << 31) >> UInt32(bit))))
      #expect(four.contains(other) == (bit >= length))
    }
    #expect(!four.contains(.v6(own)))
  }

  @Test("Prefixes of up to 30 bits have a broadcast address")
  func broadcast() throws {
    #expect(IPPrefix(parsing: "10.77.1.2/16")?.broadcast == IPv4Address(10, 77, 255, 255))
    #expect(IPPrefix(parsing: "10.0.0.1/30")?.broadcast == IPv4Address(10, 0, 0, 3))
    #expect(IPPrefix(parsing: "10.0.0.1/31")?.broadcast == nil)
    #expect(IPPrefix(parsing: "10.0.0.1/32")?.broadcast == nil)
    #expect(IPPrefix(parsing: "0.0.0.0/0")?.broadcast == .limitedBroadcast)
    #expect(IPPrefix(parsing: "fd77::1/64")?.broadcast == nil)
    #expect(try #require(IPPrefix(parsing: "10.77.1.2/16")).network.description == "10.77.0.0/16")
    // A length that no family has takes the whole address.
    #expect(IPPrefix(.v4(.loopback), 200).contains(.v4(.loopback)))
    #expect(!IPPrefix(.v6(.loopback), 255).contains(.v6(.any)))
  }
}
