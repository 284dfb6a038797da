import MartinetTCP

/// The findings for a reader, and for a program.
package enum HalfOpenSummary {
  /// A table of findings of one cut.
  package static func table(_ findings: [HalfOpenFinding], on terminal: Terminal) -> String {
    let ink = Ink(terminal)
    var lines = [ink(.faint, row("mechanism", "noticed", "warned") + "what the program was told")]
    for finding in findings {
      let noticed = finding.noticed.map { Figures.span($0.interval) } ?? "never"
      let warned = finding.warned.map { Figures.span($0.interval) } ?? "-"
      let head = row(finding.mechanism.words, noticed, warned)
      let told = TextWrap.words(words(finding), width: max(20, terminal.width - head.count))
      let tone: Ink.Tone = finding.isAsExpected ? (finding.noticed == nil ? .yellow : .green) : .red
      lines.append(ink(tone, head) + (told.first ?? ""))
      for line in told.dropFirst() { lines.append(String(repeating: " ", count: head.count) + line) }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func row(_ name: String, _ noticed: String, _ warned: String) -> String {
    padded(name, 24) + padded(noticed, 10) + padded(warned, 10)
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  private static func words(_ finding: HalfOpenFinding) -> String {
    var words = finding.verdict.words ?? "nothing: after \(Figures.span(finding.watched.interval)) it still waits"
    if !finding.isAsExpected, let limit = finding.limit {
      words += "; the limit was \(Figures.span(limit.interval))"
    }
    return words
  }

  /// All findings as one array.
  package static func json(_ findings: [HalfOpenFinding]) -> JSON {
    func seconds(_ time: Duration?) -> JSON { time.map { .number($0.seconds) } ?? .null }
    func text(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
    return .array(
      findings.map { finding in
        .object([
          ("cut", .string(finding.cut.rawValue)),
          ("mechanism", .string(finding.mechanism.rawValue)),
          ("must_notice", .bool(finding.limit != nil)),
          ("limit_seconds", seconds(finding.limit)),
          ("noticed", .bool(finding.noticed != nil)),
          ("noticed_seconds", seconds(finding.noticed)),
          ("warned_seconds", seconds(finding.warned)),
          ("warning", text(finding.warning)),
          ("cause", text(finding.verdict.cause)),
          ("told", text(finding.verdict.words)),
          ("watched_seconds", seconds(finding.watched)),
          ("as_expected", .bool(finding.isAsExpected)),
        ])
      })
  }
}
