import MartinetStack
import MartinetTCP
import MartinetWire

/// Connections that carry one octet: connect, accept, send, read, close by the client, close by the server.
///
/// The listener, ISN by RFC 6528 and TIME-WAIT are those of every host; the client's ports are given out in turn, and TIME-WAIT bounds
/// how many records are kept.
public struct ConnectionsLoad: ~Copyable {
  public var hosts: JoinedHosts
  private let listener: ListenerHandle
  private var octet: [UInt8] = [0x5A]

  /// The time between two connections: long enough for a port to have been in TIME-WAIT for a second when its turn comes again.
  private static let pause = Interval.microseconds(100)

  deinit {}

  public init(_ description: JoinDescription) throws(HostError) {
    hosts = JoinedHosts(description)
    let now = hosts.now
    listener = try hosts.right.listen(on: Endpoint(JoinedHosts.rightAddress, 80), backlog: 16, at: now)
  }

  /// Makes `count` connections one after the other; returns how many octets arrived.
  public mutating func run(count: Int) throws(HostError) -> Int {
    var arrived = 0
    for _ in 0..<count {
      let now = hosts.now
      let client = try hosts.left.connect(to: Endpoint(JoinedHosts.rightAddress, 80), at: now)
      hosts.settle()
      guard let server = hosts.right.accept(listener, at: now) else { throw .limitReached }
      _ = try octet.withOctets(0..<1) { (bytes) throws(HostError) in try hosts.left.send(bytes, on: client, at: now) }
      hosts.left.close(client, at: now)
      hosts.settle()
      let received = try octet.withMutableOctets(0..<1) { (target) throws(HostError) in
        try hosts.right.receive(into: &target, from: server, at: now)
      }
      if received == .bytes(1) { arrived += 1 }
      hosts.right.close(server, at: now)
      hosts.settle()
      hosts.drainEvents()
      hosts.pass(ConnectionsLoad.pause)
      hosts.expire()
    }
    return arrived
  }
}
