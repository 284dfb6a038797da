import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// What blocking and async listeners have in common: their options, what they tell about themselves, and how they end.
public protocol ListeningSocket: Sendable {
  /// What the listener stands on.
  var core: ListenerCore { get }
}

extension ListeningSocket {
  /// The stack that the socket belongs to.
  public var stack: NetworkStack { core.stack }

  /// Whether the socket listens or did.
  public var isBound: Bool { core.state.withLock { $0.local != nil } }
  public var isClosed: Bool { core.state.withLock { $0.isClosed } }
  /// Where the socket listens, also after closing; nil before it is bound.
  public var localEndpoint: Endpoint? { core.state.withLock { $0.local } }
  /// The port, also after closing; nil before the socket is bound.
  public var localPort: UInt16? { localEndpoint?.port }
  /// The address, also after closing; nil before the socket is bound, unspecified if it listens on all.
  public var localAddress: IPAddress? { localEndpoint?.address }

  /// How long ``ServerSocket/accept()`` or ``TCPListener/accept()`` may wait; nil for ever.
  public var acceptTimeout: Duration? {
    get throws(SocketError) {
      try core.state.withLock { state throws(SocketError) in try state.open(.getOption).timeout }
    }
  }

  /// Sets how long later calls that accept may wait: nil (and zero, as in java.net) for ever; not negative.
  public func setAcceptTimeout(_ timeout: Duration?) throws(SocketError) {
    try core.state.withLock { state throws(SocketError) in
      _ = try state.open(.setOption)
      if let timeout, timeout < .zero {
        throw SocketError(.setOption, state.local, .invalidArgument("a timeout is not negative"))
      }
      state.timeout = timeout == .zero ? nil : timeout
    }
  }

  /// What accepted sockets begin with.
  public var options: SocketOptions {
    get throws(SocketError) {
      try core.state.withLock { state throws(SocketError) in try state.open(.getOption).options.value }
    }
  }

  /// Whether a SYN that finds the backlog full is answered with RST, so that the client is refused at once. If not, it is dropped, and the client tries again
  /// for a while. Nil: as the host's configuration has it, which is to drop.
  public var refusesWhenFull: Bool? {
    get throws(SocketError) {
      try core.state.withLock { state throws(SocketError) in try state.open(.getOption).refusesWhenFull }
    }
  }

  /// Sets what becomes of a SYN that finds the backlog full, before or while the socket listens.
  public func setRefusesWhenFull(_ on: Bool) throws(SocketError) {
    try core.state.withLock { state throws(SocketError) in
      let listener = try state.open(.setOption).listener
      state.refusesWhenFull = on
      guard let listener else { return }
      do throws(HostError) {
        try core.stack.core.setRefusesWhenFull(on, of: listener)
      } catch {
        throw SocketError(.setOption, state.local, from: error)
      }
    }
  }

  /// Ends listening: calls that wait for a connection end with ``SocketError/Reason/closed``, connections that wait are reset, accepted ones
  /// live on, the port is free. May be called twice.
  public func close() {
    core.close()
  }
}
