import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

/// Where a socket stands in its life.
enum SocketStage {
  case unbound
  /// The local address and port are reserved.
  case bound(PortReservation)
  /// The SYN is on its way.
  case connecting(ConnectionHandle)
  /// Attempts to several addresses are on their way; whoever closes the socket rings.
  case racing(Bell)
  case connected(ConnectionHandle)
  case closed

  var handle: ConnectionHandle? {
    switch self {
    case .connecting(let handle): handle
    case .connected(let handle): handle
    case .unbound, .bound, .racing, .closed: nil
    }
  }
}

/// What a socket remembers.
struct SocketState {
  var stage = SocketStage.unbound
  private var shared: SharedOptions
  var local: Endpoint?
  var remote: Endpoint?
  var wasConnected = false
  var isInputShutDown = false
  var isOutputShutDown = false
  /// The end of the stream was read: reading goes on to say so, even after closing.
  var hasSeenEnd = false

  init(options: SharedOptions) {
    shared = options
  }

  var options: SocketOptions {
    get { shared.value }
    set { shared = SharedOptions(newValue) }
  }

  var isClosed: Bool {
    if case .closed = stage { true } else { false }
  }

  /// The connection, or the reason why there is none.
  func connection(_ operation: SocketError.Operation) throws(SocketError) -> ConnectionHandle {
    switch stage {
    case .connected(let handle): return handle
    case .closed: throw SocketError(operation, remote, .closed)
    default: throw SocketError(operation, remote, .notConnected)
    }
  }
}
