import Martinet
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// How a program has a connection carry its octets.
public enum Way: String, CaseIterable, Sendable {
  /// As a program of the simulator, which calls the engine itself.
  case simulated
  /// By blocking sockets, on threads of a simulation.
  case blocking
  /// By async streams, in tasks of a simulation.
  case async
}

/// A transfer over one and the same simulated wire, without loss, by each way: for the engine all of them are to be the same work.
public enum WaysLoad {
  private static let endpoint = Endpoint(TestAddress.v4(2), 9000)
  private static let block = [UInt8](repeating: 0x5A, count: 65_536)

  /// Carries so many blocks of 64 KiB from left to right; returns how many octets arrived.
  public static func carry(blocks: Int, by way: Way) throws -> Int {
    switch way {
    case .simulated: try carryInScenario(blocks)
    case .blocking: try carryByThreads(blocks)
    case .async: try carryInTasks(blocks)
    }
  }

  /// What each end holds at most, whoever calls the engine; the wire's queue takes all of it, so that nothing is lost.
  private static let bufferSize = 256 << 10

  private static func options(_ options: SocketOptions) -> SocketOptions {
    var options = options
    options.sendBufferSize = bufferSize
    options.receiveBufferSize = bufferSize
    return options
  }

  /// The two ends of a wire of 1 Gbit/s, 0.2 ms there and back.
  private struct Ends: ~Copyable {
    var network = Network(seed: 1)
    let left: HostID
    let right: HostID

    init() {
      var configuration = HostConfiguration()
      configuration.tcp.connection.receiveBufferSize = bufferSize
      configuration.tcp.connection.sendBufferSize = bufferSize
      var wire = Impairment(rate: 1_000_000_000, delay: .microseconds(100))
      wire.queueCapacity = 2 * bufferSize
      left = network.addHost(configuration)
      right = network.addHost(configuration)
      _ = network.connect(
        left, [IPPrefix(TestAddress.v4(1), 16)], right, [IPPrefix(TestAddress.v4(2), 16)],
        by: WireDescription(wire))
    }
  }

  private static func carryInScenario(_ blocks: Int) throws -> Int {
    let ends = Ends()
    let (left, right) = (ends.left, ends.right)
    var scenario = Scenario(ends.network)
    var plan = TransferPlan(sending: UInt64(blocks * block.count))
    plan.writeSize = block.count
    try scenario.serve(right, on: endpoint, .transfer(TransferPlan()))
    _ = try scenario.open(left, to: endpoint, plan)
    scenario.run(until: .never)
    return Int(scenario.transfer(1)?.received ?? 0)
  }

  private static func carryByThreads(_ blocks: Int) throws -> Int {
    let ends = Ends()
    let (left, right) = (ends.left, ends.right)
    let simulation = Simulation(ends.network)
    let arrived = Atomic(0)
    try simulation.run {
      let listener = try ServerSocket(
        port: Int(endpoint.port), on: simulation.stack(of: right), options: options(SocketOptions()))
      try simulation.spawn("receiver") {
        var buffer = block
        guard let input = try? listener.accept().inputStream else { return }
        while let count = try? buffer.withUnsafeMutableBytes({ try input.read(into: $0) }) {
          arrived.add(count, ordering: .relaxed)
        }
      }
      let socket = try Socket(to: endpoint, on: simulation.stack(of: left), options: options(SocketOptions()))
      let output = try socket.outputStream
      for _ in 0..<blocks { try output.write(block) }
      socket.close()
    }
    return arrived.load(ordering: .relaxed)
  }

  private static func carryInTasks(_ blocks: Int) throws -> Int {
    let ends = Ends()
    let (left, right) = (ends.left, ends.right)
    let simulation = Simulation(ends.network)
    let (client, server) = (simulation.stack(of: left), simulation.stack(of: right))
    return try simulation.runAsync {
      let listener = try TCPListener(port: Int(endpoint.port), on: server, options: options(.asyncDefaults))
      async let arrived = receive(from: listener)
      let stream = try await TCPStream.connect(to: endpoint, on: client, options: options(.asyncDefaults))
      for _ in 0..<blocks { try await stream.write(block) }
      stream.close()
      return try await arrived
    }
  }

  private static func receive(from listener: TCPListener) async throws -> Int {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: block.count, alignment: 16)
    defer { buffer.deallocate() }
    let stream = try await listener.accept()
    var arrived = 0
    while let count = try await stream.read(into: buffer) { arrived += count }
    return arrived
  }
}
