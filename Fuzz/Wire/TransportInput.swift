import MartinetWire

/// What an IP packet carries.
enum TransportInput {
  static func run(
    _ payload: inout ArraySlice<UInt8>, protocolNumber: UInt8, _ addresses: AddressPair, repairs: Bool
  ) -> Bool {
    var octets = Array(payload)
    if repairs, let offset = IPProtocol.checksumOffset(of: protocolNumber) {
      pad(&octets, to: 20)
      if protocolNumber == IPProtocol.tcp { repairOffset(&octets) }
      if protocolNumber == IPProtocol.udp { store(UInt16(clamping: octets.count), at: 4, in: &octets) }
      if protocolNumber == IPProtocol.icmpv6 { repairType(&octets) }
      store(0, at: offset, in: &octets)
      let sum = checksum(octets, protocolNumber, addresses)
      store(sum, at: offset, in: &octets)
      claim(checksum(octets, protocolNumber, addresses) == 0, "a packet with its checksum sums to nothing")
    }
    switch protocolNumber {
    case IPProtocol.tcp: return tcp(octets)
    case IPProtocol.udp: return (try? UDPHeader.parse(octets.span.bytes)) != nil
    case IPProtocol.icmp: return icmp(octets)
    case IPProtocol.icmpv6: return (try? ICMPv6Message.parse(octets.span.bytes)) != nil
    default: return false
    }
  }

  private static func repairOffset(_ octets: inout [UInt8]) {
    guard octets.count >= 20 else { return }
    let words = min(max(Int(octets[12] >> 4), 5), octets.count / 4)
    octets[12] = UInt8(words << 4) | octets[12] & 0x0F
  }

  /// Most types of ICMPv6 mean nothing: chooses one that does, and the code that it needs.
  private static func repairType(_ octets: inout [UInt8]) {
    let types: [UInt8] = [1, 2, 3, 4, 128, 129, 133, 134, 135, 136, 137, octets[0]]
    octets[0] = types[Int(octets[0]) % types.count]
    if octets[0] >= 133 { octets[1] = 0 }
  }

  private static func checksum(_ octets: [UInt8], _ protocolNumber: UInt8, _ addresses: AddressPair) -> UInt16 {
    var sum = Checksum()
    if protocolNumber != IPProtocol.icmp {
      sum.addPseudoHeader(
        source: addresses.source, destination: addresses.destination, protocolNumber: protocolNumber,
        length: octets.count)
    }
    sum.add(octets.span.bytes)
    return sum.finish()
  }

  /// What was read of a TCP header, written and read again, is written as the same octets.
  private static func tcp(_ octets: [UInt8]) -> Bool {
    guard let (header, length) = try? TCPHeader.parse(octets.span.bytes) else { return false }
    claim(length >= 20 && length <= 60 && length <= octets.count && length % 4 == 0, "a TCP header has a length")
    let first = encoded(header)
    guard let (again, _) = try? TCPHeader.parse(first.span.bytes) else {
      claim(false, "a TCP header that was written can be read")
      return false
    }
    claim(encoded(again) == first, "a TCP header does not change by being written")
    claim(again.line(payload: 0).utf8.count > 0, "a TCP header has a text")
    return true
  }

  private static func encoded(_ header: TCPHeader) -> [UInt8] {
    let length = header.encodedLength
    claim(length <= 60, "a TCP header fits into 60 octets")
    var octets = [UInt8](repeating: 0xEE, count: length)
    write(&octets) { claim(header.encode(into: &$0, at: 0) == length, "a TCP header is as long as it says") }
    return octets
  }

  private static func icmp(_ octets: [UInt8]) -> Bool {
    guard let message = try? ICMPMessage.parse(octets.span.bytes) else { return false }
    var written = [UInt8](repeating: 0, count: ICMPMessage.encodedLength)
    write(&written) { message.encode(into: &$0, at: 0) }
    claim((try? ICMPMessage.parse(written.span.bytes)) == message, "an ICMP message does not change by being written")
    if message.isError {
      let quoted = Array(octets.dropFirst(8))
      _ = try? QuotedPacket.parse(quoted.span.bytes)
    }
    return true
  }
}
