import MartinetWire

/// Who sends an IP packet to whom: all that a tunnel reads of it.
struct InnerAddresses {
  let source: IPAddress
  let destination: IPAddress

  /// nil if the octets are no IP packet.
  init?(_ packet: RawSpan) {
    guard packet.byteCount >= IPv4Header.minimumLength else { return nil }
    switch packet.uint8(at: 0) >> 4 {
    case 4:
      source = .v4(IPv4Address(packet.uint32(at: 12)))
      destination = .v4(IPv4Address(packet.uint32(at: 16)))
    case 6 where packet.byteCount >= 40:
      source = .v6(IPv6Address(high: packet.uint64(at: 8), low: packet.uint64(at: 16)))
      destination = .v6(IPv6Address(high: packet.uint64(at: 24), low: packet.uint64(at: 32)))
    default:
      return nil
    }
  }

  init?(of departure: borrowing Departure) {
    if departure.headerEnd > departure.headerStart {
      self.init(departure.header.span.bytes.extracting(departure.headerStart..<departure.headerEnd))
      return
    }
    // What the host makes itself, such as a RST or an ICMP message, has its header at the beginning of the payload.
    var addresses: InnerAddresses?
    var isFirst = true
    departure.forEachPayloadRun { run in
      if isFirst { addresses = InnerAddresses(run) }
      isFirst = false
    }
    guard let addresses else { return nil }
    self = addresses
  }

  /// Whether one station can have the source address: not unspecified, not a group (RFC 1122 section 3.2.1.3, RFC 4291 section 2.7).
  var sourceIsOneStation: Bool {
    switch source {
    case .v4(let address): !address.isUnspecified && !address.isMulticast && !address.isLimitedBroadcast
    case .v6(let address): !address.isUnspecified && !address.isMulticast
    }
  }
}
