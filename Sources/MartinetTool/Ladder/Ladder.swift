import Martinet
import MartinetTCP

/// Draws the rows of a story as a ladder for a terminal: time on the left, an end of the connection at each side with
/// its states, a segment as an arrow between them.
package struct Ladder {
  private let terminal: Terminal
  private let marks: LadderMarks
  private let ink: Ink
  private let lane: Int
  private var lines: [String] = []

  /// Columns of the time margin and of each column of states, with the blank beside it.
  static let timeWidth = 11
  static let stateWidth = 13

  package static func text(of story: Story, rows: [LadderItem], on terminal: Terminal) -> String {
    var ladder = Ladder(terminal)
    ladder.title(story)
    ladder.draw(LadderRows.merging(rows))
    return ladder.lines.joined(separator: "\n") + "\n"
  }

  private init(_ terminal: Terminal) {
    self.terminal = terminal
    marks = terminal.isUnicode ? .unicode : .ascii
    ink = Ink(terminal)
    lane = terminal.width - Ladder.timeWidth - 2 * Ladder.stateWidth - 4
  }

  private mutating func title(_ story: Story) {
    let width = lane + 2 + 2 * Ladder.stateWidth
    let margin = String(repeating: " ", count: Ladder.timeWidth + 2)
    for (left, right) in [(story.left.name, story.right.name), (story.left.endpoint, story.right.endpoint)] {
      let blank = String(repeating: " ", count: max(1, width - left.count - right.count))
      lines.append(margin + ink(.bold, left) + blank + ink(.bold, right))
    }
  }

  private mutating func draw(_ rows: [LadderRow]) {
    for row in rows {
      switch row.content {
      case .heading(let text): heading(text)
      case .flight(let flight): draw(flight, row)
      case .phase(let change):
        line(
          time: change.time, row: row,
          middle: aside(marks.plain(change.trigger.words), at: change.side))
      case .remark(let remark): draw(remark, row)
      case .gap(let gap): draw(gap)
      case .start:
        line(time: nil, row: row, middle: marks.bar + blank(lane) + marks.bar)
      }
    }
  }

  private mutating func heading(_ text: String) {
    let room = max(0, terminal.width - text.count - 4)
    lines.append(
      ink(.bold, String(repeating: marks.line, count: 2) + " " + text + " ")
        + ink(.faint, String(repeating: marks.line, count: room)))
  }

  // MARK: Lines

  private func blank(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }

  /// One line of the diagram; `middle` covers both bars and the lane between them.
  private mutating func line(time: Instant?, row: LadderRow, middle: String) {
    let clock = time.map { Figures.clock($0) } ?? ""
    let left = row.left?.words ?? ""
    let right = row.right?.words ?? ""
    let text =
      blank(Ladder.timeWidth - clock.count) + ink(.faint, clock) + " "
      + blank(Ladder.stateWidth - left.count) + ink(.cyan, left) + " " + middle
      + (right.isEmpty ? "" : " " + ink(.cyan, right))
    lines.append(text)
  }

  private mutating func plainLine(_ middle: String) {
    lines.append(blank(Ladder.timeWidth + Ladder.stateWidth + 2) + middle)
  }

  /// A remark beside the bar of one side.
  private func aside(_ text: String, at side: Side) -> String {
    let shown = String(text.prefix(lane - 2))
    let gap = blank(lane - shown.count - 1)
    return side == .left
      ? marks.bar + " " + ink(.faint, shown) + gap + marks.bar
      : marks.bar + gap + ink(.faint, shown) + " " + marks.bar
  }

  private mutating func draw(_ remark: Remark, _ row: LadderRow) {
    for (index, text) in TextWrap.words(marks.plain(remark.text), width: lane - 2).enumerated() {
      let aside = aside(text, at: remark.side)
      if index == 0 { line(time: remark.time, row: row, middle: aside) } else { plainLine(aside) }
    }
  }

  private mutating func draw(_ gap: Gap) {
    let text = ladderWords(of: gap)
    let before = (lane - text.count) / 2
    plainLine(
      marks.dotted + blank(before) + ink(.faint, text) + blank(lane - text.count - before) + marks.dotted)
  }

  /// A count of segments, with as much beside it as there is room for.
  private func ladderWords(of gap: Gap) -> String {
    var phrases = [Figures.counted(gap.segments, "segment")]
    phrases[0] += " (\(gap.fromLeft) \(marks.right) \(gap.fromRight) \(marks.left))"
    if gap.lost > 0 { phrases.append("\(gap.lost) lost") }
    if gap.payload > 0 { phrases.append(Figures.octets(gap.payload)) }
    if gap.end > gap.begin { phrases.append(marks.plain(Figures.span(gap.end - gap.begin))) }
    while !phrases.isEmpty {
      let text = "\(marks.ellipsis) \(phrases.joined(separator: ", ")) \(marks.ellipsis)"
      if text.count <= lane { return text }
      phrases.removeLast()
    }
    return "\(gap.segments)"
  }

  // MARK: Segments

  private mutating func draw(_ flight: Flight, _ row: LadderRow) {
    let label = SegmentLabel(flight, room: lane - 8)
    let tone: Ink.Tone? = flight.isLost ? .red : flight.reason.isRetransmission ? .yellow : nil
    let arrow = arrow(label.head, flight)
    let line = tone.map { ink($0, arrow) } ?? arrow
    let left = flight.from == .left ? marks.start : marks.bar
    let right = flight.from == .left ? marks.bar : marks.end
    self.line(time: flight.departure, row: row, middle: left + line + right)
    for remark in TextWrap.phrases(label.rest.map(marks.plain), width: lane - 4) {
      plainLine(marks.bar + "   " + ink(.faint, remark) + blank(lane - 3 - remark.count) + marks.bar)
    }
  }

  /// The lane of a segment: its label in the arrow, which ends in a cross where the segment was lost.
  private func arrow(_ label: String, _ flight: Flight) -> String {
    let text = " " + label + " "
    let length = flight.isLost ? min(lane - 2, max(text.count + 5, lane * 2 / 3)) : lane
    let shaft = String(repeating: marks.line, count: max(0, length - text.count - 2))
    if flight.from == .left {
      return marks.line + text + shaft + (flight.isLost ? marks.cross : marks.right) + blank(lane - length)
    }
    return blank(lane - length) + (flight.isLost ? marks.cross : marks.left) + shaft + text + marks.line
  }
}

/// The characters of a diagram.
struct LadderMarks {
  var bar: String
  var start: String
  var end: String
  var line: String
  var right: String
  var left: String
  var cross: String
  var dotted: String
  var ellipsis: String
  var isASCII: Bool

  static let unicode = LadderMarks(
    bar: "│", start: "├", end: "┤", line: "─", right: "►", left: "◄", cross: "✗", dotted: "┊", ellipsis: "…",
    isASCII: false)
  static let ascii = LadderMarks(
    bar: "|", start: "|", end: "|", line: "-", right: ">", left: "<", cross: "x", dotted: ":", ellipsis: "...",
    isASCII: true)

  /// `text` in the characters that the terminal has.
  func plain(_ text: String) -> String {
    guard isASCII else { return text }
    var plain = ""
    for character in text {
      switch character {
      case "–": plain += "-"
      case "µ": plain += "u"
      case "…": plain += ".."
      default: plain.append(character.isASCII ? character : "?")
      }
    }
    return plain
  }
}
