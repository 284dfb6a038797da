import Glibc
import Martinet
import MartinetTCP

/// Shows a visit: the ladder of its five steps, and what they took.
package enum VisitPresentation {
  static func show(_ outcome: VisitOutcome, _ story: Story) {
    Terminal.write(text(of: outcome, story, on: .error), to: STDERR_FILENO)
  }

  /// The whole text.
  package static func text(of outcome: VisitOutcome, _ story: Story, on terminal: Terminal) -> String {
    let titles = StepTitles(
      resolution: "1 name resolution", handshake: "2 handshake", request: "3 request: \(outcome.request)",
      response: "4 response: \(outcome.status)", closing: "5 closing")
    let ladder = Ladder.text(of: story, rows: Excerpt.rows(of: story, steps: titles), on: terminal)
    let title = "\(outcome.address) in five steps"
    return Ink(terminal)(.bold, title) + "\n\n" + ladder + "\n"
      + DemoSummary.table(facts(outcome, story), on: terminal)
  }

  private static func facts(_ outcome: VisitOutcome, _ story: Story) -> [Fact] {
    let server = outcome.endpoint.map { "\($0)" } ?? "-"
    let states = Side.allCases.compactMap { story.counts.finalPhase[$0]?.words }.joined(separator: ", ")
    let media = outcome.mediaType.isEmpty ? "" : ", \(outcome.mediaType)"
    var facts = [
      Fact("Name resolution", span(outcome.begin, outcome.resolved), note: "the server is \(server)"),
      Fact("Handshake", span(outcome.resolved, outcome.connected)),
      Fact("Request", span(outcome.connected, outcome.answered), note: "until the first octets of the response"),
      Fact(
        "Response", span(outcome.answered, outcome.complete),
        note: "\(outcome.status): \(Figures.grouped(outcome.octets)) octets\(media)"),
      Fact("Closing", span(outcome.complete, outcome.closed), note: states),
    ]
    if story.counts.lostEvents > 0 {
      facts.append(Fact("Not shown", Figures.grouped(story.counts.lostEvents), note: "events that came too fast"))
    }
    return facts
  }

  private static func span(_ begin: Duration, _ end: Duration) -> String {
    let (seconds, attoseconds) = (end - begin).components
    return Figures.span(Interval(nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
  }
}
