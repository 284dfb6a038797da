// Text forms of addresses: dotted decimal, and RFC 4291 section 2.2 read, RFC 5952 written.

private let colon = UInt8(ascii: ":")
private let dot = UInt8(ascii: ".")
private let slash = UInt8(ascii: "/")

extension TextReader {
  /// Takes four decimal numbers with dots between them.
  fileprivate mutating func takeIPv4Address() -> IPv4Address? {
    var value: UInt32 = 0
    for index in 0..<4 {
      if index > 0 && !take(dot) { return nil }
      guard let octet = takeDecimal(upTo: 255) else { return nil }
      value = value << 8 | octet
    }
    return IPv4Address(value)
  }

  /// Takes up to eight groups, of which one run of zeros may be a double colon, and the last two may be an IPv4 address.
  fileprivate mutating func takeIPv6Address() -> IPv6Address? {
    var groups = InlineArray<8, UInt16>(repeating: 0)
    var count = 0
    var gap: Int?
    if take(colon) {
      guard take(colon) else { return nil }
      gap = 0
    }
    while count < 8 {
      let start = position
      guard let group = takeHexadecimal(digits: 4) else {
        // Only a double colon may end the address.
        guard gap == count else { return nil }
        break
      }
      if next == dot {
        rewind(to: start)
        guard count <= 6, let tail = takeIPv4Address() else { return nil }
        groups[count] = UInt16(truncatingIfNeeded: tail.rawValue >> 16)
        groups[count + 1] = UInt16(truncatingIfNeeded: tail.rawValue)
        count += 2
        break
      }
      groups[count] = UInt16(truncatingIfNeeded: group)
      count += 1
      guard count < 8, take(colon) else { break }
      if take(colon) {
        guard gap == nil else { return nil }
        gap = count
      }
    }
    return TextReader.join(groups, count: count, gap: gap)
  }

  /// Spreads the groups around the gap; without one there must be eight, with one fewer.
  private static func join(_ groups: InlineArray<8, UInt16>, count: Int, gap: Int?) -> IPv6Address? {
    guard gap == nil ? count == 8 : count < 8 else { return nil }
    let missing = 8 - count
    var high: UInt64 = 0
    var low: UInt64 = 0
    for index in 0..<8 {
      var group: UInt16 = 0
      if let gap, index >= gap {
        if index >= gap + missing { group = groups[index - missing] }
      } else {
        group = groups[index]
      }
      if index < 4 { high = high << 16 | UInt64(group) } else { low = low << 16 | UInt64(group) }
    }
    return IPv6Address(high: high, low: low)
  }

  fileprivate mutating func takeIPAddress() -> IPAddress? {
    let start = position
    if let address = takeIPv4Address() { return .v4(address) }
    rewind(to: start)
    return takeIPv6Address().map { .v6($0) }
  }
}

extension IPv4Address: CustomStringConvertible {
  /// The address that `text` names in dotted decimal; nil if it is anything else.
  public init?(parsing text: String) {
    var reader = TextReader(text)
    guard let address = reader.takeIPv4Address(), reader.isAtEnd else { return nil }
    self = address
  }

  public var description: String {
    var writer = TextWriter()
    writer.write(self)
    return writer.text
  }
}

extension IPv6Address: CustomStringConvertible {
  /// The address that `text` names in one of the forms of RFC 4291 section 2.2; nil if it is anything else.
  public init?(parsing text: String) {
    var reader = TextReader(text)
    guard let address = reader.takeIPv6Address(), reader.isAtEnd else { return nil }
    self = address
  }

  /// The one form of RFC 5952 section 4.
  public var description: String {
    var writer = TextWriter()
    writer.write(self)
    return writer.text
  }
}

extension IPAddress: CustomStringConvertible {
  /// The address that `text` names; nil if it is neither an IPv4 nor an IPv6 address.
  public init?(parsing text: String) {
    var reader = TextReader(text)
    guard let address = reader.takeIPAddress(), reader.isAtEnd else { return nil }
    self = address
  }

  public var description: String {
    switch self {
    case .v4(let address): address.description
    case .v6(let address): address.description
    }
  }
}

extension Endpoint: CustomStringConvertible {
  /// The endpoint that `text` names as `10.0.0.1:80` or `[fd77::1]:80`; nil if it is anything else.
  public init?(parsing text: String) {
    var reader = TextReader(text)
    let isBracketed = reader.take(UInt8(ascii: "["))
    let address: IPAddress?
    if isBracketed {
      address = reader.takeIPv6Address().map { .v6($0) }
      guard reader.take(UInt8(ascii: "]")) else { return nil }
    } else {
      address = reader.takeIPv4Address().map { .v4($0) }
    }
    guard let address, reader.take(colon), let port = reader.takeDecimal(upTo: 0xFFFF), reader.isAtEnd else {
      return nil
    }
    self.init(address, UInt16(truncatingIfNeeded: port))
  }

  public var description: String {
    var writer = TextWriter()
    switch address {
    case .v4(let address):
      writer.write(address)
      writer.write(":")
    case .v6(let address):
      writer.write("[")
      writer.write(address)
      writer.write("]:")
    }
    writer.write(decimal: UInt32(port))
    return writer.text
  }
}

extension IPPrefix: CustomStringConvertible {
  /// The prefix that `text` names as `10.0.0.1/24` or `fd77::1/64`; nil if it is anything else.
  public init?(parsing text: String) {
    var reader = TextReader(text)
    guard let address = reader.takeIPAddress(), reader.take(slash),
      let length = reader.takeDecimal(upTo: address.isIPv4 ? 32 : 128), reader.isAtEnd
    else { return nil }
    self.init(address, UInt8(truncatingIfNeeded: length))
  }

  public var description: String {
    var writer = TextWriter()
    switch address {
    case .v4(let address): writer.write(address)
    case .v6(let address): writer.write(address)
    }
    writer.write("/")
    writer.write(decimal: UInt32(length))
    return writer.text
  }
}

extension TextWriter {
  mutating func write(_ address: IPv4Address) {
    for shift: UInt32 in [24, 16, 8, 0] {
      if shift < 24 { write(character: dot) }
      write(decimal: address.rawValue >> shift & 0xFF)
    }
  }

  /// RFC 5952: small letters, no zeros in front, the first longest run of at least two zero groups as a double colon, and an
  /// IPv4-mapped address with its last part in dotted decimal.
  mutating func write(_ address: IPv6Address) {
    if address.high == 0 && address.low >> 32 == 0xFFFF {
      write("::ffff:")
      write(IPv4Address(UInt32(truncatingIfNeeded: address.low)))
      return
    }
    let zeros = address.longestZeroRun
    var index = 0
    while index < 8 {
      if index == zeros.lowerBound && !zeros.isEmpty {
        write("::")
        index = zeros.upperBound
        continue
      }
      if index > 0 && index != zeros.upperBound { write(character: colon) }
      write(hexadecimal: UInt32(address.group(index)))
      index += 1
    }
  }
}

extension IPv6Address {
  /// One of the eight groups of 16 bits.
  fileprivate func group(_ index: Int) -> UInt16 {
    UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64((3 - index & 3) * 16))
  }

  /// The first of the longest runs of two or more zero groups; empty if there is none.
  fileprivate var longestZeroRun: Range<Int> {
    var best = 0..<0
    var start = 0
    for index in 0...8 {
      if index < 8 && group(index) == 0 { continue }
      if index - start > max(best.count, 1) { best = start..<index }
      start = index + 1
    }
    return best
  }
}
