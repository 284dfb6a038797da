import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

// How a socket gets its ends.
extension SocketCore {
  func bind(to local: Endpoint?) throws(SocketError) {
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

  /// Connects and writes `bytes`, or closes the socket; blocks the calling thread.
  func connect(to remote: Endpoint, timeout: Duration?, sending bytes: [UInt8] = []) throws(SocketError) {
    let waiter = try stack.admit(.connect, remote)
    let call = try beginConnecting(to: remote, timeout: timeout, sending: bytes)
    do throws(SocketError) {
      try stack.core.block(waiter, call)
      try connected(call.connection)
    } catch {
      call.abandon()
      throw error
    }
    try write(bytes, beyond: call.connection.accepted)
  }

  /// Connects and writes `bytes`, or closes the socket; suspends the calling task.
  func connect(to remote: Endpoint, timeout: Duration?, sending bytes: [UInt8] = []) async throws(SocketError) {
    _ = try stack.admit(.connect, remote)
    let call = try beginConnecting(to: remote, timeout: timeout, sending: bytes)
    do throws(SocketError) {
      try await stack.core.suspend(call)
      try connected(call.connection)
    } catch {
      call.abandon()
      throw error
    }
    try await write(bytes, beyond: call.connection.accepted)
  }

  /// Writes what the handshake has not taken.
  func write(_ bytes: [UInt8], beyond accepted: Int) throws(SocketError) {
    guard accepted < bytes.count else { return }
    try bytes.span.bytes.extracting(accepted..<bytes.count).withUnsafeBytes { rest throws(SocketError) in
      try write(rest)
    }
  }

  /// Writes what the handshake has not taken.
  func write(_ bytes: [UInt8], beyond accepted: Int) async throws(SocketError) {
    guard accepted < bytes.count else { return }
    try await write(bytes.span.bytes.extracting(accepted..<bytes.count))
  }

  /// Sends the SYN.
  private func beginConnecting(
    to remote: Endpoint, timeout: Duration?, sending bytes: [UInt8]
  ) throws(SocketError) -> ConnectCall {
    let remote = remote.address.isUnspecified ? Endpoint(remote.address.loopback, remote.port) : remote
    try SocketCore.check(timeout: timeout, remote)
    let limit = timeout == .zero ? nil : timeout
    let deadline = Instant.deadline(after: limit, from: stack.core.now)
    let begun = try state.withLock { state throws(SocketError) in
      var reservation: PortReservation?
      switch state.stage {
      case .unbound: break
      case .bound(let local): reservation = local
      case .connecting, .racing: throw SocketError(.connect, remote, .connectionInProgress)
      case .connected: throw SocketError(.connect, remote, .alreadyConnected)
      case .closed: throw SocketError(.connect, remote, .closed)
      }
      do throws(SocketError) {
        if Task.isCancelled { throw SocketError(.connect, remote, .interrupted) }
        let begun = try startHandshake(with: remote, from: reservation, state.options, sending: bytes)
        state.stage = .connecting(begun.handle)
        state.remote = remote
        return begun
      } catch {
        if let reservation { stack.core.release(reservation) }
        state.stage = .closed
        throw error
      }
    }
    let connection = RacedConnection(handle: begun.handle, remote: remote, accepted: begun.accepted)
    return ConnectCall(core: self, connection: connection, deadline: deadline, limit: limit)
  }

  static func check(timeout: Duration?, _ remote: Endpoint?) throws(SocketError) {
    if let timeout, timeout < .zero {
      throw SocketError(.connect, remote, .invalidArgument("a timeout is not negative"))
    }
  }

  /// The handshake is complete: the socket takes the connection over.
  func connected(_ connection: RacedConnection) throws(SocketError) {
    let local = stack.core.status(of: connection.handle)?.local
    let isOpen = state.withLock { state in
      guard !state.isClosed else { return false }
      state.stage = .connected(connection.handle)
      state.local = local ?? state.local
      state.remote = connection.remote
      state.wasConnected = true
      return true
    }
    guard isOpen else {
      stack.core.abort(connection.handle)
      throw closedError(.connect, connection.remote)
    }
  }

  private func startHandshake(
    with remote: Endpoint, from reservation: PortReservation?, _ options: SocketOptions, sending bytes: [UInt8]
  ) throws(SocketError) -> (handle: ConnectionHandle, accepted: Int) {
    let options = options.connectionOptions(over: stack.connectionDefaults)
    do throws(HostError) {
      return try bytes.span.bytes.withUnsafeBytes { source throws(HostError) in
        try stack.core.connect(to: remote, from: reservation, options: options, sending: source)
      }
    } catch {
      throw SocketError(.connect, remote, from: error)
    }
  }
}

/// A connect whose SYN is on its way.
private struct ConnectCall: WaitingCall {
  let core: SocketCore
  let connection: RacedConnection
  let deadline: Instant
  let limit: Duration?

  var awaited: AwaitedPlace { .connection(connection.handle) }

  func attempt(_ waiter: Waiter?) throws(SocketError) -> Void? {
    let progress: ConnectProgress
    do throws(HostError) {
      progress = try core.stack.core.connectProgress(of: connection.handle, otherwise: waiter)
    } catch {
      throw core.isClosed
        ? core.closedError(.connect, connection.remote) : SocketError(.connect, connection.remote, from: error)
    }
    switch progress {
    case .connected: return ()
    case .pending: return nil
    case .failed(let reason): throw SocketError(.connect, connection.remote, .init(reason))
    }
  }

  func cancel(_ waiter: Waiter) -> Bool {
    core.stack.core.cancel(waiter, of: .output, on: connection.handle)
  }

  func failure(_ outcome: WaitOutcome) -> SocketError {
    SocketError(.connect, connection.remote, from: outcome, limit: limit)
  }

  /// Nothing came of it: the socket is closed.
  func abandon() {
    let wasOpen = core.state.withLock { state in
      defer { state.stage = .closed }
      return !state.isClosed
    }
    if wasOpen { core.stack.core.abort(connection.handle) }
  }
}

extension IPAddress {
  /// The loopback address of the same family.
  fileprivate var loopback: IPAddress { isIPv4 ? .v4(.loopback) : .v6(.loopback) }
}
