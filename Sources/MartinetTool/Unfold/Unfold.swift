/// Draws layers in one another for a terminal.
package struct Unfold {
  private let terminal: Terminal
  private let ink: Ink
  private var lines: [String] = []

  /// `layer` and what nests in it, under `title`.
  package static func text(_ layer: Layer, title: String, on terminal: Terminal) -> String {
    var unfold = Unfold(terminal: terminal, ink: Ink(terminal))
    unfold.lines.append(unfold.ink(.bold, unfold.plain(title)))
    unfold.draw(layer, depth: 0)
    return unfold.lines.joined(separator: "\n") + "\n"
  }

  private init(terminal: Terminal, ink: Ink) {
    self.terminal = terminal
    self.ink = ink
  }

  private func plain(_ text: String) -> String {
    terminal.isUnicode ? text : LadderMarks.ascii.plain(text)
  }

  private func margin(_ depth: Int) -> String {
    ink(.faint, String(repeating: terminal.isUnicode ? "│ " : "| ", count: depth))
  }

  private mutating func draw(_ layer: Layer, depth: Int) {
    let corner = terminal.isUnicode ? "┌ " : "+ "
    lines.append(margin(depth) + ink(.faint, corner) + ink(.bold, plain(layer.title)))
    let nameWidth = layer.fields.map(\.name.count).max() ?? 0
    for field in layer.fields { draw(field, nameWidth: nameWidth, depth: depth + 1) }
    for inner in layer.inner { draw(inner, depth: depth + 1) }
    dump(layer, depth: depth + 1)
    if depth == 0 || !layer.inner.isEmpty || !layer.octets.isEmpty {
      lines.append(margin(depth) + ink(.faint, terminal.isUnicode ? "└" : "+"))
    }
  }

  private mutating func draw(_ field: UnfoldedField, nameWidth: Int, depth: Int) {
    let columns = [
      pad(String(field.octet), 3, atLeft: true),
      pad("\(field.bits) bit" + (field.bits == 1 ? "" : "s"), 8, atLeft: true),
      pad(plain(field.raw), 17), pad(plain(field.name), nameWidth), pad(field.value, 10),
    ]
    let head = columns.joined(separator: "  ")
    let room = max(20, terminal.width - depth * 2 - head.count - 2)
    let meaning = field.meaning.isEmpty ? [""] : TextWrap.words(plain(field.meaning), width: room)
    for (index, line) in meaning.enumerated() {
      let front = index == 0 ? head : String(repeating: " ", count: head.count)
      var text = front + (line.isEmpty ? "" : "  " + ink(.faint, line))
      while text.last == " " { text.removeLast() }
      lines.append(margin(depth) + text)
    }
  }

  private func pad(_ text: String, _ width: Int, atLeft: Bool = false) -> String {
    let blank = String(repeating: " ", count: max(0, width - text.count))
    return atLeft ? blank + text : text + blank
  }

  /// The first octets in hexadecimal and as characters.
  private mutating func dump(_ layer: Layer, depth: Int) {
    for start in stride(from: 0, to: layer.octets.count, by: 16) {
      let row = layer.octets[start..<min(start + 16, layer.octets.count)]
      let pairs = row.map { FieldReader.hexadecimal(UInt64($0), digits: 2) }.joined(separator: " ")
      let characters = row.map { $0 >= 0x20 && $0 < 0x7F ? String(UnicodeScalar($0)) : "." }.joined()
      lines.append(
        margin(depth) + FieldReader.hexadecimal(UInt64(start), digits: 4) + "  " + pad(pairs, 47) + "  " + characters)
    }
    let more = layer.octetCount - layer.octets.count
    if more > 0 { lines.append(margin(depth) + plain("… \(Figures.counted(more, "octet")) more")) }
  }
}
