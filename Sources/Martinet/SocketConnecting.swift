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
      let blocked = try stack.core.block(waiter, until: call.deadline, cancel: call.cancel, attempt: call.attempt)
      try call.conclude(blocked)
    } catch {
      call.abandon()
      throw error
    }
    guard call.accepted < bytes.count else { return }
    try bytes.span.bytes.extracting(call.accepted..<bytes.count).withUnsafeBytes { rest throws(SocketError) in
      try write(rest)
    }
  }

  /// Connects and writes `bytes`, or closes the socket; suspends the calling task.
  func connect(to remote: Endpoint, timeout: Duration?, sending bytes: [UInt8] = []) async throws(SocketError) {
    _ = try stack.admit(.connect, remote)
    let call = try beginConnecting(to: remote, timeout: timeout, sending: bytes)
    do throws(SocketError) {
      let blocked = try await stack.core.suspend(until: call.deadline, cancel: call.cancel, attempt: call.attempt)
      try call.conclude(blocked)
    } catch {
      call.abandon()
      throw error
    }
    guard call.accepted < bytes.count else { return }
    try await write(bytes.span.bytes.extracting(call.accepted..<bytes.count))
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
      case .connecting: throw SocketError(.connect, remote, .connectionInProgress)
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
    return ConnectCall(
      core: self, handle: begun.handle, accepted: begun.accepted, remote: remote, deadline: deadline, limit: limit)
  }

  /// The attempts to connect to the addresses of a name.
  func race(
    to host: String, port: Int, _ timeout: Duration?, _ knobs: HappyEyeballs
  ) throws(SocketError) -> ConnectRace {
    try knobs.check()
    let number = try stack.checkedPort(port)
    try SocketCore.check(timeout: timeout, nil)
    let options = state.withLock { $0.options.connectionOptions(over: stack.connectionDefaults) }
    return ConnectRace(to: host, port: number, on: stack, options: options, knobs)
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
    if !isOpen { throw closedError(.connect, connection.remote) }
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
private struct ConnectCall {
  let core: SocketCore
  let handle: ConnectionHandle
  /// The first octets that the connection has taken over.
  let accepted: Int
  let remote: Endpoint
  let deadline: Instant
  let limit: Duration?

  func attempt(_ waiter: Waiter?) throws(SocketError) -> Void? {
    let progress: ConnectProgress
    do throws(HostError) {
      progress = try core.stack.core.connectProgress(of: handle, otherwise: waiter)
    } catch {
      throw core.isClosed ? core.closedError(.connect, remote) : SocketError(.connect, remote, from: error)
    }
    switch progress {
    case .connected: return ()
    case .pending: return nil
    case .failed(let reason): throw SocketError(.connect, remote, .init(reason))
    }
  }

  func cancel(_ waiter: Waiter) -> Bool {
    core.stack.core.cancel(waiter, of: .output, on: handle)
  }

  /// The handshake is complete, or the call has ended without.
  func conclude(_ blocked: Blocked<Void>) throws(SocketError) {
    try blocked.result(of: .connect, remote, limit: limit)
    try core.connected(RacedConnection(handle: handle, remote: remote))
  }

  /// Nothing came of it: the socket is closed.
  func abandon() {
    let wasOpen = core.state.withLock { state in
      defer { state.stage = .closed }
      return !state.isClosed
    }
    if wasOpen { core.stack.core.abort(handle) }
  }
}

extension IPAddress {
  /// The loopback address of the same family.
  fileprivate var loopback: IPAddress { isIPv4 ? .v4(.loopback) : .v6(.loopback) }
}
