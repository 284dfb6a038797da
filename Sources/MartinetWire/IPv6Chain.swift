/// Where the chain of headers of an IPv6 packet leads (RFC 8200 section 4).
public enum IPv6Chain: Equatable, Sendable {
  /// What is no extension header begins at `offset`. Its number stands at `nextHeaderPosition`, which the host that does not
  /// know it reports (RFC 8200 section 4).
  case upper(protocolNumber: UInt8, offset: Int, nextHeaderPosition: Int)
  /// A fragment, whose piece begins at `offset`; whole datagrams in one fragment (RFC 6946) are walked through instead.
  case fragment(IPv6FragmentHeader, offset: Int)
  /// There is no payload (RFC 8200 section 4.7).
  case nothing
  /// The packet is malformed, or has more headers than anybody needs: it is dropped in silence.
  case discard
  /// The packet is dropped, and its source is told so with an ICMPv6 parameter problem; `pointer` is an octet of the packet.
  case parameterProblem(code: UInt8, pointer: Int)

  /// Codes of ``parameterProblem(code:pointer:)`` (RFC 4443 section 3.4, RFC 7112 section 5).
  public enum Problem {
    @inlinable public static var erroneousField: UInt8 { 0 }
    @inlinable public static var unknownNextHeader: UInt8 { 1 }
    @inlinable public static var unknownOption: UInt8 { 2 }
    @inlinable public static var incompleteHeaderChain: UInt8 { 3 }
  }

  /// The most extension headers that are walked, and the most options in them: a bound on the work that a packet can ask for
  /// (RFC 8504 section 5.3).
  public static let maximumHeaders = 16
  public static let maximumOptions = 32
}

extension IPv6Header {
  /// Walks the extension headers of the packet that begins with `bytes`, whose first octets this header was read from.
  public func walk(_ bytes: RawSpan) -> IPv6Chain {
    var walker = IPv6Walker(self, packetLength: min(bytes.byteCount, totalLength))
    return walker.walk(bytes)
  }
}

private struct IPv6Walker {
  private let header: IPv6Header
  /// The octets of the packet that can be read.
  private let end: Int
  private var position = IPv6Header.encodedLength
  private var nextHeader: UInt8
  private var nextHeaderPosition = 6
  private var optionsLeft = IPv6Chain.maximumOptions

  init(_ header: IPv6Header, packetLength: Int) {
    self.header = header
    end = packetLength
    nextHeader = header.nextHeader
  }

  mutating func walk(_ bytes: RawSpan) -> IPv6Chain {
    for _ in 0..<IPv6Chain.maximumHeaders {
      let outcome: IPv6Chain?
      switch nextHeader {
      case IPProtocol.hopByHopOptions, IPProtocol.destinationOptions: outcome = options(bytes)
      case IPProtocol.routing: outcome = routing(bytes)
      case IPProtocol.fragment: outcome = fragment(bytes)
      case IPProtocol.noNextHeader: outcome = .nothing
      default:
        outcome = .upper(protocolNumber: nextHeader, offset: position, nextHeaderPosition: nextHeaderPosition)
      }
      if let outcome { return outcome }
    }
    return .discard
  }

  /// The octets of the extension header at `position`; nil if it goes beyond the end.
  private func length(_ bytes: RawSpan) -> Int? {
    guard position <= end - 8 else { return nil }
    let length = (Int(bytes.uint8(at: position + 1)) + 1) * 8
    return length <= end - position ? length : nil
  }

  private mutating func advance(_ bytes: RawSpan, by length: Int) {
    nextHeader = bytes.uint8(at: position)
    nextHeaderPosition = position
    position += length
  }

  /// Hop-by-hop and destination options (RFC 8200 sections 4.2, 4.3, 4.6).
  private mutating func options(_ bytes: RawSpan) -> IPv6Chain? {
    if nextHeader == IPProtocol.hopByHopOptions && nextHeaderPosition != 6 {
      return .parameterProblem(code: IPv6Chain.Problem.unknownNextHeader, pointer: nextHeaderPosition)
    }
    guard let length = length(bytes) else { return .discard }
    let optionsEnd = position + length
    var option = position + 2
    while option < optionsEnd {
      let type = bytes.uint8(at: option)
      if type == 0 {
        option += 1
        continue
      }
      guard option + 1 < optionsEnd, optionsLeft > 0 else { return .discard }
      optionsLeft -= 1
      let next = option + 2 + Int(bytes.uint8(at: option + 1))
      guard next <= optionsEnd else { return .discard }
      if let outcome = action(onOption: type, at: option) { return outcome }
      option = next
    }
    advance(bytes, by: length)
    return nil
  }

  /// What the two highest bits of an option that is not known ask for (RFC 8200 section 4.2). All known options are padding.
  private func action(onOption type: UInt8, at position: Int) -> IPv6Chain? {
    let problem = IPv6Chain.parameterProblem(code: IPv6Chain.Problem.unknownOption, pointer: position)
    return switch type >> 6 {
    case 0: nil
    case 1: .discard
    case 2: problem
    default: header.destination.isMulticast ? .discard : problem
    }
  }

  /// No routing type is known, type 0 is out of use (RFC 5095): one with segments left is an error (RFC 8200 section 4.4).
  private mutating func routing(_ bytes: RawSpan) -> IPv6Chain? {
    guard let length = length(bytes) else { return .discard }
    guard bytes.uint8(at: position + 3) == 0 else {
      return .parameterProblem(code: IPv6Chain.Problem.erroneousField, pointer: position + 2)
    }
    advance(bytes, by: length)
    return nil
  }

  /// RFC 8200 section 4.5.
  private mutating func fragment(_ bytes: RawSpan) -> IPv6Chain? {
    guard position <= end - IPv6FragmentHeader.encodedLength,
      let fragment = try? IPv6FragmentHeader.parse(bytes, at: position)
    else { return .discard }
    let offset = position + IPv6FragmentHeader.encodedLength
    if fragment.offset == 0 && !fragment.hasMoreFragments {
      advance(bytes, by: IPv6FragmentHeader.encodedLength)
      return nil
    }
    let count = header.totalLength - offset
    guard count > 0 else { return .discard }
    if fragment.hasMoreFragments && count & 7 != 0 {
      return .parameterProblem(code: IPv6Chain.Problem.erroneousField, pointer: 4)
    }
    if fragment.offset + count > FragmentPlan.maximumPayload {
      return .parameterProblem(code: IPv6Chain.Problem.erroneousField, pointer: position + 2)
    }
    if fragment.offset == 0 && !reachesUpperLayer(bytes, fragment.nextHeader, at: offset) {
      return .parameterProblem(code: IPv6Chain.Problem.incompleteHeaderChain, pointer: 0)
    }
    return .fragment(fragment, offset: offset)
  }

  /// Whether a first fragment holds all headers up to and with that of the upper layer.
  private func reachesUpperLayer(_ bytes: RawSpan, _ nextHeader: UInt8, at offset: Int) -> Bool {
    var nextHeader = nextHeader
    var offset = offset
    for _ in 0..<IPv6Chain.maximumHeaders {
      let needed: Int
      switch nextHeader {
      case IPProtocol.hopByHopOptions, IPProtocol.destinationOptions, IPProtocol.routing:
        guard offset <= end - 8 else { return false }
        nextHeader = bytes.uint8(at: offset)
        offset += (Int(bytes.uint8(at: offset + 1)) + 1) * 8
        continue
      case IPProtocol.tcp: needed = TCPHeader.minimumLength
      case IPProtocol.udp: needed = UDPHeader.encodedLength
      case IPProtocol.icmpv6: needed = ICMPv6Message.encodedLength
      default: needed = 0
      }
      return offset <= end - needed
    }
    return false
  }
}
