import MartinetTCP
import MartinetWire

// The user calls without a copy. Whoever gets a loan gives it back with `release`.
extension Host {
  /// Lends octets that arrived, in order: see ``Connection/receive(upTo:lending:in:at:)``.
  public mutating func receive(
    upTo limit: Int, lending loan: inout Loan, from handle: ConnectionHandle, at now: Instant
  ) throws(HostError) -> Received {
    guard contains(handle) else { throw .doesNotExist }
    do throws(CallError) {
      let received = try connections[handle.slot].connection.receive(
        upTo: limit, lending: &loan, in: &environment, at: now)
      settle(handle.slot, at: now)
      return received
    } catch {
      throw .call(error)
    }
  }

  /// What a receive call for one octet would bring; takes nothing.
  public mutating func foreseeReceive(from handle: ConnectionHandle) throws(HostError) -> Received {
    guard contains(handle) else { throw .doesNotExist }
    do throws(CallError) {
      return try connections[handle.slot].connection.foreseeReceive(in: &environment)
    } catch {
      throw .call(error)
    }
  }

  /// Lends room in the send buffer: see ``Connection/lendRoom(upTo:to:in:)``.
  public mutating func lendRoom(
    upTo limit: Int, to loan: inout Loan, on handle: ConnectionHandle
  ) throws(HostError) {
    guard contains(handle) else { throw .doesNotExist }
    do throws(CallError) {
      try connections[handle.slot].connection.lendRoom(upTo: limit, to: &loan, in: &environment)
    } catch {
      throw .call(error)
    }
  }

  /// Whether there is room for an octet; if not, an event tells when there is.
  public mutating func foreseeSend(on handle: ConnectionHandle) throws(HostError) -> Bool {
    guard contains(handle) else { throw .doesNotExist }
    do throws(CallError) {
      return try connections[handle.slot].connection.foreseeSend(in: environment)
    } catch {
      throw .call(error)
    }
  }

  /// Queues the first `octets` of room that was lent and filled; 0 gives it back unused.
  public mutating func send(
    _ octets: Int, of loan: inout Loan, on handle: ConnectionHandle, at now: Instant
  ) throws(HostError) {
    guard contains(handle) else { throw .doesNotExist }
    do throws(CallError) {
      try connections[handle.slot].connection.send(octets, of: &loan, in: &environment, at: now)
      settle(handle.slot, at: now)
    } catch {
      throw .call(error)
    }
  }

  /// Takes back what was lent.
  public mutating func release(_ loan: inout Loan) { environment.pool.release(&loan) }
}
