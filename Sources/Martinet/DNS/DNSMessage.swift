import MartinetWire

/// The types of records that a stub resolver deals with (RFC 1035 section 3.2.2, RFC 3596 section 2.1).
package struct DNSType: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }
  package static let address = DNSType(rawValue: 1)
  package static let canonicalName = DNSType(rawValue: 5)
  package static let startOfAuthority = DNSType(rawValue: 6)
  package static let ipv6Address = DNSType(rawValue: 28)
}

/// How a server answers (RFC 1035 section 4.1.1).
package struct DNSResponseCode: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }
  package static let noError = DNSResponseCode(rawValue: 0)
  package static let formatError = DNSResponseCode(rawValue: 1)
  package static let serverFailure = DNSResponseCode(rawValue: 2)
  package static let noSuchName = DNSResponseCode(rawValue: 3)
  package static let unsupported = DNSResponseCode(rawValue: 4)
  package static let refused = DNSResponseCode(rawValue: 5)
}

/// What is asked: the records of one type that a name has.
package struct DNSQuestion: Hashable, Sendable {
  package var name: DNSName
  package var type: DNSType
  /// 1 is the Internet.
  package var recordClass: UInt16

  package init(name: DNSName, type: DNSType, recordClass: UInt16 = 1) {
    self.name = name
    self.type = type
    self.recordClass = recordClass
  }
}

/// A resource record (RFC 1035 section 4.1.3).
package struct DNSRecord: Hashable, Sendable {
  /// What the record says.
  package enum Content: Hashable, Sendable {
    case address(IPAddress)
    case canonicalName(DNSName)
    /// The time for which the zone lets its negative answers be remembered (RFC 2308 section 4).
    case startOfAuthority(minimum: UInt32)
    /// Any other type, or a content that does not fit its type.
    case other(type: DNSType, [UInt8])
  }

  package var name: DNSName
  /// The seconds for which the record may be remembered.
  package var timeToLive: UInt32
  package var content: Content
  package var recordClass: UInt16

  package init(name: DNSName, timeToLive: UInt32, content: Content, recordClass: UInt16 = 1) {
    self.name = name
    self.timeToLive = timeToLive
    self.content = content
    self.recordClass = recordClass
  }
}

/// A DNS message (RFC 1035 section 4).
package struct DNSMessage: Hashable, Sendable {
  package var identifier: UInt16
  package var isResponse = false
  /// 0 is a standard query.
  package var operation: UInt8 = 0
  package var isAuthoritative = false
  package var isTruncated = false
  package var wantsRecursion = true
  package var offersRecursion = false
  package var code = DNSResponseCode.noError
  package var questions: [DNSQuestion] = []
  package var answers: [DNSRecord] = []
  package var authorities: [DNSRecord] = []
  package var additional: [DNSRecord] = []

  /// The octets of the header.
  package static let headerLength = 12
  /// The most octets of a message over UDP (RFC 1035 section 4.2.1).
  package static let longestDatagram = 512
  /// The most octets of a message over TCP: its length field has 16 bits (RFC 1035 section 4.2.2).
  package static let longestMessage = 65535

  /// A query for one question.
  package init(asking question: DNSQuestion, identifier: UInt16) {
    self.identifier = identifier
    questions = [question]
  }

  /// The beginning of a response to `query`.
  package init(answering query: DNSMessage, _ code: DNSResponseCode = .noError) {
    identifier = query.identifier
    isResponse = true
    operation = query.operation
    wantsRecursion = query.wantsRecursion
    offersRecursion = true
    self.code = code
    questions = query.questions
  }

  fileprivate init(identifier: UInt16, flags: UInt16) {
    self.identifier = identifier
    isResponse = flags & 0x8000 != 0
    operation = UInt8(flags >> 11 & 0xF)
    isAuthoritative = flags & 0x0400 != 0
    isTruncated = flags & 0x0200 != 0
    wantsRecursion = flags & 0x0100 != 0
    offersRecursion = flags & 0x0080 != 0
    code = DNSResponseCode(rawValue: UInt8(flags & 0xF))
  }

  private var flags: UInt16 {
    var flags = UInt16(operation & 0xF) << 11 | UInt16(code.rawValue & 0xF)
    if isResponse { flags |= 0x8000 }
    if isAuthoritative { flags |= 0x0400 }
    if isTruncated { flags |= 0x0200 }
    if wantsRecursion { flags |= 0x0100 }
    if offersRecursion { flags |= 0x0080 }
    return flags
  }
}

// MARK: Reading

extension DNSMessage {
  /// Reads a message. Octets behind the last record are ignored; so are the records that are missing in one that is truncated.
  package static func parse(_ octets: [UInt8]) throws(DNSError) -> DNSMessage {
    var reader = DNSReader(octets)
    var message = DNSMessage(identifier: try reader.number16(), flags: try reader.number16())
    let counts = try (reader.number16(), reader.number16(), reader.number16(), reader.number16())
    for _ in 0..<counts.0 { message.questions.append(try reader.question()) }
    do throws(DNSError) {
      for _ in 0..<counts.1 { message.answers.append(try reader.record()) }
      for _ in 0..<counts.2 { message.authorities.append(try reader.record()) }
      for _ in 0..<counts.3 { message.additional.append(try reader.record()) }
    } catch {
      if !message.isTruncated { throw error }
    }
    return message
  }

  // MARK: Writing

  /// The message in octets.
  /// - Throws: `tooLong` beyond 65,535 octets or records.
  package func encoded() throws(DNSError) -> [UInt8] {
    var writer = DNSWriter()
    writer.append(identifier)
    writer.append(flags)
    for count in [questions.count, answers.count, authorities.count, additional.count] {
      guard let count = UInt16(exactly: count) else { throw .tooLong }
      writer.append(count)
    }
    for question in questions { writer.append(question) }
    for record in answers { try writer.append(record) }
    for record in authorities { try writer.append(record) }
    for record in additional { try writer.append(record) }
    guard writer.octets.count <= DNSMessage.longestMessage else { throw .tooLong }
    return writer.octets
  }
}
