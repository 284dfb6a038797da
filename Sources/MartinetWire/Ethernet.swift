/// The numbers of the protocols that Ethernet II frames carry.
public enum EtherType {
  @inlinable public static var ipv4: UInt16 { 0x0800 }
  @inlinable public static var arp: UInt16 { 0x0806 }
  @inlinable public static var ipv6: UInt16 { 0x86DD }
  /// The tag of IEEE 802.1Q.
  @inlinable public static var vlan: UInt16 { 0x8100 }
  /// A smaller number is a length: the frame is of IEEE 802.3 and not Ethernet II (RFC 1122 section 2.3.3).
  @inlinable public static var smallest: UInt16 { 0x0600 }
}

/// The tag of a frame of a virtual network (IEEE 802.1Q).
@frozen
public struct VLANTag: Equatable, Sendable {
  /// Priority (3 bits), drop eligibility (1 bit), network (12 bits).
  public let rawValue: UInt16
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
  /// The tag of `network`, of which 12 bits count.
  @inlinable
  public init(network: UInt16, priority: UInt8 = 0) {
    rawValue = UInt16(priority & 7) << 13 | network & 0xFFF
  }
  @inlinable public var network: UInt16 { rawValue & 0xFFF }
  @inlinable public var priority: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 13) }
}

/// The header of an Ethernet II frame (RFC 894), with or without a VLAN tag.
@frozen
public struct EthernetHeader: Equatable, Sendable {
  public var destination: MACAddress
  public var source: MACAddress
  public var tag: VLANTag?
  public var etherType: UInt16

  @inlinable
  public init(destination: MACAddress, source: MACAddress, etherType: UInt16, tag: VLANTag? = nil) {
    self.destination = destination
    self.source = source
    self.tag = tag
    self.etherType = etherType
  }

  /// The octets of a header without a tag.
  @inlinable public static var minimumLength: Int { 14 }

  /// The octets of the header: 14, or 18 with a tag.
  @inlinable public var encodedLength: Int { tag == nil ? EthernetHeader.minimumLength : 18 }

  /// Reads the header at the beginning of a frame, which ends ``encodedLength`` octets on.
  /// - Throws: `truncated`, or `frameType` if the frame is not Ethernet II.
  public static func parse(_ bytes: RawSpan) throws(WireError) -> EthernetHeader {
    guard bytes.byteCount >= 14 else { throw .truncated }
    var header = EthernetHeader(
      destination: bytes.macAddress(at: 0), source: bytes.macAddress(at: 6), etherType: bytes.uint16(at: 12))
    if header.etherType == EtherType.vlan {
      guard bytes.byteCount >= 18 else { throw .truncated }
      header.tag = VLANTag(rawValue: bytes.uint16(at: 14))
      header.etherType = bytes.uint16(at: 16)
    }
    guard header.etherType >= EtherType.smallest else { throw .frameType }
    return header
  }

  /// Writes the header at `position`, where ``encodedLength`` octets must be inside.
  public func encode(into target: inout MutableRawSpan, at position: Int) {
    target.store(destination, at: position)
    target.store(source, at: position + 6)
    if let tag {
      target.store(EtherType.vlan, at: position + 12)
      target.store(tag.rawValue, at: position + 14)
      target.store(etherType, at: position + 16)
    } else {
      target.store(etherType, at: position + 12)
    }
  }

  /// Puts the header before what `departure` holds.
  public func encode(into departure: inout Departure) {
    let position = departure.headerStart - encodedLength
    departure.withHeaderBytes { encode(into: &$0, at: position) }
    departure.headerStart = position
  }
}
