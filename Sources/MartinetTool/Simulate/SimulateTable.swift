import MartinetSimulation
import MartinetTCP

/// The result of an experiment as a table for a terminal.
package enum SimulateTable {
  /// One line for each flow, one for each direction of a link with a rate, and what they have in common.
  package static func text(_ result: ExperimentResult, on terminal: Terminal) -> String {
    let ink = Ink(terminal)
    let room = max(8, min(40, terminal.width - 78))
    var rows = [
      ["flow", "control", "goodput", "mean RTT", "sent again", "timeouts", "finished", "goodput over time"]
    ]
    for (number, flow) in result.flows.enumerated() {
      let rates = FlowRates.bitsPerSecond(flow, of: result)
      let line = Sparkline.text(rates.map(\.1), width: room, isUnicode: terminal.isUnicode)
      rows.append(cells(flow, number) + [flow.failure.map { "failed: \($0)" } ?? line])
    }
    var lines = columns(rows, ink)
    var links = [["link", "rate", "used", "mean queue", "95 % below", "lost", "queue over time"]]
    for (number, link) in result.links.enumerated() {
      for direction in WireDirection.allCases {
        if let row = row(result, link, number, direction, room, terminal) { links.append(row) }
      }
    }
    if links.count > 1 { lines += [""] + columns(links, ink) }
    lines += ["", ink(.faint, summary(result))]
    let text = lines.joined(separator: "\n") + "\n"
    return terminal.isUnicode ? text : LadderMarks.ascii.plain(text)
  }

  private static func cells(_ flow: FlowResult, _ number: Int) -> [String] {
    [
      String(number + 1), flow.flow.algorithm.name, Figures.rate(Double(flow.goodput)),
      Figures.span(flow.meanRoundTrip), Figures.grouped(Int(flow.statistics.retransmissions)),
      Figures.grouped(flow.timeouts), flow.completion.map { Figures.span($0) } ?? "-",
    ]
  }

  private static func row(
    _ result: ExperimentResult, _ link: LinkResult, _ number: Int, _ direction: WireDirection, _ room: Int,
    _ terminal: Terminal
  ) -> [String]? {
    let isRight = direction == .toRight
    let impairment = isRight ? result.experiment.links[number].toRight : result.experiment.links[number].toLeft
    let outcome = isRight ? link.toRight : link.toLeft
    guard impairment.rate > 0, outcome.statistics.entered > 0 else { return nil }
    let queue = link.samples.map { Double(isRight ? $0.toRight : $0.toLeft) }
    return [
      "\(number + 1) \(isRight ? "→" : "←")", Figures.rate(Double(impairment.rate)),
      Figures.fixed(Double(outcome.utilisationPerMille) / 10, places: 1) + " %",
      Figures.span(outcome.meanQueueDelay), Figures.span(outcome.highQueueDelay),
      Figures.grouped(Int(outcome.statistics.lost)),
      Sparkline.text(queue, width: room, isUnicode: terminal.isUnicode),
    ]
  }

  private static func summary(_ result: ExperimentResult) -> String {
    var parts = ["\(Figures.rate(Double(result.goodput))) in all"]
    if result.flows.count > 1 {
      parts.append("fairness \(Figures.fixed(Double(result.fairnessPerMille) / 1000, places: 3)) (Jain's index)")
    }
    parts.append("\(Figures.span(result.end - .zero)) of virtual time, seed \(result.experiment.seed)")
    if result.lostTraceEvents > 0 { parts.append("\(result.lostTraceEvents) events went unseen") }
    return parts.joined(separator: ", ")
  }

  /// Rows with their cells under one another; the first is the heading.
  private static func columns(_ rows: [[String]], _ ink: Ink) -> [String] {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.enumerated().map { number, row in
      let cells = row.enumerated().map { column, cell in
        column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
      }
      return number == 0 ? ink(.faint, cells.joined()) : cells.joined()
    }
  }
}

/// What a flow brought across from sample to sample.
enum FlowRates {
  /// From the beginning of each step of a hundredth of all samples, in bits per second; the steps of all flows end together.
  static func bitsPerSecond(_ flow: FlowResult, of result: ExperimentResult) -> [(Instant, Double)] {
    let stride = max(1, (result.links.first?.samples.count ?? 0) / 100)
    var rates: [(Instant, Double)] = []
    var last = flow.samples.first
    let begun = (result.links.first?.samples.count ?? 0) - flow.samples.count
    for index in flow.samples.indices where index > 0 && (begun + index) % stride == 0 {
      let sample = flow.samples[index]
      if let last, sample.time > last.time {
        let octets = Double(sample.delivered - last.delivered)
        rates.append((last.time, octets * 8e9 / Double((sample.time - last.time).nanoseconds)))
      }
      last = sample
    }
    return rates
  }
}
