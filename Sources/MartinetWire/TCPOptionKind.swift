/// The kind octets of the TCP options that have a meaning here.
public enum TCPOptionKind {
  @inlinable public static var endOfList: UInt8 { 0 }
  @inlinable public static var noOperation: UInt8 { 1 }
  @inlinable public static var maximumSegmentSize: UInt8 { 2 }
  @inlinable public static var windowScale: UInt8 { 3 }
  @inlinable public static var sackPermitted: UInt8 { 4 }
  @inlinable public static var sack: UInt8 { 5 }
  @inlinable public static var timestamps: UInt8 { 8 }
  @inlinable public static var userTimeout: UInt8 { 28 }
  @inlinable public static var fastOpen: UInt8 { 34 }
  @inlinable public static var accurateECN0: UInt8 { 172 }
  @inlinable public static var accurateECN1: UInt8 { 174 }
}
