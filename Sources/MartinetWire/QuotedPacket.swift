/// What an ICMP error tells of the packet that it is about: enough to find whose it was (RFC 1122 section 3.2.2).
public struct QuotedPacket: Equatable, Sendable {
  public var source: IPAddress
  public var destination: IPAddress
  public var protocolNumber: UInt8
  /// The first two 16-bit words of the transport header: the ports of TCP and UDP.
  public var sourcePort: UInt16
  public var destinationPort: UInt16
  /// The second 32-bit word of the transport header: SEG.SEQ of TCP.
  public var sequence: SequenceNumber

  /// Reads a quotation, which may be cut off eight octets into the transport header.
  /// - Throws: `truncated` if the eight octets are not there; `version`; `headerLength`; `fragment` for a piece that does not
  ///   begin its datagram.
  public static func parse(_ bytes: RawSpan) throws(WireError) -> QuotedPacket {
    guard bytes.byteCount > 0 else { throw .truncated }
    return bytes.uint8(at: 0) >> 4 == 6 ? try parseIPv6(bytes) : try parseIPv4(bytes)
  }

  private static func parseIPv4(_ bytes: RawSpan) throws(WireError) -> QuotedPacket {
    let header = try IPv4Header.parseQuoted(bytes)
    guard header.fragmentOffset == 0 else { throw .fragment }
    return try transport(
      bytes, at: header.headerLength, header.protocolNumber, from: .v4(header.source), to: .v4(header.destination))
  }

  private static func parseIPv6(_ bytes: RawSpan) throws(WireError) -> QuotedPacket {
    let header = try IPv6Header.parseQuoted(bytes)
    var nextHeader = header.nextHeader
    var offset = IPv6Header.encodedLength
    for _ in 0..<IPv6Chain.maximumHeaders {
      switch nextHeader {
      case IPProtocol.hopByHopOptions, IPProtocol.destinationOptions, IPProtocol.routing:
        guard offset <= bytes.byteCount - 8 else { throw .truncated }
        nextHeader = bytes.uint8(at: offset)
        offset += (Int(bytes.uint8(at: offset + 1)) + 1) * 8
      case IPProtocol.fragment:
        let fragment = try IPv6FragmentHeader.parse(bytes, at: offset)
        guard fragment.offset == 0 else { throw .fragment }
        nextHeader = fragment.nextHeader
        offset += IPv6FragmentHeader.encodedLength
      default:
        return try transport(bytes, at: offset, nextHeader, from: .v6(header.source), to: .v6(header.destination))
      }
    }
    throw .headerLength
  }

  private static func transport(
    _ bytes: RawSpan, at offset: Int, _ protocolNumber: UInt8, from source: IPAddress, to destination: IPAddress
  ) throws(WireError) -> QuotedPacket {
    guard offset <= bytes.byteCount - 8 else { throw .truncated }
    return QuotedPacket(
      source: source, destination: destination, protocolNumber: protocolNumber, sourcePort: bytes.uint16(at: offset),
      destinationPort: bytes.uint16(at: offset + 2), sequence: SequenceNumber(bytes.uint32(at: offset + 4)))
  }
}
