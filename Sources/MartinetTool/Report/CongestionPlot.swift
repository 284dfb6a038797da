import Martinet
import MartinetSimulation
import MartinetTCP

/// The congestion window of the sender and its threshold.
enum CongestionPlot {
  /// What is worth a dot, and its colour.
  static let turns: [(CongestionCause, String)] = [
    (.enteredFastRecovery, "fast"), (.retransmissionTimeout, "timeout"), (.idleRestart, "after"),
    (.explicitNotification, "probe"), (.spuriousUndone, "partial"),
  ]

  static func figure(_ charts: Charts, until end: Instant) -> String {
    let marks = charts.congestion.kept
    let highest = marks.map { max($0.window, $0.inFlight) }.max() ?? 1
    let plot = Plot(height: 260, until: end, top: Double(highest) * 1.08, measure: .octets)
    // Before the first loss the threshold is arbitrarily high (RFC 5681 section 3.1): it has no place on the axis.
    let thresholds = marks.filter { $0.threshold <= highest * 2 }
    let last = marks.last.map { [(end, Double($0.window))] } ?? []
    var layers = [
      Markup.path(plot.steps(marks.map { ($0.time, Double($0.inFlight)) }), class: "flight"),
      Markup.path(plot.steps(thresholds.map { ($0.time, Double($0.threshold)) }), class: "threshold"),
      Markup.path(plot.steps(marks.map { ($0.time, Double($0.window)) } + last), class: "window"),
    ]
    var legend = [
      LegendEntry(mark: "window", text: "congestion window"),
      LegendEntry(mark: "flight", text: "octets in flight"),
    ]
    if !thresholds.isEmpty { legend.append(LegendEntry(mark: "threshold", text: "slow-start threshold")) }
    for (cause, mark) in turns {
      let points = marks.filter { $0.cause == cause }.map { ($0.time, Double($0.window)) }
      guard !points.isEmpty else { continue }
      layers.append(Markup.path(plot.dots(points), class: "repair " + mark))
      legend.append(LegendEntry(mark: "repair " + mark, text: cause.words))
    }
    return plot.figure(
      title: "Congestion window", note: "How much the sender lets be under way, and what made it change its mind.",
      layers: layers, legend: legend)
  }
}
