import MartinetTCP
import MartinetWire

/// Where a packet belongs that a link has brought.
package enum SteeredPacket: Equatable, Sendable {
  case shard(Int)
  /// Each shard gets a copy.
  case everyShard
}

extension Steering {
  /// The shard that owns UDP, echo, and whatever is no TCP connection's.
  package static let common = SteeredPacket.shard(0)

  /// Who is to get the packet of `count` octets, or the frame on links that have them, that begins with `packet`. What can't be read goes to the shard that
  /// counts it.
  package func destination(of packet: RawSpan, count: Int, isFrame: Bool) -> SteeredPacket {
    guard isFrame else { return internet(packet, count) }
    guard let header = try? EthernetHeader.parse(packet) else { return Steering.common }
    let content = packet.extracting(droppingFirst: header.encodedLength)
    switch header.etherType {
    case EtherType.ipv4, EtherType.ipv6: return internet(content, count - header.encodedLength)
    // A question is answered once; an answer may have been asked for by anyone.
    case EtherType.arp: return (try? ARPPacket.parse(content))?.operation == .reply ? .everyShard : Steering.common
    default: return Steering.common
    }
  }

  /// Who is to get an IP packet of `count` octets, which was put together from fragments, and begins with `packet`; nil where that makes no difference.
  func owner(ofReassembled packet: RawSpan, count: Int) -> Int? {
    // A fragment in a datagram that was put together is an error, not another datagram.
    if let header = try? IPv6Header.parse(packet, of: count), case .fragment = header.walk(packet) { return nil }
    guard case .shard(let number) = internet(packet, count) else { return nil }
    return number
  }

  private func internet(_ packet: RawSpan, _ count: Int) -> SteeredPacket {
    switch packet.byteCount == 0 ? 0 : packet.uint8(at: 0) >> 4 {
    case 4: internet4(packet, count)
    case 6: internet6(packet, count)
    default: Steering.common
    }
  }

  private func internet4(_ packet: RawSpan, _ count: Int) -> SteeredPacket {
    guard let header = try? IPv4Header.parse(packet, of: count) else { return Steering.common }
    if header.isFragment {
      return fragment(
        DatagramKey(
          source: .v4(header.source), destination: .v4(header.destination),
          identification: UInt32(header.identification), protocolNumber: header.protocolNumber))
    }
    return transport(
      header.protocolNumber, packet, at: header.headerLength, from: .v4(header.source), to: .v4(header.destination))
  }

  private func internet6(_ packet: RawSpan, _ count: Int) -> SteeredPacket {
    guard let header = try? IPv6Header.parse(packet, of: count) else { return Steering.common }
    switch header.walk(packet) {
    case .upper(let number, let offset, _):
      return transport(number, packet, at: offset, from: .v6(header.source), to: .v6(header.destination))
    case .fragment(let fragment, _):
      return self.fragment(
        DatagramKey(
          source: .v6(header.source), destination: .v6(header.destination), identification: fragment.identification,
          protocolNumber: fragment.nextHeader))
    case .nothing, .discard, .parameterProblem: return Steering.common
    }
  }

  /// Only the first fragment has the ports. Those of a segment come together in one shard, which hands the whole over; those of all else where it belongs.
  private func fragment(_ datagram: DatagramKey) -> SteeredPacket {
    datagram.protocolNumber == IPProtocol.tcp ? .shard(assembler(of: datagram)) : Steering.common
  }

  private func transport(
    _ number: UInt8, _ packet: RawSpan, at offset: Int, from source: IPAddress, to destination: IPAddress
  ) -> SteeredPacket {
    switch number {
    case IPProtocol.tcp:
      guard packet.byteCount >= offset + 4 else { return Steering.common }
      let local = Endpoint(destination, packet.uint16(at: offset + 2))
      let remote = Endpoint(source, packet.uint16(at: offset))
      return .shard(owner(of: FlowKey(local: local, remote: remote)))
    case IPProtocol.icmp where source.isIPv4: return message(packet, at: offset, isError: Steering.isError4)
    case IPProtocol.icmpv6 where !source.isIPv4:
      if packet.byteCount > offset && packet.uint8(at: offset) == Steering.neighbourAdvertisement { return .everyShard }
      return message(packet, at: offset, isError: Steering.isError6)
    default: return Steering.common
    }
  }

  // MARK: ICMP

  /// The type of the answer of neighbour discovery (RFC 4861 section 4.4).
  private static let neighbourAdvertisement: UInt8 = 136

  /// Destination unreachable, source quench, time exceeded, parameter problem (RFC 792).
  private static func isError4(_ type: UInt8) -> Bool { type == 3 || type == 4 || type == 11 || type == 12 }

  /// The upper half of the types informs (RFC 4443 section 2.1).
  private static func isError6(_ type: UInt8) -> Bool { type < 128 }

  /// An error belongs to whoever owns the flow of the packet that it quotes.
  private func message(_ packet: RawSpan, at offset: Int, isError: (UInt8) -> Bool) -> SteeredPacket {
    let quotation = offset + ICMPMessage.encodedLength
    guard packet.byteCount > quotation, isError(packet.uint8(at: offset)),
      let quoted = try? QuotedPacket.parse(packet.extracting(droppingFirst: quotation)),
      quoted.protocolNumber == IPProtocol.tcp
    else { return Steering.common }
    let local = Endpoint(quoted.source, quoted.sourcePort)
    return .shard(owner(of: FlowKey(local: local, remote: Endpoint(quoted.destination, quoted.destinationPort))))
  }
}
