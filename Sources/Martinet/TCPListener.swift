import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

/// Waits for connections, with calls that suspend the calling task and hold no thread.
///
/// Several tasks may accept at once: each connection goes to one of them, in the order in which the handshakes were completed.
/// A listener that nobody holds any more is closed.
public final class TCPListener: ListeningSocket {
  public let core: ListenerCore

  /// A listener on a port.
  ///
  /// - Parameters:
  ///   - port: 0 to 65535; 0 leaves the choice to the stack.
  ///   - backlog: how many connections may wait to be accepted; zero and less stand for ``ServerSocket/defaultBacklog``.
  ///   - address: where to listen; nil for every address of both families.
  ///   - options: what accepted streams begin with; see ``SocketOptions/asyncDefaults``.
  public init(
    port: Int, backlog: Int = ServerSocket.defaultBacklog, address: IPAddress? = nil, on stack: NetworkStack,
    options: SocketOptions = .asyncDefaults
  ) throws(SocketError) {
    core = try ListenerCore(on: stack, options: options)
    try core.listen(port: port, address: address, backlog: backlog)
  }

  /// Takes the connection that has waited longest; waits until there is one, at most for ``ListeningSocket/acceptTimeout``.
  /// - Throws: ``SocketError/Reason/interrupted`` if the task is cancelled; the listener stays open.
  public func accept() async throws(SocketError) -> TCPStream {
    TCPStream(try await core.accept())
  }

  /// The connections as they come. Ends when the listener is closed.
  public var connections: TCPConnections { TCPConnections(listener: self) }
}

/// The connections that a listener accepts.
public struct TCPConnections: AsyncSequence, Sendable {
  public typealias Element = TCPStream
  public typealias Failure = SocketError

  let listener: TCPListener

  public struct AsyncIterator: AsyncIteratorProtocol {
    let listener: TCPListener

    public mutating func next() async throws(SocketError) -> TCPStream? {
      do throws(SocketError) {
        return try await listener.accept()
      } catch {
        if error.reason == .closed { return nil }
        throw error
      }
    }

    public mutating func next(isolation actor: isolated (any Actor)?) async throws(SocketError) -> TCPStream? {
      try await next()
    }
  }

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(listener: listener)
  }
}
