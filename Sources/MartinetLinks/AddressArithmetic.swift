import MartinetWire

extension IPPrefix {
  /// The length that names a single address.
  var fullLength: UInt8 { address.isIPv4 ? 32 : 128 }

  /// The first host address of the prefix that is not in `taken`; nil if the prefix has none.
  ///
  /// The first address names the network (RFC 1122 section 3.2.1.3) or any router of it (RFC 4291 section 2.6.1), the last one of
  /// IPv4 is its broadcast; a prefix of two addresses has neither (RFC 3021, RFC 6164).
  package func firstHost(otherThan taken: [IPAddress]) -> IPAddress? {
    guard length < fullLength else { return nil }
    let isPair = length == fullLength - 1
    var candidate = isPair ? network.address : network.address.next
    for _ in 0...taken.count {
      guard contains(candidate), broadcast.map({ .v4($0) != candidate }) ?? true else { return nil }
      if !taken.contains(candidate) { return candidate }
      candidate = candidate.next
    }
    return nil
  }
}

extension IPAddress {
  /// The address with the next number; the last is followed by the first.
  fileprivate var next: IPAddress {
    switch self {
    case .v4(let v4): return .v4(IPv4Address(v4.rawValue &+ 1))
    case .v6(let v6):
      let low = v6.low &+ 1
      return .v6(IPv6Address(high: low == 0 ? v6.high &+ 1 : v6.high, low: low))
    }
  }
}
