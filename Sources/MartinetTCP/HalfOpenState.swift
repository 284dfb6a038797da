import MartinetWire

/// What is left of a connection in SYN-RECEIVED whose SYN,ACK has left (RFC 4987 section 3.5): enough to make the connection anew, when something comes for it or
/// the SYN,ACK is to leave again. Whoever sends many SYNs and answers nothing leaves many of them.
package struct HalfOpenState: ~Copyable {
  private let remains: ConnectionRemains
  /// When the SYN came.
  package let began: Instant
  /// When the SYN,ACK leaves again, or the handshake is given up.
  package let deadline: Instant
  package let statistics: HandshakeStatistics
  private let lastSentAt: Instant
  private let repetitions: UInt16

  /// What is left of `connection`; nil if there is more than a handshake that waits for its last ACK: text, an error of the network, congestion marks to agree
  /// on, a user timeout of the peer's, Fast Open, a budget that is spent.
  package init?(_ connection: borrowing Connection) {
    guard connection.phase == .synReceived, connection.isPassive, connection.isQuiet,
      connection.hasOnlyHandshake, connection.timers.runsOnly(.retransmission),
      let statistics = HandshakeStatistics(connection.statistics)
    else { return nil }
    remains = ConnectionRemains(connection)
    began = connection.recovery.silentSince
    deadline = connection.timers[.retransmission]
    self.statistics = statistics
    lastSentAt = connection.lastSentAt
    repetitions = UInt16(clamping: connection.synRetransmissions)
  }

  package var local: Endpoint { remains.local }
  package var remote: Endpoint { remains.remote }

  /// A snapshot, as far as anything is known.
  package func status(id: ConnectionID) -> ConnectionStatus {
    var status = remains.status(id: id, in: .synReceived)
    status.unansweredRetransmissions = Int(repetitions)
    status.statistics = statistics.all
    return status
  }

  /// What the connection is made of once more.
  fileprivate func parameters(id: ConnectionID, pathMTU: Int, linkMTU: Int) -> OpenParameters {
    remains.parameters(id: id, pathMTU: pathMTU, linkMTU: linkMTU)
  }

  /// Makes `connection`, which was made of the ``parameters(id:pathMTU:linkMTU:)`` at ``began``, what it was.
  fileprivate func restore(_ connection: inout Connection) {
    remains.restore(&connection)
    connection.lastSentAt = lastSentAt
    connection.recovery.silentSince = began
    connection.synRetransmissions = Int(repetitions)
    for _ in 0..<repetitions { connection.roundTrip.backOff() }
    connection.timers[.retransmission] = deadline
    connection.statistics = statistics.all
  }
}

/// What a connection counts before its handshake is complete.
package struct HandshakeStatistics {
  private let segmentsSent: UInt32
  private let segmentsReceived: UInt32
  private let timeoutRetransmissions: UInt32
  private let droppedSegments: UInt32

  /// Nil if there is more in `statistics`.
  fileprivate init?(_ statistics: ConnectionStatistics) {
    segmentsSent = UInt32(clamping: statistics.segmentsSent)
    segmentsReceived = UInt32(clamping: statistics.segmentsReceived)
    timeoutRetransmissions = UInt32(clamping: statistics.timeoutRetransmissions)
    droppedSegments = UInt32(clamping: statistics.droppedSegments)
    guard all == statistics else { return nil }
  }

  package var all: ConnectionStatistics {
    var all = ConnectionStatistics()
    all.segmentsSent = UInt64(segmentsSent)
    all.segmentsReceived = UInt64(segmentsReceived)
    all.timeoutRetransmissions = UInt64(timeoutRetransmissions)
    all.droppedSegments = UInt64(droppedSegments)
    return all
  }
}

extension Connection {
  /// Whether nothing has come but what SYN-RECEIVED is made of, and nothing is there that few connections have.
  fileprivate var hasOnlyHandshake: Bool {
    received.isEmpty && queue.count == 0 && events.isEmpty && warnings.isEmpty && softError == nil
      && debt.duplicateRange == nil && keepAlive.lastHeard == recovery.silentSince && keepAlive.unanswered == 0
      && !flags.contains(.finQueued) && !rarePart.isPresent && !ecnPart.isPresent && !tuningPart.isPresent
  }

  /// The connection of which `state` is left. No trace tells of it: it was there before.
  package init(
    resuming state: borrowing HalfOpenState, id: ConnectionID, pathMTU: Int, linkMTU: Int,
    in environment: inout Environment
  ) {
    let isTraced = environment.trace.isEnabled
    environment.trace.isEnabled = false
    defer { environment.trace.isEnabled = isTraced }
    self.init(
      inSYNReceived: state.parameters(id: id, pathMTU: pathMTU, linkMTU: linkMTU), in: &environment, at: state.began)
    state.restore(&self)
  }

  /// When the SYN came, for a connection in SYN-RECEIVED.
  package var handshakeBegan: Instant { recovery.silentSince }
}
