import MartinetSimulation
import MartinetTCP

/// The result of an experiment for programs.
package enum SimulateData {
  /// One line for each sample of each flow, with a heading; times in seconds, amounts in octets.
  package static func csv(_ result: ExperimentResult) -> String {
    var text =
      "time_s,flow,algorithm,cwnd,ssthresh,in_flight,srtt_ms,pacing_octets_per_s,delivered,sent,retransmitted_segments\n"
    for (number, flow) in result.flows.enumerated() {
      for sample in flow.samples {
        // Before the first loss the threshold is arbitrarily high (RFC 5681 section 3.1): it has no value then.
        let threshold = sample.threshold < 1 << 30 ? String(sample.threshold) : ""
        text += "\(Figures.clock(sample.time)),\(number + 1),\(flow.flow.algorithm.name),\(sample.window),\(threshold),"
        text += "\(sample.inFlight),\(milliseconds(sample.smoothedRoundTrip)),\(sample.pacingRate),"
        text += "\(sample.delivered),\(sample.sent),\(sample.retransmitted)\n"
      }
    }
    return text
  }

  private static func milliseconds(_ interval: Interval) -> String {
    Figures.fixed(Double(interval.nanoseconds) / 1e6, places: 3)
  }

  /// Everything but the samples as one object.
  package static func json(_ named: NamedExperiment, _ result: ExperimentResult) -> JSON {
    .object([
      ("scenario", .string(named.name)),
      ("seed", Int(exactly: result.experiment.seed).map { .integer($0) } ?? .string(String(result.experiment.seed))),
      ("seconds", seconds(result.end - .zero)),
      ("goodput_bps", .integer(Int(result.goodput))),
      ("fairness", .number(Double(result.fairnessPerMille) / 1000)),
      ("flows", .array(result.flows.map(flow))),
      ("links", .array(result.links.map(link))),
    ])
  }

  private static func seconds(_ interval: Interval) -> JSON { .number(Double(interval.nanoseconds) / 1e9) }

  private static func flow(_ flow: FlowResult) -> JSON {
    .object([
      ("algorithm", .string(flow.flow.algorithm.name)),
      ("goodput_bps", .integer(Int(flow.goodput))),
      ("delivered", .integer(Int(flow.delivered))),
      ("is_faithful", .bool(flow.isFaithful)),
      ("completion_seconds", flow.completion.map(seconds) ?? .null),
      ("segments_sent", .integer(Int(flow.statistics.segmentsSent))),
      ("retransmissions", .integer(Int(flow.statistics.retransmissions))),
      ("timeouts", .integer(flow.timeouts)),
      ("spurious_timeouts", .integer(Int(flow.statistics.spuriousTimeouts))),
      ("spurious_recoveries", .integer(Int(flow.statistics.spuriousRecoveries))),
      ("minimum_round_trip_seconds", seconds(flow.minimumRoundTrip)),
      ("mean_round_trip_seconds", seconds(flow.meanRoundTrip)),
      ("repair_seconds", .array(flow.repairs.map { $0.time.map(seconds) ?? .null })),
      ("failure", flow.failure.map { .string("\($0)") } ?? .null),
    ])
  }

  private static func link(_ link: LinkResult) -> JSON {
    .object([("to_right", direction(link.toRight)), ("to_left", direction(link.toLeft))])
  }

  private static func direction(_ outcome: LinkDirectionResult) -> JSON {
    .object([
      ("packets", .integer(Int(outcome.statistics.entered))),
      ("lost", .integer(Int(outcome.statistics.lost))),
      ("lost_to_full_queue", .integer(Int(outcome.statistics.lostToFullQueue))),
      ("marked", .integer(Int(outcome.statistics.marked))),
      ("largest_queue", .integer(outcome.statistics.largestQueue)),
      ("mean_queue_delay_seconds", seconds(outcome.meanQueueDelay)),
      ("p95_queue_delay_seconds", seconds(outcome.highQueueDelay)),
      ("utilisation", .number(Double(outcome.utilisationPerMille) / 1000)),
    ])
  }
}
