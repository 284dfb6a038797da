import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

// How a socket gets the other end by name.
extension SocketCore {
  /// Connects to `host` and writes `bytes`, or closes the socket; blocks the calling thread.
  func connect(
    host: String?, port: Int, timeout: Duration?, racing knobs: HappyEyeballs, sending bytes: [UInt8]
  ) throws(SocketError) {
    guard let name = try nameToRace(host) else {
      let remote = try stack.endpoint(host: host, port: port, family: boundFamily)
      return try connect(to: remote, timeout: timeout, sending: bytes)
    }
    var race = try beginRacing(to: name, port: port, timeout, knobs, sending: bytes)
    let winner: RacedConnection
    do throws(SocketError) {
      winner = try race.run(within: timeout == .zero ? nil : timeout)
      try connected(winner)
    } catch {
      abort()
      throw error
    }
    try write(bytes, beyond: winner.accepted)
  }

  /// Connects to `host` and writes `bytes`, or closes the socket; suspends the calling task.
  func connect(
    host: String?, port: Int, timeout: Duration?, racing knobs: HappyEyeballs, sending bytes: [UInt8]
  ) async throws(SocketError) {
    guard let name = try nameToRace(host) else {
      let remote = try await stack.endpoint(host: host, port: port, family: boundFamily)
      return try await connect(to: remote, timeout: timeout, sending: bytes)
    }
    var race = try beginRacing(to: name, port: port, timeout, knobs, sending: bytes)
    let winner: RacedConnection
    do throws(SocketError) {
      winner = try await race.run(within: timeout == .zero ? nil : timeout)
      try connected(winner)
    } catch {
      abort()
      throw error
    }
    try await write(bytes, beyond: winner.accepted)
  }

  /// The name whose addresses are tried beside each other; nil if there is one address to try, as for a socket that is bound: its port is there once.
  private func nameToRace(_ host: String?) throws(SocketError) -> String? {
    let isUnbound = state.withLock { state in
      if case .unbound = state.stage { true } else { false }
    }
    guard let host, isUnbound, IPAddress(parsing: host) == nil else { return nil }
    return host
  }

  /// The family of the address that the socket is bound to, true for IPv4; nil if it is not bound.
  private var boundFamily: Bool? {
    state.withLock { state in
      if case .bound(let reservation) = state.stage { reservation.local.address.isIPv4 } else { nil }
    }
  }

  private func beginRacing(
    to name: String, port: Int, _ timeout: Duration?, _ knobs: HappyEyeballs, sending bytes: [UInt8]
  ) throws(SocketError) -> ConnectRace {
    try knobs.check()
    let number = try stack.checkedPort(port)
    try SocketCore.check(timeout: timeout, nil)
    if Task.isCancelled {
      abort()
      throw SocketError(.connect, nil, .interrupted)
    }
    let bell = Bell()
    let options = try state.withLock { state throws(SocketError) in
      // Another thread may have been faster.
      guard case .unbound = state.stage else {
        throw SocketError(.connect, nil, state.isClosed ? .closed : .connectionInProgress)
      }
      state.stage = .racing(bell)
      return state.options
    }
    return ConnectRace(
      of: self, to: name, port: number, options: options.connectionOptions(over: stack.connectionDefaults), knobs, bell,
      sending: bytes)
  }
}
