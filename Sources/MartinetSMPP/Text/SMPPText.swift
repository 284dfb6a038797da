// Messages that are text.
extension SMPPMessage {
  /// The codings of section 5.2.19 that text is read from.
  private enum Coding {
    static let gsm: UInt8 = 0
    static let ascii: UInt8 = 1
    static let latin1: UInt8 = 3
    static let ucs2: UInt8 = 8
  }

  /// A message that says `words`: in the default alphabet of GSM if that has all of its characters, else in UTF-16, which telephones read where SMPP says UCS-2. One that is
  /// too long for a telephone is to be ``segmented(reference:)``.
  ///
  /// Coding 0 is the message centre's default; most take the alphabet of GSM for it.
  public init(from source: SMPPAddress, to destination: SMPPAddress, saying words: String) {
    if let octets = GSMAlphabet.encode(words) {
      self.init(from: source, to: destination, octets)
    } else {
      let octets = words.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
      self.init(from: source, to: destination, octets, dataCoding: Coding.ucs2)
    }
  }

  /// What the message says, without its user data header; nil if ``dataCoding`` is none of text, or the octets are not coded as it says. Coding 0 is read as the
  /// default alphabet of GSM.
  public var words: String? {
    guard let octets = userData?.content else { return nil }
    switch dataCoding {
    case Coding.gsm: return GSMAlphabet.decode(octets)
    case Coding.ascii: return octets.allSatisfy { $0 < 0x80 } ? String(decoding: octets, as: UTF8.self) : nil
    case Coding.latin1: return String(String.UnicodeScalarView(octets.map { Unicode.Scalar($0) }))
    case Coding.ucs2:
      guard octets.count.isMultiple(of: 2) else { return nil }
      let units = stride(from: 0, to: octets.count, by: 2).map { UInt16(octets[$0]) << 8 | UInt16(octets[$0 + 1]) }
      return String(validating: units, as: UTF16.self)
    default: return nil
    }
  }

  /// How many octets from `position` on, at most `limit`, can stand by themselves: no character is cut in two.
  func wholeCharacters(of octets: [UInt8], from position: Int, limit: Int) -> Int {
    let end = position + limit
    if end >= octets.count { return octets.count - position }
    switch dataCoding {
    case Coding.gsm:
      // An escape belongs to what stands behind it; two of them are a character.
      var escapes = 0
      while escapes < limit && octets[end - 1 - escapes] == GSMAlphabet.escape { escapes += 1 }
      return escapes.isMultiple(of: 2) ? limit : limit - 1
    case Coding.ucs2:
      let even = limit & ~1
      // The first half of a pair begins with 110110 (RFC 2781 section 2.1).
      return octets[position + even - 2] & 0xFC == 0xD8 ? even - 2 : even
    default: return limit
    }
  }

  /// The octets that a telephone takes in one message: 140, which are 160 septets (3GPP TS 23.040 section 9.2.3.16).
  var telephoneLimit: Int { dataCoding == Coding.gsm ? 160 : 140 }
}
