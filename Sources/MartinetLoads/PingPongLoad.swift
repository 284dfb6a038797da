import MartinetStack
import MartinetTCP
import MartinetWire

/// One octet goes and comes back, again and again.
public struct PingPongLoad: ~Copyable {
  public var hosts: JoinedHosts
  private let client: ConnectionHandle
  private let server: ConnectionHandle
  private var octet: [UInt8] = [0x5A]

  deinit {}

  public init(_ description: JoinDescription) throws(HostError) {
    var description = description
    description.configuration.tcp.connection.noDelay = true
    hosts = JoinedHosts(description)
    (client, server) = try hosts.connect(port: 7)
  }

  /// Makes `rounds` round trips; returns how many came back.
  public mutating func run(rounds: Int) throws(HostError) -> Int {
    var returned = 0
    for _ in 0..<rounds {
      if try hosts.roundTrip(client, server, &octet) { returned += 1 }
      hosts.pass(.microseconds(1))
      hosts.expire()
    }
    return returned
  }
}

extension JoinedHosts {
  /// Sends an octet from left to right and back; whether it came back.
  mutating func roundTrip(_ client: ConnectionHandle, _ server: ConnectionHandle, _ octet: inout [UInt8])
    throws(HostError)
    -> Bool
  {
    let now = now
    _ = try octet.withOctets(0..<1) { (bytes) throws(HostError) in try left.send(bytes, on: client, at: now) }
    exchange()
    _ = try octet.withMutableOctets(0..<1) { (target) throws(HostError) in
      try right.receive(into: &target, from: server, at: now)
    }
    _ = try octet.withOctets(0..<1) { (bytes) throws(HostError) in try right.send(bytes, on: server, at: now) }
    exchange()
    let received = try octet.withMutableOctets(0..<1) { (target) throws(HostError) in
      try left.receive(into: &target, from: client, at: now)
    }
    drainEvents()
    return received == .bytes(1)
  }
}
