import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import Testing

/// Flows on a row of links, what they are measured by, and the bounds of what is kept of them.
@Suite("Experiments in virtual time")
struct ExperimentTests {
  /// 10 Mbit/s, 40 ms, and a queue of what is under way then.
  private func link(_ edit: (inout Impairment) -> Void = { _ in }) -> ExperimentLink {
    var there = Impairment(rate: 10_000_000, delay: .milliseconds(20))
    there.queueCapacity = 50_000
    edit(&there)
    return ExperimentLink(there)
  }

  private func experiment(_ flows: [ExperimentFlow], seconds: Int64 = 5) -> Experiment {
    var experiment = Experiment(links: [link()], flows: flows)
    experiment.duration = .seconds(seconds)
    return experiment
  }

  @Test(
    "A flow without end fills the link, and its figures fit together",
    arguments: [CongestionAlgorithm.reno, .cubic, .bbr])
  func endless(algorithm: CongestionAlgorithm) throws {
    let result = try experiment([ExperimentFlow(algorithm)], seconds: 8).run()
    let flow = result.flows[0]
    #expect(flow.failure == nil && flow.isFaithful && flow.finishedAt == nil && result.lostTraceEvents == 0)
    #expect(result.end == .zero + .seconds(8))
    #expect(flow.goodput > 8_000_000 && flow.goodput < 9_570_000, "\(flow.goodput)")
    #expect(flow.goodput == flow.delivered * 8 / 8)
    let link = result.links[0].toRight
    // The link carries headers too, 66 octets with each 1,448.
    #expect(UInt64(link.utilisationPerMille) * 10_000 >= flow.goodput)
    #expect(link.utilisationPerMille <= 1000)
    #expect(flow.minimumRoundTrip >= .milliseconds(40) && flow.meanRoundTrip >= flow.minimumRoundTrip)
    // The queue is what the round trip is longer by, within what smoothing and sampling leave.
    let extra = flow.meanRoundTrip - flow.minimumRoundTrip
    #expect(abs((link.meanQueueDelay - extra).milliseconds) <= 4, "\(link.meanQueueDelay) \(extra)")
    #expect(link.highQueueDelay >= link.meanQueueDelay)
  }

  @Test("Samples lie evenly over the time and grow with it")
  func samples() throws {
    var experiment = experiment([ExperimentFlow(.cubic)])
    experiment.samples = 50
    let samples = try experiment.run().flows[0].samples
    #expect(samples.count == 51)
    for (number, sample) in samples.enumerated() { #expect(sample.time == .zero + .milliseconds(100 * Int64(number))) }
    for (before, after) in zip(samples, samples.dropFirst()) {
      #expect(before.delivered <= after.delivered && before.sent <= after.sent)
    }
    #expect(samples[20].window > 0 && samples[20].inFlight > 0 && samples[20].smoothedRoundTrip > .milliseconds(40))
  }

  @Test("A flow with an end ends the experiment when its last octet was read")
  func finite() throws {
    let result = try experiment([ExperimentFlow(.cubic, octets: 100_000)]).run()
    let flow = result.flows[0]
    let completion = try #require(flow.completion)
    #expect(flow.delivered == 100_000 && flow.isFaithful)
    // A round trip for the handshake, four for windows of 10, 20 and 40 segments; 86 ms of transmission at least.
    #expect(completion > .milliseconds(120) && completion < .milliseconds(300), "\(completion)")
    #expect(result.end - .zero < completion + .milliseconds(30))
    #expect(flow.goodput == 100_000 * 8 * 1_000_000_000 / UInt64(completion.nanoseconds))
  }

  @Test("A flow that begins later is measured from then")
  func laterFlow() throws {
    let flows = [ExperimentFlow(.cubic), ExperimentFlow(.cubic, start: .seconds(3))]
    let result = try experiment(flows, seconds: 9).run()
    let late = result.flows[1]
    #expect(late.samples.allSatisfy { $0.time >= .zero + .seconds(3) })
    #expect(late.goodput == late.delivered * 8 / 6)
  }

  @Test("What counts begins when it is to begin")
  func measuredFrom() throws {
    var experiment = experiment([ExperimentFlow(.cubic)], seconds: 6)
    experiment.measuredFrom = .seconds(2)
    experiment.samples = 60
    let flow = try experiment.run().flows[0]
    let before = try #require(flow.samples.last { $0.time <= .zero + .seconds(2) })
    #expect(flow.goodput == (flow.delivered - before.delivered) * 8 / 4)
  }

  @Test("Planned losses take the octets that they name, so often as they say, and each repair is timed")
  func plannedLosses() throws {
    var flow = ExperimentFlow(.cubic, octets: 300_000)
    flow.plannedLosses = [PlannedLoss(octet: 100_000), PlannedLoss(octet: 150_000, times: 2)]
    let result = try experiment([flow]).run()
    let fared = result.flows[0]
    #expect(fared.repairs.map(\.octet) == [100_000, 150_000])
    #expect(fared.repairs.map(\.transmissions) == [2, 3])
    #expect(fared.repairs.allSatisfy { $0.time.map { $0 > .milliseconds(40) } ?? false })
    #expect(result.links[0].toRight.statistics.lostToFilter == 3)
    #expect(fared.delivered == 300_000 && fared.isFaithful)
  }

  @Test("Flows run both ways, and over the links between their routers alone")
  func row() throws {
    var left = ExperimentFlow(.cubic)
    (left.from, left.to) = (2, 0)
    var short = ExperimentFlow(.cubic)
    (short.from, short.to) = (1, 2)
    var experiment = Experiment(links: [link(), link()], flows: [left, short])
    for index in 0..<2 { experiment.links[index].toLeft = experiment.links[index].toRight }
    experiment.duration = .seconds(4)
    let result = try experiment.run()
    #expect(result.flows.allSatisfy { $0.goodput > 6_000_000 })
    // On the first link only acknowledgements run to the right.
    #expect(result.links[0].toRight.utilisationPerMille < 60)
    #expect(result.links[0].toLeft.utilisationPerMille > 600)
    #expect(result.links[1].toRight.utilisationPerMille > 600)
  }

  @Test("Changes of a link come when they are planned")
  func outage() throws {
    var experiment = experiment([ExperimentFlow(.cubic)])
    experiment.links[0].changes = [
      LinkChange(at: .seconds(1), .condition(.cut)), LinkChange(at: .seconds(2), .condition(.whole)),
    ]
    let flow = try experiment.run().flows[0]
    func delivered(at second: Int64) -> UInt64 {
      flow.samples.last { $0.time <= .zero + .milliseconds(second * 1000 + 100) }?.delivered ?? 0
    }
    #expect(flow.timeouts > 0 && flow.turns.kept.contains { $0.cause == .retransmissionTimeout })
    #expect(
      delivered(at: 1) > 500_000 && delivered(at: 1) == flow.samples.last { $0.time <= .zero + .seconds(2) }?.delivered)
    #expect(flow.delivered > delivered(at: 1) + 1_000_000)
  }

  @Test("DCTCP has marks from both ends of a link that marks, and keeps its queue at the threshold")
  func dataCentre() throws {
    var there = Impairment(rate: 1_000_000_000, delay: .microseconds(50))
    there.queueCapacity = 500_000
    there.markingThreshold = 30_000
    var experiment = Experiment(links: [ExperimentLink(there)], flows: (0..<2).map { _ in ExperimentFlow(.dctcp) })
    experiment.duration = .milliseconds(200)
    experiment.measuredFrom = .milliseconds(50)
    let result = try experiment.run()
    let link = result.links[0].toRight
    #expect(link.statistics.marked > 0 && link.statistics.lost == 0)
    #expect(link.utilisationPerMille > 900 && link.highQueueDelay < .microseconds(600), "\(link)")
  }

  @Test("The same seed gives the same result, another seed another one")
  func deterministic() throws {
    func run(_ seed: UInt64) throws -> ExperimentResult {
      var experiment = Experiment(links: [link { $0.loss = .percent(1) }], flows: [ExperimentFlow(.cubic)])
      experiment.seed = seed
      experiment.duration = .seconds(3)
      return try experiment.run()
    }
    let (one, again, other) = (try run(1), try run(1), try run(2))
    #expect(one.flows[0].samples == again.flows[0].samples && one.links[0].samples == again.links[0].samples)
    #expect(one.flows[0].samples != other.flows[0].samples)
  }

  @Test("A list of marks keeps its bound and covers the whole time evenly")
  func marks() {
    var marks = Marks<Int>(limit: 100)
    for number in 1...100_000 { marks.append(number) }
    #expect(marks.count == 100_000 && (50...100).contains(marks.kept.count))
    let gaps = Swift.Set(zip(marks.kept, marks.kept.dropFirst()).map { $1 - $0 })
    #expect(gaps.count == 1)
  }

  @Test("Jain's index is one for equal shares, one nth where one flow has everything, and never overflows")
  func fairness() {
    #expect(Fairness.perMille([5, 5, 5, 5]) == 1000)
    #expect(Fairness.perMille([7, 0, 0, 0]) == 250)
    #expect(Fairness.perMille([0, 0]) == 1000)
    #expect(Fairness.perMille([1, 2, 3]) == 857)
    #expect(Fairness.perMille([UInt64](repeating: 1 << 42, count: 250)) == 1000)
  }

  @Test("A row of links and flows beyond its bounds is refused with words, not run")
  func bounds() {
    let flow = ExperimentFlow(.cubic)
    func fault(_ edit: (inout Experiment) -> Void) -> String? {
      var experiment = Experiment(links: [link()], flows: [flow])
      edit(&experiment)
      return experiment.fault
    }
    #expect(fault { _ in } == nil)
    #expect(fault { $0.links = [] } == "an experiment has 1 to 16 links")
    #expect(fault { $0.flows = [] } == "an experiment has 1 to 250 flows")
    #expect(fault { $0.flows = .init(repeating: flow, count: 251) } == "an experiment has 1 to 250 flows")
    #expect(fault { $0.flows[0].to = 2 } == "flow 1 goes from router 0 to router 2, and there are routers 0 to 1")
    #expect(fault { $0.flows[0].to = 0 } == "flow 1 goes nowhere: it begins and ends at router 0")
    #expect(fault { $0.duration = .zero } == "an experiment takes more than no time")
    #expect(fault { $0.measuredFrom = .seconds(10) } == "what counts begins before the experiment ends")
  }
}
