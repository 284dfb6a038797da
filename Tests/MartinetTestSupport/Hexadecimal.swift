import MartinetWire

/// Octets as pairs of hexadecimal digits.
enum Hexadecimal {
  static func text(_ octets: [UInt8]) -> String {
    octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  static func octets(_ text: String) -> [UInt8]? {
    let digits = Array(text)
    guard digits.count % 2 == 0 else { return nil }
    var octets: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let octet = UInt8(String(digits[index...index + 1]), radix: 16) else { return nil }
      octets.append(octet)
    }
    return octets
  }
}

extension FastOpenCookie {
  /// A cookie of these octets, 16 at most.
  public init(_ octets: [UInt8]) {
    self.init()
    count = UInt8(octets.count)
    for (index, octet) in octets.enumerated() { bytes[index] = octet }
  }
}
