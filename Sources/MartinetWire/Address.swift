/// An IPv4 address.
@frozen
public struct IPv4Address: Equatable, Sendable {
  /// The address as a number, most significant octet first.
  public let rawValue: UInt32
  @inlinable public init(_ rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable
  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
    rawValue = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
  }
  public static let any = IPv4Address(0)
  public static let loopback = IPv4Address(127, 0, 0, 1)
  /// 255.255.255.255
  public static let limitedBroadcast = IPv4Address(UInt32.max)
}

/// An IPv6 address.
@frozen
public struct IPv6Address: Equatable, Sendable {
  /// The first eight octets as a number, most significant first.
  public let high: UInt64
  /// The last eight octets as a number, most significant first.
  public let low: UInt64
  @inlinable public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }
  public static let any = IPv6Address(high: 0, low: 0)
  public static let loopback = IPv6Address(high: 0, low: 1)
}

/// An IP address of either family.
@frozen
public enum IPAddress: Equatable, Sendable {
  case v4(IPv4Address)
  case v6(IPv6Address)

  @inlinable public var isIPv4: Bool { if case .v4 = self { true } else { false } }
}

/// An address and a port.
@frozen
public struct Endpoint: Equatable, Sendable {
  public var address: IPAddress
  public var port: UInt16
  @inlinable public init(_ address: IPAddress, _ port: UInt16) {
    self.address = address
    self.port = port
  }
}

/// An address with the length of its network prefix.
@frozen
public struct IPPrefix: Equatable, Sendable {
  public var address: IPAddress
  /// 0 to 32 for IPv4, 0 to 128 for IPv6.
  public var length: UInt8
  @inlinable public init(_ address: IPAddress, _ length: UInt8) {
    self.address = address
    self.length = length
  }
}
