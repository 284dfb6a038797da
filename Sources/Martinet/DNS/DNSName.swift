/// A domain name (RFC 1035 section 3.1): labels of 1 to 63 octets, 255 octets in all with the lengths before them. Upper and lower case of ASCII are the
/// same (section 2.3.3): a name keeps the lower case.
package struct DNSName: Hashable, Sendable {
  package static let root = DNSName(octets: [0])
  package static let localhost = DNSName(octets: [9] + Array("localhost".utf8) + [0])
  package static let invalid = DNSName(octets: [7] + Array("invalid".utf8) + [0])
  package static let longestLabel = 63
  package static let longestName = 255

  /// The labels, each with its length before it, and the length 0 at the end.
  package let octets: [UInt8]

  private init(octets: [UInt8]) {
    self.octets = octets
  }

  /// A name in text form, with or without a dot at the end; nil if a label is empty or too long, the whole is too long, or it has octets that no host name
  /// has: blanks, control characters, and those beyond ASCII, which a program writes in Punycode (RFC 5891 section 4.4).
  package init?(_ text: some StringProtocol) {
    var labels: [[UInt8]] = []
    var rest = Array(text.utf8)
    if rest.last == UInt8(ascii: ".") { rest.removeLast() }
    for label in rest.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
      guard label.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
      labels.append(Array(label))
    }
    self.init(labels: labels)
  }

  /// A name of labels; nil if one is empty or too long, or the whole is too long.
  package init?(labels: [[UInt8]]) {
    var octets: [UInt8] = []
    for label in labels {
      guard (1...DNSName.longestLabel).contains(label.count) else { return nil }
      octets.append(UInt8(label.count))
      octets += label.map(DNSName.lowered)
    }
    octets.append(0)
    guard octets.count <= DNSName.longestName else { return nil }
    self.init(octets: octets)
  }

  private static func lowered(_ octet: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(octet) ? octet + 0x20 : octet
  }

  /// The labels, first one first.
  package var labels: [ArraySlice<UInt8>] {
    var found: [ArraySlice<UInt8>] = []
    var position = 0
    while octets[position] != 0 {
      let end = position + 1 + Int(octets[position])
      found.append(octets[position + 1..<end])
      position = end
    }
    return found
  }

  /// Whether the name is `domain` or lies below it.
  package func isWithin(_ domain: DNSName) -> Bool {
    labels.suffix(domain.labels.count) == domain.labels[...]
  }
}

extension DNSName: CustomStringConvertible {
  package var description: String {
    let text = labels.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ".")
    return text.isEmpty ? "." : text
  }
}
