import MartinetWire

/// Why octets are no DNS message, or a message can't be octets.
package enum DNSError: Error, Equatable, Sendable {
  /// The octets end before the message does.
  case truncated
  /// A label has a type that is none (RFC 1035 section 4.1.4).
  case badLabel
  /// A compressed name points to somewhere that is not before it.
  case badPointer
  /// A name is longer than 255 octets.
  case nameTooLong
  /// The message does not fit its length fields.
  case tooLong
}

/// Reads a DNS message from its beginning to its end.
struct DNSReader {
  private let octets: [UInt8]
  private var position = 0

  init(_ octets: [UInt8]) {
    self.octets = octets
  }

  mutating func number8() throws(DNSError) -> UInt8 {
    guard position < octets.count else { throw .truncated }
    defer { position += 1 }
    return octets[position]
  }

  mutating func number16() throws(DNSError) -> UInt16 {
    UInt16(try number8()) << 8 | UInt16(try number8())
  }

  mutating func number32() throws(DNSError) -> UInt32 {
    UInt32(try number16()) << 16 | UInt32(try number16())
  }

  private mutating func take(_ count: Int) throws(DNSError) -> ArraySlice<UInt8> {
    guard count <= octets.count - position else { throw .truncated }
    defer { position += count }
    return octets[position..<position + count]
  }

  /// Reads a name. Each pointer leads to before where the labels that it ends began, so that none is followed twice, and the length of the name is bounded.
  mutating func name() throws(DNSError) -> DNSName {
    var labels: [[UInt8]] = []
    var length = 1
    var start = position
    var end: Int?
    while true {
      let first = try number8()
      switch first & 0xC0 {
      case 0x00:
        if first == 0 {
          position = end ?? position
          guard let name = DNSName(labels: labels) else { throw .nameTooLong }
          return name
        }
        let label = try take(Int(first))
        length += 1 + label.count
        guard length <= DNSName.longestName else { throw .nameTooLong }
        labels.append(Array(label))
      case 0xC0:
        let target = Int(first & 0x3F) << 8 | Int(try number8())
        guard target < start else { throw .badPointer }
        end = end ?? position
        position = target
        start = target
      default: throw .badLabel
      }
    }
  }

  mutating func question() throws(DNSError) -> DNSQuestion {
    DNSQuestion(
      name: try name(), type: DNSType(rawValue: try number16()), recordClass: try number16())
  }

  mutating func record() throws(DNSError) -> DNSRecord {
    let name = try name()
    let type = DNSType(rawValue: try number16())
    let recordClass = try number16()
    // A time with the highest bit set counts as zero (RFC 2181 section 8).
    let seconds = try number32()
    let length = Int(try number16())
    guard length <= octets.count - position else { throw .truncated }
    let content = content(of: type, length)
    position += length
    return DNSRecord(
      name: name, timeToLive: seconds >> 31 == 0 ? seconds : 0, content: content, recordClass: recordClass)
  }

  /// What the next `length` octets say, which are inside.
  private func content(of type: DNSType, _ length: Int) -> DNSRecord.Content {
    let raw = Array(octets[position..<position + length])
    var inner = self
    let end = position + length
    let known: DNSRecord.Content?
    do throws(DNSError) {
      known = try inner.knownContent(of: type)
    } catch {
      known = nil
    }
    guard let known, inner.position == end else { return .other(type: type, raw) }
    return known
  }

  private mutating func knownContent(of type: DNSType) throws(DNSError) -> DNSRecord.Content? {
    switch type {
    case .address: return .address(.v4(IPv4Address(try number32())))
    case .ipv6Address:
      let high = UInt64(try number32()) << 32 | UInt64(try number32())
      let low = UInt64(try number32()) << 32 | UInt64(try number32())
      return .address(.v6(IPv6Address(high: high, low: low)))
    case .canonicalName: return .canonicalName(try name())
    case .startOfAuthority:
      _ = try name()
      _ = try name()
      _ = try take(16)
      return .startOfAuthority(minimum: try number32())
    default: return nil
    }
  }
}
