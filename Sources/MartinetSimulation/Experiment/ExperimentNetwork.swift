import MartinetStack
import MartinetTCP
import MartinetWire

/// The hosts, routers and wires of an experiment.
struct ExperimentNetwork: ~Copyable {
  var scenario: Scenario
  private(set) var links: [WireID] = []
  private(set) var senders: [HostID] = []
  private(set) var receivers: [HostID] = []
  private var routers: [RouterID] = []

  init(_ experiment: Experiment) {
    scenario = Scenario(seed: experiment.seed)
    for number in 0...experiment.links.count {
      let address = IPAddress.v4(IPv4Address(10, 9, 0, UInt8(truncatingIfNeeded: number + 1)))
      routers.append(scenario.network.addRouter(experiment.hasSilentRouters ? [] : [address]))
    }
    for (number, link) in experiment.links.enumerated() { lay(link, from: number) }
    for (number, flow) in experiment.flows.enumerated() { settle(flow, number) }
    planLosses(experiment)
  }

  static func sender(_ number: Int) -> IPv4Address { IPv4Address(10, 1, UInt8(truncatingIfNeeded: number), 1) }
  static func receiver(_ number: Int) -> IPv4Address { IPv4Address(10, 2, UInt8(truncatingIfNeeded: number), 1) }

  private mutating func lay(_ link: ExperimentLink, from number: Int) {
    var description = WireDescription(link.toRight, mtu: link.mtu)
    description.toLeft = link.toLeft
    let wire = scenario.network.connect(.router(routers[number]), .router(routers[number + 1]), by: description)
    for change in link.changes { scenario.network.schedule(change.change, of: wire, at: .zero + change.time) }
    links.append(wire)
  }

  private mutating func settle(_ flow: ExperimentFlow, _ number: Int) {
    var access = Impairment(rate: flow.accessRate, delay: flow.accessDelay)
    // The sender's own queue is not what an experiment is about: it holds any window.
    access.queueCapacity = 1 << 30
    var wire = WireDescription(access)
    wire.toLeft = Impairment(rate: 0, delay: flow.accessDelay)
    senders.append(settle(ExperimentNetwork.sender(number), at: flow.from, wire, flow))
    receivers.append(settle(ExperimentNetwork.receiver(number), at: flow.to, WireDescription(), flow))
  }

  private mutating func settle(
    _ address: IPv4Address, at place: Int, _ description: WireDescription, _ flow: ExperimentFlow
  ) -> HostID {
    var configuration = HostConfiguration()
    // Segments of 1,448 octets leave a third of a page of 2,048 empty, and both buffers are there twice while octets are on their way.
    configuration.pages = max(configuration.pages, flow.bufferSize / 512)
    let host = scenario.network.addHost(configuration)
    let wire = scenario.network.connect(.host(host), .router(routers[place]), by: description)
    let prefix = IPPrefix(.v4(address), 24)
    scenario.network.addAddress(prefix, to: host, on: wire)
    if let interface = scenario.network.interface(of: host, on: wire) {
      scenario.network.withHost(host) { host, _ in host.addRoute(IPPrefix(.v4(.any), 0), via: nil, on: interface) }
    }
    for number in routers.indices {
      let way = number == place ? wire : number < place ? links[number] : links[number - 1]
      scenario.network.addRoute(prefix, of: routers[number], over: way)
    }
    return host
  }

  /// Lets the first link of each flow with planned losses take them.
  private mutating func planLosses(_ experiment: Experiment) {
    for link in experiment.links.indices {
      for direction in WireDirection.allCases {
        var filters: [PlannedLossFilter] = []
        for (number, flow) in experiment.flows.enumerated() where !flow.plannedLosses.isEmpty {
          let isFirst = direction == .toRight ? flow.from < flow.to && flow.from == link : flow.from == link + 1
          guard isFirst, direction == flow.direction else { continue }
          filters.append(PlannedLossFilter(flow.plannedLosses, of: ExperimentNetwork.receiver(number)))
        }
        if filters.isEmpty { continue }
        scenario.network.setFilter(of: links[link], direction) { packet, _ in
          for filter in filters where filter.takes(packet) { return .isLost }
          return .passes
        }
      }
    }
  }
}

extension ExperimentFlow {
  /// The direction in which its data cross the links.
  public var direction: WireDirection { from < to ? .toRight : .toLeft }
}
