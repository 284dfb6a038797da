import MartinetStack
import MartinetTCP
import MartinetWire

/// One connection that carries octets from left to right as fast as both go.
public struct BulkLoad: ~Copyable {
  /// Which calls the programs use.
  public enum Calls: Sendable {
    /// Those that copy: from the program's buffer, and into it.
    case copying
    /// Those that copy nothing: what is sent is written where it leaves from, and what arrives is looked at where it lies.
    case lending
  }

  public var hosts: JoinedHosts
  private let client: ConnectionHandle
  private let server: ConnectionHandle
  private let calls: Calls
  private var outgoing: [UInt8]
  private var incoming: [UInt8]

  deinit {}

  /// Both ends of an established connection.
  public init(_ description: JoinDescription, by calls: Calls = .copying, chunk: Int = 65536) throws(HostError) {
    hosts = JoinedHosts(description)
    self.calls = calls
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
        let accepted = try write(part)
        sent += accepted
        if accepted < part { break }
      }
      let moved = hosts.exchange()
      arrived += try readAll()
      hosts.drainEvents()
      if moved == 0 && arrived == before { hosts.pass(.milliseconds(50)) } else { hosts.pass(.microseconds(1)) }
      hosts.expire()
    }
    return arrived
  }

  /// Sends up to `count` octets from left; returns how many there was room for.
  private mutating func write(_ count: Int) throws(HostError) -> Int {
    let now = hosts.now
    switch calls {
    case .copying:
      return try outgoing.withOctets(0..<count) { (bytes) throws(HostError) in
        try hosts.left.send(bytes, on: client, at: now)
      }
    case .lending:
      return try hosts.fillLeft(client, upTo: count)
    }
  }

  /// Reads what waits on right; returns how many octets that was.
  private mutating func readAll() throws(HostError) -> Int {
    switch calls {
    case .copying: try hosts.readRight(server, into: &incoming)
    case .lending: try hosts.borrowRight(server)
    }
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

  /// Fills room that left lends, and sends it; returns how many octets, 0 if there is no room.
  fileprivate mutating func fillLeft(_ client: ConnectionHandle, upTo limit: Int) throws(HostError) -> Int {
    var loan = Loan()
    try left.lendRoom(upTo: limit, to: &loan, on: client)
    guard loan.count > 0 else { return 0 }
    let filled = loan.fill { room in room.append(repeating: 0x5A, count: room.freeCapacity, as: UInt8.self) }
    defer { left.release(&loan) }
    try left.send(filled, of: &loan, on: client, at: now)
    return filled
  }

  /// Borrows all that waits on right; returns how many octets that was.
  fileprivate mutating func borrowRight(_ server: ConnectionHandle) throws(HostError) -> Int {
    var total = 0
    while true {
      var loan = Loan()
      let received = try right.receive(upTo: .max, lending: &loan, from: server, at: now)
      guard case .bytes(let count) = received else { return total }
      loan.forEachPiece { piece in total += piece.byteCount }
      right.release(&loan)
      if count == 0 { return total }
    }
  }

  /// Takes the events that programs would wait for.
  mutating func drainEvents() {
    while left.pollEvent() != nil {}
    while right.pollEvent() != nil {}
  }
}
