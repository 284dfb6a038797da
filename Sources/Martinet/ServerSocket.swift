import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// Waits for connections, with calls that block the calling thread, in the manner of java.net.ServerSocket.
///
/// Several threads may accept at once: each connection goes to one of them, in the order in which the handshakes were completed.
/// A port whose earlier connections are in TIME-WAIT can be listened on again; two listeners never share an address and port.
public final class ServerSocket: Sendable {
  /// The backlog when none is given, or none above zero.
  public static let defaultBacklog = 50

  /// The stack that the socket belongs to.
  public let stack: NetworkStack
  private let state: Mutex<ServerState>

  /// A socket that is not bound.
  ///
  /// - Parameter options: what accepted sockets begin with; the receive buffer size shapes the handshake.
  public init(on stack: NetworkStack, options: SocketOptions = SocketOptions()) throws(SocketError) {
    try options.check(.open)
    self.stack = stack
    state = Mutex(ServerState(options: options))
  }

  /// A socket that listens.
  ///
  /// - Parameters:
  ///   - port: 0 to 65535; 0 leaves the choice to the stack.
  ///   - backlog: how many connections may wait to be accepted; zero and less stand for ``defaultBacklog``. When so many wait, the SYN
  ///     of the next one is dropped, or refused: see ``refusesWhenFull``.
  ///   - address: where to listen; nil for every address of both families.
  public convenience init(
    port: Int, backlog: Int = ServerSocket.defaultBacklog, address: IPAddress? = nil, on stack: NetworkStack,
    options: SocketOptions = SocketOptions()
  ) throws(SocketError) {
    try self.init(on: stack, options: options)
    guard let port = UInt16(exactly: port) else {
      throw SocketError(.listen, nil, .invalidArgument("a port is from 0 to 65535, not \(port)"))
    }
    do {
      try listen(address.map { .endpoint(Endpoint($0, port)) } ?? .port(port), backlog: backlog)
    } catch {
      close()
      throw error
    }
  }

  deinit {
    if let handle = state.withLock({ $0.handle }) { stack.core.close(handle) }
  }

  // MARK: Questions

  /// Whether the socket listens or did.
  public var isBound: Bool { state.withLock { $0.local != nil } }
  public var isClosed: Bool { state.withLock { $0.isClosed } }
  /// Where the socket listens, also after closing; nil before it is bound.
  public var localEndpoint: Endpoint? { state.withLock { $0.local } }
  /// The port, also after closing; nil before the socket is bound.
  public var localPort: UInt16? { localEndpoint?.port }
  /// The address, also after closing; nil before the socket is bound, unspecified if it listens on all.
  public var localAddress: IPAddress? { localEndpoint?.address }

  /// How long ``accept()`` may block; nil for ever.
  public var acceptTimeout: Duration? {
    get throws(SocketError) { try state.withLock { state throws(SocketError) in try state.open(.getOption).timeout } }
  }

  /// Sets how long later calls of ``accept()`` may block: nil (and zero, as in java.net) for ever; not negative.
  public func setAcceptTimeout(_ timeout: Duration?) throws(SocketError) {
    try state.withLock { state throws(SocketError) in
      _ = try state.open(.setOption)
      if let timeout, timeout < .zero {
        throw SocketError(.setOption, state.local, .invalidArgument("a timeout is not negative"))
      }
      state.timeout = timeout == .zero ? nil : timeout
    }
  }

  /// What accepted sockets begin with.
  public var options: SocketOptions {
    get throws(SocketError) { try state.withLock { state throws(SocketError) in try state.open(.getOption).options } }
  }

  /// Whether a SYN that finds the backlog full is answered with RST, so that the client is refused at once. If not, it is dropped, and the client tries again
  /// for a while. Nil: as the host's configuration has it, which is to drop.
  public var refusesWhenFull: Bool? {
    get throws(SocketError) {
      try state.withLock { state throws(SocketError) in try state.open(.getOption).refusesWhenFull }
    }
  }

  /// Sets what becomes of a SYN that finds the backlog full, before or while the socket listens.
  public func setRefusesWhenFull(_ on: Bool) throws(SocketError) {
    try state.withLock { state throws(SocketError) in
      let handle = try state.open(.setOption).handle
      state.refusesWhenFull = on
      guard let handle else { return }
      do throws(HostError) {
        try stack.core.setRefusesWhenFull(on, of: handle)
      } catch {
        throw SocketError(.setOption, state.local, from: error)
      }
    }
  }

  // MARK: Listening

  /// Begins to listen.
  ///
  /// - Parameters:
  ///   - local: nil stands for every address of both families and a port of the stack's choice, and so does port 0 for the port.
  ///   - backlog: as in ``init(port:backlog:address:on:options:)``.
  public func bind(to local: Endpoint?, backlog: Int = ServerSocket.defaultBacklog) throws(SocketError) {
    try listen(local.map { .endpoint($0) } ?? .port(0), backlog: backlog)
  }

  private func listen(_ binding: ListenerBinding, backlog: Int) throws(SocketError) {
    try state.withLock { state throws(SocketError) in
      _ = try state.open(.listen)
      if state.local != nil { throw SocketError(.listen, state.local, .alreadyBound) }
      do throws(HostError) {
        let (handle, local) = try stack.core.listen(
          on: binding, backlog: backlog > 0 ? backlog : ServerSocket.defaultBacklog,
          options: state.options.connectionOptions(over: stack.connectionDefaults),
          refusesWhenFull: state.refusesWhenFull)
        state.handle = handle
        state.local = local
      } catch {
        throw SocketError(.listen, binding.endpoint, from: error)
      }
    }
  }

  /// Takes the connection that has waited longest; blocks until there is one, at most for ``acceptTimeout``.
  public func accept() throws(SocketError) -> Socket {
    let (handle, local, timeout, options) = try state.withLock { state throws(SocketError) in
      let open = try state.open(.accept)
      guard let handle = open.handle else { throw SocketError(.accept, nil, .notBound) }
      return (handle, open.local, open.timeout, open.options)
    }
    let waiter = try stack.admit(.accept, local)
    let core = stack.core
    let deadline = Instant.deadline(after: timeout, from: core.now)
    let blocked = try core.block(waiter, until: deadline) { waiter in
      core.cancel(waiter, on: handle)
    } attempt: { waiter throws(SocketError) -> AcceptedConnection? in
      do throws(HostError) {
        return try core.accept(handle, otherwise: waiter)
      } catch {
        throw SocketError(.accept, local, from: error)
      }
    }
    let connection = try blocked.result(of: .accept, local, limit: timeout)
    return Socket(accepted: connection, inheriting: options, on: stack)
  }

  /// Ends listening: calls of ``accept()`` that are blocked end with ``SocketError/Reason/closed``, connections that wait are reset, accepted ones
  /// live on, the port is free. May be called twice.
  public func close() {
    let handle = state.withLock { state in
      state.isClosed = true
      defer { state.handle = nil }
      return state.handle
    }
    if let handle { stack.core.close(handle) }
  }
}

/// What a listening socket remembers.
private struct ServerState {
  var options: SocketOptions
  var handle: ListenerHandle?
  var local: Endpoint?
  var timeout: Duration?
  var refusesWhenFull: Bool?
  var isClosed = false

  init(options: SocketOptions) {
    self.options = options
  }

  /// The state of a socket that is not closed.
  func open(_ operation: SocketError.Operation) throws(SocketError) -> ServerState {
    if isClosed { throw SocketError(operation, local, .closed) }
    return self
  }
}

extension ListenerBinding {
  fileprivate var endpoint: Endpoint {
    switch self {
    case .endpoint(let endpoint): endpoint
    case .port(let port): Endpoint(.v6(.any), port)
    }
  }
}
