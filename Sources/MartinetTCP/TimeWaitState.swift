import MartinetWire

/// What is left of a connection of which only TIME-WAIT is left (RFC 9293 section 3.6.1): enough to make the connection anew, when something comes for it that it
/// has to answer. A client that opens many connections has many of them, and hardly ever does anything come.
package struct TimeWaitState: ~Copyable {
  private let remains: ConnectionRemains
  /// When 2 MSL are over.
  package let end: Instant

  /// What is left of `connection`; nil if there is more than TIME-WAIT: something to send or to read, congestion marks to tell of, a budget that is spent.
  package init?(_ connection: borrowing Connection) {
    guard connection.phase == .timeWait, connection.isQuiet, connection.received.count == 0,
      !connection.rarePart.isPresent, !connection.ecnPart.isPresent, connection.timers.isSet(.timeWait)
    else { return nil }
    remains = ConnectionRemains(connection)
    end = connection.timers[.timeWait]
  }

  package var local: Endpoint { remains.local }
  package var remote: Endpoint { remains.remote }

  /// What the next connection between the two ends must know of this one.
  package var succession: Succession? {
    remains.hasTimestamps ? Succession(end: end, next: remains.next) : nil
  }

  /// A snapshot, as far as anything is known.
  package func status(id: ConnectionID) -> ConnectionStatus { remains.status(id: id, in: .timeWait) }

  /// What the connection is made of once more.
  fileprivate func parameters(id: ConnectionID, pathMTU: Int, linkMTU: Int) -> OpenParameters {
    remains.parameters(id: id, pathMTU: pathMTU, linkMTU: linkMTU)
  }

  /// Makes `connection`, which was made of the ``parameters(id:pathMTU:linkMTU:)``, what it was.
  fileprivate func restore(_ connection: inout Connection) {
    remains.restore(&connection)
    connection.debt = AcknowledgementDebt()
    connection.timers[.timeWait] = end
  }
}

/// What the next connection that we open between the two ends of one in TIME-WAIT must know, if timestamps tell the segments of the two apart: then an old
/// segment of the peer fails the test of RFC 7323 section 5.3, and one of ours that test at the peer.
package struct Succession: Sendable {
  /// When 2 MSL are over.
  package let end: Instant
  /// SND.NXT, which the next connection's numbers are to exceed.
  package let next: SequenceNumber
}

extension Connection {
  /// What the next connection between the two ends must know of this one; nil if it is not in TIME-WAIT, or without timestamps.
  package var succession: Succession? {
    guard phase == .timeWait, negotiated.timestamps, timers.isSet(.timeWait) else { return nil }
    return Succession(end: timers[.timeWait], next: snd.nxt)
  }

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
