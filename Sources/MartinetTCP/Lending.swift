import MartinetWire

// SEND and RECEIVE (RFC 9293 sections 3.10.2 and 3.10.3) without a copy: the program works in the pages themselves.

extension Connection {
  /// As ``receive(into:in:at:)``, with the octets lent instead of copied: at most `limit`, in at most ``Loan/capacity`` pieces. They count as
  /// read, and the peer may fill their place, though their pages belong to the loan.
  public mutating func receive(
    upTo limit: Int, lending loan: inout Loan, in environment: inout Environment, at now: Instant
  ) throws(CallError) -> Received {
    let readable = try readable(upTo: limit, in: &environment)
    guard case .bytes(let count) = readable, count > 0 else { return readable }
    loan.take(first: count, of: &received, in: &environment.pool)
    finishReading(loan.count, in: &environment, at: now)
    return .bytes(loan.count)
  }

  /// What a receive call for one octet would bring; takes nothing.
  public mutating func foreseeReceive(in environment: inout Environment) throws(CallError) -> Received {
    try readable(upTo: 1, in: &environment)
  }

  /// Lends room for at most `limit` octets, in at most ``Loan/capacity`` pieces, as much as a send call would take; none when the buffer is full. Until
  /// ``send(_:of:in:at:)`` ends the loan there is no room for anybody else.
  public mutating func lendRoom(
    upTo limit: Int, to loan: inout Loan, in environment: inout Environment
  ) throws(CallError) {
    guard try foreseeSend(in: environment) else { return }
    queue.lend(min(limit, writableBytes), to: &loan, in: &environment.pool)
    if loan.count > 0 { flags.insert(.roomLent) }
  }

  /// Whether there is room for an octet; if not, an event tells when there is.
  public mutating func foreseeSend(in environment: borrowing Environment) throws(CallError) -> Bool {
    try checkOpenForSending()
    if writableBytes > 0 && !flags.contains(.roomLent) && queue.offersRoom(in: environment.pool) { return true }
    flags.insert(.writerWaits)
    return false
  }

  /// As ``send(_:urgent:in:at:)``, of the first `octets` of room that was lent and filled; 0 gives it back unused. Those octets' pages leave the loan.
  public mutating func send(
    _ octets: Int, of loan: inout Loan, in environment: inout Environment, at now: Instant
  ) throws(CallError) {
    flags.remove(.roomLent)
    try checkOpenForSending()
    noteApplicationLimit()
    queue.commit(octets, of: &loan, to: &environment.pool)
    offerRoom()
  }
}
