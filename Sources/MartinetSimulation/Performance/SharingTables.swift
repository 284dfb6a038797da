import MartinetTCP

/// Several flows on one link: how evenly they share it.
enum SharingTables {
  static let all = [sharing]

  private static let mixtures: [(name: String, algorithms: [CongestionAlgorithm])] = [
    ("reno", [.reno]), ("cubic", [.cubic]), ("bbr", [.bbr]), ("reno + cubic", [.reno, .cubic]),
    ("cubic + bbr", [.cubic, .bbr]),
    ("reno + cubic + bbr", [.reno, .cubic, .bbr]),
  ]

  private static var sharing: PerformanceTable {
    var rows: [PerformanceRow] = []
    for count in [2, 8, 32] {
      for (name, algorithms) in mixtures where algorithms.count <= count {
        let path = PathTables.path(rate: 50_000_000, roundTrip: .milliseconds(40))
        var experiment = PathTables.experiment(path, .cubic, for: .seconds(40))
        experiment.measuredFrom = .seconds(15)
        experiment.flows = (0..<count).map { number in
          ExperimentFlow(
            algorithms[number % algorithms.count], start: .milliseconds(Int64(number) * 2000 / Int64(count)))
        }
        rows.append(PerformanceRow(["\(count)", name], experiment, .sharing))
      }
    }
    return PerformanceTable(
      "Fairness",
      "50 Mbit/s, 40 ms, a queue of 250 kB; 40 s, counted from 15 s. The flows begin within the first two seconds, in turn where they are of several kinds. Jain’s index is 1 if all have the same.",
      ["flows", "control"], .sharing, rows)
  }
}
