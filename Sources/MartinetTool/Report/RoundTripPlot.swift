import MartinetSimulation
import MartinetTCP

/// The round-trip times that the sender measured, and the timeout that it made of them.
enum RoundTripPlot {
  static func figure(_ charts: Charts, until end: Instant) -> String {
    func milliseconds(_ interval: Interval) -> Double { Double(interval.nanoseconds) / 1e6 }
    let marks = charts.roundTrips.kept
    let longest = milliseconds(charts.longestRoundTrip ?? .milliseconds(1))
    let plot = Plot(height: 220, until: end, top: longest * 1.6, measure: .milliseconds)
    var layers = [
      Markup.path(plot.dots(marks.map { ($0.time, milliseconds($0.sample)) }), class: "sample"),
      Markup.path(plot.steps(marks.map { ($0.time, milliseconds($0.smoothed)) }), class: "smoothed"),
    ]
    var legend = [LegendEntry(mark: "sample", text: "sample"), LegendEntry(mark: "smoothed", text: "smoothed")]
    // A timeout far above everything else would only press the rest down: it stays off the picture.
    let limits = marks.filter { milliseconds($0.timeout) <= plot.top }
    if !limits.isEmpty {
      layers.append(Markup.path(plot.steps(limits.map { ($0.time, milliseconds($0.timeout)) }), class: "limit"))
      legend.append(LegendEntry(mark: "limit", text: "retransmission timeout"))
    }
    return plot.figure(
      title: "Round-trip time", note: "Measured with each acknowledgement, and smoothed.",
      layers: layers, legend: legend)
  }
}
