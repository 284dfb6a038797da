import MartinetRuntime
import MartinetStack
import MartinetWire
import Synchronization

/// Sends and receives UDP datagrams, for async code: a task that waits for one holds no thread.
///
/// A task that is cancelled while it waits closes the socket, as the interruption of a thread does in java.net, and hears
/// ``SocketError/Reason/interrupted``.
public final class UDPSocket: Sendable {
  private let socket: DatagramSocket

  /// A socket that is bound.
  ///
  /// - Parameters:
  ///   - port: 0 to 65535; 0 leaves the choice to the stack.
  ///   - address: nil for every address of both families.
  public init(
    port: Int = 0, address: IPAddress? = nil, on stack: NetworkStack,
    options: DatagramSocketOptions = DatagramSocketOptions()
  ) throws(SocketError) {
    socket = try DatagramSocket(port: port, address: address, on: stack, options: options)
  }

  /// Address and port of this end, also after closing.
  public var localEndpoint: Endpoint? { socket.localEndpoint }
  /// The endpoint that the socket is connected to; nil if there is none.
  public var remoteEndpoint: Endpoint? { socket.remoteEndpoint }
  public var isClosed: Bool { socket.isClosed }

  /// As ``DatagramSocket/connect(to:)``.
  public func connect(to remote: Endpoint) throws(SocketError) { try socket.connect(to: remote) }
  /// As ``DatagramSocket/disconnect()``.
  public func disconnect() { socket.disconnect() }
  /// As ``DatagramSocket/send(_:to:)``: it never waits.
  public func send(_ bytes: [UInt8], to remote: Endpoint) throws(SocketError) { try socket.send(bytes, to: remote) }
  /// As ``DatagramSocket/send(_:)``: it never waits.
  public func send(_ bytes: [UInt8]) throws(SocketError) { try socket.send(bytes) }
  /// As ``DatagramSocket/takeNetworkError()``.
  public func takeNetworkError() -> DatagramError? { socket.takeNetworkError() }
  /// Closes the socket; tasks that wait for a datagram end with ``SocketError/Reason/closed``.
  public func close() { socket.close() }

  /// All options at once.
  public var options: DatagramSocketOptions { get throws(SocketError) { try socket.options } }
  /// Sets all options at once: see ``DatagramSocket/setOptions(_:)``.
  public func setOptions(_ options: DatagramSocketOptions) throws(SocketError) {
    try socket.setOptions(options)
  }

  /// Takes the datagram that has waited longest; waits until there is one, at most for ``DatagramSocketOptions/readTimeout``.
  ///
  /// - Parameter limit: the octets to take; what a datagram has beyond them is lost, and ``Datagram/length`` tells.
  /// - Throws: as ``DatagramSocket/receive(upTo:)``; the socket stays usable after ``SocketError/Reason/timedOut(_:)``.
  public func receive(upTo limit: Int = DatagramSocket.largestDatagram) async throws(SocketError) -> Datagram {
    guard limit >= 0 else { throw SocketError(.receive, nil, .invalidArgument("a limit is not negative")) }
    let call = try socket.beginReceiving()
    _ = try socket.stack.admit(.receive, call.local)
    let capacity = min(limit, DatagramSocket.largestDatagram)
    return try await socket.stack.core.suspend(DatagramReceive(call: call, capacity: capacity))
  }

  /// The datagrams that arrive, one after the other, until the socket is closed.
  public var datagrams: Datagrams { Datagrams(socket: self) }

  /// The datagrams of a socket; ends when the socket is closed, and fails with what the network reports.
  public struct Datagrams: AsyncSequence, Sendable {
    public typealias Element = Datagram
    public typealias Failure = SocketError
    let socket: UDPSocket

    public func makeAsyncIterator() -> Iterator { Iterator(socket: socket) }

    public struct Iterator: AsyncIteratorProtocol {
      let socket: UDPSocket

      public mutating func next() async throws -> Datagram? {
        try await next(isolation: nil)
      }

      public mutating func next(isolation actor: isolated (any Actor)?) async throws(SocketError) -> Datagram? {
        do throws(SocketError) {
          return try await socket.receive()
        } catch {
          if error.reason == .closed { return nil }
          throw error
        }
      }
    }
  }
}
