import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

/// Waits for connections, with calls that block the calling thread, in the manner of java.net.ServerSocket.
///
/// Several threads may accept at once: each connection goes to one of them, in the order in which the handshakes were completed.
/// A port whose earlier connections are in TIME-WAIT can be listened on again; two listeners never share an address and port.
public final class ServerSocket: ListeningSocket {
  /// The backlog when none is given, or none above zero.
  public static let defaultBacklog = 50

  public let core: ListenerCore

  /// A socket that is not bound.
  ///
  /// - Parameter options: what accepted sockets begin with; the receive buffer size shapes the handshake.
  public init(on stack: NetworkStack, options: SocketOptions = SocketOptions()) throws(SocketError) {
    core = try ListenerCore(on: stack, options: options)
  }

  /// A socket that listens.
  ///
  /// - Parameters:
  ///   - port: 0 to 65535; 0 leaves the choice to the stack.
  ///   - backlog: how many connections may wait to be accepted; zero and less stand for ``defaultBacklog``. When so many wait, the SYN
  ///     of the next one is dropped, or refused: see ``ListeningSocket/refusesWhenFull``.
  ///   - address: where to listen; nil for every address of both families.
  public convenience init(
    port: Int, backlog: Int = ServerSocket.defaultBacklog, address: IPAddress? = nil, on stack: NetworkStack,
    options: SocketOptions = SocketOptions()
  ) throws(SocketError) {
    try self.init(on: stack, options: options)
    try core.listen(port: port, address: address, backlog: backlog)
  }

  /// Begins to listen.
  ///
  /// - Parameters:
  ///   - local: nil stands for every address of both families and a port of the stack's choice, and so does port 0 for the port.
  ///   - backlog: as in ``init(port:backlog:address:on:options:)``.
  public func bind(to local: Endpoint?, backlog: Int = ServerSocket.defaultBacklog) throws(SocketError) {
    try core.listen(local.map { .endpoint($0) } ?? .port(0), backlog: backlog)
  }

  /// Takes the connection that has waited longest; blocks until there is one, at most for ``ListeningSocket/acceptTimeout``.
  public func accept() throws(SocketError) -> Socket {
    Socket(accepted: try core.accept())
  }
}
