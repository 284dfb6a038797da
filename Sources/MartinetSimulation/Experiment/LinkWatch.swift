import MartinetTCP

/// What an experiment sees of one link while it runs.
struct LinkWatch {
  private let link: ExperimentLink
  private var result = LinkResult()
  /// What had been delivered each way when the time that counts began, and the first sample of that time.
  private var counted: (toRight: UInt64, toLeft: UInt64, sample: Int)?

  init(_ link: ExperimentLink) {
    self.link = link
  }

  mutating func beginCounting(_ wire: WireID, in network: borrowing Network) {
    guard counted == nil else { return }
    counted = (
      network.statistics(of: wire, .toRight).octetsDelivered, network.statistics(of: wire, .toLeft).octetsDelivered,
      result.samples.count
    )
  }

  mutating func sample(_ wire: WireID, in network: inout Network) {
    result.samples.append(
      LinkSample(
        time: network.now, toRight: network.queuedOctets(of: wire, .toRight),
        toLeft: network.queuedOctets(of: wire, .toLeft)))
  }

  func finish(_ wire: WireID, in network: borrowing Network, over time: Interval) -> LinkResult {
    var result = result
    let first = min(counted?.sample ?? 0, result.samples.count)
    let samples = result.samples[first...]
    result.toRight = LinkWatch.finish(
      link.toRight, network.statistics(of: wire, .toRight), before: counted?.toRight ?? 0,
      queues: samples.map(\.toRight), over: time)
    result.toLeft = LinkWatch.finish(
      link.toLeft, network.statistics(of: wire, .toLeft), before: counted?.toLeft ?? 0, queues: samples.map(\.toLeft),
      over: time)
    return result
  }

  private static func finish(
    _ impairment: Impairment, _ statistics: ChannelStatistics, before: UInt64, queues: [Int], over time: Interval
  ) -> LinkDirectionResult {
    var result = LinkDirectionResult()
    result.statistics = statistics
    guard impairment.rate > 0, !queues.isEmpty else { return result }
    let ordered = queues.sorted()
    result.meanQueueDelay = Rates.time(for: ordered.reduce(0, +) / ordered.count, at: impairment.rate)
    result.highQueueDelay = Rates.time(for: ordered[(ordered.count * 95 - 1) / 100], at: impairment.rate)
    let used = Rates.bitsPerSecond(statistics.octetsDelivered - before, over: time)
    result.utilisationPerMille = Int(used * 1000 / impairment.rate)
    return result
  }
}
