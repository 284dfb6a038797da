import MartinetTestSupport
import MartinetWire

/// A packet that a host sent, read back.
struct Sighting {
  var bytes: [UInt8]
  var interface: UInt16 = 0
  var duty = ChecksumDuty.complete

  // MARK: Frame

  /// Whether the packet has a frame around it.
  var frame: EthernetHeader?

  /// The IP packet, without the frame.
  var packet: [UInt8] { Array(bytes[(frame?.encodedLength ?? 0)...]) }

  init(_ bytes: [UInt8], isFrame: Bool = false) {
    self.bytes = bytes
    if isFrame {
      frame = try? bytes.withOctets(0..<bytes.count) { (octets) throws(WireError) in try EthernetHeader.parse(octets) }
    }
  }

  var arp: ARPPacket? {
    guard frame?.etherType == EtherType.arp else { return nil }
    let packet = packet
    return try? packet.withOctets(0..<packet.count) { (octets) throws(WireError) in try ARPPacket.parse(octets) }
  }

  // MARK: IP

  var ipv4: IPv4Header? {
    let packet = packet
    return try? packet.withOctets(0..<packet.count) { (octets) throws(WireError) in try IPv4Header.parse(octets) }
  }

  var ipv6: IPv6Header? {
    let packet = packet
    return try? packet.withOctets(0..<packet.count) { (octets) throws(WireError) in try IPv6Header.parse(octets) }
  }

  var source: IPAddress? { ipv4.map { .v4($0.source) } ?? ipv6.map { .v6($0.source) } }
  var destination: IPAddress? { ipv4.map { .v4($0.destination) } ?? ipv6.map { .v6($0.destination) } }
  var protocolNumber: UInt8? { ipv4?.protocolNumber ?? ipv6?.nextHeader }
  var trafficClass: UInt8? { ipv4?.trafficClass ?? ipv6?.trafficClass }
  var hopLimit: UInt8? { ipv4?.timeToLive ?? ipv6?.hopLimit }

  /// What is behind the IP header.
  var transport: [UInt8] { Array(packet[(ipv4?.headerLength ?? 40)...]) }

  /// Whether the transport checksum is right.
  var hasRightChecksum: Bool {
    guard let source, let destination, let protocolNumber else { return false }
    return Build.transportChecksum(transport, from: source, to: destination, protocolNumber: protocolNumber) == 0
  }

  // MARK: Transport

  var tcp: TCPHeader? {
    guard protocolNumber == IPProtocol.tcp else { return nil }
    let bytes = transport
    return try? bytes.withOctets(0..<bytes.count) { (octets) throws(WireError) in try TCPHeader.parse(octets).header }
  }

  /// The octets behind the TCP header.
  var text: [UInt8] {
    guard protocolNumber == IPProtocol.tcp else { return [] }
    let bytes = transport
    return Array(bytes[(Int(bytes[12] >> 4) * 4)...])
  }

  var udp: UDPHeader? {
    guard protocolNumber == IPProtocol.udp else { return nil }
    let bytes = transport
    return try? bytes.withOctets(0..<bytes.count) { (octets) throws(WireError) in try UDPHeader.parse(octets) }
  }

  var icmp: ICMPMessage? {
    guard protocolNumber == IPProtocol.icmp else { return nil }
    let bytes = transport
    return try? bytes.withOctets(0..<bytes.count) { (octets) throws(WireError) in try ICMPMessage.parse(octets) }
  }

  var icmpv6: ICMPv6Message? {
    guard protocolNumber == IPProtocol.icmpv6 else { return nil }
    let bytes = transport
    return try? bytes.withOctets(0..<bytes.count) { (octets) throws(WireError) in try ICMPv6Message.parse(octets) }
  }

  /// Type and code of an ICMP message of either family.
  var icmpType: [UInt8]? {
    protocolNumber == IPProtocol.icmp || protocolNumber == IPProtocol.icmpv6 ? Array(transport[0..<2]) : nil
  }

  /// What an ICMP message carries behind its eight octets.
  var body: [UInt8] { Array(transport[8...]) }
}
