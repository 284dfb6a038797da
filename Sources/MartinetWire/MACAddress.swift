/// An Ethernet address.
@frozen
public struct MACAddress: Hashable, Sendable {
  /// The address as a number in the lower 48 bits, first octet most significant.
  public let rawValue: UInt64
  /// The address in the lower 48 bits of `rawValue`.
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue & 0xFFFF_FFFF_FFFF }
  @inlinable
  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ e: UInt8, _ f: UInt8) {
    let high = UInt64(a) << 40 | UInt64(b) << 32 | UInt64(c) << 24
    rawValue = high | UInt64(d) << 16 | UInt64(e) << 8 | UInt64(f)
  }
  /// ff:ff:ff:ff:ff:ff
  public static let broadcast = MACAddress(0xFFFF_FFFF_FFFF)
  /// Whether the address means a group of stations: multicast or broadcast.
  @inlinable public var isGroup: Bool { rawValue & (1 << 40) != 0 }
}
