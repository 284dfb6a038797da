import MartinetWire

// What an address means to a host.

extension IPAddress {
  /// 169.254/16 or fe80::/10, which mean something on one link only.
  var isLinkLocal: Bool {
    switch self {
    case .v4(let address): address.isLinkLocal
    case .v6(let address): address.isLinkLocal
    }
  }

  /// Whether no single host can have sent from this address (RFC 1122 section 3.2.1.3, RFC 4291 section 2.7), whatever the
  /// network: 0/8, 224/4, 240/4, multicast, and IPv4 addresses mapped into IPv6. The unspecified IPv6 address is a source during
  /// duplicate-address detection and is judged where it arrives.
  var isImpossibleSource: Bool {
    switch self {
    case .v4(let address): address.isThisNetwork || address.rawValue >> 28 >= 0xE
    case .v6(let address): address.isMulticast || address.isIPv4Mapped
    }
  }

  /// How many leading bits the two addresses have in common; 0 for different families.
  func commonPrefixLength(with other: IPAddress) -> Int {
    switch (self, other) {
    case (.v4(let one), .v4(let two)):
      return (one.rawValue ^ two.rawValue).leadingZeroBitCount
    case (.v6(let one), .v6(let two)):
      let high = (one.high ^ two.high).leadingZeroBitCount
      return high < 64 ? high : 64 + (one.low ^ two.low).leadingZeroBitCount
    default:
      return 0
    }
  }
}

extension IPv4Address {
  /// All hosts on the link (RFC 1112 section 4).
  static let allHosts = IPv4Address(224, 0, 0, 1)
}

extension IPPrefix {
  /// The prefix with a length that its family has.
  var clamped: IPPrefix { IPPrefix(address, min(length, address.isIPv4 ? 32 : 128)) }
}
