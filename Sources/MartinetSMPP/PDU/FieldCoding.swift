/// Goes through the fields of a body in the order of the specification, to read or to write them: the layout of each PDU is written down once.
protocol FieldCoding {
  mutating func octet(_ value: inout UInt8, _ field: SMPPField) throws(SMPPFormatError)
  mutating func word(_ value: inout UInt32, _ field: SMPPField) throws(SMPPFormatError)
  /// A C-octet string of at most `limit` octets, its NUL included.
  mutating func text(_ value: inout String, limit: Int, _ field: SMPPField) throws(SMPPFormatError)
  /// Octets that an octet before them counts; at most 254 (section 5.2.21).
  mutating func message(_ value: inout [UInt8]) throws(SMPPFormatError)
  /// Everything that is left.
  mutating func parameters(_ value: inout [SMPPParameter]) throws(SMPPFormatError)
  /// Entries that an octet before them counts.
  mutating func list<Entry: CodedFields>(
    _ entries: inout [Entry], from least: Int, to most: Int, _ field: SMPPField
  ) throws(SMPPFormatError)
}

/// What has fields.
protocol CodedFields {
  init()
  mutating func code(_ fields: inout some FieldCoding) throws(SMPPFormatError)
}

extension FieldCoding {
  /// A time: no characters, or sixteen (section 7.1.1).
  mutating func time(_ value: inout String, _ field: SMPPField) throws(SMPPFormatError) {
    try text(&value, limit: 17, field)
    if value.unicodeScalars.count != 0 && value.unicodeScalars.count != 16 { throw .time(field) }
  }

  /// The address of a sender.
  mutating func source(_ address: inout SMPPAddress, limit: Int = 21) throws(SMPPFormatError) {
    try octet(&address.ton, .sourceTON)
    try octet(&address.npi, .sourceNPI)
    try text(&address.digits, limit: limit, .source)
  }

  /// The address of a receiver.
  mutating func destination(_ address: inout SMPPAddress, limit: Int = 21) throws(SMPPFormatError) {
    try octet(&address.ton, .destinationTON)
    try octet(&address.npi, .destinationNPI)
    try text(&address.digits, limit: limit, .destination)
  }
}

/// Reads fields.
struct FieldReader: FieldCoding {
  private var rest: ArraySlice<UInt8>

  init(_ octets: ArraySlice<UInt8>) { rest = octets }

  var count: Int { rest.count }

  mutating func octet(_ value: inout UInt8, _ field: SMPPField) throws(SMPPFormatError) {
    guard let first = rest.popFirst() else { throw .truncated(field) }
    value = first
  }

  mutating func word(_ value: inout UInt32, _ field: SMPPField) throws(SMPPFormatError) {
    value = 0
    for _ in 0..<4 {
      var part: UInt8 = 0
      try octet(&part, field)
      value = value << 8 | UInt32(part)
    }
  }

  mutating func text(_ value: inout String, limit: Int, _ field: SMPPField) throws(SMPPFormatError) {
    guard let end = rest.prefix(limit).firstIndex(of: 0) else {
      if rest.count < limit { throw .truncated(field) }
      throw .unterminated(field, limit: limit)
    }
    value = String(String.UnicodeScalarView(rest[..<end].map { Unicode.Scalar($0) }))
    rest = rest[(end + 1)...]
  }

  mutating func message(_ value: inout [UInt8]) throws(SMPPFormatError) {
    var count: UInt8 = 0
    try octet(&count, .messageLength)
    if count > SMPPMessage.longest { throw .value(.messageLength, UInt32(count)) }
    guard rest.count >= Int(count) else { throw .truncated(.message) }
    value = Array(rest.prefix(Int(count)))
    rest = rest.dropFirst(Int(count))
  }

  mutating func parameters(_ value: inout [SMPPParameter]) throws(SMPPFormatError) {
    value = []
    while !rest.isEmpty {
      guard rest.count >= 4 else { throw .truncated(.parameters) }
      let head = rest.prefix(4).map { UInt16($0) }
      let tag = SMPPTag(rawValue: head[0] << 8 | head[1])
      let length = Int(head[2] << 8 | head[3])
      rest = rest.dropFirst(4)
      guard rest.count >= length else { throw .parameterLength(tag) }
      value.append(SMPPParameter(tag, Array(rest.prefix(length))))
      rest = rest.dropFirst(length)
    }
  }

  mutating func list<Entry: CodedFields>(
    _ entries: inout [Entry], from least: Int, to most: Int, _ field: SMPPField
  ) throws(SMPPFormatError) {
    var count: UInt8 = 0
    try octet(&count, field)
    guard (least...most).contains(Int(count)) else { throw .value(field, UInt32(count)) }
    entries = []
    for _ in 0..<count {
      var entry = Entry()
      try entry.code(&self)
      entries.append(entry)
    }
  }
}

/// Writes fields.
struct FieldWriter: FieldCoding {
  private(set) var octets: [UInt8] = []

  mutating func octet(_ value: inout UInt8, _ field: SMPPField) {
    octets.append(value)
  }

  mutating func word(_ value: inout UInt32, _ field: SMPPField) {
    for shift in [24, 16, 8, 0] { octets.append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
  }

  mutating func text(_ value: inout String, limit: Int, _ field: SMPPField) throws(SMPPFormatError) {
    guard value.unicodeScalars.count < limit else { throw .tooLong(field, limit: limit) }
    for scalar in value.unicodeScalars {
      guard (1...255).contains(scalar.value) else { throw .character(field) }
      octets.append(UInt8(scalar.value))
    }
    octets.append(0)
  }

  mutating func message(_ value: inout [UInt8]) throws(SMPPFormatError) {
    guard value.count <= SMPPMessage.longest else { throw .tooLong(.message, limit: SMPPMessage.longest) }
    octets.append(UInt8(value.count))
    octets += value
  }

  mutating func parameters(_ value: inout [SMPPParameter]) throws(SMPPFormatError) {
    for parameter in value {
      guard let length = UInt16(exactly: parameter.value.count) else { throw .parameterLength(parameter.tag) }
      for half in [parameter.tag.rawValue, length] { octets += [UInt8(half >> 8), UInt8(half & 0xFF)] }
      octets += parameter.value
    }
  }

  mutating func list<Entry: CodedFields>(
    _ entries: inout [Entry], from least: Int, to most: Int, _ field: SMPPField
  ) throws(SMPPFormatError) {
    guard (least...most).contains(entries.count) else { throw .value(field, UInt32(clamping: entries.count)) }
    octets.append(UInt8(entries.count))
    for index in entries.indices { try entries[index].code(&self) }
  }
}
