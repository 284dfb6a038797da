/// The numbers of the protocols that IP carries, and of the extension headers of IPv6.
public enum IPProtocol {
  @inlinable public static var hopByHopOptions: UInt8 { 0 }
  @inlinable public static var icmp: UInt8 { 1 }
  @inlinable public static var tcp: UInt8 { 6 }
  @inlinable public static var udp: UInt8 { 17 }
  @inlinable public static var routing: UInt8 { 43 }
  @inlinable public static var fragment: UInt8 { 44 }
  @inlinable public static var authentication: UInt8 { 51 }
  @inlinable public static var icmpv6: UInt8 { 58 }
  @inlinable public static var noNextHeader: UInt8 { 59 }
  @inlinable public static var destinationOptions: UInt8 { 60 }

  /// Where the checksum stands in the header of a transport protocol; nil if its checksum is unknown.
  @inlinable
  public static func checksumOffset(of number: UInt8) -> Int? {
    switch number {
    case tcp: 16
    case udp: 6
    case icmp, icmpv6: 2
    default: nil
    }
  }
}
