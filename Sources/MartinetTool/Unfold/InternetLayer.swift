import MartinetWire

/// The packet: IPv4 (RFC 791) or IPv6 (RFC 8200).
extension Dissection {
  func internet(_ octets: ArraySlice<UInt8>) -> Layer {
    switch octets.first.map({ $0 >> 4 }) {
    case 4: return version4(octets)
    case 6: return version6(octets)
    default: return data("unknown packet", octets).first ?? Layer(title: "nothing")
    }
  }

  private func version4(_ octets: ArraySlice<UInt8>) -> Layer {
    var reader = FieldReader(octets)
    reader.take("version", 4) { _ in "IPv4" }
    let words = reader.take("header length", 4) { "words of 32 bits: \($0 * 4) octets" }
    let headerLength = Int(words) * 4
    trafficClass(&reader)
    let total = Int(reader.take("total length", 16) { _ in "octets of header and payload" })
    reader.take("identification", 16, .hexadecimal) { _ in "tells fragments of one packet" }
    reader.take("reserved", 1, .flag)
    reader.take("don't fragment (DF)", 1, .flag) { $0 == 1 ? "routers must not cut it" : "routers may cut it" }
    let more = reader.take("more fragments (MF)", 1, .flag) { $0 == 1 ? "other fragments follow" : "nothing follows" }
    let offset = reader.take("fragment offset", 13) { "octet \($0 * 8) of the whole packet" }
    reader.take("time to live", 8) { _ in "routers that may still pass it on" }
    let number = UInt8(reader.take("protocol", 8, .decimal, Dissection.protocolName))
    var sum = Checksum()
    sum.add(octets.prefix(headerLength))
    reader.take("header checksum", 16, .hexadecimal) { _ in Dissection.verdict(sum) }
    let source = reader.takeOctets("source", 4) { Dissection.address4($0)?.description ?? "" }
    let destination = reader.takeOctets("destination", 4) { Dissection.address4($0)?.description ?? "" }
    if headerLength > 20 { reader.takeOctets("options", headerLength - 20) { _ in "" } }
    var layer = finished("packet (paquet): IPv4, RFC 791", reader)
    guard !reader.isCutShort, headerLength >= 20, let from = Dissection.address4(source),
      let to = Dissection.address4(destination)
    else { return layer }
    let payload = octets.prefix(max(total, headerLength)).dropFirst(headerLength)
    layer.inner =
      more != 0 || offset != 0
      ? data("fragment", payload)
      : transport(payload, number, Checksummed(source: .v4(from), destination: .v4(to)))
    return layer
  }

  private func version6(_ octets: ArraySlice<UInt8>) -> Layer {
    var reader = FieldReader(octets)
    reader.take("version", 4) { _ in "IPv6" }
    trafficClass(&reader)
    reader.take("flow label", 20, .hexadecimal) { _ in "packets of one flow have the same" }
    let length = Int(reader.take("payload length", 16) { _ in "octets behind this header" })
    let next = UInt8(reader.take("next header", 8, .decimal, Dissection.protocolName))
    reader.take("hop limit", 8) { _ in "routers that may still pass it on" }
    let source = reader.takeOctets("source", 16) { Dissection.address6($0)?.description ?? "" }
    let destination = reader.takeOctets("destination", 16) { Dissection.address6($0)?.description ?? "" }
    var layer = finished("packet (paquet): IPv6, RFC 8200", reader)
    guard !reader.isCutShort, let from = Dissection.address6(source), let to = Dissection.address6(destination) else {
      return layer
    }
    layer.inner = transport(
      reader.rest.prefix(length), next, Checksummed(source: .v6(from), destination: .v6(to)))
    return layer
  }

  private func trafficClass(_ reader: inout FieldReader) {
    reader.take("traffic class (DSCP)", 6) { $0 == 0 ? "best effort" : "" }
    reader.take("congestion (ECN)", 2) {
      ["not ECN-capable", "ECN-capable, ECT(1)", "ECN-capable, ECT(0)", "congestion experienced"][Int($0 & 3)]
    }
  }

  private func transport(_ octets: ArraySlice<UInt8>, _ number: UInt8, _ addresses: Checksummed) -> [Layer] {
    switch number {
    case IPProtocol.tcp: return [segment(octets, addresses)]
    case IPProtocol.udp: return [datagram(octets, addresses)]
    case IPProtocol.icmp, IPProtocol.icmpv6: return [message(octets, number, addresses)]
    default: return data("payload", octets)
    }
  }

  private func datagram(_ octets: ArraySlice<UInt8>, _ addresses: Checksummed) -> Layer {
    var reader = FieldReader(octets)
    reader.take("source port", 16)
    reader.take("destination port", 16)
    reader.take("length", 16) { _ in "octets of header and data" }
    reader.take("checksum", 16, .hexadecimal) { $0 == 0 ? "none" : addresses.verdict(octets, IPProtocol.udp) }
    var layer = finished("datagram: UDP, RFC 768", reader)
    layer.inner = data("data", reader.rest)
    return layer
  }

  private func message(_ octets: ArraySlice<UInt8>, _ number: UInt8, _ addresses: Checksummed) -> Layer {
    let isVersion6 = number == IPProtocol.icmpv6
    var reader = FieldReader(octets)
    reader.take("type", 8)
    reader.take("code", 8)
    var sum = Checksum()
    sum.add(octets)
    reader.take("checksum", 16, .hexadecimal) { _ in
      isVersion6 ? addresses.verdict(octets, number) : Dissection.verdict(sum)
    }
    var layer = finished(isVersion6 ? "message: ICMPv6, RFC 4443" : "message: ICMP, RFC 792", reader)
    layer.inner = data("body", reader.rest)
    return layer
  }

  // MARK: Values

  private static func protocolName(_ number: UInt64) -> String {
    switch UInt8(truncatingIfNeeded: number) {
    case IPProtocol.tcp: "TCP"
    case IPProtocol.udp: "UDP"
    case IPProtocol.icmp: "ICMP"
    case IPProtocol.icmpv6: "ICMPv6"
    case IPProtocol.fragment: "fragment header"
    case IPProtocol.hopByHopOptions: "hop-by-hop options"
    default: ""
    }
  }

  private static func number(_ octets: ArraySlice<UInt8>) -> UInt64 {
    octets.reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func address4(_ octets: ArraySlice<UInt8>) -> IPv4Address? {
    octets.count == 4 ? IPv4Address(UInt32(number(octets))) : nil
  }

  private static func address6(_ octets: ArraySlice<UInt8>) -> IPv6Address? {
    octets.count == 16 ? IPv6Address(high: number(octets.prefix(8)), low: number(octets.suffix(8))) : nil
  }
}

/// The addresses that a transport checksum covers besides the octets.
struct Checksummed {
  var source: IPAddress
  var destination: IPAddress

  func verdict(_ octets: ArraySlice<UInt8>, _ number: UInt8) -> String {
    var sum = Checksum()
    sum.addPseudoHeader(source: source, destination: destination, protocolNumber: number, length: octets.count)
    sum.add(octets)
    return Dissection.verdict(sum)
  }
}
