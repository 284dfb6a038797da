import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// A listening socket: what a ``ServerSocket``, whose calls block a thread, and a ``TCPListener``, whose calls suspend a task, both stand on. It is
/// of no use by itself. A core that nobody holds any more ends listening.
public final class ListenerCore: Sendable {
  let stack: NetworkStack
  let state: Mutex<ListenerState>

  init(on stack: NetworkStack, options: SocketOptions) throws(SocketError) {
    try options.check(.open)
    self.stack = stack
    state = Mutex(ListenerState(options: stack.recentOptions.share(options)))
  }

  deinit {
    close()
  }

  /// Begins to listen.
  ///
  /// - Parameters:
  ///   - port: 0 to 65535; 0 leaves the choice to the stack.
  ///   - address: nil for every address of both families.
  func listen(port: Int, address: IPAddress?, backlog: Int) throws(SocketError) {
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

  func listen(_ binding: ListenerBinding, backlog: Int) throws(SocketError) {
    try state.withLock { state throws(SocketError) in
      _ = try state.open(.listen)
      if state.local != nil { throw SocketError(.listen, state.local, .alreadyBound) }
      let places = backlog > 0 ? backlog : max(ServerSocket.defaultBacklog, stack.shards)
      guard places >= stack.shards else {
        throw SocketError(
          .listen, binding.endpoint,
          .invalidArgument("the backlog has a place for each of \(stack.shards) shards at least"))
      }
      do throws(HostError) {
        let (listener, local) = try stack.core.listen(
          on: binding, backlog: places,
          options: state.options.value.connectionOptions(over: stack.connectionDefaults),
          refusesWhenFull: state.refusesWhenFull)
        state.listener = listener
        state.local = local
      } catch {
        throw SocketError(.listen, binding.endpoint, from: error)
      }
    }
  }

  /// Takes a connection; blocks the calling thread until there is one.
  func accept() throws(SocketError) -> SocketCore {
    let call = try beginAccepting()
    let waiter = try stack.admit(.accept, call.local)
    return try call.core(of: stack.core.block(waiter, call))
  }

  /// Takes a connection; suspends the calling task until there is one.
  func accept() async throws(SocketError) -> SocketCore {
    let call = try beginAccepting()
    _ = try stack.admit(.accept, call.local)
    return try call.core(of: await stack.core.suspend(call))
  }

  private func beginAccepting() throws(SocketError) -> AcceptCall {
    let open = try state.withLock { state throws(SocketError) in try state.open(.accept) }
    guard let listener = open.listener else { throw SocketError(.accept, nil, .notBound) }
    if Task.isCancelled { throw SocketError(.accept, open.local, .interrupted) }
    return AcceptCall(
      core: self, listener: listener, local: open.local, limit: open.timeout, options: open.options,
      deadline: .deadline(after: open.timeout, from: stack.core.now))
  }

  func close() {
    let listener = state.withLock { state in
      state.isClosed = true
      defer { state.listener = nil }
      return state.listener
    }
    if let listener { stack.core.close(listener) }
  }
}

/// One accept.
private struct AcceptCall: WaitingCall {
  let core: ListenerCore
  let listener: StackListener
  let local: Endpoint?
  let limit: Duration?
  let options: SharedOptions
  let deadline: Instant

  var awaited: AwaitedPlace { listener.awaited }

  func attempt(_ waiter: Waiter?) throws(SocketError) -> AcceptedConnection? {
    do throws(HostError) {
      return try core.stack.core.accept(listener, otherwise: waiter)
    } catch {
      throw SocketError(.accept, local, from: error)
    }
  }

  func cancel(_ waiter: Waiter) -> Bool {
    core.stack.core.cancel(waiter, on: listener)
  }

  func failure(_ outcome: WaitOutcome) -> SocketError { SocketError(.accept, local, from: outcome, limit: limit) }

  func core(of accepted: AcceptedConnection) -> SocketCore {
    SocketCore(accepted: accepted, inheriting: options, on: core.stack)
  }
}

/// What a listening socket remembers.
struct ListenerState {
  let options: SharedOptions
  var listener: StackListener?
  var local: Endpoint?
  var timeout: Duration?
  var refusesWhenFull: Bool?
  var isClosed = false

  init(options: SharedOptions) {
    self.options = options
  }

  /// The state of a socket that is not closed.
  func open(_ operation: SocketError.Operation) throws(SocketError) -> ListenerState {
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
