import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// One end of a TCP connection: what a ``Socket``, whose calls block a thread, and a ``TCPStream``, whose calls suspend a task, both stand on. It
/// is of no use by itself. A core that nobody holds any more closes its connection.
public final class SocketCore: Sendable {
  let stack: NetworkStack
  let state: Mutex<SocketState>
  /// Keeps the octets of one write together.
  let writers = Gate()

  /// The core of a socket that is neither bound nor connected.
  init(on stack: NetworkStack, options: SocketOptions) throws(SocketError) {
    try options.check(.open)
    self.stack = stack
    state = Mutex(SocketState(options: stack.recentOptions.share(options)))
  }

  /// The core of a connection that a listener accepted.
  init(accepted connection: AcceptedConnection, inheriting options: SharedOptions, on stack: NetworkStack) {
    self.stack = stack
    var accepted = SocketState(options: options)
    accepted.stage = .connected(connection.handle)
    accepted.local = connection.local
    accepted.remote = connection.remote
    accepted.wasConnected = true
    state = Mutex(accepted)
  }

  deinit {
    let stage = state.withLock { $0.stage }
    if let handle = stage.handle { stack.core.close(handle) }
    if case .bound(let reservation) = stage { stack.core.release(reservation) }
  }

  var remote: Endpoint? { state.withLock { $0.remote } }
  var isClosed: Bool { state.withLock { $0.isClosed } }
}
