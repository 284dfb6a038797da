import MartinetTCP

/// Several flows on one link: how evenly they share it.
enum SharingTables {
  static let all = [sharing, besideCUBIC]

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

  /// The draft means BBR to leave CUBIC its part where up to about a hundred packets fill the path, and gives 62 as an example
  /// (draft-ietf-ccwg-bbr section 5.3.3.8); on larger ones it probes more often than CUBIC comes back to where it was.
  private static var besideCUBIC: PerformanceTable {
    var rows: [PerformanceRow] = []
    for (rate, roundTrip) in [(10, 40), (25, 30), (50, 40), (100, 40)] as [(UInt64, Int64)] {
      let path = PathTables.path(rate: rate * 1_000_000, roundTrip: .milliseconds(roundTrip))
      var experiment = PathTables.experiment(path, .cubic, for: .seconds(60))
      experiment.measuredFrom = .seconds(15)
      experiment.flows = [ExperimentFlow(.cubic), ExperimentFlow(.bbr, start: .milliseconds(500))]
      let packets = path.queueCapacity / 1500
      for seed in 1...3 as ClosedRange<UInt64> {
        rows.append(
          PerformanceRow(
            ["\(rate) Mbit/s, \(roundTrip) ms", "\(packets)", "\(seed)"], experiment, seeds: seed...seed, .sharing))
      }
    }
    return PerformanceTable(
      "BBR beside CUBIC",
      "One flow of each, a queue of one bandwidth-delay product; 60 s, counted from 15 s. Up to about a hundred packets that fill the path the draft of BBR means them to share (section 5.3.3.8); where more do CUBIC needs longer to come back to where it lost something than BBR waits between two probes.",
      ["path", "packets", "seed"], .sharing, rows)
  }
}
