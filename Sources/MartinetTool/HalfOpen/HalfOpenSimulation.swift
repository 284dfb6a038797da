import Martinet
import Synchronization

/// A client, a proxy and a server, ordinary programs with blocking sockets in virtual time. Then the proxy's host vanishes.
package enum HalfOpenSimulation {
  /// When the proxy vanishes; the client speaks once a second until then.
  private static let cut = Duration.seconds(10)
  /// How long after that a server is watched.
  package static let watched = Duration.seconds(86400)

  private static let proxyPort: UInt16 = 8000
  private static let serverPort: UInt16 = 9000
  private static let client = prefix(1, 2)
  private static let proxyBefore = prefix(1, 1)
  private static let proxyBehind = prefix(2, 1)
  private static let server = prefix(2, 2)

  private static func prefix(_ network: UInt8, _ host: UInt8) -> IPPrefix {
    IPPrefix(.v4(IPv4Address(10, network, 0, host)), 24)
  }

  /// Plays every mechanism in a network of its own.
  package static func perform(bound: Duration) throws -> [HalfOpenFinding] {
    try HalfOpenMechanism.allCases.map { try perform($0, bound: bound) }
  }

  /// Plays one mechanism.
  package static func perform(_ mechanism: HalfOpenMechanism, bound: Duration) throws -> HalfOpenFinding {
    var network = Network(seed: 1)
    let hosts = (client: network.addHost(), proxy: network.addHost(), server: network.addHost())
    let wire = WireDescription(Impairment(rate: 100_000_000, delay: .milliseconds(5)))
    let wires = [
      network.connect(hosts.client, [client], hosts.proxy, [proxyBefore], by: wire),
      network.connect(hosts.proxy, [proxyBehind], hosts.server, [server], by: wire),
    ]
    for wire in wires {
      network.schedule(.condition(.cut), of: wire, at: .zero + cut.interval)
    }
    let simulation = Simulation(network)
    let (clientStack, proxyStack) = (simulation.stack(of: hosts.client), simulation.stack(of: hosts.proxy))
    let serverStack = simulation.stack(of: hosts.server)
    return try simulation.run {
      let listener = try ServerSocket(port: Int(serverPort), on: serverStack)
      let proxy = try HalfOpenProxy(port: proxyPort, to: Endpoint(server.address, serverPort), on: proxyStack)
      try simulation.spawn("proxy") { proxy.serve(simulation) }
      let socket = try Socket(to: Endpoint(proxyBefore.address, proxyPort), on: clientStack)
      let accepted = try listener.accept()
      let program = try HalfOpenServer(mechanism, bound: bound, on: accepted)
      program.cutHappened(at: cut)
      try simulation.spawn("client") { try? HalfOpenHeartbeat.answerAll(on: socket) }
      try simulation.spawn("warnings") { program.listenForWarnings() }
      let thread = try simulation.spawn("server") {
        program.run { () throws(SocketError) in try simulation.sleep(for: cut - simulation.now) }
      }
      try speak(on: socket, simulation)
      try simulation.sleep(for: cut + watched - simulation.now)
      accepted.close()
      try thread.join()
      socket.abort()
      proxy.end()
      listener.close()
      return program.finding(of: .vanished, watched: watched)
    }
  }

  /// The client says something once a second until the cut.
  private static func speak(on socket: Socket, _ simulation: Simulation) throws {
    let pause = Duration.seconds(1)
    let output = try socket.outputStream
    while simulation.now < cut {
      try output.write("news".utf8)
      try simulation.sleep(for: pause)
    }
  }
}

/// A proxy that carries one connection over to a server.
private final class HalfOpenProxy: Sendable {
  private let entrance: ServerSocket
  private let destination: Endpoint
  private let sockets = Mutex<[Socket]>([])

  init(port: UInt16, to destination: Endpoint, on stack: NetworkStack) throws(SocketError) {
    entrance = try ServerSocket(port: Int(port), on: stack)
    self.destination = destination
  }

  func serve(_ simulation: Simulation) {
    do throws(SocketError) {
      let front = try entrance.accept()
      sockets.withLock { $0.append(front) }
      let back = try Socket(to: destination, on: entrance.stack)
      sockets.withLock { $0.append(back) }
      try simulation.spawn("proxy, back") { HalfOpenProxy.carry(from: back, to: front) }
      HalfOpenProxy.carry(from: front, to: back)
    } catch {
      end()
    }
  }

  private static func carry(from source: Socket, to target: Socket) {
    do throws(SocketError) {
      let (input, output) = (try source.inputStream, try target.outputStream)
      while let octets = try input.read(upTo: 65536) { try output.write(octets) }
      try target.shutdownOutput()
    } catch {
      target.abort()
    }
  }

  func end() {
    entrance.close()
    for socket in sockets.withLock({ $0 }) { socket.abort() }
  }
}
