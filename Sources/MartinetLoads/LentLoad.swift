import MartinetStack
import MartinetTCP
import MartinetWire

/// As ``BulkLoad``, by the calls that copy nothing: what is sent is written where it leaves from, and what arrives is looked at where it lies.
public struct LentLoad: ~Copyable {
  public var hosts: JoinedHosts
  private let client: ConnectionHandle
  private let server: ConnectionHandle
  private let chunk: Int

  deinit {}

  /// Both ends of an established connection.
  public init(_ description: JoinDescription, chunk: Int = 65536) throws(HostError) {
    hosts = JoinedHosts(description)
    self.chunk = chunk
    (client, server) = try hosts.connect(port: 80)
  }

  /// Carries `octets`; returns how many arrived, which is all of them unless the connection got stuck.
  public mutating func carry(_ octets: Int) throws(HostError) -> Int {
    var sent = 0
    var arrived = 0
    while arrived < octets {
      let before = arrived
      while sent < octets {
        let accepted = try write(upTo: min(chunk, octets - sent))
        sent += accepted
        if accepted == 0 { break }
      }
      let moved = hosts.exchange()
      arrived += try readAll()
      hosts.drainEvents()
      if moved == 0 && arrived == before { hosts.pass(.milliseconds(50)) } else { hosts.pass(.microseconds(1)) }
      hosts.expire()
    }
    return arrived
  }

  /// Fills room on left and sends it; returns how many octets, 0 if there is no room.
  private mutating func write(upTo limit: Int) throws(HostError) -> Int {
    var loan = Loan()
    try hosts.left.lendRoom(upTo: limit, to: &loan, on: client)
    guard loan.count > 0 else { return 0 }
    let filled = loan.fill { room in room.append(repeating: 0x5A, count: room.freeCapacity, as: UInt8.self) }
    defer { hosts.left.release(&loan) }
    try hosts.left.send(filled, of: loan, on: client, at: hosts.now)
    return filled
  }

  /// Borrows all that waits on right; returns how many octets that was.
  private mutating func readAll() throws(HostError) -> Int {
    var total = 0
    while true {
      var loan = Loan()
      let received = try hosts.right.receive(upTo: .max, lending: &loan, from: server, at: hosts.now)
      guard case .bytes(let count) = received else { return total }
      loan.forEachPiece { piece in total += piece.byteCount }
      hosts.right.release(&loan)
      if count == 0 { return total }
    }
  }
}
