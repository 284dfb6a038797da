import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// Sends and receives UDP datagrams (RFC 768), with calls that block the calling thread, in the manner of java.net.DatagramSocket.
///
/// A socket may be used by several threads at once: each datagram goes to one of those that receive. A socket that is bound to no address in particular
/// speaks IPv4 and IPv6. A socket that nobody holds any more is closed.
public final class DatagramSocket: Sendable {
  /// The stack that the socket belongs to.
  public let stack: NetworkStack
  let state: Mutex<DatagramState>

  /// A socket that is not bound. What is sent or received before ``bind(to:)`` binds it to a port of the stack's choice.
  /// - Throws: ``SocketError/Reason/invalidArgument(_:)`` for an option out of its bounds.
  public init(
    on stack: NetworkStack, options: DatagramSocketOptions = DatagramSocketOptions()
  ) throws(SocketError) {
    try options.check(.open)
    self.stack = stack
    state = Mutex(DatagramState(options: options))
  }

  /// A socket that is bound.
  ///
  /// - Parameters:
  ///   - port: 0 to 65535; 0 leaves the choice to the stack.
  ///   - address: nil for every address of both families.
  public convenience init(
    port: Int, address: IPAddress? = nil, on stack: NetworkStack,
    options: DatagramSocketOptions = DatagramSocketOptions()
  ) throws(SocketError) {
    try self.init(on: stack, options: options)
    guard let port = UInt16(exactly: port) else {
      throw SocketError(.bind, nil, .invalidArgument("a port is from 0 to 65535, not \(port)"))
    }
    try bind(address.map { .endpoint(Endpoint($0, port)) } ?? .port(port))
  }

  deinit {
    if let handle = state.withLock({ $0.handle }) { stack.core.close(handle) }
  }

  // MARK: Questions

  /// Whether the socket is or was bound.
  public var isBound: Bool { state.withLock { $0.local != nil } }
  public var isClosed: Bool { state.withLock { $0.isClosed } }
  /// Whether the socket is connected, or was when it was closed.
  public var isConnected: Bool { state.withLock { $0.remote != nil } }
  /// Address and port of this end, also after closing; nil before the socket is bound. The address is unspecified while the socket is bound to all and
  /// not connected.
  public var localEndpoint: Endpoint? { state.withLock { $0.local } }
  /// The port of this end; nil before the socket is bound.
  public var localPort: UInt16? { localEndpoint?.port }
  /// The address of this end; nil before the socket is bound.
  public var localAddress: IPAddress? { localEndpoint?.address }
  /// The endpoint that the socket is connected to, also after closing; nil if there is none.
  public var remoteEndpoint: Endpoint? { state.withLock { $0.remote } }
  /// The port that the socket is connected to; nil if there is none.
  public var remotePort: UInt16? { remoteEndpoint?.port }
  /// The address that the socket is connected to; nil if there is none.
  public var remoteAddress: IPAddress? { remoteEndpoint?.address }

  // MARK: Ends

  /// Gives the socket its local address and port.
  ///
  /// - Parameter local: nil stands for every address of both families and a port of the stack's choice, and so does port 0 for the port.
  public func bind(to local: Endpoint?) throws(SocketError) {
    try bind(local.map { .endpoint($0) } ?? .port(0))
  }

  private func bind(_ binding: DatagramBinding) throws(SocketError) {
    try state.withLock { state throws(SocketError) in
      try state.checkOpen(.bind)
      if state.handle != nil { throw SocketError(.bind, state.local, .alreadyBound) }
      _ = try state.bind(to: binding, .bind, on: stack)
    }
  }

  /// Makes `remote` the only endpoint that the socket hears and sends to, and errors that the network reports about it the errors of later calls. Asks nobody and
  /// sends nothing. Datagrams that wait to be read are lost. A connected socket can be connected elsewhere.
  public func connect(to remote: Endpoint) throws(SocketError) {
    try state.withLock { state throws(SocketError) in
      let handle = try state.bind(to: .port(0), .connect, on: stack)
      do throws(HostError) {
        state.local = try stack.core.connect(handle, to: remote)
        state.remote = remote
      } catch {
        throw SocketError(.connect, remote, from: error)
      }
    }
  }

  /// Makes the socket hear everybody again. Nothing happens if it is not connected or closed.
  public func disconnect() {
    state.withLock { state in
      guard let handle = state.handle, state.remote != nil else { return }
      state.remote = nil
      // The handle is this socket's own: it is there until the socket is closed, and to hear everybody needs no route.
      state.local = (try? stack.core.connect(handle, to: nil)) ?? state.bound
    }
  }

  /// Closes the socket: calls that other threads are blocked in end with ``SocketError/Reason/closed``, the port is free, what was not read is lost.
  /// May be called twice.
  public func close() {
    let handle = state.withLock { state in
      state.isClosed = true
      defer { state.handle = nil }
      return state.handle
    }
    if let handle { stack.core.close(handle) }
  }
}

extension DatagramSocket: CustomStringConvertible {
  public var description: String {
    let (local, remote) = state.withLock { ($0.local, $0.remote) }
    guard let local else { return "DatagramSocket[unbound]" }
    return remote.map { "DatagramSocket[\(local) to \($0)]" } ?? "DatagramSocket[\(local)]"
  }
}
