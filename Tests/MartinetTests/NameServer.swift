import Martinet
import MartinetRuntime
import MartinetTCP
import MartinetWire
import Synchronization

/// Two hosts at the ends of one wire with addresses of both families, in virtual time; the right one has several. What nobody has vanishes on the wire.
struct DualPair {
  static let client4 = IPAddress.v4(IPv4Address(10, 0, 0, 1))
  static let server4 = IPAddress.v4(IPv4Address(10, 0, 0, 2))
  static let second4 = IPAddress.v4(IPv4Address(10, 0, 0, 3))
  static let nobody4 = IPAddress.v4(IPv4Address(10, 0, 0, 99))
  static let client6 = DualPair.six(1)
  static let server6 = DualPair.six(2)
  static let nobody6 = DualPair.six(99)

  static func six(_ number: UInt64) -> IPAddress { .v6(IPv6Address(high: 0x2001_0DB8 << 32, low: number)) }

  let simulation: Simulation
  let server: NetworkStack
  let clientHost: HostID
  let wire: WireID

  init(seed: UInt64 = 1, loss: Probability = .never) {
    var network = Network(seed: seed)
    clientHost = network.addHost()
    let serverHost = network.addHost()
    var impairment = Impairment()
    impairment.delay = .milliseconds(10)
    impairment.loss = loss
    wire = network.connect(
      clientHost, [IPPrefix(DualPair.client4, 24), IPPrefix(DualPair.client6, 64)], serverHost,
      [IPPrefix(DualPair.server4, 24), IPPrefix(DualPair.second4, 24), IPPrefix(DualPair.server6, 64)],
      by: WireDescription(impairment))
    simulation = Simulation(network)
    server = simulation.stack(of: serverHost)
  }

  /// The left host.
  func client(_ resolver: any Resolver = SystemResolver()) -> NetworkStack {
    simulation.stack(of: clientHost, resolver: resolver)
  }
}

/// A name server on sockets of ours, over UDP and TCP. It runs in threads of a simulation until it is stopped.
final class NameServer: Sendable {
  /// What becomes of a query.
  enum Reply: Sendable {
    case silence
    case now(DNSMessage)
    case after(Duration, DNSMessage)
  }

  /// A query that came.
  struct Query: Equatable, Sendable {
    var question: DNSQuestion
    var identifier: UInt16
    var remote: Endpoint
    var overTCP: Bool
    var time: Duration
  }

  private let log = Mutex<[Query]>([])
  private let answer: @Sendable (DNSMessage, DNSQuestion) throws -> Reply
  private let simulation: Simulation
  private let datagrams: DatagramSocket
  private let listener: ServerSocket

  init(
    at address: IPAddress = DualPair.server4, port: Int = 53, on stack: NetworkStack, _ simulation: Simulation,
    answer: @escaping @Sendable (DNSMessage, DNSQuestion) throws -> Reply
  ) throws {
    self.answer = answer
    self.simulation = simulation
    datagrams = try DatagramSocket(port: port, address: address, on: stack)
    listener = try ServerSocket(port: port, address: address, on: stack)
    try simulation.spawn("name server, UDP") { [self] in while serveDatagram() {} }
    try simulation.spawn("name server, TCP") { [self] in while serveConnection() {} }
  }

  var queries: [Query] { log.withLock { $0 } }

  func stop() {
    datagrams.close()
    listener.close()
  }

  private func reply(to octets: [UInt8], from remote: Endpoint, overTCP: Bool) -> Reply {
    guard let query = try? DNSMessage.parse(octets), let question = query.questions.first else { return .silence }
    log.withLock {
      $0.append(
        Query(
          question: question, identifier: query.identifier, remote: remote, overTCP: overTCP, time: simulation.now))
    }
    return (try? answer(query, question)) ?? .now(DNSMessage(answering: query, .serverFailure))
  }

  private func serveDatagram() -> Bool {
    guard let datagram = try? datagrams.receive() else { return false }
    switch reply(to: datagram.bytes, from: datagram.remote, overTCP: false) {
    case .silence: break
    case .now(let message): send(message, to: datagram.remote)
    case .after(let delay, let message):
      _ = try? simulation.spawn("delayed response") { [self] in
        try? simulation.sleep(for: delay)
        send(message, to: datagram.remote)
      }
    }
    return true
  }

  /// Sends a response, or, if it is too long, as much as says so.
  private func send(_ message: DNSMessage, to remote: Endpoint) {
    var message = message
    if let octets = try? message.encoded(), octets.count > DNSMessage.longestDatagram {
      message.answers = []
      message.isTruncated = true
    }
    if let octets = try? message.encoded() { try? datagrams.send(octets, to: remote) }
  }

  private func serveConnection() -> Bool {
    guard let socket = try? listener.accept() else { return false }
    defer { socket.close() }
    guard let remote = socket.remoteEndpoint, let input = try? socket.inputStream,
      let length = try? input.read(exactly: 2), length.count == 2,
      let octets = try? input.read(exactly: Int(length[0]) << 8 | Int(length[1])),
      case .now(let message) = reply(to: octets, from: remote, overTCP: true),
      let response = try? message.encoded()
    else { return true }
    try? socket.outputStream.write([UInt8(response.count >> 8), UInt8(response.count & 0xFF)] + response)
    return true
  }
}

/// The names that a name server knows.
struct Zone: Sendable {
  var records: [String: [DNSRecord.Content]] = [:]
  var timeToLive: UInt32 = 60

  /// The response of a server that follows aliases, as one that others rely on does.
  func response(to query: DNSMessage, _ question: DNSQuestion) throws -> DNSMessage {
    var message = DNSMessage(answering: query)
    var name = question.name
    while let known = records[name.description] {
      let found = known.filter { $0.type == question.type }
      if !found.isEmpty || known.first?.type != .canonicalName {
        message.answers += found.map { DNSRecord(name: name, timeToLive: timeToLive, content: $0) }
        break
      }
      guard case .canonicalName(let target) = known[0] else { break }
      message.answers.append(DNSRecord(name: name, timeToLive: timeToLive, content: known[0]))
      name = target
    }
    if records[name.description] == nil { message.code = .noSuchName }
    if message.answers.isEmpty {
      message.authorities = [
        DNSRecord(name: .root, timeToLive: timeToLive, content: .startOfAuthority(minimum: timeToLive))
      ]
    }
    return message
  }
}
