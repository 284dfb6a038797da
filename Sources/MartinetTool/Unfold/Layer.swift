/// A field of a header: where it stands, its bits, what it says.
package struct UnfoldedField: Equatable, Sendable {
  /// The octet of its header that it begins in.
  package var octet: Int
  package var bits: Int
  /// The bits as they stand on the wire.
  package var raw: String
  package var name: String
  package var value: String
  package var meaning: String
}

/// A thing that has fields and holds other things: a frame, a packet, a segment, an option, data.
package struct Layer: Equatable, Sendable {
  package var title: String
  package var fields: [UnfoldedField] = []
  package var inner: [Layer] = []
  /// Octets that have no fields.
  package var octets: [UInt8] = []
  /// How many octets there are where not all of ``octets`` are kept.
  package var octetCount = 0
}

/// Takes the fields out of octets one after the other, by bits.
struct FieldReader {
  /// How a number is written.
  enum Style {
    case decimal
    case hexadecimal
    /// "set" or "not set".
    case flag
  }

  let octets: ArraySlice<UInt8>
  private(set) var fields: [UnfoldedField] = []
  private var position = 0
  /// Whether a field was to be taken that the octets do not hold.
  private(set) var isCutShort = false

  init(_ octets: ArraySlice<UInt8>) {
    self.octets = octets
  }

  /// The octets behind the last field.
  var rest: ArraySlice<UInt8> { octets.dropFirst((position + 7) / 8) }
  var octetsTaken: Int { (position + 7) / 8 }

  /// Takes a number of at most 64 bits; 0 beyond the end.
  @discardableResult
  mutating func take(
    _ name: String, _ bits: Int, _ style: Style = .decimal, _ meaning: (UInt64) -> String = { _ in "" }
  ) -> UInt64 {
    guard position + bits <= octets.count * 8 else {
      isCutShort = true
      return 0
    }
    var number: UInt64 = 0
    for bit in position..<position + bits { number = number << 1 | (isSet(bit) ? 1 : 0) }
    add(name, bits, value: FieldReader.text(number, bits, style), meaning: meaning(number))
    return number
  }

  /// Takes whole octets that are shown in a form of their own.
  @discardableResult
  mutating func takeOctets(
    _ name: String, _ count: Int, meaning: String = "", value: (ArraySlice<UInt8>) -> String
  ) -> ArraySlice<UInt8> {
    guard position + count * 8 <= octets.count * 8 else {
      isCutShort = true
      return []
    }
    let taken = rest.prefix(count)
    add(name, count * 8, value: value(taken), meaning: meaning)
    return taken
  }

  private mutating func add(_ name: String, _ bits: Int, value: String, meaning: String) {
    fields.append(
      UnfoldedField(
        octet: position / 8, bits: bits, raw: raw(position..<position + bits), name: name, value: value,
        meaning: meaning))
    position += bits
  }

  private func octet(_ index: Int) -> UInt8 { octets[octets.startIndex + index] }

  private func isSet(_ bit: Int) -> Bool {
    octet(bit / 8) & (0x80 >> UInt8(bit % 8)) != 0
  }

  /// Whole octets in hexadecimal, anything else as bits among dots that stand for their neighbours.
  private func raw(_ range: Range<Int>) -> String {
    let indices = range.lowerBound / 8..<(range.upperBound + 7) / 8
    if range.lowerBound % 8 == 0 && range.upperBound % 8 == 0 {
      let pairs = indices.map { FieldReader.hexadecimal(UInt64(octet($0)), digits: 2) }
      guard pairs.count > 6 else { return pairs.joined(separator: " ") }
      return pairs.prefix(3).joined(separator: " ") + " … " + pairs.suffix(2).joined(separator: " ")
    }
    let groups = indices.map { index in
      (index * 8..<index * 8 + 8).map { range.contains($0) ? (isSet($0) ? "1" : "0") : "." }.joined()
    }
    return groups.joined(separator: " ")
  }

  private static func text(_ number: UInt64, _ bits: Int, _ style: Style) -> String {
    switch style {
    case .decimal: String(number)
    case .hexadecimal: "0x" + hexadecimal(number, digits: (bits + 3) / 4)
    case .flag: number == 0 ? "not set" : "set"
    }
  }

  static func hexadecimal(_ number: UInt64, digits: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
