/// Builds text octet by octet: all text forms are ASCII, and need none of Unicode's tables.
struct TextWriter {
  private var bytes: [UInt8] = []

  var text: String { String(decoding: bytes, as: UTF8.self) }

  mutating func write(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  mutating func write(character: UInt8) {
    bytes.append(character)
  }

  /// Writes a number in decimal digits.
  mutating func write(decimal number: UInt32) {
    var divisor: UInt32 = 1
    while number / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      bytes.append(0x30 + UInt8(truncatingIfNeeded: number / divisor % 10))
      divisor /= 10
    }
  }

  /// Writes a number in hexadecimal digits, small letters, at least `digits` of them.
  mutating func write(hexadecimal number: UInt32, digits: Int = 1) {
    var shift = 28
    while shift > 0 && shift >= digits * 4 && number >> UInt32(shift) == 0 { shift -= 4 }
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: number >> UInt32(shift)) & 0xF
      bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
      shift -= 4
    }
  }
}

/// Reads text octet by octet.
struct TextReader {
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ text: String) {
    bytes = Array(text.utf8)
  }

  var isAtEnd: Bool { position == bytes.count }
  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// Goes back, or on, to a position that was read before.
  mutating func rewind(to position: Int) {
    self.position = position
  }

  /// Takes `character` if it is next.
  mutating func take(_ character: UInt8) -> Bool {
    guard next == character else { return false }
    position += 1
    return true
  }

  /// Takes decimal digits, at least one, that make a number up to `limit`; without a zero in front.
  mutating func takeDecimal(upTo limit: UInt32) -> UInt32? {
    let start = position
    var number: UInt32 = 0
    while let digit = next.flatMap(TextReader.decimal), position - start < 9 {
      number = number * 10 + digit
      position += 1
    }
    guard position > start && number <= limit else { return nil }
    guard bytes[start] != 0x30 || position == start + 1 else { return nil }
    return number
  }

  /// Takes one to `digits` hexadecimal digits; `digits` is at most 8.
  mutating func takeHexadecimal(digits: Int) -> UInt32? {
    let start = position
    var number: UInt32 = 0
    while position - start < digits, let digit = next.flatMap(TextReader.hexadecimal) {
      number = number << 4 | digit
      position += 1
    }
    return position > start ? number : nil
  }

  private static func decimal(_ character: UInt8) -> UInt32? {
    character >= 0x30 && character <= 0x39 ? UInt32(character - 0x30) : nil
  }

  private static func hexadecimal(_ character: UInt8) -> UInt32? {
    switch character {
    case 0x30...0x39: UInt32(character - 0x30)
    case 0x41...0x46: UInt32(character - 0x37)
    case 0x61...0x66: UInt32(character - 0x57)
    default: nil
    }
  }
}
