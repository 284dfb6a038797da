import MartinetRuntime
import MartinetStack
import MartinetTCP
import Synchronization

// What a socket tells before the end.
extension SocketCore {
  /// Begins to wait for a warning; nil once the socket is closed.
  func beginWatching(within limit: Duration?) throws(SocketError) -> WarningCall? {
    let (handle, remote) = try state.withLock { state throws(SocketError) -> (ConnectionHandle?, Endpoint?) in
      if state.isClosed { return (nil, state.remote) }
      return (try state.connection(.wait), state.remote)
    }
    guard let handle else { return nil }
    if Task.isCancelled { throw SocketError(.wait, remote, .interrupted) }
    return WarningCall(
      core: self, handle: handle, remote: remote, limit: limit, deadline: .deadline(after: limit, from: stack.core.now))
  }
}

/// One wait for a warning.
struct WarningCall: WaitingCall {
  let core: SocketCore
  let handle: ConnectionHandle
  let remote: Endpoint?
  let limit: Duration?
  let deadline: Instant

  var awaited: AwaitedPlace { .connection(handle) }

  func attempt(_ waiter: Waiter?) -> ConnectionWarning?? {
    do throws(HostError) {
      return try core.stack.core.pollWarning(of: handle, otherwise: waiter).map { .some($0) }
    } catch {
      // Over, or closed: whoever reads or writes hears why.
      return .some(nil)
    }
  }

  func cancel(_ waiter: Waiter) -> Bool {
    core.stack.core.cancel(waiter, of: .warning, on: handle)
  }

  func failure(_ outcome: WaitOutcome) -> SocketError { SocketError(.wait, remote, from: outcome, limit: limit) }
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
