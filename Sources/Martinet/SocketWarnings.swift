import MartinetRuntime
import MartinetStack
import MartinetTCP
import Synchronization

// What a socket tells before the end.
extension Socket {
  /// What there is to know of the connection before it is too late: retransmissions that go unanswered (R1), a keep-alive probe that does, an error that the
  /// network reported and that may pass. Blocks until there is something; nil once the connection is over or the socket closed. For a thread of
  /// its own beside those that read and write: it takes nothing from them.
  ///
  /// - Parameter limit: how long to wait; nil for ever.
  /// - Throws: ``SocketError/Reason/timedOut(_:)`` when the limit passes, ``SocketError/Reason/notConnected``.
  public func nextWarning(within limit: Duration? = nil) throws(SocketError) -> ConnectionWarning? {
    let (handle, remote) = try state.withLock { state throws(SocketError) -> (ConnectionHandle?, Endpoint?) in
      if state.isClosed { return (nil, state.remote) }
      return (try state.connection(.wait), state.remote)
    }
    guard let handle else { return nil }
    let waiter = try stack.admit(.wait, remote)
    let core = stack.core
    let blocked = core.block(waiter, until: .deadline(after: limit, from: core.now)) { waiter in
      core.cancel(waiter, of: .warning, on: handle)
    } attempt: { waiter -> ConnectionWarning?? in
      do throws(HostError) {
        return try core.pollWarning(of: handle, otherwise: waiter).map { .some($0) }
      } catch {
        // Over, or closed: whoever reads or writes hears why.
        return .some(nil)
      }
    }
    return try blocked.result(of: .wait, remote, limit: limit)
  }
}

extension ConnectionWarning: CustomStringConvertible {
  /// The warning in words, with its evidence.
  public var description: String {
    switch self {
    case .retransmitting(let evidence): "no acknowledgement of \(evidence.missing)\(evidence.text)"
    case .peerSilent(let evidence): evidence.probesText
    case .unreachable(let cause): "the network reported: \(cause.text)"
    }
  }
}
