/// A message of ICMP for IPv4 (RFC 792), without what it carries behind its eight octets.
public enum ICMPMessage: Equatable, Sendable {
  case echoReply(identifier: UInt16, sequence: UInt16)
  /// The next-hop MTU of RFC 1191 section 4 with code 4; 0 from a router that does not know it.
  case destinationUnreachable(code: UInt8, nextHopMTU: UInt16)
  case redirect(code: UInt8, gateway: IPv4Address)
  case echoRequest(identifier: UInt16, sequence: UInt16)
  case timeExceeded(code: UInt8)
  case parameterProblem(code: UInt8, pointer: UInt8)
  /// A type that has no meaning here; RFC 1122 section 3.2.2 discards it.
  case other(type: UInt8, code: UInt8)

  /// The octets of a message before what it carries.
  public static let encodedLength = 8

  /// Codes of ``destinationUnreachable(code:nextHopMTU:)``.
  public enum Unreachable {
    @inlinable public static var network: UInt8 { 0 }
    @inlinable public static var host: UInt8 { 1 }
    @inlinable public static var protocolNumber: UInt8 { 2 }
    @inlinable public static var port: UInt8 { 3 }
    @inlinable public static var fragmentationNeeded: UInt8 { 4 }
    @inlinable public static var sourceRouteFailed: UInt8 { 5 }
    /// Communication administratively prohibited (RFC 1812 section 5.2.7.1).
    @inlinable public static var prohibited: UInt8 { 13 }
  }

  /// Whether the message is an error, which quotes a packet and must not be answered with an error.
  public var isError: Bool {
    switch self {
    case .destinationUnreachable, .redirect, .timeExceeded, .parameterProblem: true
    // Source quench is an error that has been out of use since RFC 6633.
    case .other(let type, _): type == 4
    case .echoReply, .echoRequest: false
    }
  }

  /// Reads a message whose checksum has been verified.
  /// - Throws: `truncated` below 8 octets.
  public static func parse(_ bytes: RawSpan) throws(WireError) -> ICMPMessage {
    guard bytes.byteCount >= encodedLength else { throw .truncated }
    let type = bytes.uint8(at: 0)
    let code = bytes.uint8(at: 1)
    switch type {
    case 0: return .echoReply(identifier: bytes.uint16(at: 4), sequence: bytes.uint16(at: 6))
    case 3: return .destinationUnreachable(code: code, nextHopMTU: bytes.uint16(at: 6))
    case 5: return .redirect(code: code, gateway: IPv4Address(bytes.uint32(at: 4)))
    case 8: return .echoRequest(identifier: bytes.uint16(at: 4), sequence: bytes.uint16(at: 6))
    case 11: return .timeExceeded(code: code)
    case 12: return .parameterProblem(code: code, pointer: bytes.uint8(at: 4))
    default: return .other(type: type, code: code)
    }
  }

  /// Writes the message with a checksum field of zero at `position`, where 8 octets must be inside.
  public func encode(into target: inout MutableRawSpan, at position: Int) {
    let (type, code, rest) = fields
    target.store(type, at: position)
    target.store(code, at: position + 1)
    target.store(UInt16(0), at: position + 2)
    target.store(rest, at: position + 4)
  }

  /// Writes the message where the transport header of `departure` belongs, with a checksum field of zero.
  public func encode(into departure: inout Departure) {
    departure.withHeaderBytes { encode(into: &$0, at: Departure.transportStart) }
    departure.headerStart = Departure.transportStart
    departure.headerEnd = Departure.transportStart + ICMPMessage.encodedLength
  }

  private var fields: (type: UInt8, code: UInt8, rest: UInt32) {
    switch self {
    case .echoReply(let identifier, let sequence): (0, 0, UInt32(identifier) << 16 | UInt32(sequence))
    case .destinationUnreachable(let code, let mtu): (3, code, UInt32(mtu))
    case .redirect(let code, let gateway): (5, code, gateway.rawValue)
    case .echoRequest(let identifier, let sequence): (8, 0, UInt32(identifier) << 16 | UInt32(sequence))
    case .timeExceeded(let code): (11, code, 0)
    case .parameterProblem(let code, let pointer): (12, code, UInt32(pointer) << 24)
    case .other(let type, let code): (type, code, 0)
    }
  }
}
