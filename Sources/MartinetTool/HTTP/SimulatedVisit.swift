import Glibc
import Martinet
import MartinetSimulation
import MartinetTCP
import MartinetWire

/// A visit to a server of the simulation's own, in virtual time.
package enum SimulatedVisit {
  private static let client = [
    IPPrefix(.v4(IPv4Address(10, 77, 0, 2)), 16), IPPrefix(.v6(IPv6Address(high: 0xFD77_0000_0000_0000, low: 2)), 64),
  ]
  private static let server = [
    IPPrefix(.v4(IPv4Address(10, 77, 0, 1)), 16), IPPrefix(.v6(IPv6Address(high: 0xFD77_0000_0000_0000, low: 1)), 64),
  ]
  private static let impairment = Impairment(rate: 100_000_000, delay: .milliseconds(20))
  /// The longest time that a packet can be on its way: behind a full queue.
  private static let transit = Interval.seconds(1)

  /// Makes the visit and shows it: the body on standard output, the ladder on standard error.
  static func present(_ address: WebAddress, capturePath: String?) throws(Failure) {
    let files = PartialFiles()
    SignalWatch.start { _ in files.abandon() }
    let capture: OutputFile?
    if let capturePath { capture = try OutputFile(capturePath, files: files) } else { capture = nil }
    let (outcome, story) = try perform(address, capture: capture, body: StandardStream.output.write)
    VisitPresentation.show(outcome, story)
  }

  /// Makes the visit.
  package static func perform(
    _ address: WebAddress, capture: OutputFile? = nil, body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) -> (outcome: VisitOutcome, story: Story) {
    var network = Network(seed: 1)
    let (left, right) = (network.addHost(), network.addHost())
    network.connect(left, client, right, server, by: WireDescription(impairment))
    for host in [left, right] { network.withHost(host) { host, _ in host.setTracing(true) } }
    if capture != nil { network.tap(left) }
    let simulation = Simulation(network)
    let watcher = SimulatedVisitWatcher(
      simulation, SimulationWatcher((left, "client"), (right, "server"), transit: transit, capture: capture))
    do {
      let outcome = try simulation.run {
        let listener = try ServerSocket(port: Int(address.port), on: simulation.stack(of: right))
        defer { listener.close() }
        try simulation.spawn("server") { SimulatedSite.serve(listener) }
        return try withoutActuallyEscaping(body) { body in
          try Visit(
            address: address, stack: simulation.stack(of: left), resolver: PlayedResolver(simulation: simulation),
            hasFamily: { _ in true }, observer: watcher, body: body
          ).perform()
        }
      }
      return (outcome, try watcher.finish())
    } catch {
      throw error as? Failure ?? Failure("\(error)")
    }
  }

  /// Answers after the time that a question and an answer take on the wire: every name is the server's, but those that no name
  /// server knows (RFC 6761 section 6.4).
  private struct PlayedResolver: SimpleResolver {
    let simulation: Simulation

    func addresses(of name: String) -> [IPAddress] {
      let isAnswered: Void? = try? simulation.sleep(for: .milliseconds(40))
      guard isAnswered != nil, !name.lowercased().hasSuffix(".invalid") else { return [] }
      return SimulatedVisit.server.map(\.address)
    }
  }
}

/// Follows a visit in a simulation.
private final class SimulatedVisitWatcher: VisitObserver {
  private let simulation: Simulation
  private let watcher: SimulationWatcher

  init(_ simulation: Simulation, _ watcher: SimulationWatcher) {
    self.simulation = simulation
    self.watcher = watcher
  }

  func observe() {
    simulation.withNetwork { watcher.observe(&$0) }
  }

  func remark(_ text: String) {
    observe()
    watcher.record(Remark(text, side: .left, time: simulation.withNetwork { $0.now }))
  }

  func follow(_ endpoint: Endpoint) {}

  func finish() throws(Failure) -> Story {
    let end = simulation.withNetwork { network in
      watcher.finishClosing(&network)
      return network.now
    }
    return try watcher.finish(at: end)
  }
}
