/// Breaks text into lines.
enum TextWrap {
  /// Phrases with commas between them, on lines of at most `width` columns; one that is longer breaks between words.
  static func phrases(_ phrases: [String], width: Int) -> [String] {
    var lines: [String] = []
    for phrase in phrases {
      if let last = lines.last, last.count + 2 + phrase.count <= width {
        lines[lines.count - 1] = last + ", " + phrase
      } else {
        lines += words(phrase, width: width)
      }
    }
    return lines
  }

  /// `text` on lines of at most `width` columns, broken between words; a longer word is cut.
  static func words(_ text: String, width: Int) -> [String] {
    var lines: [String] = [""]
    for word in text.split(separator: " ") {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = String(word.prefix(width))
      } else if last.count + 1 + word.count <= width {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(String(word.prefix(width)))
      }
    }
    return lines
  }
}
