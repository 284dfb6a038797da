/// An IPv6 header (RFC 8200 section 3), without its extension headers.
public struct IPv6Header: Equatable, Sendable {
  /// DSCP and ECN.
  public var trafficClass: UInt8
  /// 20 bits.
  public var flowLabel: UInt32
  /// The octets behind this header, extension headers included. Encoding into a departure takes the departure's.
  public var payloadLength: Int
  /// The protocol number of what follows.
  public var nextHeader: UInt8
  public var hopLimit: UInt8
  public var source: IPv6Address
  public var destination: IPv6Address

  /// The octets of the header.
  @inlinable public static var encodedLength: Int { 40 }

  public init(
    trafficClass: UInt8 = 0, flowLabel: UInt32 = 0, payloadLength: Int = 0, nextHeader: UInt8, hopLimit: UInt8 = 64,
    source: IPv6Address, destination: IPv6Address
  ) {
    self.trafficClass = trafficClass
    self.flowLabel = flowLabel
    self.payloadLength = payloadLength
    self.nextHeader = nextHeader
    self.hopLimit = hopLimit
    self.source = source
    self.destination = destination
  }

  /// The octets of the packet, this header included.
  @inlinable public var totalLength: Int { IPv6Header.encodedLength + payloadLength }

  /// Reads the header of a packet of `count` octets that begins with `bytes`; what is beyond ``totalLength`` is padding.
  /// - Throws: `truncated`, `version`, or `totalLength` if the payload length goes beyond `count`.
  public static func parse(_ bytes: RawSpan, of count: Int) throws(WireError) -> IPv6Header {
    let header = try parseQuoted(bytes)
    guard header.totalLength <= count else { throw .totalLength }
    return header
  }

  /// Reads the header of a packet that is in `bytes` as a whole.
  public static func parse(_ bytes: RawSpan) throws(WireError) -> IPv6Header {
    try parse(bytes, of: bytes.byteCount)
  }

  /// Reads a header that an ICMP error quotes: its payload length may promise more than there is.
  /// - Throws: `truncated`, `version`.
  public static func parseQuoted(_ bytes: RawSpan) throws(WireError) -> IPv6Header {
    guard bytes.byteCount >= encodedLength else { throw .truncated }
    let first = bytes.uint32(at: 0)
    guard first >> 28 == 6 else { throw .version }
    return IPv6Header(
      trafficClass: UInt8(truncatingIfNeeded: first >> 20), flowLabel: first & 0xF_FFFF,
      payloadLength: Int(bytes.uint16(at: 4)), nextHeader: bytes.uint8(at: 6), hopLimit: bytes.uint8(at: 7),
      source: IPv6Address(high: bytes.uint64(at: 8), low: bytes.uint64(at: 16)),
      destination: IPv6Address(high: bytes.uint64(at: 24), low: bytes.uint64(at: 32)))
  }

  /// Writes 40 octets at `position`, where they must be inside.
  public func encode(into target: inout MutableRawSpan, at position: Int) {
    target.store(0x6000_0000 | UInt32(trafficClass) << 20 | (flowLabel & 0xF_FFFF), at: position)
    target.store(UInt16(clamping: payloadLength), at: position &+ 4)
    target.store(nextHeader, at: position &+ 6)
    target.store(hopLimit, at: position &+ 7)
    target.store(source.high, at: position &+ 8)
    target.store(source.low, at: position &+ 16)
    target.store(destination.high, at: position &+ 24)
    target.store(destination.low, at: position &+ 32)
  }

  /// Puts the header before what `departure` holds, with the payload length that results.
  public func encode(into departure: inout Departure) {
    var header = self
    header.payloadLength = departure.count
    let position = departure.headerStart - IPv6Header.encodedLength
    departure.withHeaderBytes { header.encode(into: &$0, at: position) }
    departure.headerStart = position
  }
}
