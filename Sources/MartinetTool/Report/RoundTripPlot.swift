import MartinetTCP

/// The round-trip times that the sender measured, and the timeout that it made of them.
enum RoundTripPlot {
  static func figure(_ charts: Charts, until end: Instant) -> String {
    func milliseconds(_ interval: Interval) -> Double { Double(interval.nanoseconds) / 1e6 }
    let marks = charts.roundTrips.kept
    let longest = milliseconds(charts.longestRoundTrip ?? .milliseconds(1))
    let timeout = marks.map { milliseconds($0.timeout) }.max() ?? 0
    let plot = Plot(height: 220, until: end, top: min(max(longest, timeout), longest * 2.5) * 1.06, measure: .milliseconds)
    let layers = [
      Markup.path(plot.dots(marks.map { ($0.time, milliseconds($0.sample)) }), class: "sample"),
      Markup.path(plot.steps(marks.map { ($0.time, milliseconds($0.smoothed)) }), class: "smoothed"),
      Markup.path(plot.steps(marks.map { ($0.time, milliseconds($0.timeout)) }), class: "limit"),
    ]
    return plot.figure(
      title: "Round-trip time", note: "Measured, smoothed, and the retransmission timeout that follows from them.",
      layers: layers,
      legend: [
        LegendEntry(mark: "sample", text: "sample"), LegendEntry(mark: "smoothed", text: "smoothed"),
        LegendEntry(mark: "limit", text: "retransmission timeout"),
      ])
  }
}
