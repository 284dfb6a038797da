import Martinet
import MartinetTCP

/// A figure that stands at the top of a report, and in the summary on a terminal.
package struct Fact: Equatable, Sendable {
  package var name: String
  package var value: String
  package var note: String

  package init(_ name: String, _ value: String, note: String = "") {
    self.name = name
    self.value = value
    self.note = note
  }
}

/// A report: one HTML page that needs nothing beside itself.
package enum Page {
  /// The page for `story`, whose rows were chosen before.
  package static func html(title: String, subtitle: String, facts: [Fact], story: Story, rows: [LadderItem]) -> String {
    let end = lastInstant(of: story)
    let body = """
      <h2>What left, what came, what was lost</h2>
      \(SequencePlot.figure(story.charts, until: end))
      \(CongestionPlot.figure(story.charts, until: end))
      \(RoundTripPlot.figure(story.charts, until: end))
      <h2>Segment by segment</h2>
      <figure>
      \(LadderDrawing.svg(of: story, rows: rows))
      </figure>
      \(causes(story.counts))
      """
    return document(title: title, subtitle: subtitle, facts: facts, body: body, maker: "martinet")
  }

  /// What every page has around its `body`: the head, the facts on cards, and `maker`'s name below.
  static func document(title: String, subtitle: String, facts: [Fact], body: String, maker: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>\(Markup.escape(title))</title>
    <style>
    \(PageStyle.css)
    </style>
    </head>
    <body>
    <main>
    <header><h1>\(Markup.escape(title))</h1><p>\(Markup.escape(subtitle))</p></header>
    <dl class="cards">
    \(facts.map(card).joined(separator: "\n"))
    </dl>
    \(body)
    <footer>Made by \(maker). Drag over a graph to zoom all of them, double-click to see everything.</footer>
    </main>
    <script>
    \(PageScript.javascript)
    </script>
    </body>
    </html>

    """
  }

  private static func card(_ fact: Fact) -> String {
    let note = fact.note.isEmpty ? "" : "<small>\(Markup.escape(fact.note))</small>"
    return "<div><dt>\(Markup.escape(fact.name))</dt><dd>\(Markup.escape(fact.value))\(note)</dd></div>"
  }

  private static func causes(_ counts: Counts) -> String {
    guard counts.retransmitted > 0 else { return "" }
    let rows = TransmissionReason.allCases.compactMap { reason in
      counts.retransmissions[reason].map {
        "<tr><td>\(Markup.escape(reason.shortWords))</td><td>\(Figures.grouped($0))</td></tr>"
      }
    }
    return "<h2>Retransmissions by cause</h2>\n<table><tr><th>cause</th><th>segments</th></tr>\(rows.joined())</table>"
  }

  /// The end of the time axis: the last thing that happened before everything was said.
  private static func lastInstant(of story: Story) -> Instant {
    var last = Instant.zero
    for happening in story.happenings {
      guard case .flight(let flight) = happening else { continue }
      last = max(last, flight.departure)
      if case .arrived(let instant) = flight.fate { last = max(last, instant) }
    }
    return last
  }
}
