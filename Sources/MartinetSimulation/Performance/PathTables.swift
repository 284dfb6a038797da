import MartinetTCP

/// One flow on one path: what loss, reordering, the queue, the round trip and the rate do to it.
enum PathTables {
  static let all = [loss, reordering, buffers, roundTrips, rates, marking]

  /// What is for the open Internet.
  static let algorithms: [CongestionAlgorithm] = [.reno, .cubic, .bbr]

  /// A path of `rate` bits per second with a round trip of `roundTrip`, and a queue that holds `shares` quarters of what is under way then, and
  /// no less than ten packets.
  static func path(rate: UInt64, roundTrip: Interval, quarters: Int = 4) -> Impairment {
    var there = Impairment(rate: rate, delay: roundTrip / 2)
    there.queueCapacity = max(15_000, Int(rate / 8_000 * UInt64(roundTrip.nanoseconds / 1000) / 1000) * quarters / 4)
    return there
  }

  /// A flow without end on `there`.
  static func experiment(_ there: Impairment, _ algorithm: CongestionAlgorithm, for duration: Interval) -> Experiment {
    var experiment = Experiment(links: [ExperimentLink(there)], flows: [ExperimentFlow(algorithm)])
    experiment.duration = duration
    return experiment
  }

  private static func rows(
    _ conditions: [(name: String, path: Impairment, duration: Interval)], seeds: ClosedRange<UInt64> = 1...1
  ) -> [PerformanceRow] {
    var rows: [PerformanceRow] = []
    for (name, path, duration) in conditions {
      for algorithm in algorithms {
        rows.append(
          PerformanceRow(
            [name, algorithm.name], experiment(path, algorithm, for: duration), seeds: seeds, .transfer))
      }
    }
    return rows
  }

  // MARK: Loss and reordering

  private static let reference = "20 Mbit/s, 40 ms, a queue of 100 kB"

  private static var loss: PerformanceTable {
    let base = path(rate: 20_000_000, roundTrip: .milliseconds(40))
    var conditions: [(name: String, path: Impairment, duration: Interval)] = []
    for (name, parts) in [
      ("none", 0), ("0.1 %", 1_000_000), ("0.5 %", 5_000_000), ("1 %", 10_000_000), ("2 %", 20_000_000),
      ("5 %", 50_000_000),
    ]
      as [(String, UInt32)]
    {
      var path = base
      path.loss = Probability(partsPerBillion: parts)
      conditions.append((name, path, .seconds(15)))
    }
    for (name, parts) in [("0.5 % in bursts", 5_000_000), ("1 % in bursts", 10_000_000), ("5 % in bursts", 50_000_000)]
      as [(String, UInt32)]
    {
      var path = base
      path.burstLoss = BurstLoss(losing: Probability(partsPerBillion: parts), inBurstsOf: 4)
      conditions.append((name, path, .seconds(15)))
    }
    return PerformanceTable(
      "Loss",
      "\(reference); 15 s, three seeds. Packets are lost each by itself, or in bursts of four on average. Needless is what the receiver reports to have come twice (RFC 2883).",
      ["loss", "control"], .transfer, rows(conditions, seeds: 1...3))
  }

  private static var reordering: PerformanceTable {
    var conditions: [(name: String, path: Impairment, duration: Interval)] = []
    for delay in [5, 30] as [Int64] {
      for (name, parts) in [("0.5 %", 5), ("1 %", 10), ("2 %", 20), ("5 %", 50)] as [(String, UInt32)] {
        var path = path(rate: 20_000_000, roundTrip: .milliseconds(40))
        path.reordering = .perMille(parts)
        path.reorderingDelay = .milliseconds(delay)
        conditions.append(("\(name) by \(delay) ms", path, .seconds(10)))
      }
    }
    return PerformanceTable(
      "Reordering",
      "\(reference); 10 s, three seeds. Packets are held back, by less than a quarter of the round trip or by more, and those behind them overtake.",
      ["held back", "control"], .transfer, rows(conditions, seeds: 1...3))
  }

  // MARK: Queue, round trip and rate

  private static var buffers: PerformanceTable {
    let conditions = [("0.25", 1), ("0.5", 2), ("1", 4), ("2", 8), ("4", 16)].map { name, quarters in
      (
        name: name, path: path(rate: 20_000_000, roundTrip: .milliseconds(40), quarters: quarters),
        duration: Interval.seconds(20)
      )
    }
    return PerformanceTable(
      "Depth of the queue", "20 Mbit/s, 40 ms; 20 s. The queue in bandwidth-delay products, of 100 kB each.",
      ["queue", "control"], .transfer, rows(conditions))
  }

  private static var roundTrips: PerformanceTable {
    let conditions = ([1, 10, 40, 100, 300, 600] as [Int64]).map { milliseconds in
      (
        name: "\(milliseconds) ms", path: path(rate: 10_000_000, roundTrip: .milliseconds(milliseconds)),
        duration: Interval.seconds(max(10, milliseconds / 10))
      )
    }
    return PerformanceTable(
      "Round trip",
      "10 Mbit/s, a queue of one bandwidth-delay product and no less than ten packets; 10 s, or a hundred round trips where those are longer.",
      ["round trip", "control"], .transfer, rows(conditions))
  }

  private static var rates: PerformanceTable {
    let conditions: [(name: String, path: Impairment, duration: Interval)] = [
      ("64 kbit/s", path(rate: 64_000, roundTrip: .milliseconds(200)), .seconds(60)),
      ("1 Mbit/s", path(rate: 1_000_000, roundTrip: .milliseconds(40)), .seconds(20)),
      ("10 Mbit/s", path(rate: 10_000_000, roundTrip: .milliseconds(40)), .seconds(10)),
      ("100 Mbit/s", path(rate: 100_000_000, roundTrip: .milliseconds(20)), .seconds(5)),
      ("1 Gbit/s", path(rate: 1_000_000_000, roundTrip: .milliseconds(10)), .seconds(2)),
      ("10 Gbit/s", path(rate: 10_000_000_000, roundTrip: .milliseconds(10)), .seconds(1)),
    ]
    return PerformanceTable(
      "Rate",
      "A queue of one bandwidth-delay product and no less than ten packets. The round trip is 200 ms at 64 kbit/s, 40 ms up to 10 Mbit/s, 20 ms at 100 Mbit/s and 10 ms beyond; 60, 20, 10, 5, 2 and 1 s from the first SYN.",
      ["rate", "control"], .transfer, rows(conditions))
  }

  // MARK: Marks instead of losses

  private static var marking: PerformanceTable {
    var there = path(rate: 1_000_000_000, roundTrip: .microseconds(100))
    there.queueCapacity = 500_000
    there.markingThreshold = 30_000
    var rows: [PerformanceRow] = []
    for count in [1, 8, 32] {
      for algorithm in [.reno, .cubic, .dctcp] as [CongestionAlgorithm] {
        var flow = ExperimentFlow(algorithm)
        flow.ecn = .ask
        var experiment = experiment(there, algorithm, for: .seconds(2))
        experiment.flows = [ExperimentFlow](repeating: flow, count: count)
        experiment.measuredFrom = .milliseconds(500)
        rows.append(PerformanceRow(["\(count)", algorithm.name], experiment, .sharing))
      }
    }
    return PerformanceTable(
      "A switch that marks",
      "1 Gbit/s, 0.1 ms, a queue of 500 kB that marks what is above 30 kB; 2 s, counted from 0.5 s. All ask for accurate ECN, and begin together. 32 flows have more than 30 kB under way even with the two segments that a mark leaves Reno and DCTCP; CUBIC’s come down to one, and each further mark lowers their rate by as much again (RFC 9438 section 4.6): the queue stays short.",
      ["flows", "control"], .sharing, rows)
  }
}
