/// Which part of a long message a message is (3GPP TS 23.040 sections 9.2.3.24.1 and 9.2.3.24.8).
public struct SMPPSegment: Hashable, Sendable {
  /// The same in all parts of a message, and another in the next one between the same two.
  public var reference: UInt16
  /// How many parts there are, from 1.
  public var count: UInt8
  /// Which one this is, from 1 to ``count``.
  public var number: UInt8

  public init(reference: UInt16, count: UInt8, number: UInt8) {
    self.reference = reference
    self.count = count
    self.number = number
  }
}

// The header before the octets of a message (3GPP TS 23.040 section 9.2.3.24).
extension SMPPMessage {
  /// The bit of ``esmClass`` that says that the octets begin with a user data header (section 5.2.12).
  private static let headerIndicator: UInt8 = 0x40
  private static let concatenation: UInt8 = 0x00
  private static let wideConcatenation: UInt8 = 0x08
  /// The octets of the header that ``segmented(reference:)`` writes.
  private static let headerLength = 6

  /// The elements of the user data header and what stands behind it; nil if the header is longer than the message or its elements are longer than it.
  var userData: (elements: [(tag: UInt8, value: [UInt8])], content: [UInt8])? {
    let octets = payload
    guard esmClass & SMPPMessage.headerIndicator != 0 else { return ([], octets) }
    guard let length = octets.first, Int(length) < octets.count else { return nil }
    var rest = octets[1..<Int(length) + 1]
    var elements: [(tag: UInt8, value: [UInt8])] = []
    while !rest.isEmpty {
      guard rest.count >= 2 else { return nil }
      let tag = rest.removeFirst()
      let count = Int(rest.removeFirst())
      guard count <= rest.count else { return nil }
      elements.append((tag, Array(rest.prefix(count))))
      rest = rest.dropFirst(count)
    }
    return (elements, Array(octets[(Int(length) + 1)...]))
  }

  /// Which part of a long message this is; nil if it is a message by itself. A header that makes no sense is passed over, as section 9.2.3.24.1 has it.
  public var segment: SMPPSegment? {
    for (tag, value) in userData?.elements ?? [] {
      let segment: SMPPSegment
      switch (tag, value.count) {
      case (SMPPMessage.concatenation, 3):
        segment = SMPPSegment(reference: UInt16(value[0]), count: value[1], number: value[2])
      case (SMPPMessage.wideConcatenation, 4):
        segment = SMPPSegment(reference: UInt16(value[0]) << 8 | UInt16(value[1]), count: value[2], number: value[3])
      default: continue
      }
      if segment.number >= 1 && segment.number <= segment.count { return segment }
    }
    return nil
  }

  /// The message in parts that a telephone puts together again, each with all the fields of this one; the message itself if one part is enough. Characters are not cut.
  ///
  /// - Parameter reference: another one than that of the long messages before, between the same two.
  /// - Throws: ``SMPPError/Reason/invalidArgument(_:)`` if there would be more than 255 parts, or the message has a user data header already.
  public func segmented(reference: UInt8) throws(SMPPError) -> [SMPPMessage] {
    let octets = payload
    if octets.count <= telephoneLimit { return [self] }
    guard esmClass & SMPPMessage.headerIndicator == 0 else {
      throw SMPPError(.request(.submit), nil, .invalidArgument("a message with a user data header can't be cut"))
    }
    // The header's 6 octets take the room of 7 septets.
    let limit = telephoneLimit - (telephoneLimit == 160 ? 7 : SMPPMessage.headerLength)
    var contents: [ArraySlice<UInt8>] = []
    var position = 0
    while position < octets.count {
      let count = wholeCharacters(of: octets, from: position, limit: limit)
      contents.append(octets[position..<position + count])
      position += count
    }
    guard let count = UInt8(exactly: contents.count) else {
      throw SMPPError(
        .request(.submit), nil, .invalidArgument("a message has at most 255 parts, not \(contents.count)"))
    }
    return contents.enumerated().map { index, content in
      var part = self
      part.parameters.removeAll { $0.tag == .messagePayload }
      part.esmClass |= SMPPMessage.headerIndicator
      part.text = [5, SMPPMessage.concatenation, 3, reference, count, UInt8(index + 1)] + content
      return part
    }
  }

  /// This part with the octets of the whole message, in the parameter ``SMPPTag/messagePayload`` if they are too long for ``text``.
  func whole(with octets: [UInt8]) -> SMPPMessage {
    var message = self
    message.esmClass &= ~SMPPMessage.headerIndicator
    message.parameters.removeAll { $0.tag == .messagePayload }
    message.text = octets.count <= SMPPMessage.longest ? octets : []
    if message.text.isEmpty { message.parameters.append(SMPPParameter(.messagePayload, octets)) }
    return message
  }
}
