import MartinetTCP

extension PerformanceMeasure {
  /// How one flow, or several that are one kind of load, fare on the first link.
  static let transfer = PerformanceMeasure(
    ["Mbit/s", "used %", "segments", "sent again", "needless", "timeouts", "queue ms", "95 % ms"]
  ) { results in
    let link = results.map { $0.links[0].toRight }
    return [
      Figure.decimal(Figure.mean(results.map { Int($0.goodput / 1000) }), places: 3, shown: 3),
      Figure.decimal(Figure.mean(link.map(\.utilisationPerMille)), places: 1),
      String(results.reduce(0) { $0 + $1.segmentsSent }), String(results.reduce(0) { $0 + $1.repeated }),
      String(results.reduce(0) { $0 + $1.repeatedNeedlessly }),
      String(results.reduce(0) { $0 + $1.flows.reduce(0) { $0 + $1.timeouts } }),
      Figure.milliseconds(Figure.mean(link.map { Int($0.meanQueueDelay.nanoseconds) })),
      Figure.milliseconds(Figure.mean(link.map { Int($0.highQueueDelay.nanoseconds) })),
    ]
  }

  /// How evenly flows share the first link.
  static let sharing = PerformanceMeasure(
    ["Jain", "shares %", "least / most", "used %", "segments", "sent again %", "timeouts", "queue ms", "95 % ms"]
  ) { results in
    let result = results[0]
    let link = result.links[0].toRight
    let goodputs = result.flows.map(\.goodput)
    let most = max(1, goodputs.max() ?? 1)
    return [
      Figure.decimal(result.fairnessPerMille, places: 3, shown: 3), result.sharesByAlgorithm,
      Figure.decimal(Int((goodputs.min() ?? 0) * 100 / most), places: 2, shown: 2),
      Figure.decimal(link.utilisationPerMille, places: 1), String(result.segmentsSent),
      Figure.decimal(result.repeated * 10_000 / max(1, result.segmentsSent), places: 2, shown: 2),
      String(result.flows.reduce(0) { $0 + $1.timeouts }),
      Figure.milliseconds(Int(link.meanQueueDelay.nanoseconds)),
      Figure.milliseconds(Int(link.highQueueDelay.nanoseconds)),
    ]
  }
}

extension ExperimentResult {
  var segmentsSent: Int { flows.reduce(0) { $0 + Int($1.statistics.segmentsSent) } }

  /// Segments that left again.
  public var repeated: Int { flows.reduce(0) { $0 + Int($1.statistics.retransmissions) } }

  /// Segments that left again and that the receiver had already, as it reports.
  public var repeatedNeedlessly: Int { flows.reduce(0) { $0 + $1.duplicateReports } }

  /// What the flows of each congestion control have of the goodput, in percent, in the order in which they first come.
  var sharesByAlgorithm: String {
    var text = ""
    for kind in CongestionAlgorithm.allCases where flows.contains(where: { $0.flow.algorithm == kind }) {
      let goodput = flows.reduce(UInt64(0)) { $0 + ($1.flow.algorithm == kind ? $1.goodput : 0) }
      if !text.isEmpty { text += ", " }
      text += "\(kind.name) \(Figure.rounded(Int(goodput) * 100, over: Int(max(1, self.goodput))))"
    }
    return text
  }
}

extension CongestionAlgorithm {
  /// The name in tables and scenario files.
  public var name: String {
    switch self {
    case .reno: "reno"
    case .cubic: "cubic"
    case .bbr: "bbr"
    case .dctcp: "dctcp"
    }
  }
}

/// Numbers in tables, without floating point.
enum Figure {
  static func mean(_ values: [Int]) -> Int { rounded(values.reduce(0, +), over: max(1, values.count)) }

  static func rounded(_ value: Int, over divisor: Int) -> Int { (value + divisor / 2) / divisor }

  /// `value` / 10^`places`, rounded to `shown` decimals; not negative.
  static func decimal(_ value: Int, places: Int, shown: Int = 1) -> String {
    var value = value
    var places = places
    while places > shown {
      value = rounded(value, over: 10)
      places -= 1
    }
    var unit = 1
    for _ in 0..<places { unit *= 10 }
    var decimals = String(value % unit)
    while decimals.utf8.count < places { decimals = "0" + decimals }
    return "\(value / unit)" + (places > 0 ? "." + decimals : "")
  }

  /// Milliseconds with a decimal; below one, with three.
  static func milliseconds(_ nanoseconds: Int) -> String {
    nanoseconds < 1_000_000 ? decimal(nanoseconds, places: 6, shown: 3) : decimal(nanoseconds, places: 6)
  }
}
