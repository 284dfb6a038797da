import Glibc
import Martinet
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetWire

/// A demonstration: a sender and a receiver, ordinary programs with blocking sockets, on a simulated network in virtual
/// time.
///
/// Its threads are those of the simulation, of which exactly one runs at a time; that is what makes its state safe to share.
package final class DemoRun: @unchecked Sendable {
  private let plan: DemoPlan
  private let source: SourceFile
  private let simulation: Simulation
  private let left: HostID
  private let right: HostID
  private let wire: WireID
  private let watcher: SimulationWatcher
  private let progress: (Int, Interval) -> Void
  private var sent = Digest()
  private var received = Digest()
  private var octets = 0
  private var end: Interval?
  private var failures: [String] = []

  /// Runs `plan` to its end.
  ///
  /// - Parameters:
  ///   - capture: where to write the packets that the sender's host sees.
  ///   - progress: hears of the octets that have arrived, and of the virtual time.
  package static func perform(
    _ plan: DemoPlan, capture: OutputFile? = nil, progress: @escaping (Int, Interval) -> Void = { _, _ in }
  ) throws -> DemoOutcome {
    try DemoRun(plan, source: plan.open(), capture: capture, progress: progress).perform()
  }

  private init(
    _ plan: DemoPlan, source: SourceFile, capture: OutputFile?, progress: @escaping (Int, Interval) -> Void
  ) {
    self.plan = plan
    self.source = source
    self.progress = progress
    var network = Network(seed: plan.seed)
    left = network.addHost()
    right = network.addHost()
    wire = network.connect(
      left, [DemoPlan.sender], right, [DemoPlan.receiver], by: WireDescription(plan.impairment))
    for host in [left, right] { network.withHost(host) { host, _ in host.setTracing(true) } }
    if capture != nil || plan.unfold != nil { network.tap(left) }
    simulation = Simulation(network)
    watcher = SimulationWatcher(
      (left, "sender"), (right, "receiver"), transit: plan.longestTransit, wanted: plan.unfold, capture: capture)
  }

  private func perform() throws -> DemoOutcome {
    let began = DemoRun.monotonic()
    let (sender, receiver) = (simulation.stack(of: left), simulation.stack(of: right))
    try simulation.run {
      let server = try ServerSocket(port: Int(DemoPlan.port), on: receiver)
      let one = try simulation.spawn("receiver") { self.receive(server) }
      let other = try simulation.spawn("sender") { self.send(sender, server) }
      try other.join()
      try one.join()
      server.close()
      finishClosing()
    }
    var outcome = try outcome(at: simulation.withNetwork { $0.now })
    outcome.realTime = DemoRun.monotonic() - began
    return outcome
  }

  // MARK: The two programs

  private func send(_ stack: NetworkStack, _ server: ServerSocket) {
    do {
      var options = SocketOptions()
      if plan.ecn { options.ecn = .ask }
      options.congestion = plan.congestion
      let socket = try Socket(to: Endpoint(DemoPlan.receiver.address, DemoPlan.port), on: stack, options: options)
      do {
        try send(over: socket)
      } catch {
        socket.abort()
        throw error
      }
      socket.close()
    } catch {
      failures.append("sender: \(error)")
      server.close()
    }
  }

  private func send(over socket: Socket) throws {
    let output = try socket.outputStream
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = try source.read(into: buffer)
      if count == 0 { break }
      let piece = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
      sent.add(piece)
      try output.write(piece)
      observe()
    }
    try socket.shutdownOutput()
    // The receiver closes when it has everything: that is the receipt.
    let input = try socket.inputStream
    while try input.read(into: buffer) != nil {}
  }

  private func receive(_ server: ServerSocket) {
    do {
      let socket = try server.accept()
      do {
        try receive(from: socket)
      } catch {
        socket.abort()
        throw error
      }
      socket.close()
    } catch {
      if failures.isEmpty { failures.append("receiver: \(error)") }
    }
  }

  private func receive(from socket: Socket) throws {
    let input = try socket.inputStream
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)
    defer { buffer.deallocate() }
    while let count = try input.read(into: buffer) {
      received.add(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
      octets += count
      observe()
    }
    end = simulation.withNetwork { $0.now } - .zero
  }

  private func observe() {
    let now = simulation.withNetwork { network in
      watcher.observe(&network)
      return network.now
    }
    progress(octets, now - .zero)
  }

  private func finishClosing() {
    simulation.withNetwork { watcher.finishClosing(&$0) }
    progress(octets, simulation.withNetwork { $0.now } - .zero)
  }

  // MARK: What it brought

  private func outcome(at now: Instant) throws -> DemoOutcome {
    let swallowed = simulation.withNetwork { network in
      WireDirection.allCases.reduce(0) { $0 + Int(network.statistics(of: wire, $1).lost) }
    }
    var outcome = DemoOutcome(plan: plan, story: try watcher.finish(at: now))
    outcome.octets = octets
    outcome.sentSum = sent.text
    outcome.receivedSum = received.text
    outcome.duration = end ?? (now - .zero)
    outcome.whole = now - .zero
    outcome.swallowed = swallowed
    outcome.packets = watcher.packets
    outcome.unfolded = watcher.unfolded
    outcome.failure = failures.first
    return outcome
  }

  private static func monotonic() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
