import Foundation
import Martinet

/// What a connection costs that does nothing: both ends are in this process, on two simulated hosts.
enum Idle {
  /// The memory of the process that is in use, in octets.
  static func resident() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// Reports the growth of the process for each end of `count` connections that have each carried `octets` both ways.
  static func report(count: Int, octets: Int) throws {
    var network = Network(seed: 1)
    let addresses = [IPAddress.v4(IPv4Address(10, 0, 0, 1)), .v4(IPv4Address(10, 0, 0, 2))]
    let hosts = [network.addHost(HostConfiguration()), network.addHost(HostConfiguration())]
    var wire = Impairment()
    wire.delay = .milliseconds(1)
    _ = network.connect(
      hosts[0], [IPPrefix(addresses[0], 24)], hosts[1], [IPPrefix(addresses[1], 24)], by: WireDescription(wire))
    let simulation = Simulation(network)
    let client = simulation.stack(of: hosts[0])
    let server = simulation.stack(of: hosts[1])
    try simulation.runAsync {
      let listener = try TCPListener(port: 80, backlog: 100, on: server)
      /// One connection, with what it carries.
      func open() async throws -> (TCPStream, TCPStream) {
        let near = try await TCPStream.connect(to: Endpoint(addresses[1], 80), on: client)
        let far = try await listener.accept()
        let block = [UInt8](repeating: 1, count: octets)
        for (from, to) in [(near, far), (far, near)] where octets > 0 {
          try await from.write(block)
          var left = octets
          while left > 0, let bytes = try await to.read(upTo: left) { left -= bytes.count }
        }
        return (near, far)
      }
      var ends: [(TCPStream, TCPStream)] = []
      ends.reserveCapacity(count)
      // The first connections bring what is there once: tables, pages, the code itself.
      for _ in 0..<100 { ends.append(try await open()) }
      try await simulation.sleep(for: .seconds(5))
      let before = try resident()
      for _ in 0..<count { ends.append(try await open()) }
      try await simulation.sleep(for: .seconds(5))
      let idle = try resident()
      let each = (idle - before) / (2 * count)
      print("idle: \(each) octets for each end of \(count) connections that have carried \(octets) octets both ways")
      Main.demand(each <= 3600, "an idle connection takes at most 3,600 octets at each end")
      await withTaskGroup(of: Void.self) { group in
        for (near, far) in ends.suffix(count) {
          for stream in [near, far] { group.addTask { _ = try? await stream.read() } }
        }
        try? await simulation.sleep(for: .seconds(1))
        if let reading = try? resident() {
          print("with a task that reads at each end: \((reading - before) / (2 * count)) octets")
        }
        for (near, far) in ends {
          near.abort()
          far.abort()
        }
      }
    }
  }
}
