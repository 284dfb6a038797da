import MartinetWire

/// An Ethernet frame.
enum FrameInput {
  static func run(_ frame: inout [UInt8], repairs: Bool) -> Bool {
    if repairs {
      pad(&frame, to: 14)
      let types: [UInt16] = [EtherType.ipv4, EtherType.ipv6, EtherType.arp, EtherType.vlan]
      let type = types[Int(frame[13] & 3)]
      frame[12] = UInt8(type >> 8)
      frame[13] = UInt8(type & 0xFF)
    }
    guard let header = try? EthernetHeader.parse(frame.span.bytes) else { return false }
    var written = [UInt8](repeating: 0, count: header.encodedLength)
    write(&written) { header.encode(into: &$0, at: 0) }
    claim(written == Array(frame.prefix(header.encodedLength)), "a frame header is written as it was read")
    var packet = Array(frame.dropFirst(header.encodedLength))
    switch header.etherType {
    case EtherType.ipv4: return IPv4Input.run(&packet, repairs: repairs)
    case EtherType.ipv6: return IPv6Input.run(&packet, repairs: repairs)
    case EtherType.arp: return arp(packet)
    default: return false
    }
  }

  private static func arp(_ bytes: [UInt8]) -> Bool {
    guard let packet = try? ARPPacket.parse(bytes.span.bytes) else { return false }
    var written = [UInt8](repeating: 0, count: ARPPacket.encodedLength)
    write(&written) { packet.encode(into: &$0, at: 0) }
    claim(written == Array(bytes.prefix(ARPPacket.encodedLength)), "an ARP packet is written as it was read")
    return true
  }
}

enum IPv4Input {
  static func run(_ packet: inout [UInt8], repairs: Bool) -> Bool {
    if repairs { repair(&packet) }
    guard let header = try? IPv4Header.parse(packet.span.bytes) else { return false }
    claim(header.headerLength >= 20 && header.totalLength <= packet.count, "the lengths of IPv4 fit: \(header)")
    claim(header.payloadLength >= 0, "the payload of IPv4 has a length")
    if header.isFragment { return true }
    let addresses = AddressPair(source: .v4(header.source), destination: .v4(header.destination))
    return TransportInput.run(
      &packet[header.headerLength..<header.totalLength], protocolNumber: header.protocolNumber, addresses,
      repairs: repairs)
  }

  private static func repair(_ packet: inout [UInt8]) {
    pad(&packet, to: 40)
    let words = min(max(Int(packet[0] & 0x0F), 5), packet.count / 4, 15)
    packet[0] = 0x40 | UInt8(words)
    store(UInt16(clamping: packet.count), at: 2, in: &packet)
    let protocols = [IPProtocol.tcp, IPProtocol.udp, IPProtocol.icmp, packet[9]]
    packet[9] = protocols[Int(packet[9] & 3)]
    store(0, at: 10, in: &packet)
    var sum = Checksum()
    let header = Array(packet.prefix(words * 4))
    sum.add(header.span.bytes)
    store(sum.finish(), at: 10, in: &packet)
  }
}

enum IPv6Input {
  static func run(_ packet: inout [UInt8], repairs: Bool) -> Bool {
    if repairs {
      pad(&packet, to: 60)
      packet[0] = 0x60 | packet[0] & 0x0F
      store(UInt16(clamping: packet.count - 40), at: 4, in: &packet)
      let numbers = [IPProtocol.tcp, IPProtocol.udp, IPProtocol.icmpv6, IPProtocol.fragment, packet[6]]
      packet[6] = numbers[Int(packet[6] % 5)]
    }
    guard let header = try? IPv6Header.parse(packet.span.bytes) else { return false }
    claim(header.totalLength <= packet.count, "the length of IPv6 fits: \(header)")
    switch header.walk(packet.span.bytes) {
    case .upper(let number, let offset, let position):
      claim(offset >= 40 && offset <= header.totalLength && position < offset, "the chain ends inside the packet")
      let addresses = AddressPair(source: .v6(header.source), destination: .v6(header.destination))
      return TransportInput.run(
        &packet[offset..<header.totalLength], protocolNumber: number, addresses, repairs: repairs)
    case .fragment(_, let offset):
      claim(offset >= 48 && offset <= header.totalLength, "the piece begins inside the packet")
      return true
    case .parameterProblem(_, let pointer):
      claim(pointer >= 0 && pointer < packet.count, "the problem is inside the packet")
      return false
    case .nothing, .discard: return false
    }
  }
}

/// Makes `octets` long enough for the headers that follow.
func pad(_ octets: inout [UInt8], to count: Int) {
  while octets.count < count { octets.append(0) }
}

/// Writes into `octets` through a span.
func write(_ octets: inout [UInt8], _ body: (inout MutableRawSpan) -> Void) {
  octets.withUnsafeMutableBytes { buffer in
    var span = buffer.mutableBytes
    body(&span)
  }
}

func store(_ number: UInt16, at position: Int, in octets: inout [UInt8]) {
  octets[position] = UInt8(number >> 8)
  octets[position + 1] = UInt8(number & 0xFF)
}
