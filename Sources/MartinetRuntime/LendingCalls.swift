import MartinetStack
import MartinetTCP
import MartinetWire

/// The calls on connections that copy nothing: the program works in the pages of the host's pool, outside of its lock.
extension StackCore {
  /// Lends what is there to `body`, at most `limit` octets, piece by piece. Who finds nothing waits with ``hasInput(_:otherwise:)``.
  package func receive(
    upTo limit: Int, from handle: ConnectionHandle, lending body: (RawSpan) -> Void
  ) throws(HostError) -> Received {
    var loan = Loan()
    let received = try turn(of: handle) { host, notices, now throws(HostError) in
      let received = try host.receive(upTo: limit, lending: &loan, from: handle, at: now)
      notices.follow(received, of: handle, host, otherwise: nil)
      return received
    }
    guard loan.count > 0 else { return received }
    loan.forEachPiece(body)
    turn(of: handle) { host, _, _ in host.release(&loan) }
    return received
  }

  /// Whether a read would bring something, the end of the stream and an error included; registers `waiter` otherwise.
  package func hasInput(_ handle: ConnectionHandle, otherwise waiter: Waiter?) -> Bool {
    turn(of: handle) { host, notices, _ in
      guard let received = try? host.foreseeReceive(from: handle), received == .nothingYet else { return true }
      if let waiter { notices.connections.add(waiter, to: .input, slot: handle.slot, generation: handle.generation) }
      return false
    }
  }

  /// Has `body` fill room in the send buffer for at most `limit` octets, piece by piece, and sends what it filled: how many octets; nil if there
  /// is no room. Who finds none waits with ``hasRoom(_:otherwise:)``.
  package func send(
    upTo limit: Int, on handle: ConnectionHandle, lending body: (inout OutputRawSpan) -> Void
  ) throws(HostError) -> Int? {
    var loan = Loan()
    try turn(of: handle) { host, _, _ throws(HostError) in try host.lendRoom(upTo: limit, to: &loan, on: handle) }
    guard loan.count > 0 else { return nil }
    let filled = loan.fill(body)
    try turn(of: handle) { host, _, now throws(HostError) in
      defer { host.release(&loan) }
      try host.send(filled, of: &loan, on: handle, at: now)
    }
    return filled
  }

  /// Whether a write would find room, or an error; registers `waiter` otherwise.
  package func hasRoom(_ handle: ConnectionHandle, otherwise waiter: Waiter?) -> Bool {
    turn(of: handle) { host, notices, _ in
      guard let isThere = try? host.foreseeSend(on: handle), !isThere else { return true }
      if let waiter { notices.connections.add(waiter, to: .output, slot: handle.slot, generation: handle.generation) }
      return false
    }
  }
}
