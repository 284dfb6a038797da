import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

/// Where a socket stands in its life.
enum SocketStage {
  case unbound
  /// The local address and port are reserved.
  case bound(PortReservation)
  /// A thread connects; the handle is there once the SYN is on its way.
  case connecting(ConnectionHandle?)
  case connected(ConnectionHandle)
  case closed

  var handle: ConnectionHandle? {
    switch self {
    case .connecting(let handle): handle
    case .connected(let handle): handle
    case .unbound, .bound, .closed: nil
    }
  }
}

/// What a socket remembers.
struct SocketState {
  var stage = SocketStage.unbound
  var options: SocketOptions
  var local: Endpoint?
  var remote: Endpoint?
  var wasConnected = false
  var isInputShutDown = false
  var isOutputShutDown = false
  /// The end of the stream was read: reading goes on to say so, even after closing.
  var hasSeenEnd = false

  init(options: SocketOptions) {
    self.options = options
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
