import ArgumentParser
import MartinetSimulation
import MartinetTCP

/// A change to an experiment from the command line: KEY=VALUE, for all links or all flows.
package struct ExperimentOverride: ExpressibleByArgument, Sendable {
  private enum Change {
    case rate(UInt64)
    case delay(Interval)
    case jitter(Interval)
    case loss(Probability)
    case reordering(Probability)
    case queue(Int)
    case algorithm(CongestionAlgorithm)
    case duration(Interval)
    case octets(UInt64)
  }

  private let change: Change

  package static let keys = "rate, delay, jitter, loss, reorder, queue, algorithm, duration, size"

  package init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let change = ExperimentOverride.change(parts[0], parts[1]) else { return nil }
    self.change = change
  }

  private static func change(_ key: String, _ value: String) -> Change? {
    switch key {
    case "rate": Megabits(argument: value).map { .rate($0.bitsPerSecond) }
    case "delay": Milliseconds(argument: value).map { .delay($0.interval) }
    case "jitter": Milliseconds(argument: value).map { .jitter($0.interval) }
    case "loss": Probability(percentText: value.utf8).map { .loss($0) }
    case "reorder": Probability(percentText: value.utf8).map { .reordering($0) }
    case "queue": ByteSize(argument: value).map { .queue($0.count) }
    case "algorithm": CongestionAlgorithm.named(value).map { .algorithm($0) }
    case "duration": duration(value)
    case "size": ByteSize(argument: value).map { .octets(UInt64($0.count)) }
    default: nil
    }
  }

  private static func duration(_ text: String) -> Change? {
    guard let thousandths = Decimal.scaled(text, places: 3), thousandths > 0, thousandths <= 3_600_000 else {
      return nil
    }
    return .duration(.milliseconds(thousandths))
  }

  package func apply(to experiment: inout Experiment) {
    for index in experiment.links.indices { apply(to: &experiment.links[index]) }
    for index in experiment.flows.indices {
      switch change {
      case .algorithm(let algorithm): experiment.flows[index].algorithm = algorithm
      case .octets(let octets): experiment.flows[index].octets = octets
      default: break
      }
    }
    guard case .duration(let duration) = change else { return }
    // What counts begins at the same share of the time.
    let share = experiment.measuredFrom.milliseconds * 1000 / max(1, experiment.duration.milliseconds)
    experiment.duration = duration
    experiment.measuredFrom = duration / 1000 * share
  }

  private func apply(to link: inout ExperimentLink) {
    switch change {
    case .rate(let rate): link.toRight.rate = rate
    case .delay(let delay): (link.toRight.delay, link.toLeft.delay) = (delay, delay)
    case .jitter(let jitter): link.toRight.jitter = jitter
    case .loss(let loss): link.toRight.loss = loss
    case .reordering(let reordering): link.toRight.reordering = reordering
    case .queue(let queue): link.toRight.queueCapacity = queue
    case .algorithm, .duration, .octets: break
    }
  }
}
