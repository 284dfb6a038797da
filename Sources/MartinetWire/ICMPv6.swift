/// A message of ICMPv6 (RFC 4443), those of neighbour discovery (RFC 4861) with their options, the others without what they
/// carry behind their eight octets.
public enum ICMPv6Message: Sendable {
  case destinationUnreachable(code: UInt8)
  case packetTooBig(mtu: UInt32)
  case timeExceeded(code: UInt8)
  /// `pointer` is the octet of the quoted packet where the problem is.
  case parameterProblem(code: UInt8, pointer: UInt32)
  case echoRequest(identifier: UInt16, sequence: UInt16)
  case echoReply(identifier: UInt16, sequence: UInt16)
  case routerSolicitation(NeighbourOptions)
  case routerAdvertisement(RouterAdvertisement)
  case neighbourSolicitation(NeighbourSolicitation)
  case neighbourAdvertisement(NeighbourAdvertisement)
  case redirect(NeighbourRedirect)
  /// A type that has no meaning here: an error below 128, which is passed on, else discarded (RFC 4443 section 2.4).
  case other(type: UInt8, code: UInt8)

  /// The octets of a message before what it carries, neighbour discovery excepted.
  public static let encodedLength = 8

  /// Codes of ``destinationUnreachable(code:)`` (RFC 4443 section 3.1).
  public enum Unreachable {
    @inlinable public static var noRoute: UInt8 { 0 }
    @inlinable public static var prohibited: UInt8 { 1 }
    @inlinable public static var beyondScope: UInt8 { 2 }
    @inlinable public static var address: UInt8 { 3 }
    @inlinable public static var port: UInt8 { 4 }
  }

  /// Whether the message is an error, or a redirect: what must not be answered with an error.
  public var isErrorOrRedirect: Bool {
    switch self {
    case .destinationUnreachable, .packetTooBig, .timeExceeded, .parameterProblem, .redirect: true
    case .other(let type, _): type < 128
    default: false
    }
  }

  /// Reads a message whose checksum has been verified. `bytes` must be all of a message of neighbour discovery.
  /// - Throws: `truncated` below the octets of its type; for neighbour discovery also `option` and `address`, and `code` if
  ///   that is not 0.
  public static func parse(_ bytes: RawSpan) throws(WireError) -> ICMPv6Message {
    guard bytes.byteCount >= encodedLength else { throw .truncated }
    let type = bytes.uint8(at: 0)
    let code = bytes.uint8(at: 1)
    switch type {
    case 1: return .destinationUnreachable(code: code)
    case 2: return .packetTooBig(mtu: bytes.uint32(at: 4))
    case 3: return .timeExceeded(code: code)
    case 4: return .parameterProblem(code: code, pointer: bytes.uint32(at: 4))
    case 128: return .echoRequest(identifier: bytes.uint16(at: 4), sequence: bytes.uint16(at: 6))
    case 129: return .echoReply(identifier: bytes.uint16(at: 4), sequence: bytes.uint16(at: 6))
    case 133...137:
      guard code == 0 else { throw .code }
      return try parseNeighbourDiscovery(type, bytes)
    default: return .other(type: type, code: code)
    }
  }

  private static func parseNeighbourDiscovery(_ type: UInt8, _ bytes: RawSpan) throws(WireError) -> ICMPv6Message {
    switch type {
    case 133: .routerSolicitation(try NeighbourOptions.parse(bytes, from: 8))
    case 134: .routerAdvertisement(try RouterAdvertisement.parse(bytes))
    case 135: .neighbourSolicitation(try NeighbourSolicitation.parse(bytes))
    case 136: .neighbourAdvertisement(try NeighbourAdvertisement.parse(bytes))
    default: .redirect(try NeighbourRedirect.parse(bytes))
    }
  }

  /// Writes the message with a checksum field of zero at `position`, where its octets must be inside; returns how many it wrote.
  @discardableResult
  public func encode(into target: inout MutableRawSpan, at position: Int) -> Int {
    let (type, code, rest) = fields
    target.store(type, at: position)
    target.store(code, at: position + 1)
    target.store(UInt16(0), at: position + 2)
    target.store(rest, at: position + 4)
    let body = position + ICMPv6Message.encodedLength
    let end =
      switch self {
      case .routerSolicitation(let options): options.encode(into: &target, at: body)
      case .routerAdvertisement(let message): message.encodeBody(into: &target, at: body)
      case .neighbourSolicitation(let message): message.encodeBody(into: &target, at: body)
      case .neighbourAdvertisement(let message): message.encodeBody(into: &target, at: body)
      case .redirect(let message): message.encodeBody(into: &target, at: body)
      default: body
      }
    return end - position
  }

  /// Writes the message where the transport header of `departure` belongs, with a checksum field of zero.
  public func encode(into departure: inout Departure) {
    let length = departure.withHeaderBytes { encode(into: &$0, at: Departure.transportStart) }
    departure.headerStart = Departure.transportStart
    departure.headerEnd = Departure.transportStart + length
  }

  /// The first eight octets without the checksum.
  private var fields: (type: UInt8, code: UInt8, rest: UInt32) {
    switch self {
    case .destinationUnreachable(let code): (1, code, 0)
    case .packetTooBig(let mtu): (2, 0, mtu)
    case .timeExceeded(let code): (3, code, 0)
    case .parameterProblem(let code, let pointer): (4, code, pointer)
    case .echoRequest(let identifier, let sequence): (128, 0, UInt32(identifier) << 16 | UInt32(sequence))
    case .echoReply(let identifier, let sequence): (129, 0, UInt32(identifier) << 16 | UInt32(sequence))
    case .routerSolicitation: (133, 0, 0)
    case .routerAdvertisement(let message): (134, 0, message.flagsWord)
    case .neighbourSolicitation: (135, 0, 0)
    case .neighbourAdvertisement(let message): (136, 0, message.flagsWord)
    case .redirect: (137, 0, 0)
    case .other(let type, let code): (type, code, 0)
    }
  }
}
