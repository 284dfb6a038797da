import MartinetWire

/// A router between wires that carry bare IP packets: routes by the longest prefix, and a word of its own when a packet cannot go on.
struct Router {
  /// The channel that each port sends into.
  var channels: [Int] = []
  /// The addresses that its ICMP errors come from; without one the router is silent in that family.
  let addresses: [IPAddress]
  private var routes: [(prefix: IPPrefix, port: Int)] = []

  init(addresses: [IPAddress]) {
    self.addresses = addresses
  }

  mutating func add(_ prefix: IPPrefix, port: Int) {
    routes.append((prefix, port))
  }

  /// The port that leads to `address`; nil if no route covers it.
  func port(toward address: IPAddress) -> Int? {
    var best: (length: Int, port: Int)?
    for route in routes where route.prefix.contains(address) {
      let length = Int(route.prefix.length)
      if best == nil || length > (best?.length ?? -1) { best = (length, route.port) }
    }
    return best?.port
  }

  /// The address of the router in the family of `address`.
  func address(inFamilyOf address: IPAddress) -> IPAddress? {
    for own in addresses where own.isIPv4 == address.isIPv4 { return own }
    return nil
  }
}

/// What a router tells the sender of a packet that cannot go on (RFC 792, RFC 4443).
enum RouterNotice {
  case hopLimitExceeded
  case noRoute
  case unreachable
  case tooBig(mtu: Int)

  var icmp: ICMPMessage {
    switch self {
    case .hopLimitExceeded: .timeExceeded(code: 0)
    case .noRoute: .destinationUnreachable(code: ICMPMessage.Unreachable.network, nextHopMTU: 0)
    case .unreachable: .destinationUnreachable(code: ICMPMessage.Unreachable.host, nextHopMTU: 0)
    case .tooBig(let mtu):
      .destinationUnreachable(code: ICMPMessage.Unreachable.fragmentationNeeded, nextHopMTU: UInt16(clamping: mtu))
    }
  }

  var icmpv6: ICMPv6Message {
    switch self {
    case .hopLimitExceeded: .timeExceeded(code: 0)
    case .noRoute: .destinationUnreachable(code: ICMPv6Message.Unreachable.noRoute)
    case .unreachable: .destinationUnreachable(code: ICMPv6Message.Unreachable.address)
    case .tooBig(let mtu): .packetTooBig(mtu: UInt32(clamping: mtu))
    }
  }
}

/// The few fields of a packet that a router looks at.
struct RoutedPacket {
  var source: IPAddress
  var destination: IPAddress
  var hopLimit: UInt8
  var octets: Int
  /// Whether the packet may be told about: RFC 1122 section 3.2.2 and RFC 4443 section 2.4 forbid errors about errors, about fragments but
  /// the first, and to those who are not one host.
  var mayBeAnswered: Bool
  /// Whether a router may cut it.
  var mayBeFragmented: Bool

  /// Reads the fields of an intact header; nil if there is none.
  init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= 20 else { return nil }
    if bytes.uint8(at: 0) >> 4 == 6 {
      guard let header = try? IPv6Header.parse(bytes) else { return nil }
      source = .v6(header.source)
      destination = .v6(header.destination)
      hopLimit = header.hopLimit
      octets = header.totalLength
      mayBeFragmented = false
      let isError = header.nextHeader == IPProtocol.icmpv6 && bytes.byteCount > 40 && bytes.uint8(at: 40) < 128
      mayBeAnswered = !isError && !header.source.isMulticast && !header.source.isUnspecified && !destination.isMulticast
    } else {
      guard let header = try? IPv4Header.parse(bytes) else { return nil }
      source = .v4(header.source)
      destination = .v4(header.destination)
      hopLimit = header.timeToLive
      octets = header.totalLength
      mayBeFragmented = !header.doesNotFragment
      let type = header.payloadLength > 0 ? bytes.uint8(at: header.headerLength) : 0
      let isError = header.protocolNumber == IPProtocol.icmp && type != 0 && type != 8
      mayBeAnswered =
        !isError && header.fragmentOffset == 0 && !header.source.isMulticast
        && !header.source.isUnspecified && !destination.isMulticast && !header.destination.isLimitedBroadcast
    }
  }
}
