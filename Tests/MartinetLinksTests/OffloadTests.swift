import CMartinetLinux
import MartinetLinks
import MartinetWire
import Testing

@Suite("What a device's kernel says before a packet, and what we say")
struct OffloadTests {
  private let source = IPv4Address(10, 99, 0, 1)
  private let destination = IPv4Address(10, 99, 0, 2)

  /// A TCP segment of three pages with the checksum left out, as octets of an IP packet or of a frame.
  private func fill(
    _ departure: inout Departure, pool: inout PagePool, flags: TCPFlags = .ack, segmentSize: Int = 0,
    isFrame: Bool = false
  ) throws {
    let header = TCPHeader(
      sourcePort: 1, destinationPort: 2, sequence: SequenceNumber(1), acknowledgement: SequenceNumber(2), flags: flags,
      window: 1000)
    header.encode(into: &departure)
    let payload = (0..<5001).map { UInt8(truncatingIfNeeded: $0 &* 13) }
    guard let chain = pool.chain(copying: payload.span.bytes) else { throw PoolExhausted() }
    let isAppended = departure.append(chain, in: &pool)
    pool.release(chain)
    #expect(isAppended)
    departure.segmentSize = segmentSize
    IPv4Header(protocolNumber: IPProtocol.tcp, source: source, destination: destination).encode(into: &departure)
    departure.deferTransportChecksum(
      source: .v4(source), destination: .v4(destination), protocolNumber: IPProtocol.tcp)
    if isFrame {
      EthernetHeader(destination: MACAddress(1), source: MACAddress(2), etherType: EtherType.ipv4).encode(
        into: &departure)
    }
  }

  private func octets(_ departure: borrowing Departure) -> [UInt8] {
    var octets = [UInt8](repeating: 0, count: departure.count)
    octets.withMutableOctets(0..<octets.count) { departure.copy(into: &$0) }
    return octets
  }

  @Test("A train says its segment size, its headers and its checksum", arguments: [false, true])
  func train(isFrame: Bool) throws {
    var pool = PagePool(limit: 32)
    var departure = Departure()
    try fill(&departure, pool: &pool, flags: [.ack, .psh, .cwr], segmentSize: 1448, isFrame: isFrame)
    let frameHeader = isFrame ? 14 : 0
    let said = martinet_vnet_header(for: departure, frameHeader: frameHeader)
    let header = try #require(said)
    #expect(Int32(header.flags) == MARTINET_CHECKSUM_MISSING)
    #expect(Int32(header.segmentation) == MARTINET_SEGMENTATION_TCP4 | MARTINET_SEGMENTATION_CWR)
    #expect(header.segment_size == 1448)
    #expect(Int(header.header_length) == frameHeader + 40)
    #expect(Int(header.checksum_start) == frameHeader + 20)
    #expect(header.checksum_offset == 16)
    departure.release(to: &pool)
  }

  @Test("A packet that is complete says nothing, and a train must leave its checksum to the kernel")
  func complete() throws {
    var pool = PagePool(limit: 32)
    var departure = Departure()
    try fill(&departure, pool: &pool)
    departure.completeTransportChecksum(
      source: .v4(source), destination: .v4(destination), protocolNumber: IPProtocol.tcp)
    let said = martinet_vnet_header(for: departure, frameHeader: 0)
    let header = try #require(said)
    #expect(header.flags == 0 && header.segmentation == 0)
    departure.segmentSize = 1448
    let refused = martinet_vnet_header(for: departure, frameHeader: 0)
    #expect(refused == nil)
    departure.release(to: &pool)
  }

  /// What a slot makes of `packet` behind `header`; nil if it refuses.
  private func arrive(
    _ packet: [UInt8], _ header: martinet_vnet_header, frameHeader: Int = 0
  ) -> (octets: [UInt8], trust: ChecksumTrust, segmentSize: UInt16, duty: ChecksumDuty)? {
    var pool = PagePool(limit: 64)
    let slot = ReceiveSlot(size: 65553)
    guard slot.reserve(from: &pool) else { return nil }
    var position = 0
    slot.forEachRoom(upTo: packet.count) { room in
      room.copyBytes(from: packet[position..<position + room.count])
      position += room.count
    }
    slot.header.pointee = header
    defer { slot.release(to: &pool) }
    guard slot.arrived(withHeader: packet.count + Int(MARTINET_VNET_HEADER), frameHeader: frameHeader) else {
      return nil
    }
    var octets: [UInt8] = []
    slot.forEachRun { octets += Array($0) }
    let chain = slot.takePages(from: &pool)
    #expect(chain.count == packet.count)
    pool.release(chain)
    return (octets, slot.trust, slot.segmentSize, slot.duty)
  }

  private func header(
    flags: Int32 = MARTINET_CHECKSUM_MISSING, segmentation: Int32 = MARTINET_SEGMENTATION_NONE, size: UInt16 = 0,
    start: UInt16 = 20, offset: UInt16 = 16
  ) -> martinet_vnet_header {
    martinet_vnet_header(
      flags: UInt8(flags), segmentation: UInt8(segmentation), header_length: 40, segment_size: size,
      checksum_start: start, checksum_offset: offset)
  }

  private func packet(isFrame: Bool = false) throws -> [UInt8] {
    var pool = PagePool(limit: 32)
    var departure = Departure()
    try fill(&departure, pool: &pool, isFrame: isFrame)
    let packet = octets(departure)
    departure.release(to: &pool)
    return packet
  }

  @Test(
    "A segment whose checksum nobody computed is vouched for, and a train keeps its size", arguments: [false, true])
  func missing(isFrame: Bool) throws {
    let packet = try packet(isFrame: isFrame)
    let frameHeader = isFrame ? 14 : 0
    let start = UInt16(frameHeader + 20)
    let arrived = try #require(
      arrive(
        packet, header(segmentation: MARTINET_SEGMENTATION_TCP4 | MARTINET_SEGMENTATION_CWR, size: 1448, start: start),
        frameHeader: frameHeader))
    #expect(arrived.trust == .vouched)
    #expect(arrived.segmentSize == 1448)
    #expect(arrived.duty == .partial(start: Int(start), offset: 16))
    #expect(arrived.octets == packet)
  }

  @Test("Datagrams that the kernel did not cut keep their size")
  func datagrams() throws {
    var packet = try packet()
    packet[9] = IPProtocol.udp
    let arrived = try #require(
      arrive(packet, header(segmentation: MARTINET_SEGMENTATION_UDP, size: 1000, start: 20, offset: 6)))
    #expect(arrived.trust == .vouched && arrived.segmentSize == 1000)
    #expect(arrived.duty == .partial(start: 20, offset: 6))
    #expect(arrive(packet, header(segmentation: MARTINET_SEGMENTATION_UDP, size: 0)) == nil)
    #expect(arrive(packet, header(segmentation: 3, size: 1000)) == nil)
  }

  @Test("A checksum that is missing elsewhere than where the host looks is completed, and vouched for by nobody")
  func elsewhere() throws {
    var packet = try packet()
    // An IPv4 header that is longer: where its options say that TCP begins is not where the checksum is.
    packet[0] = 0x46
    let arrived = try #require(arrive(packet, header()))
    #expect(arrived.trust == .unverified)
    #expect(arrived.duty == .complete)
    var expected = packet
    expected.withMutableOctets(0..<packet.count) { Checksum.complete(&$0, start: 20, offset: 16) }
    #expect(arrived.octets == expected)
    #expect(arrived.octets != packet)
  }

  @Test("A checksum outside of the packet is refused")
  func outside() throws {
    let packet = try packet()
    #expect(arrive(packet, header(start: UInt16(packet.count - 10))) == nil)
    #expect(arrive(packet, header(start: UInt16.max, offset: UInt16.max)) == nil)
  }

  @Test("The kernel's word for a checksum counts for TCP, not for fragments and other protocols")
  func verified() throws {
    let packet = try packet()
    #expect(arrive(packet, header(flags: MARTINET_CHECKSUM_VERIFIED))?.trust == .vouched)
    #expect(arrive(packet, header(flags: 0))?.trust == .unverified)
    var fragment = packet
    fragment[6] = 0x20
    #expect(arrive(fragment, header(flags: MARTINET_CHECKSUM_VERIFIED))?.trust == .unverified)
    var other = packet
    other[9] = IPProtocol.icmp
    #expect(arrive(other, header(flags: MARTINET_CHECKSUM_VERIFIED))?.trust == .unverified)
  }

  @Test(
    "Trains of other protocols, without a size, and headers without a packet are refused", arguments: [3, 6, 127])
  func otherTrains(segmentation: Int32) throws {
    let packet = try packet()
    #expect(arrive(packet, header(segmentation: segmentation, size: 1448)) == nil)
    #expect(arrive(packet, header(segmentation: MARTINET_SEGMENTATION_TCP4, size: 0)) == nil)
    #expect(arrive([], header()) == nil)
  }
}
