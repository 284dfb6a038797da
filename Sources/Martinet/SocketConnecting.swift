import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

// How a socket gets its ends and loses them.
extension Socket {
  /// Gives the socket its local address and port.
  ///
  /// - Parameter local: nil, the unspecified address and port 0 leave the choice to the stack; a port that is left is chosen at once, an address
  ///   when the socket is connected.
  public func bind(to local: Endpoint?) throws(SocketError) {
    let wanted = local ?? Endpoint(.v4(.any), 0)
    try state.withLock { state throws(SocketError) in
      switch state.stage {
      case .unbound: break
      case .closed: throw SocketError(.bind, wanted, .closed)
      default: throw SocketError(.bind, wanted, .alreadyBound)
      }
      do throws(HostError) {
        let reservation = try stack.core.reserve(wanted, sharesTimeWait: state.options.reuseAddress)
        state.stage = .bound(reservation)
        state.local = reservation.local
      } catch {
        throw SocketError(.bind, wanted, from: error)
      }
    }
  }

  /// Connects to `remote`; blocks until the handshake is complete. A socket that could not be connected is closed. The unspecified
  /// address stands for this host's loopback address.
  ///
  /// - Parameter timeout: how long to try; nil (and zero) as long as the stack does, three minutes by default. Not negative.
  public func connect(to remote: Endpoint, timeout: Duration? = nil) throws(SocketError) {
    let remote = remote.address.isUnspecified ? Endpoint(remote.address.loopback, remote.port) : remote
    try Socket.check(timeout: timeout, remote)
    let waiter = try stack.admit(.connect, remote)
    let limit = timeout == .zero ? nil : timeout
    let deadline = Instant.deadline(after: limit, from: stack.core.now)
    let handle = try beginConnecting(to: remote)
    do throws(SocketError) {
      try finishConnecting(handle, to: remote, waiter, until: deadline, limit: limit)
    } catch {
      let wasOpen = state.withLock { state in
        defer { state.stage = .closed }
        return !state.isClosed
      }
      if wasOpen { stack.core.abort(handle) }
      throw error
    }
  }

  private func beginConnecting(to remote: Endpoint) throws(SocketError) -> ConnectionHandle {
    try state.withLock { state throws(SocketError) in
      var reservation: PortReservation?
      switch state.stage {
      case .unbound: break
      case .bound(let local): reservation = local
      case .connecting: throw SocketError(.connect, remote, .connectionInProgress)
      case .connected: throw SocketError(.connect, remote, .alreadyConnected)
      case .closed: throw SocketError(.connect, remote, .closed)
      }
      do throws(HostError) {
        let handle = try stack.core.connect(
          to: remote, from: reservation, options: state.options.connectionOptions(over: stack.connectionDefaults))
        state.stage = .connecting(handle)
        state.remote = remote
        return handle
      } catch {
        if let reservation { stack.core.release(reservation) }
        state.stage = .closed
        throw SocketError(.connect, remote, from: error)
      }
    }
  }

  private func finishConnecting(
    _ handle: ConnectionHandle, to remote: Endpoint, _ waiter: ThreadWaiter, until deadline: Instant, limit: Duration?
  ) throws(SocketError) {
    let core = stack.core
    let blocked = try core.block(waiter, until: deadline) { waiter in
      core.cancel(waiter, of: .output, on: handle)
    } attempt: { waiter throws(SocketError) -> Bool? in
      let progress: ConnectProgress
      do throws(HostError) {
        progress = try core.connectProgress(of: handle, otherwise: waiter)
      } catch {
        throw SocketError(.connect, remote, from: error)
      }
      switch progress {
      case .connected: return true
      case .pending: return nil
      case .failed(let reason): throw SocketError(.connect, remote, .init(reason))
      }
    }
    _ = try blocked.result(of: .connect, remote, limit: limit)
    try connected(RacedConnection(handle: handle, remote: remote))
  }

  static func check(timeout: Duration?, _ remote: Endpoint?) throws(SocketError) {
    if let timeout, timeout < .zero {
      throw SocketError(.connect, remote, .invalidArgument("a timeout is not negative"))
    }
  }

  /// The handshake is complete: the socket takes the connection over.
  func connected(_ connection: RacedConnection) throws(SocketError) {
    let local = stack.core.status(of: connection.handle)?.local
    try state.withLock { state throws(SocketError) in
      guard !state.isClosed else { throw SocketError(.connect, connection.remote, .closed) }
      state.stage = .connected(connection.handle)
      state.local = local ?? state.local
      state.remote = connection.remote
      state.wasConnected = true
    }
  }

  /// Ends the output: the peer reads the end of the stream after everything that was written. Input goes on.
  public func shutdownOutput() throws(SocketError) {
    let (handle, remote) = try state.withLock { state throws(SocketError) in
      let handle = try state.connection(.shutdownOutput)
      if state.isOutputShutDown { throw SocketError(.shutdownOutput, state.remote, .outputIsShutDown) }
      state.isOutputShutDown = true
      return (handle, state.remote)
    }
    do throws(HostError) {
      try stack.core.shutdownOutput(handle)
    } catch {
      throw SocketError(.shutdownOutput, remote, from: error)
    }
  }

  /// Ends the input: reads, blocked ones too, say the end of the stream; what still arrives is acknowledged and discarded. The
  /// peer is told nothing.
  public func shutdownInput() throws(SocketError) {
    let (handle, remote) = try state.withLock { state throws(SocketError) in
      let handle = try state.connection(.shutdownInput)
      if state.isInputShutDown { throw SocketError(.shutdownInput, state.remote, .inputIsShutDown) }
      state.isInputShutDown = true
      return (handle, state.remote)
    }
    do throws(HostError) {
      try stack.core.shutdownInput(handle)
    } catch {
      throw SocketError(.shutdownInput, remote, from: error)
    }
  }

  /// Closes the socket, now or as ``SocketOptions/linger`` says: what was written is still delivered, but unread data make it a reset.
  /// Calls that other threads are blocked in end with ``SocketError/Reason/closed``. May be called twice.
  ///
  /// In virtual time a thread that is not registered may close a socket, too; it does not linger.
  public func close() {
    let (stage, linger) = state.withLock { state in
      defer { state.stage = .closed }
      return (state.stage, state.options.linger)
    }
    switch stage {
    case .unbound, .closed: break
    case .bound(let reservation): stack.core.release(reservation)
    case .connecting(let handle):
      if let handle { stack.core.abort(handle) }
    case .connected(let handle):
      if let linger {
        close(handle, lingering: linger)
      } else {
        stack.core.close(handle)
      }
    }
  }

  /// Closes the socket and resets its connection: the peer learns that something went wrong. May be called twice.
  public func abort() {
    let stage = state.withLock { state in
      defer { state.stage = .closed }
      return state.stage
    }
    if let handle = stage.handle { stack.core.abort(handle) }
    if case .bound(let reservation) = stage { stack.core.release(reservation) }
  }

  private func close(_ handle: ConnectionHandle, lingering limit: Duration) {
    let core = stack.core
    guard limit > .zero else {
      core.abort(handle)
      return
    }
    core.wakeAll(of: handle)
    let unread = core.status(of: handle)?.unreadBytes ?? 0
    guard unread == 0, let waiter = try? core.admit() else {
      core.close(handle)
      return
    }
    // The output may be shut down already: then its FIN is what is waited for.
    try? core.shutdownOutput(handle)
    let deadline = Instant.deadline(after: min(limit, SocketOptions.longestLinger), from: core.now)
    let blocked = core.block(waiter, until: deadline) { waiter in
      core.cancel(waiter, of: .acknowledged, on: handle)
    } attempt: { waiter -> Bool? in
      core.isAcknowledged(handle, otherwise: waiter) ? true : nil
    }
    if case .done = blocked { core.close(handle) } else { core.abort(handle) }
  }
}

extension IPAddress {
  /// The loopback address of the same family.
  fileprivate var loopback: IPAddress { isIPv4 ? .v4(.loopback) : .v6(.loopback) }
}
