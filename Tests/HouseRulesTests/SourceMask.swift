/// Tells Swift code from comments and string literals, as far as the house rules need it.
struct SourceMask {
  private let bytes: [UInt8]
  private var position = 0
  private var code: [UInt8]
  private var comments: [UInt8]

  /// The code of `text` and its comments, each with everything else blanked out.
  static func split(_ text: String) -> (code: String, comments: String) {
    var mask = SourceMask(text)
    mask.takeCode(until: nil)
    return (String(decoding: mask.code, as: UTF8.self), String(decoding: mask.comments, as: UTF8.self))
  }

  private init(_ text: String) {
    bytes = Array(text.utf8)
    code = bytes.map { $0 == UInt8(ascii: "\n") ? $0 : UInt8(ascii: " ") }
    comments = code
  }

  private func has(_ word: String, at offset: Int = 0) -> Bool {
    bytes.dropFirst(position + offset).starts(with: word.utf8)
  }

  /// Takes code up to the closing parenthesis of an interpolation, or to the end.
  private mutating func takeCode(until closing: UInt8?) {
    var depth = 0
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "/") where has("//"): takeLineComment()
      case UInt8(ascii: "/") where has("/*"): takeBlockComment()
      case UInt8(ascii: "\""): takeString(hashes: 0)
      case UInt8(ascii: "#") where has("#\"") || has("##\""): takeString(hashes: has("##") ? 2 : 1)
      default:
        if byte == UInt8(ascii: "(") { depth += 1 }
        if byte == UInt8(ascii: ")") {
          if closing != nil && depth == 0 { return }
          depth -= 1
        }
        code[position] = byte
        position += 1
      }
    }
  }

  private mutating func takeLineComment() {
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
      comments[position] = bytes[position]
      position += 1
    }
  }

  private mutating func takeBlockComment() {
    var depth = 0
    repeat {
      let step = has("/*") || has("*/") ? 2 : 1
      if has("/*") { depth += 1 }
      if has("*/") { depth -= 1 }
      for _ in 0..<step where position < bytes.count {
        comments[position] = bytes[position]
        position += 1
      }
    } while depth > 0 && position < bytes.count
  }

  private mutating func takeString(hashes: Int) {
    let guards = String(repeating: "#", count: hashes)
    position += hashes
    let quotes = has("\"\"\"") ? "\"\"\"" : "\""
    position += quotes.utf8.count
    while position < bytes.count {
      if has(quotes + guards) {
        position += quotes.utf8.count + hashes
        return
      }
      if has("\\" + guards + "(") {
        position += 2 + hashes
        takeCode(until: UInt8(ascii: ")"))
        position += 1
      } else if has("\\" + guards) {
        position += 2 + hashes
      } else {
        if quotes.utf8.count == 1 && bytes[position] == UInt8(ascii: "\n") { return }
        position += 1
      }
    }
  }
}
