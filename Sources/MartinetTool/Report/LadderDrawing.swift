import Martinet
import MartinetTCP

/// The ladder as an SVG picture: the arrows slope with the time that a segment takes, each end writes at its own side.
struct LadderDrawing {
  private static let width = 1200.0
  private static let leftBar = 440.0
  private static let rightBar = 760.0

  /// Something that happens at a place on one of the two bars.
  private enum Mark {
    case heading(String)
    case departure(Int)
    case arrival(Int)
    case phase(PhaseChange)
    case remark(Remark)
    case gap(Gap)
  }

  private var flights: [Flight] = []
  private var departures: [Double] = []
  private var arrivals: [Double?] = []
  private var texts: [String] = []
  private var y = 34.0

  /// The picture of `rows`.
  static func svg(of story: Story, rows: [LadderItem]) -> String {
    var drawing = LadderDrawing()
    drawing.place(rows)
    return drawing.svg(story)
  }

  private init() {}

  // MARK: Places

  /// Every mark gets its own height, in the order of time, so that no two texts of one side meet.
  private mutating func place(_ rows: [LadderItem]) {
    var marks: [(time: Instant, order: Int, mark: Mark)] = []
    var clock = Instant.zero
    for row in rows {
      switch row {
      case .heading(let text): marks.append((clock, marks.count, .heading(text)))
      case .phase(let change):
        clock = change.time
        marks.append((clock, marks.count, .phase(change)))
      case .remark(let remark):
        clock = remark.time
        marks.append((clock, marks.count, .remark(remark)))
      case .gap(let gap):
        clock = gap.begin
        marks.append((clock, marks.count, .gap(gap)))
        clock = gap.end
      case .flight(let flight):
        clock = flight.departure
        marks.append((clock, marks.count, .departure(flights.count)))
        if case .arrived(let instant) = flight.fate {
          marks.append((instant, marks.count, .arrival(flights.count)))
        }
        flights.append(flight)
        departures.append(0)
        arrivals.append(nil)
      }
    }
    sortHeadings(&marks)
    for (_, _, mark) in marks { place(mark) }
  }

  /// A heading stands before the first mark that follows it, not before late arrivals of what came earlier.
  private func sortHeadings(_ marks: inout [(time: Instant, order: Int, mark: Mark)]) {
    for index in marks.indices {
      if case .heading = marks[index].mark, index + 1 < marks.count { marks[index].time = marks[index + 1].time }
    }
    marks.sort { ($0.time, $0.order) < ($1.time, $1.order) }
  }

  private mutating func place(_ mark: Mark) {
    switch mark {
    case .heading(let text):
      y += 26
      texts.append(
        Markup.text(
          text, x: (LadderDrawing.leftBar + LadderDrawing.rightBar) / 2, y: y, class: "heading", anchor: "middle"))
      y += 14
    case .departure(let index):
      y += 16
      departures[index] = y
      write(flights[index])
    case .arrival(let index):
      y += 7
      arrivals[index] = y
    case .phase(let change):
      y += 17
      write(
        change.to.words, "phase", at: change.side, title: "\(Figures.clock(change.time)) s: \(change.trigger.words)")
    case .remark(let remark):
      y += 17
      write(remark.text, "remark", at: remark.side, title: "\(Figures.clock(remark.time)) s")
    case .gap(let gap):
      y += 26
      let text =
        "\(Figures.counted(gap.segments, "segment")), \(Figures.octets(gap.payload)), \(Figures.span(gap.end - gap.begin))"
      texts.append(
        Markup.text(
          "… " + text + " …", x: (LadderDrawing.leftBar + LadderDrawing.rightBar) / 2, y: y, class: "gap",
          anchor: "middle"))
      y += 10
    }
  }

  // MARK: Texts

  private mutating func write(_ text: String, _ name: String, at side: Side, title: String = "") {
    let x = side == .left ? LadderDrawing.leftBar - 14 : LadderDrawing.rightBar + 14
    let element = Markup.text(text, x: x, y: y + 4, class: name, anchor: side == .left ? "end" : "start")
    texts.append(title.isEmpty ? element : "<g><title>\(Markup.escape(title))</title>\(element)</g>")
  }

  private mutating func write(_ flight: Flight) {
    let fields = SegmentLabel.fields(of: flight)
    let details = flight.options.words + [flight.reason.words]
    let tone = flight.isLost ? " lost" : flight.reason.isRetransmission ? " repeated" : ""
    let title = (fields + details).joined(separator: ", ")
    let clock = Figures.clock(flight.departure)
    let line = fields.joined(separator: " ")
    write(
      flight.from == .left ? "\(clock)  \(line)" : "\(line)  \(clock)", "label" + tone, at: flight.from, title: title)
    var remarks = details.joined(separator: ", ")
    if flight.isLost { remarks += ", lost on the way" }
    if let discarded = flight.discarded { remarks += ", dropped: \(discarded.words)" }
    y += 13
    write(remarks.count > 76 ? String(remarks.prefix(75)) + "…" : remarks, "remark", at: flight.from, title: title)
  }

  // MARK: The picture

  private func arrow(_ index: Int) -> String {
    let flight = flights[index]
    let (begin, end) =
      flight.from == .left
      ? (LadderDrawing.leftBar, LadderDrawing.rightBar) : (LadderDrawing.rightBar, LadderDrawing.leftBar)
    let start = departures[index]
    let tone = flight.reason.isRetransmission ? " repeated" : ""
    if flight.isLost {
      let x = begin + (end - begin) * 0.6
      let y = start + 12
      let cross = "M\(Markup.number(x - 5)) \(Markup.number(y - 5))l10 10m0 -10l-10 10"
      return Markup.path(
        "M\(Markup.number(begin)) \(Markup.number(start))L\(Markup.number(x)) \(Markup.number(y))", class: "arrow lost")
        + Markup.path(cross, class: "arrow lost")
    }
    let y = arrivals[index] ?? start + 7
    return
      "<path class=\"arrow\(tone)\" marker-end=\"url(#tip)\" d=\"M\(Markup.number(begin)) \(Markup.number(start))L\(Markup.number(end)) \(Markup.number(y))\"/>"
  }

  private func svg(_ story: Story) -> String {
    let height = y + 30
    let bars = [LadderDrawing.leftBar, LadderDrawing.rightBar].map {
      "<line class=\"bar\" x1=\"\(Markup.number($0))\" x2=\"\(Markup.number($0))\" y1=\"44\" y2=\"\(Markup.number(height))\"/>"
    }
    let parties = [(story.left, LadderDrawing.leftBar), (story.right, LadderDrawing.rightBar)].flatMap { party, x in
      [
        Markup.text(party.name, x: x, y: 18, class: "party", anchor: "middle"),
        Markup.text(party.endpoint, x: x, y: 35, class: "endpoint", anchor: "middle"),
      ]
    }
    return """
      <svg class="ladder" viewBox="0 0 \(Markup.number(LadderDrawing.width)) \(Markup.number(height))" role="img" aria-label="Ladder diagram">
      <defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path class="tip" d="M0 1L10 5L0 9z"/></marker></defs>
      \((parties + bars + flights.indices.map(arrow) + texts).joined(separator: "\n"))
      </svg>
      """
  }
}
