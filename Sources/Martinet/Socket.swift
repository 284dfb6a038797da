import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// One end of a TCP connection, with calls that block the calling thread, in the manner of java.net.Socket.
///
/// A socket may be used by several threads at once: one that reads and one that writes never wait for each other, and ``close()`` ends
/// the calls of all others. A socket that nobody holds any more is closed.
public final class Socket: Sendable {
  /// The stack that the socket belongs to.
  public let stack: NetworkStack
  let state: Mutex<SocketState>
  /// Keeps the octets of one write together.
  let writers = Gate()

  /// A socket that is neither bound nor connected.
  /// - Throws: ``SocketError/Reason/invalidArgument(_:)`` for an option out of its bounds.
  public init(on stack: NetworkStack, options: SocketOptions = SocketOptions()) throws(SocketError) {
    try options.check(.open)
    self.stack = stack
    state = Mutex(SocketState(options: options))
  }

  /// A socket that is connected to `remote`; blocks until it is.
  ///
  /// - Parameters:
  ///   - local: the address and port of this end; nil and port 0 leave the choice to the stack.
  ///   - timeout: how long to try; nil (and zero) as long as the stack does, three minutes by default.
  public convenience init(
    to remote: Endpoint, from local: Endpoint? = nil, on stack: NetworkStack, options: SocketOptions = SocketOptions(),
    timeout: Duration? = nil
  ) throws(SocketError) {
    try self.init(on: stack, options: options)
    do {
      if let local { try bind(to: local) }
      try connect(to: remote, timeout: timeout)
    } catch {
      close()
      throw error
    }
  }

  /// A socket that is connected to `host`; blocks until it is.
  ///
  /// With several addresses of the name, attempts are begun one after the other, IPv6 and IPv4 taking turns, without waiting for the end of the one before, and the first
  /// connection that is complete is taken (RFC 8305); when all fail, the error is that of the last one. With an address in text form, or with `local`, one attempt is made, to the
  /// first address that this stack has a route to.
  ///
  /// - Parameters:
  ///   - host: a name, or an address in text form; nil stands for this host's loopback address.
  ///   - port: 1 to 65535.
  ///   - local: the address and port of this end; nil and port 0 leave the choice to the stack.
  ///   - timeout: how long to try, the search for the addresses included; nil (and zero) as long as the stack does.
  ///   - racing: how attempts follow each other.
  public convenience init(
    host: String?, port: Int, from local: Endpoint? = nil, on stack: NetworkStack,
    options: SocketOptions = SocketOptions(), timeout: Duration? = nil, racing: HappyEyeballs = HappyEyeballs()
  ) throws(SocketError) {
    guard let host, local == nil, IPAddress(parsing: host) == nil else {
      let remote = try stack.endpoint(host: host, port: port, family: local?.address.isIPv4)
      try self.init(to: remote, from: local, on: stack, options: options, timeout: timeout)
      return
    }
    try racing.check()
    let number = try stack.checkedPort(port)
    try Socket.check(timeout: timeout, nil)
    try self.init(on: stack, options: options)
    do throws(SocketError) {
      var race = ConnectRace(
        to: host, port: number, on: stack, options: options.connectionOptions(over: stack.connectionDefaults), racing)
      try connected(race.run(within: timeout == .zero ? nil : timeout))
    } catch {
      close()
      throw error
    }
  }

  /// The socket of a connection that a listener accepted.
  init(accepted connection: AcceptedConnection, inheriting options: SocketOptions, on stack: NetworkStack) {
    self.stack = stack
    var accepted = SocketState(options: options)
    accepted.options.update(from: connection.options)
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

  // MARK: Questions

  /// Whether the socket is or was connected.
  public var isConnected: Bool { state.withLock { $0.wasConnected } }
  /// Whether the socket has or had a local address and port.
  public var isBound: Bool { state.withLock { $0.local != nil } }
  public var isClosed: Bool { state.withLock { $0.isClosed } }
  public var isInputShutdown: Bool { state.withLock { $0.isInputShutDown } }
  public var isOutputShutdown: Bool { state.withLock { $0.isOutputShutDown } }

  /// Address and port of this end, also after closing; nil before the socket is bound.
  public var localEndpoint: Endpoint? { state.withLock { $0.local } }
  /// Address and port of the other end, also after closing; nil before the socket is connected.
  public var remoteEndpoint: Endpoint? { state.withLock { $0.wasConnected ? $0.remote : nil } }
  /// The port of this end; nil before the socket is bound.
  public var localPort: UInt16? { localEndpoint?.port }
  /// The port of the other end; nil before the socket is connected.
  public var remotePort: UInt16? { remoteEndpoint?.port }
  /// The address of the other end; nil before the socket is connected.
  public var remoteAddress: IPAddress? { remoteEndpoint?.address }
  /// The address of this end; the unspecified address before the socket is bound and after it is closed.
  public var localAddress: IPAddress {
    state.withLock { $0.isClosed ? nil : $0.local?.address } ?? .v4(.any)
  }

  /// A snapshot of the connection; nil before the socket is connected and after it is closed.
  public var status: ConnectionStatus? {
    state.withLock { $0.stage }.handle.flatMap { stack.core.status(of: $0) }
  }
}

extension Socket: CustomStringConvertible {
  public var description: String {
    state.withLock { state in
      guard state.wasConnected, let remote = state.remote, let local = state.local else { return "Socket[unconnected]" }
      return "Socket[\(local) to \(remote)]"
    }
  }
}
