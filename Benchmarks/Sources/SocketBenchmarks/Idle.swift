import Foundation
import Martinet

/// What a connection costs that does nothing: both ends are in this process, on two simulated hosts.
struct Idle {
  /// The most octets that each end of an idle connection may take.
  static let bound = 3600
  private static let addresses = [IPAddress.v4(IPv4Address(10, 0, 0, 1)), .v4(IPv4Address(10, 0, 0, 2))]

  let simulation: Simulation
  let client: NetworkStack
  let server: NetworkStack

  init() {
    var network = Network(seed: 1)
    let hosts = [network.addHost(HostConfiguration()), network.addHost(HostConfiguration())]
    var wire = Impairment()
    wire.delay = .milliseconds(1)
    let prefixes = Idle.addresses.map { IPPrefix($0, 24) }
    _ = network.connect(hosts[0], [prefixes[0]], hosts[1], [prefixes[1]], by: WireDescription(wire))
    simulation = Simulation(network)
    client = simulation.stack(of: hosts[0])
    server = simulation.stack(of: hosts[1])
  }

  /// The memory of the process that is in use, in octets.
  static func resident() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// Reports the growth of the process for each end of `count` connections that have each carried `octets` both ways.
  static func report(count: Int, octets: Int) throws {
    let idle = Idle()
    try idle.simulation.runAsync {
      let listener = try TCPListener(port: 80, backlog: 100, on: idle.server)
      var ends: [TCPStream] = []
      ends.reserveCapacity(2 * count + 200)
      // The first connections bring what is there once: tables, pages, the code itself.
      for _ in 0..<100 { ends += try await idle.open(listener, octets) }
      try await idle.simulation.sleep(for: .seconds(10))
      let before = try resident()
      for _ in 0..<count { ends += try await idle.open(listener, octets) }
      try await idle.simulation.sleep(for: .seconds(10))
      let each = (try resident() - before) / (2 * count)
      print("idle: \(each) octets for each end of \(count) connections that have carried \(octets) octets both ways")
      Main.demand(each <= bound, "an idle connection takes at most \(bound) octets at each end")
      try await idle.reportWaiting(ends.suffix(2 * count), from: before)
      for stream in ends { stream.abort() }
    }
  }

  /// One connection, which has carried what it is to carry.
  private func open(_ listener: TCPListener, _ octets: Int) async throws -> [TCPStream] {
    let near = try await TCPStream.connect(to: Endpoint(Idle.addresses[1], 80), on: client)
    let far = try await listener.accept()
    let block = [UInt8](repeating: 1, count: octets)
    for (from, to) in [(near, far), (far, near)] where octets > 0 {
      try await from.write(block)
      var left = octets
      while left > 0, let bytes = try await to.read(upTo: left) { left -= bytes.count }
    }
    return [near, far]
  }

  /// Reports the growth since the process took `before` octets, when a task waits at each of `ends` for what arrives.
  private func reportWaiting(_ ends: ArraySlice<TCPStream>, from before: Int) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for stream in ends {
        group.addTask {
          do { for try await _ in stream.chunks {} } catch {}
        }
      }
      try await simulation.sleep(for: .seconds(1))
      let each = (try Idle.resident() - before) / ends.count
      let bare = try BareTask.measured()
      print("idle, with a task that waits for what arrives: \(each) octets, of which \(bare) are a bare task's")
      Main.demand(each <= Idle.bound, "an idle connection with its task takes at most \(Idle.bound) octets at each end")
      for stream in ends { stream.abort() }
    }
  }
}
