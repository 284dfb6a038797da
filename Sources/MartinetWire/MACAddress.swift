/// A 48-bit address of an Ethernet interface.
@frozen
public struct MACAddress: Equatable, Sendable {
  /// The address as a number of 48 bits, first octet most significant.
  public let rawValue: UInt64

  /// The lower 48 bits of `rawValue`.
  @inlinable
  public init(_ rawValue: UInt64) {
    self.rawValue = rawValue & 0xFFFF_FFFF_FFFF
  }

  @inlinable
  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ e: UInt8, _ f: UInt8) {
    let upper = UInt64(a) << 40 | UInt64(b) << 32 | UInt64(c) << 24
    rawValue = upper | UInt64(d) << 16 | UInt64(e) << 8 | UInt64(f)
  }

  /// The address to which frames for a multicast group of IPv4 go (RFC 1112 section 6.4).
  @inlinable
  public init(multicast group: IPv4Address) {
    rawValue = 0x0100_5E00_0000 | UInt64(group.rawValue & 0x7F_FFFF)
  }

  /// The address to which frames for a multicast group of IPv6 go (RFC 2464 section 7).
  @inlinable
  public init(multicast group: IPv6Address) {
    rawValue = 0x3333_0000_0000 | group.low & 0xFFFF_FFFF
  }

  /// ff:ff:ff:ff:ff:ff
  @inlinable public static var broadcast: MACAddress { MACAddress(0xFFFF_FFFF_FFFF) }
  /// 00:00:00:00:00:00, which no interface has.
  @inlinable public static var none: MACAddress { MACAddress(0) }

  @inlinable public var isBroadcast: Bool { rawValue == 0xFFFF_FFFF_FFFF }
  /// Whether the address means a group of stations: multicast or broadcast.
  @inlinable public var isGroup: Bool { rawValue >> 40 & 1 == 1 }
}

extension MACAddress: CustomStringConvertible {
  /// The address that `text` names as six pairs of hexadecimal digits with colons between them; nil if it is anything else.
  public init?(parsing text: String) {
    var reader = TextReader(text)
    var value: UInt64 = 0
    for index in 0..<6 {
      if index > 0 && !reader.take(UInt8(ascii: ":")) { return nil }
      let start = reader.position
      guard let octet = reader.takeHexadecimal(digits: 2), reader.position == start + 2 else { return nil }
      value = value << 8 | UInt64(octet)
    }
    guard reader.isAtEnd else { return nil }
    self.init(value)
  }

  public var description: String {
    var writer = TextWriter()
    for index in 0..<6 {
      if index > 0 { writer.write(":") }
      writer.write(hexadecimal: UInt32(truncatingIfNeeded: rawValue >> UInt64(40 - 8 * index)) & 0xFF, digits: 2)
    }
    return writer.text
  }
}

extension RawSpan {
  /// The hardware address at `offset`; its six octets must be inside.
  func macAddress(at offset: Int) -> MACAddress {
    MACAddress(UInt64(uint16(at: offset)) << 32 | UInt64(uint32(at: offset + 2)))
  }
}

extension MutableRawSpan {
  mutating func store(_ address: MACAddress, at offset: Int) {
    store(UInt16(truncatingIfNeeded: address.rawValue >> 32), at: offset)
    store(UInt32(truncatingIfNeeded: address.rawValue), at: offset + 2)
  }
}
