/// A UDP header (RFC 768). Like TCP's it does not keep the checksum, except for whether there is one.
@frozen
public struct UDPHeader: Equatable, Sendable {
  public var sourcePort: UInt16
  public var destinationPort: UInt16
  /// The octets of header and payload: at least 8.
  public var length: UInt16
  /// Whether the sender computed a checksum: a field of zero says that it did not.
  public var hasChecksum: Bool

  /// The octets of the header.
  public static let encodedLength = 8

  /// A header for a payload whose size the departure knows.
  @inlinable
  public init(sourcePort: UInt16, destinationPort: UInt16, length: UInt16 = 8, hasChecksum: Bool = true) {
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
    self.length = length
    self.hasChecksum = hasChecksum
  }

  /// Reads the header of a datagram of `count` octets that begins with `bytes`. Octets beyond the length field are no part of
  /// the datagram.
  /// - Throws: `truncated` below 8 octets, `totalLength` if the length field is less than 8 or more than `count`.
  public static func parse(_ bytes: RawSpan, of count: Int) throws(WireError) -> UDPHeader {
    guard bytes.byteCount >= encodedLength else { throw .truncated }
    let length = bytes.uint16(at: 4)
    guard length >= 8 && Int(length) <= count else { throw .totalLength }
    return UDPHeader(
      sourcePort: bytes.uint16(at: 0), destinationPort: bytes.uint16(at: 2), length: length,
      hasChecksum: bytes.uint16(at: 6) != 0)
  }

  /// Reads the header of a datagram that is in `bytes` as a whole.
  public static func parse(_ bytes: RawSpan) throws(WireError) -> UDPHeader {
    try parse(bytes, of: bytes.byteCount)
  }

  /// Writes the header with a checksum field of zero at `position`, where 8 octets must be inside.
  public func encode(into target: inout MutableRawSpan, at position: Int) {
    target.store(sourcePort, at: position)
    target.store(destinationPort, at: position + 2)
    target.store(length, at: position + 4)
    target.store(UInt16(0), at: position + 6)
  }

  /// Writes the header where the transport header of `departure` belongs, with the length of the payload that is in it and a
  /// checksum field of zero.
  public func encode(into departure: inout Departure) {
    var header = self
    header.length = UInt16(clamping: UDPHeader.encodedLength + departure.payloadCount)
    departure.withHeaderBytes { header.encode(into: &$0, at: Departure.transportStart) }
    departure.headerStart = Departure.transportStart
    departure.headerEnd = Departure.transportStart + UDPHeader.encodedLength
  }
}
