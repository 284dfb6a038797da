import Martinet
import MartinetSimulation
import MartinetTCP

/// The time-sequence graph: what left and when, what was acknowledged, what was lost and repeated and why.
enum SequencePlot {
  static func figure(_ charts: Charts, until end: Instant) -> String {
    let highest = (charts.data.kept + charts.repairs.kept).map(\.range.upperBound).max() ?? 1
    let plot = Plot(height: 420, until: end, top: Double(highest) * 1.04, measure: .octets)
    var layers: [String] = []
    var legend: [LegendEntry] = []
    func add(_ data: String, _ mark: String, _ text: String) {
      guard !data.isEmpty else { return }
      layers.append(Markup.path(data, class: mark))
      legend.append(LegendEntry(mark: mark, text: text))
    }
    let acknowledgements = charts.acknowledgements.kept
    add(plot.steps(acknowledgements.map { ($0.time, Double($0.edge)) }), "edge", "window edge")
    add(plot.steps(acknowledgements.map { ($0.time, Double($0.acknowledged)) }), "acked", "acknowledged")
    add(plot.strokes(charts.sacks.kept.map { ($0.time, $0.range) }), "sacked", "held beyond a gap (SACK)")
    add(plot.strokes(charts.data.kept.map { ($0.time, $0.range) }), "data", "data")
    let losses = charts.losses.kept.map { ($0.time, Double($0.range.lowerBound + $0.range.count / 2)) }
    add(plot.dots(losses), "loss", "lost on the way")
    for reason in TransmissionReason.allCases {
      let repairs = charts.repairs.kept.filter { $0.reason == reason }
      let points = repairs.map { ($0.time, Double($0.range.lowerBound + $0.range.count / 2)) }
      add(plot.dots(points), "repair " + mark(for: reason), reason.shortWords)
    }
    return plot.figure(
      title: "Time and sequence", note: "Each stroke is a segment; its height is the octets that it carries.",
      layers: layers, legend: legend)
  }

  /// The colour that stands for a cause of retransmission.
  static func mark(for reason: TransmissionReason) -> String {
    switch reason {
    case .fastRetransmission: "fast"
    case .partialAcknowledgement: "partial"
    case .timeout: "timeout"
    case .timeoutRecovery: "after"
    default: "probe"
    }
  }
}
