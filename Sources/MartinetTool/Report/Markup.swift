/// Pieces of HTML and SVG.
enum Markup {
  /// `text` with nothing in it that markup could take for its own.
  static func escape(_ text: String) -> String {
    var escaped = ""
    for character in text {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.append(character)
      }
    }
    return escaped
  }

  /// A coordinate with at most one decimal.
  static func number(_ value: Double) -> String {
    let text = Figures.fixed(value, places: 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// An SVG text element.
  static func text(
    _ text: String, x: Double, y: Double, class name: String = "", anchor: String = "start"
  ) -> String {
    let classes = name.isEmpty ? "" : " class=\"\(name)\""
    let anchored = anchor == "start" ? "" : " text-anchor=\"\(anchor)\""
    return "<text\(classes) x=\"\(number(x))\" y=\"\(number(y))\"\(anchored)>\(escape(text))</text>"
  }

  /// An SVG path.
  static func path(_ data: String, class name: String) -> String {
    data.isEmpty ? "" : "<path class=\"\(name)\" d=\"\(data)\"/>"
  }
}
