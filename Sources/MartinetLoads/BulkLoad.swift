import MartinetStack
import MartinetTCP
import MartinetWire

/// One connection that carries octets from left to right as fast as both go.
public struct BulkLoad: ~Copyable {
  public var hosts: JoinedHosts
  private let client: ConnectionHandle
  private let server: ConnectionHandle
  private var outgoing: [UInt8]
  private var incoming: [UInt8]

  deinit {}

  /// Both ends of an established connection.
  public init(_ description: JoinDescription, chunk: Int = 65536) throws(HostError) {
    hosts = JoinedHosts(description)
    outgoing = Array(repeating: 0x5A, count: chunk)
    incoming = Array(repeating: 0, count: chunk)
    (client, server) = try hosts.connect(port: 80)
  }

  /// Carries `octets`; returns how many arrived, which is all of them unless the connection got stuck.
  public mutating func carry(_ octets: Int) throws(HostError) -> Int {
    var sent = 0
    var arrived = 0
    while arrived < octets {
      let before = arrived
      while sent < octets {
        let part = min(outgoing.count, octets - sent)
        let now = hosts.now
        let accepted = try outgoing.withOctets(0..<part) { (bytes) throws(HostError) in
          try hosts.left.send(bytes, on: client, at: now)
        }
        sent += accepted
        if accepted < part { break }
      }
      let moved = hosts.exchange()
      arrived += try hosts.readRight(server, into: &incoming)
      hosts.drainEvents()
      if moved == 0 && arrived == before { hosts.pass(.milliseconds(50)) } else { hosts.pass(.microseconds(1)) }
      hosts.expire()
    }
    return arrived
  }
}

extension JoinedHosts {
  /// A connection from left to a listener of right; both ends are established.
  public mutating func connect(port: UInt16) throws(HostError) -> (client: ConnectionHandle, server: ConnectionHandle) {
    let listener = try right.listen(on: Endpoint(JoinedHosts.rightAddress, port), backlog: 16, at: now)
    let client = try left.connect(to: Endpoint(JoinedHosts.rightAddress, port), at: now)
    settle()
    guard let server = right.accept(listener, at: now) else { throw .limitReached }
    return (client, server)
  }

  /// Reads what waits on right; returns how many octets that was.
  mutating func readRight(_ server: ConnectionHandle, into buffer: inout [UInt8]) throws(HostError) -> Int {
    var total = 0
    while true {
      let now = now
      let received = try buffer.withMutableOctets(0..<buffer.count) { (target) throws(HostError) in
        try right.receive(into: &target, from: server, at: now)
      }
      guard case .bytes(let count) = received else { return total }
      total += count
      if count < buffer.count { return total }
    }
  }

  /// Takes the events that programs would wait for.
  mutating func drainEvents() {
    while left.pollEvent() != nil {}
    while right.pollEvent() != nil {}
  }
}
