import MartinetWire

/// What is left of a connection of which only TIME-WAIT is left (RFC 9293 section 3.6.1): enough to make the connection anew, when something comes for it that it
/// has to answer. A client that opens many connections has many of them, and hardly ever does anything come.
package struct TimeWaitState: ~Copyable {
  package let local: Endpoint
  package let remote: Endpoint
  /// When 2 MSL are over.
  package let end: Instant
  private let common: Shared<CommonState>
  private let send: SendVariables
  private let receive: ReceiveVariables
  private let negotiated: Negotiated
  private let flags: ConnectionFlags
  private let timestampOffset: UInt32

  /// What is left of `connection`; nil if there is more than TIME-WAIT: something to send or to read, congestion marks to tell of, a budget that is spent.
  package init?(_ connection: borrowing Connection) {
    guard connection.phase == .timeWait, connection.isQuiet, connection.received.count == 0,
      !connection.rarePart.isPresent, !connection.ecnPart.isPresent, connection.timers.isSet(.timeWait)
    else { return nil }
    local = connection.local
    remote = connection.remote
    end = connection.timers[.timeWait]
    common = connection.common.share()
    send = connection.snd
    receive = connection.rcv
    negotiated = connection.negotiated
    flags = connection.flags
    timestampOffset = connection.timestampOffset
  }

  /// A snapshot, as far as anything is known.
  package func status(id: ConnectionID) -> ConnectionStatus {
    var status = ConnectionStatus()
    status.id = id
    status.local = local
    status.remote = remote
    status.phase = .timeWait
    status.sendUnacknowledged = send.una
    status.sendNext = send.nxt
    status.sendWindow = send.wnd
    status.receiveNext = receive.nxt
    status.receiveWindow = receive.wnd
    status.sendWindowScale = send.scale
    status.receiveWindowScale = receive.scale
    status.hasTimestamps = negotiated.timestamps
    status.hasSelectiveAcknowledgement = negotiated.sack
    return status
  }

  /// What the connection is made of once more.
  fileprivate func parameters(id: ConnectionID, pathMTU: Int, linkMTU: Int) -> OpenParameters {
    OpenParameters(
      id: id, local: local, remote: remote, initialSequence: send.iss, timestampOffset: timestampOffset,
      pathMTU: pathMTU, linkMTU: linkMTU, options: common.value.options)
  }

  /// Makes `connection`, which was made of the ``parameters(id:pathMTU:linkMTU:)``, what it was.
  fileprivate func restore(_ connection: inout Connection) {
    connection.flags = flags
    connection.snd = send
    connection.rcv = receive
    connection.negotiated = negotiated
    connection.debt = AcknowledgementDebt()
    connection.settleSegmentSize()
    connection.timers[.timeWait] = end
  }
}

extension Connection {
  /// The connection of which `state` is left. No trace tells of it: it was there before.
  package init(
    resuming state: borrowing TimeWaitState, id: ConnectionID, pathMTU: Int, linkMTU: Int,
    in environment: inout Environment, at now: Instant
  ) {
    let isTraced = environment.trace.isEnabled
    environment.trace.isEnabled = false
    defer { environment.trace.isEnabled = isTraced }
    self.init(
      inTimeWait: state.parameters(id: id, pathMTU: pathMTU, linkMTU: linkMTU), in: &environment, at: now)
    state.restore(&self)
  }
}
