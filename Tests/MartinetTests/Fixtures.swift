import Martinet
import MartinetLinks
import MartinetRuntime
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Synchronization
import Testing

/// Two hosts at the ends of one wire, in virtual time.
struct VirtualPair {
  static let clientAddress = IPAddress.v4(IPv4Address(10, 0, 0, 1))
  static let serverAddress = IPAddress.v4(IPv4Address(10, 0, 0, 2))

  let simulation: Simulation
  let client: NetworkStack
  let server: NetworkStack
  let wire: WireID
  let clientHost: HostID
  let serverHost: HostID

  /// - Parameter impairment: what the wire does in both directions; a delay of 10 ms if nothing is said.
  init(
    _ impairment: Impairment? = nil, seed: UInt64 = 1, client clientKnobs: HostConfiguration = HostConfiguration(),
    server serverKnobs: HostConfiguration = HostConfiguration()
  ) {
    var network = Network(seed: seed)
    clientHost = network.addHost(clientKnobs)
    serverHost = network.addHost(serverKnobs)
    var wireImpairment = Impairment()
    wireImpairment.delay = .milliseconds(10)
    wire = network.connect(
      clientHost, [IPPrefix(VirtualPair.clientAddress, 24)], serverHost, [IPPrefix(VirtualPair.serverAddress, 24)],
      by: WireDescription(impairment ?? wireImpairment))
    simulation = Simulation(network)
    client = simulation.stack(of: clientHost, configuration: clientKnobs)
    server = simulation.stack(of: serverHost, configuration: serverKnobs)
  }

  /// A connected pair of sockets; to be called from a registered thread.
  func connected(
    port: Int = 80, clientOptions: SocketOptions = SocketOptions(), serverOptions: SocketOptions = SocketOptions()
  ) throws -> (client: Socket, server: Socket, listener: ServerSocket) {
    let listener = try ServerSocket(port: port, on: server, options: serverOptions)
    let socket = try Socket(
      to: Endpoint(VirtualPair.serverAddress, UInt16(port)), on: client, options: clientOptions)
    return (socket, try listener.accept(), listener)
  }
}

/// What threads of a test note, in the order in which they do.
final class Notebook: Sendable {
  private let notes = Mutex<[String]>([])
  func note(_ text: String) { notes.withLock { $0.append(text) } }
  var all: [String] { notes.withLock { $0 } }
}

/// The error that `body` throws, as a socket error.
func socketError(_ body: () throws -> Void) -> SocketError? {
  do {
    try body()
    return nil
  } catch {
    return error as? SocketError
  }
}

/// Octets that differ from position to position.
func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { StreamPattern.ours.octet(at: $0) }
}

extension SocketInputStream {
  /// Everything up to the end of the stream.
  func readToEnd() throws(SocketError) -> [UInt8] {
    var all: [UInt8] = []
    while let bytes = try read(upTo: 65536) { all += bytes }
    return all
  }

  /// Exactly `count` octets, or what there is before the end of the stream.
  func read(exactly count: Int) throws(SocketError) -> [UInt8] {
    var all: [UInt8] = []
    while all.count < count, let bytes = try read(upTo: count - all.count) { all += bytes }
    return all
  }
}
