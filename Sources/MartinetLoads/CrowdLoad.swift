import MartinetStack
import MartinetTCP
import MartinetWire

/// Many established connections between two hosts, few of which are used.
public struct CrowdLoad: ~Copyable {
  public var hosts: JoinedHosts
  private var clients: [ConnectionHandle] = []
  private var servers: [ConnectionHandle] = []
  private var client = ConnectionHandle.none
  private var server = ConnectionHandle.none
  private var octet: [UInt8] = [0x5A]

  deinit {}

  /// The client's ports that are used for each port of the server.
  private static let portsPerServer = 50_000

  public init(room connections: Int) {
    var description = JoinDescription()
    description.configuration.connections = connections + 64
    description.configuration.tcp.connection.noDelay = true
    description.configuration.traceCapacity = 0
    hosts = JoinedHosts(description)
    clients.reserveCapacity(connections)
    servers.reserveCapacity(connections)
  }

  /// Opens the one that is used, and so many others: if there are any, the last of them is used as well.
  public mutating func open(_ connections: Int) throws(HostError) {
    (client, server) = try hosts.connect(port: 7)
    for number in 0..<connections { try openNext(number) }
  }

  private mutating func openNext(_ number: Int) throws(HostError) {
    let port = UInt16(10_000 + number / CrowdLoad.portsPerServer)
    let now = hosts.now
    let end = Endpoint(JoinedHosts.rightAddress, port)
    if number % CrowdLoad.portsPerServer == 0 { listener = try hosts.right.listen(on: end, backlog: 16, at: now) }
    let own = Endpoint(JoinedHosts.leftAddress, UInt16(10_000 + number % CrowdLoad.portsPerServer))
    clients.append(try hosts.left.connect(to: end, from: own, at: now))
    hosts.settle()
    guard let listener, let server = hosts.right.accept(listener, at: now) else { throw .limitReached }
    servers.append(server)
    hosts.drainEvents()
    hosts.pass(.microseconds(10))
    hosts.expire()
  }

  private var listener: ListenerHandle?

  /// One octet each way over each connection.
  public mutating func greetAll() throws(HostError) {
    for index in clients.indices {
      try roundTrip(clients[index], servers[index])
      hosts.pass(.microseconds(1))
      hosts.expire()
    }
  }

  /// Lets time pass in which nothing is sent.
  public mutating func rest(_ interval: Interval) {
    for _ in 0..<100 {
      hosts.pass(interval / 100)
      hosts.expire()
      hosts.settle()
      hosts.drainEvents()
    }
  }

  /// Makes round trips, over two connections in turn where there are two, so that no segment belongs to the flow of the one before; returns how many came
  /// back.
  public mutating func run(rounds: Int) throws(HostError) -> Int {
    let other = (clients.last ?? client, servers.last ?? server)
    for round in 0..<rounds {
      if round % 2 == 0 { try roundTrip(client, server) } else { try roundTrip(other.0, other.1) }
      hosts.pass(.microseconds(1))
      hosts.expire()
    }
    return rounds
  }

  private mutating func roundTrip(_ client: ConnectionHandle, _ server: ConnectionHandle) throws(HostError) {
    guard try hosts.roundTrip(client, server, &octet) else { throw .noMemory }
  }
}
