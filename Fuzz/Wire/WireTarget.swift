import MartinetWire

/// Every parser of the wire on any octets.
///
/// The first octet chooses what the rest is; unless its two top bits say otherwise, versions, lengths and checksums are put right
/// first, so that an input gets past the front door. Nothing may trap, and what was read has to survive being written.
enum Target {
  static let name = "wire"
  static let accepted = "were read down to a transport header"

  static func run(_ input: UnsafeRawBufferPointer) {
    guard let choice = input.first else { return }
    var packet = Array(input.dropFirst())
    let repairs = choice & 0xC0 != 0xC0
    let wasRead: Bool
    switch choice & 0x0F {
    case 0...3: wasRead = IPv4Input.run(&packet, repairs: repairs)
    case 4...7: wasRead = IPv6Input.run(&packet, repairs: repairs)
    case 8, 9: wasRead = FrameInput.run(&packet, repairs: repairs)
    case 10...12: wasRead = TransportInput.run(&packet[...], protocolNumber: IPProtocol.tcp, .example, repairs: repairs)
    case 13: wasRead = TextInput.run(packet)
    case 14: wasRead = ChecksumInput.run(packet)
    default: wasRead = (try? QuotedPacket.parse(packet.span.bytes)) != nil
    }
    if wasRead { Tally.accepted += 1 }
  }
}

/// The addresses of a pseudo-header.
struct AddressPair {
  var source: IPAddress
  var destination: IPAddress
  static let example = AddressPair(source: .v4(IPv4Address(10, 0, 0, 1)), destination: .v4(IPv4Address(10, 0, 0, 2)))
}
