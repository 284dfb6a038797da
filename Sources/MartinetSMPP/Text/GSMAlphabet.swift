/// The default alphabet of short messages, with its extension (3GPP TS 23.038 sections 6.2.1 and 6.2.1.1), one septet in each octet, as SMPP carries it.
public enum GSMAlphabet {
  /// What stands before a character of the extension.
  static let escape: UInt8 = 0x1B

  /// The characters from 0 to 127; the one at ``escape`` stands for nothing.
  private static let basic = Array(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1B}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
  )

  private static let extended: [UInt8: Character] = [
    0x0A: "\u{0C}", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€",
  ]

  private static let septets: [Character: [UInt8]] = {
    var septets: [Character: [UInt8]] = [:]
    for (code, character) in basic.enumerated() where code != escape { septets[character] = [UInt8(code)] }
    for (code, character) in extended { septets[character] = [escape, code] }
    // Unicode takes them for one character, the alphabet for two.
    septets["\r\n"] = [0x0D, 0x0A]
    return septets
  }()

  /// The octets of `text`; nil if the alphabet lacks one of its characters.
  public static func encode(_ text: String) -> [UInt8]? {
    var octets: [UInt8] = []
    for character in text {
      guard let code = septets[character] else { return nil }
      octets += code
    }
    return octets
  }

  /// The text of `octets`; nil if one of them is no septet. As section 6.2.1.1 has it, a code that the extension lacks is read as one of the alphabet, and an escape
  /// with nothing to escape as a space.
  public static func decode(_ octets: [UInt8]) -> String? {
    var text = ""
    var isEscaped = false
    for octet in octets {
      guard octet < 0x80 else { return nil }
      if octet == escape {
        if isEscaped { text.append(" ") }
        isEscaped.toggle()
      } else {
        text.append((isEscaped ? extended[octet] : nil) ?? basic[Int(octet)])
        isEscaped = false
      }
    }
    if isEscaped { text.append(" ") }
    return text
  }
}
