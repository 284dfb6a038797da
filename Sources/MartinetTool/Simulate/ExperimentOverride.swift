import MartinetSimulation
import MartinetTCP

/// A change to an experiment from the command line: KEY=VALUE, for all links or all flows.
package struct ExperimentOverride: Sendable {
  private enum Change: Sendable {
    case link(@Sendable (inout Impairment) -> Void)
    case delay(Interval)
    case flow(@Sendable (inout ExperimentFlow) -> Void)
    case count(Int)
    case duration(Interval)
  }

  private let change: Change

  package static let keys =
    "rate, delay, jitter, queue, mark, loss, burst, reorder, reorder-delay, algorithm, ecn, pacing, size, flows, duration"

  package init(_ argument: String) throws(Failure) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else { throw Failure("\(argument) is not KEY=VALUE") }
    let (key, value) = (parts[0], parts[1])
    func wanted<Value>(_ parsed: Value?, _ words: String) throws(Failure) -> Value {
      guard let parsed else { throw Failure("\(key) must be \(words), and not “\(value)”") }
      return parsed
    }
    switch key {
    case "rate", "delay", "jitter", "queue", "mark", "loss", "burst", "reorder", "reorder-delay":
      change = try wanted(ExperimentOverride.link(key, value), ExperimentOverride.linkWords(key))
    case "algorithm":
      let algorithm = try wanted(CongestionAlgorithm.named(value), "one of \(CongestionAlgorithm.names)")
      change = .flow { $0.algorithm = algorithm }
    case "ecn":
      let ecn = try wanted(ECNPreference.named(value), "one of \(ECNPreference.names)")
      change = .flow { $0.ecn = ecn }
    case "pacing":
      let pacing = try wanted(Bool(value), "true or false")
      change = .flow { $0.pacing = pacing }
    case "size":
      let size = try wanted(ByteSize(argument: value), ByteSize.allowed).count
      change = .flow { $0.octets = UInt64(size) }
    case "flows":
      let limits = 1...Experiment.maximumFlows
      change = .count(
        try wanted(Int(value).flatMap { limits.contains($0) ? $0 : nil }, "a number from 1 to \(limits.upperBound)"))
    case "duration":
      let time = Decimal.scaled(value, places: 3).flatMap { (1...3_600_000).contains($0) ? $0 : nil }
      change = .duration(.milliseconds(try wanted(time, "a number of seconds from 0.001 to 3600")))
    default:
      throw Failure("there is no key “\(key)”; there are \(ExperimentOverride.keys)")
    }
  }

  private static func linkWords(_ key: String) -> String {
    switch key {
    case "rate": Megabits.allowed
    case "queue", "mark": ByteSize.allowed
    case "loss", "reorder": Percent.allowed
    case "burst": "\(PacketCount.allowed), for a loss that leaves room between bursts"
    default: Milliseconds.allowed
    }
  }

  private static func link(_ key: String, _ value: String) -> Change? {
    let milliseconds = Milliseconds(argument: value)?.interval
    switch key {
    case "rate": return Megabits(argument: value).map { rate in .link { $0.rate = rate.bitsPerSecond } }
    case "delay": return milliseconds.map { .delay($0) }
    case "jitter": return milliseconds.map { jitter in .link { $0.jitter = jitter } }
    case "reorder-delay": return milliseconds.map { delay in .link { $0.reorderingDelay = delay } }
    case "queue": return ByteSize(argument: value).map { size in .link { $0.queueCapacity = size.count } }
    case "mark": return ByteSize(argument: value).map { size in .link { $0.markingThreshold = size.count } }
    case "loss":
      return Percent(argument: value).map { loss in
        .link {
          $0.burstLoss = nil
          $0.loss = loss.probability
        }
      }
    case "burst":
      return PacketCount(argument: value).map { length in
        .link { link in
          guard let burst = BurstLoss(losing: link.loss, inBurstsOf: length.count) else { return }
          link.burstLoss = burst
          link.loss = .never
        }
      }
    default: return Percent(argument: value).map { share in .link { $0.reordering = share.probability } }
    }
  }

  // MARK: Application

  package func apply(to experiment: inout Experiment) {
    switch change {
    case .link(let edit):
      for index in experiment.links.indices { experiment.links[index].editToRight(edit) }
    case .delay(let delay):
      for index in experiment.links.indices {
        // A change that makes a link slower for a while makes it as much slower as before.
        let difference = delay - experiment.links[index].toRight.delay
        experiment.links[index].editToRight { $0.delay = max(.zero, $0.delay + difference) }
        experiment.links[index].toLeft.delay = delay
      }
    case .flow(let edit):
      for index in experiment.flows.indices { edit(&experiment.flows[index]) }
    case .count(let count):
      experiment.flows = ExperimentOverride.repeated(experiment.flows, count)
    case .duration(let duration):
      // What counts begins at the same share of the time.
      let share = experiment.measuredFrom.milliseconds * 1000 / max(1, experiment.duration.milliseconds)
      experiment.duration = duration
      experiment.measuredFrom = duration / 1000 * share
    }
  }

  /// So many flows, those that there are in turn, as far apart in time as the first two.
  private static func repeated(_ flows: [ExperimentFlow], _ count: Int) -> [ExperimentFlow] {
    guard let first = flows.first else { return [] }
    let apart = flows.count > 1 ? flows[1].start - first.start : .zero
    return (0..<count).map { number in
      var flow = flows[number % flows.count]
      flow.start = first.start + apart * Int64(number)
      return flow
    }
  }
}

extension ExperimentLink {
  /// Changes the way to the right, also where it is to change later.
  fileprivate mutating func editToRight(_ edit: (inout Impairment) -> Void) {
    edit(&toRight)
    for index in changes.indices {
      guard case .impairment(var later, let direction) = changes[index].change, direction != .toLeft else { continue }
      edit(&later)
      changes[index].change = .impairment(later, direction)
    }
  }
}

extension ECNPreference {
  static func named(_ name: String) -> ECNPreference? { allCases.first { "\($0)" == name } }
  static var names: String { allCases.map { "\($0)" }.joined(separator: ", ") }
}
