import MartinetTCP

/// What a vertical axis counts.
enum Measure {
  case octets
  case milliseconds
  case bitsPerSecond
  /// A number from 0 to 1.
  case share

  /// The text for `value` on an axis whose largest value is `top`.
  func label(_ value: Double, top: Double) -> String {
    switch self {
    case .octets:
      let (unit, name) = Measure.unit(for: top)
      return Plot.short(value / unit) + " " + name
    case .milliseconds: return Plot.short(value) + " ms"
    case .bitsPerSecond:
      let (unit, name) = Measure.rateUnit(for: top)
      return Plot.short(value / unit) + " " + name
    case .share: return Plot.short(value)
    }
  }

  /// What ticks are multiples of.
  func unit(for top: Double) -> Double {
    switch self {
    case .octets: Measure.unit(for: top).0
    case .milliseconds, .share: 1
    case .bitsPerSecond: Measure.rateUnit(for: top).0
    }
  }

  var key: String {
    switch self {
    case .octets: "octets"
    case .milliseconds: "ms"
    case .bitsPerSecond: "bps"
    case .share: "share"
    }
  }

  private static func rateUnit(for top: Double) -> (Double, String) {
    switch top {
    case 1e9...: (1e9, "Gbit/s")
    case 1e6...: (1e6, "Mbit/s")
    case 1e3...: (1e3, "kbit/s")
    default: (1, "bit/s")
    }
  }

  private static func unit(for top: Double) -> (Double, String) {
    switch top {
    case 1_073_741_824...: (1_073_741_824, "GiB")
    case 1_048_576...: (1_048_576, "MiB")
    case 1024...: (1024, "KiB")
    default: (1, "B")
    }
  }
}

/// An entry of a legend: the class of the mark and what it means.
struct LegendEntry {
  var mark: String
  var text: String
}

/// A graph over time: a frame with ticks, and layers of marks in a part of it that can be zoomed.
struct Plot {
  static let width = 1000.0
  static let left = 76.0
  let height: Double
  let duration: Double
  let top: Double
  let measure: Measure

  init(height: Double, until end: Instant, top: Double, measure: Measure) {
    self.height = height
    duration = max(Double(end.nanoseconds) / 1e9, 1e-6)
    self.top = max(top, 1e-9)
    self.measure = measure
  }

  func x(_ instant: Instant) -> Double {
    Double(instant.nanoseconds) / 1e9 / duration * Plot.width
  }

  func y(_ value: Double) -> Double {
    height - value / top * height
  }

  // MARK: Paths

  /// A line that keeps its value until the next point.
  func steps(_ points: [(Instant, Double)]) -> String {
    var path = ""
    var last: (x: String, y: String)?
    for (instant, value) in points {
      let point = (x: Markup.number(x(instant)), y: Markup.number(y(value)))
      guard let before = last else {
        path = "M\(point.x) \(point.y)"
        last = point
        continue
      }
      if before == point { continue }
      if before.x != point.x { path += "H\(point.x)" }
      if before.y != point.y { path += "V\(point.y)" }
      last = point
    }
    return path
  }

  /// An upright stroke for each mark; neighbours that no screen can tell apart become one.
  func strokes(_ marks: [(time: Instant, range: Range<Int>)]) -> String {
    var path = ""
    var open: (x: String, lower: Int, upper: Int)?
    func close() {
      guard let open else { return }
      path += "M\(open.x) \(Markup.number(y(Double(open.lower))))V\(Markup.number(y(Double(open.upper))))"
    }
    for mark in marks {
      let column = Markup.number(x(mark.time))
      if let before = open, before.x == column, mark.range.lowerBound <= before.upper,
        mark.range.upperBound >= before.lower
      {
        open = (column, min(before.lower, mark.range.lowerBound), max(before.upper, mark.range.upperBound))
      } else {
        close()
        open = (column, mark.range.lowerBound, mark.range.upperBound)
      }
    }
    close()
    return path
  }

  /// A dot for each point.
  func dots(_ points: [(Instant, Double)]) -> String {
    var path = ""
    var last = ""
    for (instant, value) in points {
      let dot = "M\(Markup.number(x(instant))) \(Markup.number(y(value)))h0"
      if dot != last { path += dot }
      last = dot
    }
    return path
  }

  // MARK: The frame

  /// Round numbers from 0 to `top`, five or so.
  static func ticks(to top: Double, unit: Double = 1) -> [Double] {
    let span = top / unit
    guard span > 0, span.isFinite else { return [0] }
    var step = 1.0
    while step * 5 > span { step /= 10 }
    while step * 50 <= span { step *= 10 }
    let factors = [1.0, 2, 5, 10]
    step *= factors.first { span / (step * $0) <= 6 } ?? 10
    var ticks: [Double] = []
    while Double(ticks.count) * step <= span * 1.000001 { ticks.append(Double(ticks.count) * step * unit) }
    return ticks
  }

  /// A number without needless zeros.
  static func short(_ value: Double) -> String {
    var text = Figures.fixed(value, places: 4)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  /// The whole graph with its frame, ticks, layers and legend.
  func figure(title: String, note: String, layers: [String], legend: [LegendEntry]) -> String {
    let entries = legend.map { "<span class=\"key\"><i class=\"\($0.mark)\"></i>\(Markup.escape($0.text))</span>" }
    return """
      <figure class="plot" data-duration="\(Plot.short(duration))" data-top="\(Plot.short(top))" data-measure="\(measure.key)">
      <figcaption><h3>\(Markup.escape(title))</h3><p>\(Markup.escape(note))</p></figcaption>
      <svg viewBox="0 0 \(Markup.number(Plot.left + Plot.width + 14)) \(Markup.number(height + 40))" role="img" aria-label="\(Markup.escape(title))">
      \(frame())
      <svg class="inner" x="\(Markup.number(Plot.left))" y="10" width="\(Markup.number(Plot.width))" height="\(Markup.number(height))" viewBox="0 0 \(Markup.number(Plot.width)) \(Markup.number(height))" preserveAspectRatio="none">
      \(layers.filter { !$0.isEmpty }.joined(separator: "\n"))
      </svg>
      <rect class="select" x="0" y="10" width="0" height="\(Markup.number(height))"/>
      <line class="cross" x1="-9" x2="-9" y1="10" y2="\(Markup.number(height + 10))"/>
      </svg>
      <div class="legend">\(entries.joined())<span class="readout"></span></div>
      </figure>
      """
  }

  private func frame() -> String {
    var lines: [String] = []
    for tick in Plot.ticks(to: top, unit: measure.unit(for: top)) {
      let position = 10 + y(tick)
      lines.append(
        "<line class=\"grid\" x1=\"\(Markup.number(Plot.left))\" x2=\"\(Markup.number(Plot.left + Plot.width))\" y1=\"\(Markup.number(position))\" y2=\"\(Markup.number(position))\"/>"
      )
      lines.append(
        Markup.text(
          measure.label(tick, top: top), x: Plot.left - 8, y: position + 4, class: "tick", anchor: "end"))
    }
    lines.append("<g class=\"times\">")
    for tick in Plot.ticks(to: duration) {
      let position = Plot.left + tick / duration * Plot.width
      lines.append(Markup.text(Plot.short(tick) + " s", x: position, y: height + 28, class: "tick", anchor: "middle"))
    }
    lines.append("</g>")
    return lines.joined(separator: "\n")
  }
}
