// What an address is for, and which addresses belong together.

extension IPv4Address {
  @inlinable public var isUnspecified: Bool { rawValue == 0 }
  /// 0.0.0.0/8: hosts of "this" network (RFC 1122 section 3.2.1.3).
  @inlinable public var isThisNetwork: Bool { rawValue >> 24 == 0 }
  /// 127.0.0.0/8
  @inlinable public var isLoopback: Bool { rawValue >> 24 == 127 }
  /// 224.0.0.0/4
  @inlinable public var isMulticast: Bool { rawValue >> 28 == 14 }
  /// 240.0.0.0/4 without the limited broadcast address.
  @inlinable public var isReserved: Bool { rawValue >> 28 == 15 && rawValue != UInt32.max }
  @inlinable public var isLimitedBroadcast: Bool { rawValue == UInt32.max }
  /// 169.254.0.0/16
  @inlinable public var isLinkLocal: Bool { rawValue >> 16 == 0xA9FE }
}

extension IPv6Address {
  /// ff02::1
  public static let allNodes = IPv6Address(high: 0xFF02 << 48, low: 1)
  /// ff02::2
  public static let allRouters = IPv6Address(high: 0xFF02 << 48, low: 2)

  @inlinable public var isUnspecified: Bool { high == 0 && low == 0 }
  @inlinable public var isLoopback: Bool { high == 0 && low == 1 }
  /// ff00::/8
  @inlinable public var isMulticast: Bool { high >> 56 == 0xFF }
  /// fe80::/10
  @inlinable public var isLinkLocal: Bool { high >> 54 == 0x3FA }
  /// ::ffff:0:0/96
  @inlinable public var isIPv4Mapped: Bool { high == 0 && low >> 32 == 0xFFFF }

  /// The multicast address that whoever asks for this address's neighbour sends to (RFC 4291 section 2.7.1).
  @inlinable
  public var solicitedNode: IPv6Address {
    IPv6Address(high: 0xFF02 << 48, low: 0x0000_0001_FF00_0000 | low & 0xFF_FFFF)
  }

  /// The link-local address with the interface identifier made of `hardware` (RFC 4291 appendix A).
  public init(linkLocal hardware: MACAddress) {
    let value = hardware.rawValue ^ 0x0200_0000_0000
    self.init(high: 0xFE80 << 48, low: (value >> 24) << 40 | 0xFFFE << 24 | value & 0xFF_FFFF)
  }
}

extension IPAddress {
  @inlinable
  public var isUnspecified: Bool {
    switch self {
    case .v4(let address): address.isUnspecified
    case .v6(let address): address.isUnspecified
    }
  }

  @inlinable
  public var isLoopback: Bool {
    switch self {
    case .v4(let address): address.isLoopback
    case .v6(let address): address.isLoopback
    }
  }

  @inlinable
  public var isMulticast: Bool {
    switch self {
    case .v4(let address): address.isMulticast
    case .v6(let address): address.isMulticast
    }
  }

  /// The unspecified address of the same family.
  @inlinable
  public var anyOfFamily: IPAddress {
    isIPv4 ? .v4(.any) : .v6(.any)
  }
}

extension IPPrefix {
  /// Whether `other` has the same first ``length`` bits.
  @inlinable
  public func contains(_ other: IPAddress) -> Bool {
    switch (address, other) {
    case (.v4(let own), .v4(let other)):
      return (own.rawValue ^ other.rawValue) & mask4 == 0
    case (.v6(let own), .v6(let other)):
      return (own.high ^ other.high) & mask6.high == 0 && (own.low ^ other.low) & mask6.low == 0
    default:
      return false
    }
  }

  /// The prefix with the bits behind its length zero.
  public var network: IPPrefix {
    switch address {
    case .v4(let own): IPPrefix(.v4(IPv4Address(own.rawValue & mask4)), length)
    case .v6(let own): IPPrefix(.v6(IPv6Address(high: own.high & mask6.high, low: own.low & mask6.low)), length)
    }
  }

  /// The directed broadcast address; nil for IPv6 and for prefixes of 31 or 32 bits, which have none (RFC 3021).
  public var broadcast: IPv4Address? {
    guard case .v4(let own) = address, length < 31 else { return nil }
    return IPv4Address(own.rawValue | ~mask4)
  }

  @usableFromInline
  var mask4: UInt32 {
    length == 0 ? 0 : UInt32.max &<< UInt32(32 &- min(length, 32))
  }

  @usableFromInline
  var mask6: (high: UInt64, low: UInt64) {
    let bits = UInt64(min(length, 128))
    return (
      bits == 0 ? 0 : UInt64.max << (64 - min(bits, 64)),
      bits <= 64 ? 0 : UInt64.max << (128 - bits)
    )
  }
}
