import MartinetSimulation
import MartinetTCP

/// The result of an experiment as one HTML page that needs nothing beside itself.
package enum SimulatePage {
  package static func html(_ named: NamedExperiment, _ result: ExperimentResult) -> String {
    let body = """
      <h2>What became of the flows</h2>
      \(figures(result).joined(separator: "\n"))
      <h2>Flow by flow</h2>
      \(table(result))
      """
    return Page.document(
      title: named.name, subtitle: named.sentence, facts: facts(result), body: body,
      maker: "martinet in virtual time, seed \(result.experiment.seed)")
  }

  private static func figures(_ result: ExperimentResult) -> [String] {
    var figures = [FlowPlots.throughput(result)]
    if result.flows.count > 1 { figures.append(FlowPlots.fairness(result)) }
    figures.append(result.flows.count == 1 ? FlowPlots.segments(result) : FlowPlots.progress(result))
    figures += [FlowPlots.window(result), FlowPlots.roundTrip(result)]
    if let queue = FlowPlots.queue(result) { figures.append(queue) }
    return figures
  }

  private static func facts(_ result: ExperimentResult) -> [Fact] {
    let repeated = result.flows.reduce(0) { $0 + Int($1.statistics.retransmissions) }
    let sent = result.flows.reduce(0) { $0 + Int($1.statistics.segmentsSent) }
    var facts = [
      Fact("Goodput", Figures.rate(Double(result.goodput)), note: Figures.counted(result.flows.count, "flow"))
    ]
    if result.flows.count > 1 {
      facts.append(
        Fact("Fairness", Figures.fixed(Double(result.fairnessPerMille) / 1000, places: 3), note: "Jain’s index"))
    }
    facts.append(
      Fact("Sent again", Figures.grouped(repeated), note: "of \(Figures.counted(sent, "segment"))"))
    facts.append(Fact("Timeouts", Figures.grouped(result.flows.reduce(0) { $0 + $1.timeouts })))
    for (number, link) in result.links.enumerated() {
      let impairment = result.experiment.links[number].toRight
      guard impairment.rate > 0, number < 3 else { continue }
      let name = result.links.count > 1 ? "Link \(number + 1)" : "Link"
      facts.append(
        Fact(
          "\(name) used", Figures.fixed(Double(link.toRight.utilisationPerMille) / 10, places: 1) + " %",
          note: "of \(Figures.rate(Double(impairment.rate)))"))
      facts.append(
        Fact(
          "\(name) queue", Figures.span(link.toRight.meanQueueDelay),
          note: "mean; 95 % below \(Figures.span(link.toRight.highQueueDelay))"))
    }
    facts.append(Fact("Time", Figures.span(result.end - .zero), note: "virtual"))
    return facts
  }

  private static func table(_ result: ExperimentResult) -> String {
    let head = ["flow", "control", "goodput", "round trip", "least", "sent again", "timeouts", "finished"]
    let rows = result.flows.enumerated().map { number, flow in
      [
        String(number + 1), flow.flow.algorithm.name, Figures.rate(Double(flow.goodput)),
        Figures.span(flow.meanRoundTrip), Figures.span(flow.minimumRoundTrip),
        Figures.grouped(Int(flow.statistics.retransmissions)), Figures.grouped(flow.timeouts),
        flow.failure.map { "failed: \($0)" } ?? flow.completion.map { "after " + Figures.span($0) } ?? "-",
      ]
    }
    func row(_ cells: [String], _ tag: String) -> String {
      "<tr>" + cells.map { "<\(tag)>\(Markup.escape($0))</\(tag)>" }.joined() + "</tr>"
    }
    return
      "<div class=\"wide\"><table>\(row(head, "th"))\n\(rows.map { row($0, "td") }.joined(separator: "\n"))</table></div>"
  }
}
