import MartinetWire

/// Who sends an IP packet to whom: all that a tunnel reads of it.
struct InnerAddresses {
  let source: IPAddress
  let destination: IPAddress

  /// nil if the octets are no IP packet.
  init?(_ packet: RawSpan) {
    guard packet.byteCount >= 20 else { return nil }
    switch packet.unsafeOctet(0) >> 4 {
    case 4:
      source = .v4(IPv4Address(UInt32(InnerAddresses.number(packet, at: 12, octets: 4))))
      destination = .v4(IPv4Address(UInt32(InnerAddresses.number(packet, at: 16, octets: 4))))
    case 6 where packet.byteCount >= 40:
      source = .v6(InnerAddresses.long(packet, at: 8))
      destination = .v6(InnerAddresses.long(packet, at: 24))
    default:
      return nil
    }
  }

  private static func long(_ packet: RawSpan, at offset: Int) -> IPv6Address {
    IPv6Address(high: number(packet, at: offset, octets: 8), low: number(packet, at: offset + 8, octets: 8))
  }

  private static func number(_ packet: RawSpan, at offset: Int, octets: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in offset..<(offset + octets) { value = value << 8 | UInt64(packet.unsafeOctet(index)) }
    return value
  }

  /// Whether one station can have the source address: not unspecified, not a group (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.2).
  var sourceIsOneStation: Bool {
    switch source {
    case .v4(let address): address.rawValue != 0 && address.rawValue < 0xE000_0000
    case .v6(let address): address != .any && address.high >> 56 != 0xFF
    }
  }
}

extension RawSpan {
  fileprivate func unsafeOctet(_ index: Int) -> UInt8 { unsafeLoad(fromByteOffset: index, as: UInt8.self) }
}
