/// The fragment header of IPv6 (RFC 8200 section 4.5).
@frozen
public struct IPv6FragmentHeader: Equatable, Sendable {
  /// The protocol number of what the fragments carry.
  public var nextHeader: UInt8
  /// Where the payload belongs in the fragmentable part, in octets: a multiple of 8.
  public var offset: Int
  public var hasMoreFragments: Bool
  public var identification: UInt32

  /// The octets of the header.
  public static let encodedLength = 8

  @inlinable
  public init(nextHeader: UInt8, offset: Int, hasMoreFragments: Bool, identification: UInt32) {
    self.nextHeader = nextHeader
    self.offset = offset
    self.hasMoreFragments = hasMoreFragments
    self.identification = identification
  }

  /// Reads the header at `position`.
  /// - Throws: `truncated`.
  public static func parse(_ bytes: RawSpan, at position: Int = 0) throws(WireError) -> IPv6FragmentHeader {
    guard position >= 0, position <= bytes.byteCount - encodedLength else { throw .truncated }
    let field = bytes.uint16(at: position + 2)
    return IPv6FragmentHeader(
      nextHeader: bytes.uint8(at: position), offset: Int(field & 0xFFF8), hasMoreFragments: field & 1 == 1,
      identification: bytes.uint32(at: position + 4))
  }

  /// Writes the header at `position`, where 8 octets must be inside.
  public func encode(into target: inout MutableRawSpan, at position: Int) {
    target.store(nextHeader, at: position)
    target.store(UInt8(0), at: position + 1)
    target.store(UInt16(truncatingIfNeeded: offset) & 0xFFF8 | (hasMoreFragments ? 1 : 0), at: position + 2)
    target.store(identification, at: position + 4)
  }

  /// Puts the header before what `departure` holds.
  public func encode(into departure: inout Departure) {
    let position = departure.headerStart - IPv6FragmentHeader.encodedLength
    departure.withHeaderBytes { encode(into: &$0, at: position) }
    departure.headerStart = position
  }
}
