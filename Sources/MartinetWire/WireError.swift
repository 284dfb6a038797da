/// What is wrong with bytes that do not parse. Nothing else can happen to bad bytes: no parser traps.
public enum WireError: UInt8, Error, Equatable, Sendable, CaseIterable {
  /// There are fewer octets than the header needs.
  case truncated
  /// The version field is not the one of the protocol.
  case version
  /// The header-length field is below its minimum or goes beyond the octets that are there.
  case headerLength
  /// The field that counts header and payload contradicts the header or the octets that are there.
  case totalLength
  /// The checksum is wrong.
  case checksum
  /// An option has an impossible length or pointer.
  case option
  /// A fragment holds nothing, or is not the last and does not hold a multiple of eight octets (RFC 791 section 3.2).
  case fragment
  /// The type field of a frame is a length (IEEE 802.3), or names another protocol than the parser's.
  case frameType
  /// The type of the message has no such code.
  case code
  /// An address field has the wrong kind or cannot stand where it stands.
  case address
}
