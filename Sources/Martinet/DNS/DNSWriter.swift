import MartinetWire

/// Writes a DNS message.
struct DNSWriter {
  private(set) var octets: [UInt8] = []
  /// Where names, and the ends of names, stand that a pointer can reach (RFC 1035 section 4.1.4).
  private var places: [[UInt8]: UInt16] = [:]
  private static let reach = 0x4000

  mutating func append(_ number: UInt16) {
    octets.append(UInt8(number >> 8))
    octets.append(UInt8(number & 0xFF))
  }

  mutating func append(_ number: UInt32) {
    append(UInt16(number >> 16))
    append(UInt16(number & 0xFFFF))
  }

  /// Writes a name; an end of it that stands somewhere before becomes a pointer.
  mutating func append(_ name: DNSName) {
    var rest = name.octets[...]
    while rest.count > 1 {
      if let place = places[Array(rest)] {
        append(0xC000 | place)
        return
      }
      if octets.count < DNSWriter.reach { places[Array(rest)] = UInt16(octets.count) }
      let label = rest.prefix(1 + Int(rest[rest.startIndex]))
      octets += label
      rest = rest.dropFirst(label.count)
    }
    octets.append(0)
  }

  mutating func append(_ question: DNSQuestion) {
    append(question.name)
    append(question.type.rawValue)
    append(question.recordClass)
  }

  mutating func append(_ record: DNSRecord) throws(DNSError) {
    append(record.name)
    append(record.content.type.rawValue)
    append(record.recordClass)
    append(record.timeToLive)
    let lengthPlace = octets.count
    append(UInt16(0))
    switch record.content {
    case .address(.v4(let address)): append(address.rawValue)
    case .address(.v6(let address)):
      append(UInt32(truncatingIfNeeded: address.high >> 32))
      append(UInt32(truncatingIfNeeded: address.high))
      append(UInt32(truncatingIfNeeded: address.low >> 32))
      append(UInt32(truncatingIfNeeded: address.low))
    case .canonicalName(let name): append(name)
    case .startOfAuthority(let minimum):
      append(DNSName.root)
      append(DNSName.root)
      for _ in 0..<4 { append(UInt32(0)) }
      append(minimum)
    case .other(_, let raw): octets += raw
    }
    guard let length = UInt16(exactly: octets.count - lengthPlace - 2) else { throw .tooLong }
    octets[lengthPlace] = UInt8(length >> 8)
    octets[lengthPlace + 1] = UInt8(length & 0xFF)
  }
}

extension DNSRecord.Content {
  package var type: DNSType {
    switch self {
    case .address(let address): address.isIPv4 ? .address : .ipv6Address
    case .canonicalName: .canonicalName
    case .startOfAuthority: .startOfAuthority
    case .other(let type, _): type
    }
  }
}
