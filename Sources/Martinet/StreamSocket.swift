import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// What blocking sockets and async streams have in common: their options, what they tell about themselves, and how they end.
public protocol StreamSocket: Sendable, CustomStringConvertible {
  /// What the socket stands on.
  var core: SocketCore { get }
}

extension StreamSocket {
  /// The stack that the socket belongs to.
  public var stack: NetworkStack { core.stack }

  /// Whether the socket is or was connected.
  public var isConnected: Bool { core.state.withLock { $0.wasConnected } }
  /// Whether the socket has or had a local address and port.
  public var isBound: Bool { core.state.withLock { $0.local != nil } }
  public var isClosed: Bool { core.isClosed }
  public var isInputShutdown: Bool { core.state.withLock { $0.isInputShutDown } }
  public var isOutputShutdown: Bool { core.state.withLock { $0.isOutputShutDown } }

  /// Address and port of this end, also after closing; nil before the socket is bound.
  public var localEndpoint: Endpoint? { core.state.withLock { $0.local } }
  /// Address and port of the other end, also after closing; nil before the socket is connected.
  public var remoteEndpoint: Endpoint? { core.state.withLock { $0.wasConnected ? $0.remote : nil } }
  /// The port of this end; nil before the socket is bound.
  public var localPort: UInt16? { localEndpoint?.port }
  /// The port of the other end; nil before the socket is connected.
  public var remotePort: UInt16? { remoteEndpoint?.port }
  /// The address of the other end; nil before the socket is connected.
  public var remoteAddress: IPAddress? { remoteEndpoint?.address }
  /// The address of this end; the unspecified address before the socket is bound and after it is closed.
  public var localAddress: IPAddress {
    core.state.withLock { $0.isClosed ? nil : $0.local?.address } ?? .v4(.any)
  }

  /// A snapshot of the connection; nil before the socket is connected and after it is closed.
  public var status: ConnectionStatus? {
    core.state.withLock { $0.stage }.handle.flatMap { stack.core.status(of: $0) }
  }

  /// The octets that can be read without waiting.
  public var available: Int {
    get throws(SocketError) { try core.available }
  }

  // MARK: The end

  /// Ends the output: the peer reads the end of the stream after everything that was written. Input goes on.
  public func shutdownOutput() throws(SocketError) {
    try core.shutdownOutput()
  }

  /// Ends the input: reads, waiting ones too, say the end of the stream; what still arrives is acknowledged and discarded. The
  /// peer is told nothing.
  public func shutdownInput() throws(SocketError) {
    try core.shutdownInput()
  }

  /// Closes the socket and resets its connection: the peer learns that something went wrong. May be called twice.
  public func abort() {
    core.abort()
  }

  public var description: String {
    let type = "\(Self.self)"
    return core.state.withLock { state in
      guard state.wasConnected, let remote = state.remote, let local = state.local else {
        return "\(type)[unconnected]"
      }
      return "\(type)[\(local) to \(remote)]"
    }
  }
}
