import MartinetStack
import MartinetTCP
import MartinetWire

extension Experiment {
  /// Runs the experiment; `progress` is told the virtual time now and then.
  ///
  /// - Throws: why it cannot be run, or what a host says to a connection that cannot be opened at all. A flow that fails later is told of in its
  ///   result.
  public func run(progress: (Instant) -> Void = { _ in }) throws(ExperimentError) -> ExperimentResult {
    if let fault { throw .impossible(fault) }
    var run = ExperimentRun(self)
    return try run.perform(progress)
  }
}

/// An experiment under way.
private struct ExperimentRun: ~Copyable {
  private let experiment: Experiment
  private var network: ExperimentNetwork
  private var result: ExperimentResult
  private var flows: [FlowWatch]
  private var links: [LinkWatch]
  private let end: Instant

  init(_ experiment: Experiment) {
    self.experiment = experiment
    network = ExperimentNetwork(experiment)
    result = ExperimentResult(experiment)
    flows = experiment.flows.map { FlowWatch($0) }
    links = experiment.links.map { LinkWatch($0) }
    end = .zero + experiment.duration
  }

  mutating func perform(_ progress: (Instant) -> Void) throws(ExperimentError) -> ExperimentResult {
    let samples = Int64(min(max(1, experiment.samples), 10_000))
    var number: Int64 = 0
    while true {
      try beginFlows()
      let sampleAt = Instant.zero + Interval(nanoseconds: experiment.duration.nanoseconds / samples * number)
      if now >= sampleAt {
        sample()
        progress(now)
        number += 1
        if now >= end || isOver { break }
        continue
      }
      let target = min(sampleAt, end, nextEdge)
      network.scenario.run(until: target) { scenario in scenario.network.now < target }
    }
    finish()
    return result
  }

  private var now: Instant { network.scenario.network.now }

  /// When the next flow begins, or the time that counts.
  private var nextEdge: Instant {
    var next = Instant.never
    for flow in flows where !flow.hasBegun { next = min(next, .zero + flow.flow.start) }
    let measured = Instant.zero + experiment.measuredFrom
    return measured > now ? min(next, measured) : next
  }

  private var isOver: Bool { flows.allSatisfy { $0.isOver } }

  private mutating func beginFlows() throws(ExperimentError) {
    let isCounting = now >= .zero + experiment.measuredFrom
    for number in flows.indices {
      if !flows[number].hasBegun && .zero + flows[number].flow.start <= now {
        do throws(HostError) {
          try begin(number)
        } catch {
          throw .flowCannotBegin(number + 1, error)
        }
      }

      if isCounting { flows[number].beginCounting(network.scenario.transfer(flows[number].receiver), at: now) }
    }
    if isCounting {
      for number in links.indices { links[number].beginCounting(network.links[number], in: network.scenario.network) }
    }
  }

  private mutating func begin(_ number: Int) throws(HostError) {
    let flow = flows[number].flow
    var options = ConnectionOptions()
    options.congestion = flow.algorithm
    options.pacing = flow.pacing
    options.ecn = flow.ecn
    if flow.bufferSize > 0 {
      options.sendBufferSize = flow.bufferSize
      options.receiveBufferSize = flow.bufferSize
    }
    // The last octets of a flow are not to wait for an acknowledgement.
    options.noDelay = true
    let remote = Endpoint(.v4(ExperimentNetwork.receiver(number)), 9000)
    var reader = TransferPlan()
    reader.incoming = Pattern(seed: UInt64(number))
    reader.waitsForPeer = true
    try network.scenario.serve(network.receivers[number], on: remote, options: options, .transfer(reader))
    var plan = TransferPlan(
      sending: flow.octets == 0 ? ExperimentFlow.endless : flow.octets, Pattern(seed: UInt64(number)))
    plan.writeSize = 4096
    // Whoever closes loses what the connection has counted.
    plan.closesOutput = false
    let sender = network.senders[number]
    network.scenario.network.withHost(sender) { host, _ in host.setTracing(true) }
    flows[number].sender = try network.scenario.open(sender, to: remote, options: options, plan)
  }

  // MARK: Samples

  private mutating func sample() {
    findReceivers()
    for number in flows.indices where flows[number].hasBegun {
      readTrace(number)
      let sender = network.scenario.transfer(flows[number].sender)
      let receiver = network.scenario.transfer(flows[number].receiver)
      guard let sender else { continue }
      let status = network.scenario.network.withHost(network.senders[number]) { host, now in
        host.status(of: sender.connection, at: now)
      }
      flows[number].sample(status, sender: sender, receiver: receiver, at: now)
    }
    for number in links.indices { links[number].sample(network.links[number], in: &network.scenario.network) }
  }

  private mutating func findReceivers() {
    for number in flows.indices where flows[number].hasBegun && flows[number].receiver < 0 {
      for program in network.scenario.programs.indices
      where network.scenario.home(of: program) == network.receivers[number] {
        flows[number].receiver = program
        if now >= .zero + experiment.measuredFrom {
          flows[number].beginCounting(nil, at: .zero + max(flows[number].flow.start, experiment.measuredFrom))
        }
      }
    }
  }

  private mutating func readTrace(_ number: Int) {
    while let event = network.scenario.network.pollTrace(of: network.senders[number]) {
      flows[number].note(event, recordsSegments: experiment.recordsSegments)
    }
  }

  private mutating func finish() {
    result.end = now
    result.eventsHandled = network.scenario.network.eventsHandled
    for number in flows.indices {
      result.flows.append(flows[number].finish(at: now))
      result.lostTraceEvents += network.scenario.network.withHost(network.senders[number]) { host, _ in
        host.lostTraceEvents
      }
    }
    let measured = now - (Instant.zero + experiment.measuredFrom)
    for number in links.indices {
      result.links.append(links[number].finish(network.links[number], in: network.scenario.network, over: measured))
    }
  }
}
