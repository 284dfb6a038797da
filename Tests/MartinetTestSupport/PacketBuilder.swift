import MartinetTCP
import MartinetWire

/// Packets as octets, with right checksums unless a test spoils them afterwards.
public enum Build {
  public static func ipv4(
    from source: IPv4Address, to destination: IPv4Address, protocolNumber: UInt8, _ payload: [UInt8],
    identification: UInt16 = 0, dontFragment: Bool = false, more: Bool = false, offset: Int = 0, ttl: UInt8 = 64,
    trafficClass: UInt8 = 0
  ) -> [UInt8] {
    let header = IPv4Header(
      trafficClass: trafficClass, totalLength: 20 + payload.count, identification: identification,
      doesNotFragment: dontFragment, hasMoreFragments: more, fragmentOffset: offset, timeToLive: ttl,
      protocolNumber: protocolNumber, source: source, destination: destination)
    var packet = [UInt8](repeating: 0, count: 20)
    packet.withMutableOctets(0..<20) { header.encode(into: &$0, at: 0) }
    return packet + payload
  }

  /// An IPv4 packet with options behind the fixed header; `options` is padded to a multiple of 4.
  public static func ipv4(
    from source: IPv4Address, to destination: IPv4Address, protocolNumber: UInt8, options: [UInt8], _ payload: [UInt8]
  ) -> [UInt8] {
    let padded = options + [UInt8](repeating: 0, count: (4 - options.count % 4) % 4)
    var packet = ipv4(from: source, to: destination, protocolNumber: protocolNumber, padded + payload)
    packet[0] = 0x40 | UInt8(5 + padded.count / 4)
    return refreshedIPv4(packet)
  }

  /// The packet with its header checksum computed again.
  public static func refreshedIPv4(_ packet: [UInt8]) -> [UInt8] {
    var packet = packet
    let length = Int(packet[0] & 15) * 4
    packet[10] = 0
    packet[11] = 0
    let sum = packet.withOctets(0..<length) { Checksum.of($0) }
    packet[10] = UInt8(sum >> 8)
    packet[11] = UInt8(sum & 255)
    return packet
  }

  public static func ipv6(
    from source: IPv6Address, to destination: IPv6Address, nextHeader: UInt8, _ payload: [UInt8], hopLimit: UInt8 = 64,
    trafficClass: UInt8 = 0
  ) -> [UInt8] {
    let header = IPv6Header(
      trafficClass: trafficClass, payloadLength: payload.count, nextHeader: nextHeader, hopLimit: hopLimit,
      source: source, destination: destination)
    var packet = [UInt8](repeating: 0, count: 40)
    packet.withMutableOctets(0..<40) { header.encode(into: &$0, at: 0) }
    return packet + payload
  }

  public static func fragmentHeader(_ nextHeader: UInt8, offset: Int, more: Bool, identification: UInt32) -> [UInt8] {
    let header = IPv6FragmentHeader(
      nextHeader: nextHeader, offset: offset, hasMoreFragments: more, identification: identification)
    var bytes = [UInt8](repeating: 0, count: 8)
    bytes.withMutableOctets(0..<8) { header.encode(into: &$0, at: 0) }
    return bytes
  }

  /// An IP packet of whichever family the addresses are.
  public static func ip(
    from source: IPAddress, to destination: IPAddress, protocolNumber: UInt8, _ payload: [UInt8], hopLimit: UInt8 = 64
  ) -> [UInt8] {
    switch (source, destination) {
    case (.v4(let source), .v4(let destination)):
      ipv4(from: source, to: destination, protocolNumber: protocolNumber, payload, ttl: hopLimit)
    case (.v6(let source), .v6(let destination)):
      ipv6(from: source, to: destination, nextHeader: protocolNumber, payload, hopLimit: hopLimit)
    default:
      []
    }
  }

  public static func transportChecksum(
    _ bytes: [UInt8], from source: IPAddress, to destination: IPAddress, protocolNumber: UInt8
  ) -> UInt16 {
    var sum = Checksum()
    if protocolNumber != IPProtocol.icmp {
      sum.addPseudoHeader(
        source: source, destination: destination, protocolNumber: protocolNumber, length: bytes.count)
    }
    bytes.withOctets(0..<bytes.count) { sum.add($0) }
    return sum.finish()
  }

  private static func summed(
    _ bytes: [UInt8], at offset: Int, from source: IPAddress, to destination: IPAddress, protocolNumber: UInt8
  ) -> [UInt8] {
    var bytes = bytes
    let sum = transportChecksum(bytes, from: source, to: destination, protocolNumber: protocolNumber)
    bytes[offset] = UInt8(sum >> 8)
    bytes[offset + 1] = UInt8(sum & 255)
    return bytes
  }

  /// A UDP datagram without its IP header.
  public static func udp(_ source: Endpoint, _ destination: Endpoint, _ payload: [UInt8]) -> [UInt8] {
    let header = UDPHeader(
      sourcePort: source.port, destinationPort: destination.port, length: UInt16(8 + payload.count))
    var bytes = [UInt8](repeating: 0, count: 8)
    bytes.withMutableOctets(0..<8) { header.encode(into: &$0, at: 0) }
    return summed(
      bytes + payload, at: 6, from: source.address, to: destination.address, protocolNumber: IPProtocol.udp)
  }

  /// A UDP datagram in its IP packet.
  public static func datagram(_ source: Endpoint, _ destination: Endpoint, _ payload: [UInt8]) -> [UInt8] {
    ip(
      from: source.address, to: destination.address, protocolNumber: IPProtocol.udp,
      udp(source, destination, payload))
  }

  /// A TCP segment without its IP header.
  public static func tcp(
    _ header: TCPHeader, from source: IPAddress, to destination: IPAddress, _ payload: [UInt8] = []
  ) -> [UInt8] {
    let length = header.encodedLength
    var bytes = [UInt8](repeating: 0, count: length)
    bytes.withMutableOctets(0..<length) { octets in _ = header.encode(into: &octets, at: 0) }
    return summed(bytes + payload, at: 16, from: source, to: destination, protocolNumber: IPProtocol.tcp)
  }

  /// A TCP segment in its IP packet.
  public static func segment(
    _ source: Endpoint, _ destination: Endpoint, _ flags: TCPFlags, sequence: UInt32 = 0, acknowledgement: UInt32 = 0,
    window: UInt16 = 65535, _ payload: [UInt8] = [], mss: UInt16? = nil, timestamps: TCPTimestamps? = nil,
    hopLimit: UInt8 = 64
  ) -> [UInt8] {
    var header = TCPHeader(
      sourcePort: source.port, destinationPort: destination.port, sequence: SequenceNumber(sequence),
      acknowledgement: SequenceNumber(acknowledgement), flags: flags, window: window)
    if let mss {
      header.options.present.insert(.maximumSegmentSize)
      header.options.maximumSegmentSize = mss
    }
    if let timestamps {
      header.options.present.insert(.timestamps)
      header.options.timestamps = timestamps
    }
    return ip(
      from: source.address, to: destination.address, protocolNumber: IPProtocol.tcp,
      tcp(header, from: source.address, to: destination.address, payload), hopLimit: hopLimit)
  }

  public static func icmp(_ message: ICMPMessage, _ body: [UInt8]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 8)
    bytes.withMutableOctets(0..<8) { message.encode(into: &$0, at: 0) }
    return summed(bytes + body, at: 2, from: .v4(.any), to: .v4(.any), protocolNumber: IPProtocol.icmp)
  }

  public static func icmp(
    _ message: ICMPv6Message, _ body: [UInt8] = [], from source: IPAddress, to destination: IPAddress
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 128)
    var length = 0
    bytes.withMutableOctets(0..<128) { octets in length = message.encode(into: &octets, at: 0) }
    return summed(
      Array(bytes[0..<length]) + body, at: 2, from: source, to: destination, protocolNumber: IPProtocol.icmpv6)
  }

  public static func frame(_ etherType: UInt16, from source: MACAddress, to destination: MACAddress, _ payload: [UInt8])
    -> [UInt8]
  {
    let header = EthernetHeader(destination: destination, source: source, etherType: etherType)
    var bytes = [UInt8](repeating: 0, count: 14)
    bytes.withMutableOctets(0..<14) { header.encode(into: &$0, at: 0) }
    return bytes + payload
  }

  public static func arp(_ packet: ARPPacket) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 28)
    bytes.withMutableOctets(0..<28) { packet.encode(into: &$0, at: 0) }
    return bytes
  }
}
