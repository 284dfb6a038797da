import Martinet
import MartinetSMPP
import Synchronization

/// Two hosts at the ends of one wire, in virtual time.
struct SMPPPair {
  static let serverName = "10.0.0.2"

  let simulation: Simulation
  let client: NetworkStack
  let server: NetworkStack
  let wire: WireID

  /// - Parameter delay: of the wire, one way.
  init(delay: Interval = .milliseconds(10)) {
    var network = Network(seed: 1)
    let (left, right) = (network.addHost(), network.addHost())
    var impairment = Impairment()
    impairment.delay = delay
    wire = network.connect(
      left, [IPPrefix(.v4(IPv4Address(10, 0, 0, 1)), 24)], right, [IPPrefix(.v4(IPv4Address(10, 0, 0, 2)), 24)],
      by: WireDescription(impairment))
    simulation = Simulation(network)
    client = simulation.stack(of: left)
    server = simulation.stack(of: right)
  }

  /// A server whose programs are called bird and have the password "secret".
  func listen(_ configuration: SMPPConfiguration = SMPPConfiguration(), sessions: Int = 1000) throws -> SMPPServer {
    try SMPPServer(on: server, configuration: configuration, largestSessionCount: sessions) { bind in
      bind.systemID != "bird" ? .invalidSystemID : bind.password == "secret" ? .ok : .invalidPassword
    }
  }

  func connect(_ configuration: SMPPConfiguration = SMPPConfiguration()) throws -> SMPPClient {
    try SMPPClient(host: SMPPPair.serverName, on: client, configuration: configuration)
  }

  /// A bound client and the server's side of its session.
  func bound(
    _ kind: SMPPClient.Kind = .transceiver, client clientKnobs: SMPPConfiguration = SMPPConfiguration(),
    server serverKnobs: SMPPConfiguration = SMPPConfiguration()
  ) throws -> (client: SMPPClient, session: SMPPConnection, server: SMPPServer) {
    let server = try listen(serverKnobs)
    let client = try connect(clientKnobs)
    let session = try server.accept()
    try client.bind(kind, as: SMPPPair.program)
    return (client, session, server)
  }

  static let program = SMPPBind("bird", password: "secret")
}

/// What threads of a test note, in the order in which they do.
final class Notebook: Sendable {
  private let notes = Mutex<[String]>([])
  func note(_ text: String) { notes.withLock { $0.append(text) } }
  var all: [String] { notes.withLock { $0 } }
}

/// The error that `body` throws, as one of ours.
func smppError(_ body: () throws -> Void) -> SMPPError? {
  do {
    try body()
    return nil
  } catch {
    return error as? SMPPError
  }
}

func message(_ text: String) -> SMPPMessage {
  SMPPMessage(from: SMPPAddress("1000"), to: SMPPAddress("33612345678", ton: 1, npi: 1), Array(text.utf8))
}

extension SMPPConfiguration {
  static func with(_ change: (inout SMPPConfiguration) -> Void) -> SMPPConfiguration {
    var configuration = SMPPConfiguration()
    change(&configuration)
    return configuration
  }
}
