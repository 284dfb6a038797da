import Martinet
import MartinetTCP

/// A demonstration in figures: for a reader, and for a program.
package enum DemoSummary {
  /// The figures of `outcome`; without the real time they are the same for the same seed.
  package static func facts(_ outcome: DemoOutcome, withRealTime: Bool) -> [Fact] {
    let counts = outcome.story.counts
    let fromRight = counts.segments - counts.fromLeft
    var facts = [
      Fact(
        "File", Figures.octets(outcome.octets),
        note:
          "\(Figures.grouped(outcome.octets)) octets, SHA-256 \(outcome.isMatch ? "equal at both ends" : "NOT equal")"),
      Fact(
        "Time", Figures.span(outcome.duration),
        note: withRealTime ? "virtual; \(Figures.span(outcome.realTime)) real" : "virtual"),
      Fact("Goodput", Figures.rate(outcome.goodput), note: share(outcome)),
      Fact(
        "Segments", Figures.grouped(counts.segments),
        note: "\(Figures.grouped(counts.fromLeft)) sent by the sender, \(Figures.grouped(fromRight)) by the receiver"),
      Fact(
        "Lost on the way", Figures.grouped(outcome.swallowed), note: percent(outcome.swallowed, of: counts.segments)),
      Fact("Retransmissions", Figures.grouped(counts.retransmitted), note: causes(counts)),
    ]
    let charts = outcome.story.charts
    if let mean = charts.meanRoundTrip, let shortest = charts.shortestRoundTrip, let longest = charts.longestRoundTrip {
      facts.append(
        Fact("Round trip", Figures.span(mean), note: "mean; \(Figures.span(shortest)) to \(Figures.span(longest))"))
    }
    facts.append(Fact("Final states", states(counts), note: "sender, receiver"))
    return facts
  }

  private static func share(_ outcome: DemoOutcome) -> String {
    Figures.fixed(outcome.goodput / Double(outcome.plan.rate) * 100, places: 1) + " % of the wire"
  }

  private static func percent(_ count: Int, of whole: Int) -> String {
    whole == 0 ? "" : Figures.fixed(Double(count) / Double(whole) * 100, places: 2) + " % of all"
  }

  private static func causes(_ counts: Counts) -> String {
    let parts = TransmissionReason.allCases.compactMap { reason in
      counts.retransmissions[reason].map { "\(Figures.grouped($0)) \(reason.shortWords)" }
    }
    return parts.joined(separator: ", ")
  }

  private static func states(_ counts: Counts) -> String {
    Side.allCases.map { counts.finalPhase[$0]?.words ?? "-" }.joined(separator: ", ")
  }

  /// The figures as a table for a terminal.
  package static func table(_ facts: [Fact], on terminal: Terminal) -> String {
    let ink = Ink(terminal)
    let plain = terminal.isUnicode ? { $0 } : LadderMarks.ascii.plain
    let nameWidth = facts.map(\.name.count).max() ?? 0
    var lines: [String] = []
    for fact in facts {
      let head = fact.name + String(repeating: " ", count: nameWidth - fact.name.count + 2)
      let value = plain(fact.value)
      let room = max(20, terminal.width - head.count - value.count - 2)
      let notes = fact.note.isEmpty ? [] : TextWrap.words(plain(fact.note), width: room)
      lines.append(ink(.faint, head) + ink(.bold, value) + (notes.first.map { "  " + ink(.faint, $0) } ?? ""))
      for note in notes.dropFirst() {
        lines.append(String(repeating: " ", count: head.count + value.count + 2) + ink(.faint, note))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The figures as one object.
  package static func json(_ outcome: DemoOutcome) -> JSON {
    let counts = outcome.story.counts
    let charts = outcome.story.charts
    let causes = TransmissionReason.allCases.compactMap { reason in
      counts.retransmissions[reason].map { (reason.key, JSON.integer($0)) }
    }
    func milliseconds(_ interval: Interval?) -> JSON {
      interval.map { .number(Double($0.nanoseconds) / 1e6) } ?? .null
    }
    return .object([
      ("bytes", .integer(outcome.octets)),
      ("sha256_match", .bool(outcome.isMatch)),
      ("sha256", .string(outcome.sentSum)),
      ("seconds", .number(Double(outcome.duration.nanoseconds) / 1e9)),
      ("goodput_bps", .number(outcome.goodput)),
      ("segments", .integer(counts.segments)),
      ("segments_lost", .integer(outcome.swallowed)),
      ("retransmissions", .integer(counts.retransmitted)),
      ("retransmissions_by_cause", .object(causes)),
      ("timeouts", .integer(counts.timeouts)),
      (
        "round_trip_ms",
        .object([
          ("minimum", milliseconds(charts.shortestRoundTrip)), ("mean", milliseconds(charts.meanRoundTrip)),
          ("maximum", milliseconds(charts.longestRoundTrip)),
        ])
      ),
      (
        "final_states",
        .object(
          Side.allCases.map { side in
            (side == .left ? "sender" : "receiver", counts.finalPhase[side].map { .string($0.words) } ?? .null)
          })
      ),
      ("seed", Int(exactly: outcome.plan.seed).map { .integer($0) } ?? .string(String(outcome.plan.seed))),
      ("failure", outcome.failure.map { .string($0) } ?? .null),
    ])
  }
}
