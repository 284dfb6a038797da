import Martinet
import MartinetSimulation
import MartinetTCP

/// The graphs of an experiment: a line for each flow, in the same colour everywhere.
enum FlowPlots {
  /// More flows than there are colours share them.
  private static let colours = 8
  private static func isMany(_ result: ExperimentResult) -> Bool { result.flows.count > colours }

  /// The class of the line of flow `number`: its own colour, or that of its congestion control where there are many flows of several.
  private static func mark(_ number: Int, of result: ExperimentResult) -> String {
    guard isMany(result) else { return "line flow\(number)" }
    let algorithms = kinds(of: result)
    let colour =
      algorithms.count > 1
      ? algorithms.firstIndex(of: result.flows[number].flow.algorithm) ?? 0 : number * colours / result.flows.count
    return "line many flow\(colour)"
  }

  private static func kinds(of result: ExperimentResult) -> [CongestionAlgorithm] {
    CongestionAlgorithm.allCases.filter { kind in result.flows.contains { $0.flow.algorithm == kind } }
  }

  private static func legend(_ result: ExperimentResult) -> [LegendEntry] {
    guard isMany(result) else {
      return result.flows.indices.map { number in
        let name = result.flows[number].flow.algorithm.name
        return LegendEntry(
          mark: mark(number, of: result), text: result.flows.count == 1 ? name : "\(number + 1) \(name)")
      }
    }
    let algorithms = kinds(of: result)
    if algorithms.count > 1 {
      return algorithms.enumerated().map { index, kind in
        let count = result.flows.filter { $0.flow.algorithm == kind }.count
        return LegendEntry(mark: "line flow\(index)", text: "\(Figures.counted(count, "flow")) of \(kind.name)")
      }
    }
    return (0..<colours).map { colour in
      let members = result.flows.indices.filter { $0 * colours / result.flows.count == colour }
      return LegendEntry(
        mark: "line flow\(colour)", text: "flows \((members.first ?? 0) + 1) to \((members.last ?? 0) + 1)")
    }
  }

  /// A graph with a line for each flow from `points`.
  private static func lines(
    _ result: ExperimentResult, _ measure: Measure, height: Double, title: String, note: String, before: [String] = [],
    extra: [LegendEntry] = [], top: Double = 0, _ points: (FlowResult) -> [(Instant, Double)]
  ) -> String {
    let series = result.flows.map(points)
    let highest = max(top, series.reduce(0) { max($0, $1.map(\.1).max() ?? 0) })
    let plot = Plot(height: height, until: result.end, top: highest * 1.06, measure: measure)
    let layers = series.enumerated().map { number, points in
      Markup.path(plot.steps(points), class: mark(number, of: result))
    }
    return plot.figure(title: title, note: note, layers: before + layers, legend: legend(result) + extra)
  }

  static func throughput(_ result: ExperimentResult) -> String {
    lines(
      result, .bitsPerSecond, height: 280, title: "Throughput",
      note: "What the receiver of each flow reads per second, over a hundredth of the time."
    ) { lasting(FlowRates.bitsPerSecond($0, of: result), until: $0.samples.last?.time) }
  }

  /// The last value holds until `end`.
  private static func lasting(_ points: [(Instant, Double)], until end: Instant?) -> [(Instant, Double)] {
    guard let last = points.last, let end else { return points }
    return points + [(end, last.1)]
  }

  static func progress(_ result: ExperimentResult) -> String {
    lines(result, .octets, height: 280, title: "Time and sequence", note: "What each flow has brought across so far.") {
      $0.samples.map { ($0.time, Double($0.delivered)) }
    }
  }

  static func roundTrip(_ result: ExperimentResult) -> String {
    lines(
      result, .milliseconds, height: 220, title: "Round-trip time",
      note: "As each sender knows it, smoothed; what exceeds the path is time in queues."
    ) { $0.samples.filter { $0.smoothedRoundTrip > .zero }.map { ($0.time, milliseconds($0.smoothedRoundTrip)) } }
  }

  private static func milliseconds(_ interval: Interval) -> Double { Double(interval.nanoseconds) / 1e6 }

  static func window(_ result: ExperimentResult) -> String {
    let note = "How much each sender lets be under way."
    guard result.flows.count == 1 else {
      return lines(result, .octets, height: 260, title: "Congestion window", note: note) {
        $0.samples.map { ($0.time, Double($0.window)) }
      }
    }
    let samples = result.flows[0].samples
    let highest = Double(samples.map { max($0.window, $0.inFlight) }.max() ?? 1)
    let plot = Plot(height: 260, until: result.end, top: highest * 1.06, measure: .octets)
    let flight = Markup.path(plot.steps(samples.map { ($0.time, Double($0.inFlight)) }), class: "flight")
    // Before the first loss the threshold is arbitrarily high (RFC 5681 section 3.1): it has no place on the axis.
    let thresholds = samples.filter { Double($0.threshold) <= highest * 1.06 }
    let threshold = Markup.path(plot.steps(thresholds.map { ($0.time, Double($0.threshold)) }), class: "threshold")
    var extra = [LegendEntry(mark: "flight", text: "octets in flight")]
    if !thresholds.isEmpty { extra.append(LegendEntry(mark: "threshold", text: "slow-start threshold")) }
    var layers = [flight, threshold]
    for (cause, mark) in CongestionPlot.turns {
      let points = result.flows[0].turns.kept.filter { $0.cause == cause }
        .map { ($0.time, min(Double($0.window), highest)) }
      guard !points.isEmpty else { continue }
      layers.append(Markup.path(plot.dots(points), class: "repair " + mark))
      extra.append(LegendEntry(mark: "repair " + mark, text: cause.words))
    }
    return lines(
      result, .octets, height: 260, title: "Congestion window", note: note, before: layers, extra: extra, top: highest
    ) { $0.samples.map { ($0.time, Double($0.window)) } }
  }

  // MARK: All flows together

  /// Jain's index of what the flows that have begun, and are not finished, bring across from sample to sample.
  static func fairness(_ result: ExperimentResult) -> String {
    let rates = result.flows.map { FlowRates.bitsPerSecond($0, of: result) }
    let times = rates.max { $0.count < $1.count }?.map(\.0) ?? []
    var points: [(Instant, Double)] = []
    for time in times {
      var shares: [UInt64] = []
      for (number, flow) in result.flows.enumerated() {
        guard time >= .zero + flow.flow.start, flow.finishedAt.map({ $0 > time }) ?? true else { continue }
        guard let rate = rates[number].first(where: { $0.0 >= time }) else { continue }
        shares.append(UInt64(max(0, rate.1)))
      }
      if shares.count > 1 { points.append((time, Double(Fairness.perMille(shares)) / 1000)) }
    }
    let plot = Plot(height: 150, until: result.end, top: 1.05, measure: .share)
    return plot.figure(
      title: "Fairness", note: "Jain’s index over a hundredth of the time: 1 if all that are under way fare alike.",
      layers: [Markup.path(plot.steps(lasting(points, until: result.end)), class: "line flow0")],
      legend: [LegendEntry(mark: "line flow0", text: "Jain’s index")])
  }

  /// The queues of the links that have a rate; nil if there is none.
  static func queue(_ result: ExperimentResult) -> String? {
    var series: [(name: String, points: [(Instant, Double)])] = []
    for (number, link) in result.links.enumerated() {
      let description = result.experiment.links[number]
      if description.toRight.rate > 0 {
        series.append(("link \(number + 1)", link.samples.map { ($0.time, Double($0.toRight)) }))
      }
      if description.toLeft.rate > 0 {
        series.append(("link \(number + 1), back", link.samples.map { ($0.time, Double($0.toLeft)) }))
      }
    }
    guard !series.isEmpty else { return nil }
    let highest = series.reduce(1.0) { max($0, $1.points.map(\.1).max() ?? 0) }
    let plot = Plot(height: 180, until: result.end, top: highest * 1.06, measure: .octets)
    let layers = series.enumerated().map { index, one in
      Markup.path(plot.steps(one.points), class: "line flow\(index % colours)")
    }
    return plot.figure(
      title: "Queue", note: "Octets that wait for the transmitter of a link.", layers: layers,
      legend: series.enumerated().map { LegendEntry(mark: "line flow\($0 % colours)", text: $1.name) })
  }

  /// The segments of the only flow.
  static func segments(_ result: ExperimentResult) -> String {
    let marks = result.flows[0].segments
    let highest = (marks.fresh.kept + marks.repeated.kept).reduce(1.0) {
      max($0, Double($1.position) + Double($1.octets))
    }
    let plot = Plot(height: 380, until: result.end, top: highest * 1.04, measure: .octets)
    func strokes(_ marks: [SegmentMark]) -> String {
      plot.strokes(marks.map { ($0.time, Int($0.position)..<Int($0.position) + $0.octets) })
    }
    var layers = [
      Markup.path(plot.steps(marks.acknowledged.kept.map { ($0.time, Double($0.acknowledged)) }), class: "acked"),
      Markup.path(strokes(marks.fresh.kept), class: "data"),
    ]
    var legend = [
      LegendEntry(mark: "data", text: "segments"), LegendEntry(mark: "acked", text: "acknowledged"),
    ]
    for reason in TransmissionReason.allCases {
      let points = marks.repeated.kept.filter { $0.reason == reason }.map { ($0.time, Double($0.position)) }
      guard !points.isEmpty else { continue }
      let mark = "repair " + SequencePlot.mark(for: reason)
      layers.append(Markup.path(plot.dots(points), class: mark))
      legend.append(LegendEntry(mark: mark, text: reason.shortWords))
    }
    return plot.figure(
      title: "Time and sequence", note: "Each stroke is a segment, each dot one that left again.", layers: layers,
      legend: legend)
  }
}
