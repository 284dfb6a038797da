import Foundation
import Martinet
import Synchronization

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
      Main.demand(each <= bound, "an idle connection takes at most \(bound) octets at each end")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (near, far) in ends.suffix(count) {
          for stream in [near, far] {
            group.addTask {
              do {
                for try await _ in stream.chunks {}
              } catch {}
            }
          }
        }
        try await simulation.sleep(for: .seconds(1))
        let waiting = (try resident() - before) / (2 * count)
        print("idle, with a task that waits for what arrives: \(waiting) octets, of which \(try bareTask()) are a bare task's")
        Main.demand(waiting <= bound, "an idle connection with its task takes at most \(bound) octets at each end")
        for (near, far) in ends {
          near.abort()
          far.abort()
        }
      }
    }
  }

  /// The most octets that each end of an idle connection may take.
  static let bound = 3600

  /// What a task takes that waits and does nothing else, measured in a process of its own: here it would get memory that was used before.
  private static func bareTask() throws -> Int {
    let output = Pipe()
    let process = Process()
    process.executableURL = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    process.arguments = ["floor"]
    process.standardOutput = output
    try process.run()
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    guard let octets = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw CocoaError(.fileReadCorruptFile)
    }
    return octets
  }

  /// Tasks that wait.
  private final class Waiting: Sendable {
    private let tasks = Mutex<[UnsafeContinuation<Void, Never>]>([])

    init(capacity: Int) { tasks.withLock { $0.reserveCapacity(capacity) } }

    var count: Int { tasks.withLock { $0.count } }
    func add(_ task: UnsafeContinuation<Void, Never>) { tasks.withLock { $0.append(task) } }
    func resume() { for task in tasks.withLock({ $0 }) { task.resume() } }
  }

  /// Prints what each of `count` tasks takes that waits for a continuation.
  static func reportFloor(count: Int) async throws {
    let waiting = Waiting(capacity: count + 100)
    try await withThrowingTaskGroup(of: Void.self) { group in
      var before = 0
      for number in 1...count + 100 {
        group.addTask { await withUnsafeContinuation { waiting.add($0) } }
        guard number == 100 || number == count + 100 else { continue }
        while waiting.count < number { try await Task.sleep(for: .milliseconds(1)) }
        if number == 100 { before = try resident() }
      }
      print((try resident() - before) / count)
      waiting.resume()
    }
  }
}
