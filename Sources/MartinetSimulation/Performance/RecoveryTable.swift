import MartinetTCP

/// Something that goes wrong once: how long it takes to mend it, and how long the RFC allows.
public struct RecoveryEpisode: Sendable {
  public let name: String
  /// What bounds the time, and where that is written.
  public let source: String
  public let bound: Interval
  /// The most segments that may leave again.
  public let mostRepeated: Int
  public let algorithm: CongestionAlgorithm
  public let experiment: Experiment
  private let measure: @Sendable (ExperimentResult) -> Interval?

  init(
    _ name: String, _ source: String, bound: Interval, mostRepeated: Int, _ experiment: Experiment,
    _ measure: @escaping @Sendable (ExperimentResult) -> Interval? = RecoveryEpisode.repair
  ) {
    self.name = name
    self.source = source
    self.bound = bound
    self.mostRepeated = mostRepeated
    self.experiment = experiment
    self.measure = measure
    algorithm = experiment.flows[0].algorithm
  }

  /// The time that it took; nil if it was not mended.
  public func time(in result: ExperimentResult) -> Interval? { measure(result) }

  /// The longest time from the first transmission of a planned loss to the one that arrived.
  @Sendable private static func repair(_ result: ExperimentResult) -> Interval? {
    var longest = Interval.zero
    for repair in result.flows[0].repairs {
      guard let time = repair.time, result.flows[0].finishedAt != nil else { return nil }
      longest = max(longest, time)
    }
    return longest
  }

  /// From the first turn of kind `first` to the next of kind `last`.
  static func between(_ first: CongestionCause, _ last: CongestionCause) -> @Sendable (ExperimentResult) -> Interval? {
    { result in
      var begin: Instant?
      for turn in result.flows[0].turns.kept {
        if begin == nil && turn.cause == first { begin = turn.time }
        if let begin, turn.cause == last { return turn.time - begin }
      }
      return nil
    }
  }
}

/// The episodes, on a path that is fast enough for no queue to matter: 1 Gbit/s and 50 ms.
public enum RecoveryTable {
  /// The longest round trip that there is without mishap: half a megabyte may be before a segment.
  private static let roundTrip = Interval.milliseconds(54)
  private static let segment: UInt64 = 1448
  private static let octets: UInt64 = 500_000

  public static var episodes: [RecoveryEpisode] {
    PathTables.algorithms.flatMap { algorithm in losses(algorithm) + tails(algorithm) + mistakes(algorithm) }
  }

  static var table: PerformanceTable {
    let names = ["what happens", "control", "bounded by"]
    let rows = episodes.map { episode in
      PerformanceRow(
        [episode.name, episode.algorithm.name, episode.source], episode.experiment, measure(episode))
    }
    return PerformanceTable(
      "Recovery",
      "1 Gbit/s, 50 ms, at least 500 kB. The time from the first transmission of what is lost to the one that arrives, or from a needless response until it is taken back. R is the round trip, 54 ms at most.",
      names, measure(nil), rows)
  }

  private static func measure(_ episode: RecoveryEpisode?) -> PerformanceMeasure {
    PerformanceMeasure(["ms", "at most ms", "sent again", "timeouts"]) { results in
      guard let episode else { return [] }
      let flow = results[0].flows[0]
      return [
        episode.time(in: results[0]).map { Figure.milliseconds(Int($0.nanoseconds)) } ?? "never",
        Figure.milliseconds(Int(episode.bound.nanoseconds)), String(flow.statistics.retransmissions),
        String(flow.timeouts),
      ]
    }
  }

  private static func losing(
    _ losses: [PlannedLoss], _ algorithm: CongestionAlgorithm, of octets: UInt64 = RecoveryTable.octets
  ) -> Experiment {
    var there = Impairment(rate: 1_000_000_000, delay: .milliseconds(25))
    there.queueCapacity = 10_000_000
    var flow = ExperimentFlow(algorithm, octets: octets)
    flow.plannedLosses = losses
    var experiment = Experiment(links: [ExperimentLink(there)], flows: [flow])
    experiment.duration = .seconds(10)
    return experiment
  }

  // MARK: Losses with something behind them

  /// RFC 8985 section 6.2: a segment is lost when one that left later has arrived, and a round trip and a quarter are over.
  private static let detection = roundTrip + roundTrip / 4

  private static func losses(_ algorithm: CongestionAlgorithm) -> [RecoveryEpisode] {
    let burst = (0..<30).map { PlannedLoss(octet: 110_000 + segment * $0) }
    return [
      RecoveryEpisode(
        "a segment is lost", "1.25 R: RFC 8985 section 6.2", bound: detection, mostRepeated: 1,
        losing([PlannedLoss(octet: 150_000)], algorithm)),
      RecoveryEpisode(
        "a burst of 30 is lost", "2.25 R: that, and a round trip of RFC 9937", bound: detection + roundTrip,
        mostRepeated: 30, losing(burst, algorithm)),
      RecoveryEpisode(
        "and its retransmission", "2.5 R: RFC 8985 section 6.2, twice", bound: detection * 2, mostRepeated: 2,
        losing([PlannedLoss(octet: 150_000, times: 2)], algorithm)),
      RecoveryEpisode(
        "and the one after that", "3.75 R: three times", bound: detection * 3, mostRepeated: 3,
        losing([PlannedLoss(octet: 150_000, times: 3)], algorithm, of: octets * 8)),
    ]
  }

  // MARK: Losses with nothing behind them

  /// RFC 8985 section 7.2: two round trips after the last acknowledgement, and 200 ms more where a single segment is under way.
  private static let probe = roundTrip + roundTrip * 2 + .milliseconds(200)
  /// The last acknowledgement, from which the time of the probe counts, may be a delayed one.
  private static let delayed = Interval.milliseconds(40)
  /// RFC 6298 section 2 with the floor that the configuration has.
  private static let timeout = Interval.milliseconds(200)

  private static func tails(_ algorithm: CongestionAlgorithm) -> [RecoveryEpisode] {
    let last = octets - 1
    let five = (0..<5).map { PlannedLoss(octet: last - segment * $0) }
    return [
      RecoveryEpisode(
        "the last segment is lost", "3 R + 200 ms: RFC 8985 section 7.2", bound: probe, mostRepeated: 1,
        losing([PlannedLoss(octet: last)], algorithm)),
      RecoveryEpisode(
        "the last five are lost", "6.25 R + 40 ms: probe, detection, two round trips of RFC 9937",
        bound: roundTrip * 3 + delayed + detection + roundTrip * 2, mostRepeated: 5, losing(five, algorithm)),
      RecoveryEpisode(
        "the last segment and its probe are lost", "3 R + 400 ms: that, and RFC 6298", bound: probe + timeout,
        mostRepeated: 2, losing([PlannedLoss(octet: last, times: 2)], algorithm)),
      RecoveryEpisode(
        "and what the timer sends", "3 R + 800 ms: RFC 6298 section 5.5", bound: probe + timeout * 3, mostRepeated: 3,
        losing([PlannedLoss(octet: last, times: 3)], algorithm)),
    ]
  }

  // MARK: Nothing was lost

  private static func mistakes(_ algorithm: CongestionAlgorithm) -> [RecoveryEpisode] {
    var experiment = losing([], algorithm, of: octets * 40)
    let there = experiment.links[0].toRight
    var slow = there
    slow.delay = there.delay + .milliseconds(500)
    experiment.links[0].changes = [
      LinkChange(at: .milliseconds(300), .impairment(slow, .toRight)),
      LinkChange(at: .milliseconds(350), .impairment(there, .toRight)),
    ]
    // The probe and each timeout repeat one segment; the timer runs twice in half a second, 200 and 600 ms after the last acknowledgement.
    return [
      RecoveryEpisode(
        "everything comes 500 ms late", "R + 500 ms: RFC 5682, RFC 4015", bound: roundTrip + .milliseconds(500),
        mostRepeated: 3, experiment, RecoveryEpisode.between(.retransmissionTimeout, .spuriousUndone))
    ]
  }
}
