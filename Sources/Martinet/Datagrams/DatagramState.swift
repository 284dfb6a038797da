import MartinetRuntime
import MartinetStack
import MartinetWire

/// What a UDP socket remembers.
struct DatagramState {
  var options: DatagramSocketOptions
  var handle: DatagramHandle?
  /// Where it is or was bound; with the address of the route while it is connected.
  var local: Endpoint?
  /// What it was bound to.
  var bound: Endpoint?
  var remote: Endpoint?
  var isClosed = false

  init(options: DatagramSocketOptions) {
    self.options = options
  }

  /// Throws if the socket is closed.
  func checkOpen(_ operation: SocketError.Operation) throws(SocketError) {
    if isClosed { throw SocketError(operation, remote ?? local, .closed) }
  }

  /// Binds the socket unless it is bound.
  mutating func bind(
    to binding: DatagramBinding, _ operation: SocketError.Operation, on stack: NetworkStack
  ) throws(SocketError) -> DatagramHandle {
    try checkOpen(operation)
    if let handle { return handle }
    do throws(HostError) {
      let (handle, local) = try stack.core.openDatagram(
        on: binding, options: options.hostOptions(over: stack.configuration), sharesPort: options.reuseAddress)
      self.handle = handle
      self.local = local
      bound = local
      return handle
    } catch {
      throw SocketError(operation, binding.endpoint, from: error)
    }
  }
}

extension DatagramBinding {
  var endpoint: Endpoint {
    switch self {
    case .endpoint(let endpoint): endpoint
    case .port(let port): Endpoint(.v6(.any), port)
    }
  }
}
