import MartinetSimulation
import MartinetTCP

/// An experiment with a name and a sentence on what it shows.
package struct NamedExperiment: Sendable {
  package let name: String
  package let sentence: String
  package var experiment: Experiment

  package init(_ name: String, _ sentence: String, _ experiment: Experiment) {
    self.name = name
    self.sentence = sentence
    self.experiment = experiment
  }

  /// The experiments that the command knows by name.
  package static let all: [NamedExperiment] = wireless + queues + sharing + recovery + extremes

  package static func named(_ name: String) -> NamedExperiment? { all.first { $0.name == name } }

  // MARK: Pieces

  /// A link of `megabits` per second and a delay of `delay` milliseconds each way, whose queue takes `queue` octets.
  static func link(
    _ megabits: UInt64, _ delay: Int64, queue: Int, _ edit: (inout Impairment) -> Void = { _ in }
  ) -> ExperimentLink {
    var there = Impairment(rate: megabits * 1_000_000, delay: .milliseconds(delay))
    there.queueCapacity = queue
    edit(&there)
    return ExperimentLink(there)
  }

  private static func experiment(
    _ links: [ExperimentLink], _ flows: [ExperimentFlow], seconds: Int64, from: Int64 = 0
  ) -> Experiment {
    var experiment = Experiment(links: links, flows: flows)
    experiment.duration = .seconds(seconds)
    experiment.measuredFrom = .seconds(from)
    return experiment
  }

  private static func flows(_ count: Int, _ algorithms: [CongestionAlgorithm], apart: Int64) -> [ExperimentFlow] {
    (0..<count).map { ExperimentFlow(algorithms[$0 % algorithms.count], start: .milliseconds(apart * Int64($0))) }
  }

  private static let wireless = [
    NamedExperiment(
      "random-loss",
      "One packet in a hundred is lost for no reason: what a lost packet costs that means no congestion.",
      experiment([link(20, 20, queue: 100_000) { $0.loss = .percent(1) }], flows(1, [.cubic], apart: 0), seconds: 15)),
    NamedExperiment(
      "radio", "Losses come in bursts and delays vary, as behind a wireless hop.",
      experiment(
        [
          link(20, 20, queue: 200_000) {
            $0.jitter = .milliseconds(8)
            $0.burstLoss = BurstLoss(losing: .percent(1), inBurstsOf: 4)
          }
        ], flows(1, [.bbr], apart: 0), seconds: 15)),
    NamedExperiment(
      "reordering", "One packet in twenty is overtaken by those behind it: is that taken for loss?",
      experiment(
        [
          link(20, 20, queue: 200_000) {
            $0.reordering = .percent(5)
            $0.reorderingDelay = .milliseconds(5)
          }
        ], flows(1, [.cubic], apart: 0), seconds: 10)),
  ]

  private static let queues = [
    NamedExperiment(
      "bufferbloat", "A queue of four seconds: whoever fills it makes everybody wait.",
      experiment([link(5, 20, queue: 2_500_000)], flows(1, [.cubic], apart: 0), seconds: 30)),
    NamedExperiment(
      "shallow", "A queue of a quarter of what is under way: who finds the rate without it?",
      experiment([link(20, 25, queue: 31_250)], flows(1, [.cubic], apart: 0), seconds: 15)),
    NamedExperiment(
      "incast", "Sixteen answers at once for one receiver behind a small queue.",
      experiment(
        [
          link(100, 1, queue: 64_000)
        ], (0..<16).map { _ in ExperimentFlow(.cubic, octets: 256 * 1024) }, seconds: 2)),
  ]

  private static let sharing = [
    NamedExperiment(
      "fairness", "Flows of a kind, eight of them, join one after another: how evenly do they share?",
      experiment([link(40, 20, queue: 200_000)], flows(8, [.cubic], apart: 500), seconds: 30, from: 10)),
    NamedExperiment(
      "mixed", "Reno, CUBIC and BBR beside each other on one link.",
      experiment(
        [link(30, 20, queue: 150_000)],
        flows(3, [.reno, .cubic, .bbr], apart: 200),
        seconds: 30, from: 10)),
    NamedExperiment(
      "round-trips", "A near flow and a far one: what does distance cost?",
      experiment([link(20, 10, queue: 100_000)], [ExperimentFlow(.cubic), far(.cubic)], seconds: 30, from: 10)),
    NamedExperiment(
      "data-centre",
      "A switch that marks early, and four flows of DCTCP that listen: the queue stays where the marks begin.",
      dataCentre),
    NamedExperiment(
      "parking-lot", "One flow crosses three links, each of which another flow shares with it.",
      experiment(
        [link(10, 10, queue: 50_000), link(10, 10, queue: 50_000), link(10, 10, queue: 50_000)],
        [crossing(0, 3), crossing(0, 1), crossing(1, 2), crossing(2, 3)], seconds: 30, from: 10)),
  ]

  private static func far(_ algorithm: CongestionAlgorithm) -> ExperimentFlow {
    var flow = ExperimentFlow(algorithm)
    flow.accessDelay = .milliseconds(70)
    return flow
  }

  private static func crossing(_ from: Int, _ to: Int) -> ExperimentFlow {
    var flow = ExperimentFlow(.cubic)
    flow.from = from
    flow.to = to
    return flow
  }

  private static func losing(_ losses: [PlannedLoss], of octets: UInt64) -> ExperimentFlow {
    var flow = ExperimentFlow(.cubic, octets: octets)
    flow.plannedLosses = losses
    return flow
  }

  private static var dataCentre: Experiment {
    var there = Impairment(rate: 1_000_000_000, delay: .microseconds(50))
    there.queueCapacity = 500_000
    there.markingThreshold = 30_000
    var experiment = Experiment(links: [ExperimentLink(there)], flows: flows(4, [.dctcp], apart: 10))
    experiment.duration = .milliseconds(200)
    experiment.measuredFrom = .milliseconds(60)
    return experiment
  }

  private static let recovery = [
    NamedExperiment(
      "tail-loss", "The last segment is lost, and nothing comes behind it that would tell.",
      experiment(
        [link(10, 25, queue: 125_000)], [losing([PlannedLoss(octet: 99_999)], of: 100_000)], seconds: 1)),
    NamedExperiment(
      "lost-retransmission", "A segment is lost, and so is its retransmission.",
      experiment(
        [link(10, 25, queue: 125_000)], [losing([PlannedLoss(octet: 200_000, times: 2)], of: 500_000)], seconds: 1)),
    NamedExperiment(
      "outage", "The path is cut in silence for three seconds.",
      experiment([broken(link(10, 25, queue: 125_000))], flows(1, [.cubic], apart: 0), seconds: 20)),
    NamedExperiment(
      "delay-spike", "The path takes a second longer all of a sudden: the timer expires, and nothing was lost.",
      experiment([slowed(link(10, 25, queue: 125_000))], flows(1, [.cubic], apart: 0), seconds: 15)),
    NamedExperiment(
      "blackhole", "Large packets vanish in the middle of the path, and no router says so.", blackhole),
  ]

  private static func broken(_ whole: ExperimentLink) -> ExperimentLink {
    var link = whole
    link.changes = [
      LinkChange(at: .seconds(6), .condition(.cut)), LinkChange(at: .seconds(9), .condition(.whole)),
    ]
    return link
  }

  private static func slowed(_ fast: ExperimentLink) -> ExperimentLink {
    var link = fast
    var slow = fast.toRight
    slow.delay = slow.delay + .seconds(1)
    link.changes = [
      LinkChange(at: .seconds(5), .impairment(slow, .toRight)),
      LinkChange(at: .seconds(8), .impairment(fast.toRight, .toRight)),
    ]
    return link
  }

  private static var blackhole: Experiment {
    var narrow = link(10, 25, queue: 125_000) { $0.mtu = 1400 }
    narrow.mtu = 1500
    var experiment = experiment([link(10, 5, queue: 125_000), narrow], [crossing(0, 2)], seconds: 30)
    experiment.hasSilentRouters = true
    return experiment
  }

  private static let extremes = [
    NamedExperiment(
      "long-fat", "A gigabit and a hundred milliseconds: twelve megabytes are under way.",
      experiment([link(1000, 50, queue: 12_500_000)], flows(1, [.cubic], apart: 0), seconds: 6)),
    NamedExperiment(
      "satellite", "Six hundred milliseconds to and fro, and some loss.",
      experiment(
        [link(10, 300, queue: 750_000) { $0.loss = .perMille(1) }], flows(1, [.bbr], apart: 0), seconds: 60)),
    NamedExperiment(
      "modem", "64 kbit/s: a segment takes a fifth of a second.",
      experiment([modem], [ExperimentFlow(.cubic, octets: 200_000)], seconds: 60)),
  ]

  private static var modem: ExperimentLink {
    var there = Impairment(rate: 64_000, delay: .milliseconds(50))
    there.queueCapacity = 16_000
    return ExperimentLink(there)
  }
}
