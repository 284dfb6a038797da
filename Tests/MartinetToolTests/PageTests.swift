import Foundation
import MartinetTCP
import MartinetTool
import MartinetWire
import Testing

@Suite("The report")
struct PageTests {
  private func page(_ script: Script = Samples.sawtooth) -> String {
    let story = script.story
    return Page.html(
      title: "A <title> & \"more\"", subtitle: "50 ms each way", facts: [Fact("Goodput", "93 Mbit/s", note: "a < b")],
      story: story, rows: Excerpt.rows(of: story))
  }

  @Test("Every element of the page is closed, in order, and every value escaped")
  func wellFormed() throws {
    let problems = Markup.problems(in: page())
    #expect(problems == [])
  }

  @Test("The page asks for nothing beside itself")
  func selfContained() {
    let page = page().replacing("http://www.w3.org/2000/svg", with: "")
    for needle in ["http:", "https:", "src=", "<link", "@import", "url(//", "<iframe", "fetch("] {
      #expect(!page.contains(needle), "\(needle)")
    }
  }

  @Test("The page has its graphs, the ladder, and each cause of retransmission")
  func contents() {
    let page = page()
    for needle in [
      "Time and sequence", "Congestion window", "Round-trip time", "class=\"ladder\"", "fast retransmission",
      "after a timeout", "lost on the way", "slow-start threshold", "SYN-SENT", "ESTABLISHED",
      "A &lt;title&gt; &amp; &quot;more&quot;", "prefers-color-scheme:dark",
    ] {
      #expect(page.contains(needle), "\(needle)")
    }
  }

  @Test("The same story makes the same page")
  func reproducible() {
    #expect(page() == page())
  }

  @Test("A story without anything makes a page, too")
  func empty() {
    #expect(Markup.problems(in: page(Script())) == [])
  }

  @Test("A hundred thousand segments make a page that one can still load")
  func bounded() {
    var script = Script()
    for index in 0..<60_000 {
      script.segment(
        from: .left, at: Int64(index), .ack, sequence: 1 + index * 1000, acknowledgement: 1, payload: 1000,
        reason: .newData, isLost: index % 7 == 3)
      script.segment(
        from: .right, at: Int64(index), .ack, sequence: 1, acknowledgement: 1 + index * 1000, reason: .acknowledgement)
    }
    #expect(page(script).utf8.count < 2_000_000)
  }
}

/// Reads HTML as far as a report uses it.
private enum Markup {
  private static let void: Set<String> = ["meta", "br", "hr", "img", "input"]

  /// What is wrong with `text`.
  static func problems(in text: String) -> [String] {
    var problems: [String] = []
    var open: [String] = []
    var rest = Substring(text)
    while let start = rest.firstIndex(of: "<") {
      problems += strayCharacters(in: rest[..<start], of: open.last)
      rest = rest[rest.index(after: start)...]
      guard let end = rest.firstIndex(of: ">") else { return problems + ["a tag without an end"] }
      let tag = rest[..<end]
      rest = rest[rest.index(after: end)...]
      if tag.hasPrefix("!") { continue }
      let name = String(tag.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber })
      if tag.hasPrefix("/") {
        if open.popLast() != name { problems.append("</\(name)> closes what is not open") }
      } else if !tag.hasSuffix("/") && !void.contains(name) {
        open.append(name)
      }
      if tag.filter({ $0 == "\"" }).count % 2 != 0 { problems.append("quotes in <\(tag)>") }
      // Scripts and styles end at their own tag and nowhere else.
      if name == "script" || name == "style", !tag.hasPrefix("/"), let close = rest.firstRange(of: "</\(name)>") {
        rest = rest[close.lowerBound...]
      }
    }
    return problems + open.map { "<\($0)> is never closed" }
  }

  private static func strayCharacters(in text: Substring, of element: String?) -> [String] {
    var problems: [String] = []
    if text.contains(">") { problems.append("a > in the text of \(element ?? "the page")") }
    for piece in text.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
      let isEntity = ["amp;", "lt;", "gt;", "quot;", "#39;"].contains { piece.hasPrefix($0) }
      if !isEntity { problems.append("an & in the text of \(element ?? "the page")") }
    }
    return problems
  }
}
