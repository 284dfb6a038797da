import MartinetStack
import MartinetTCP

/// Why there is no result.
public enum ExperimentError: Error, Equatable, Sendable {
  /// The experiment contradicts itself, or its bounds, as the words say.
  case impossible(String)
  /// The connection of the flow with that number, counted from 1, cannot be opened at all.
  case flowCannotBegin(Int, HostError)
}

extension Experiment {
  /// Why the experiment cannot be run; nil if it can.
  public var fault: String? {
    guard (1...Experiment.maximumLinks).contains(links.count) else {
      return "an experiment has 1 to \(Experiment.maximumLinks) links"
    }
    guard (1...Experiment.maximumFlows).contains(flows.count) else {
      return "an experiment has 1 to \(Experiment.maximumFlows) flows"
    }
    guard duration > .zero else { return "an experiment takes more than no time" }
    guard measuredFrom < duration else { return "what counts begins before the experiment ends" }
    for (number, flow) in flows.enumerated() {
      let routers = 0...links.count
      guard routers.contains(flow.from), routers.contains(flow.to) else {
        return
          "flow \(number + 1) goes from router \(flow.from) to router \(flow.to), and there are routers 0 to \(links.count)"
      }
      guard flow.from != flow.to else {
        return "flow \(number + 1) goes nowhere: it begins and ends at router \(flow.from)"
      }
    }
    return nil
  }
}
