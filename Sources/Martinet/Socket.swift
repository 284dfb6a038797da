import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

/// One end of a TCP connection, with calls that block the calling thread, in the manner of java.net.Socket.
///
/// A socket may be used by several threads at once: one that reads and one that writes never wait for each other, and ``close()`` ends
/// the calls of all others. A socket that nobody holds any more is closed.
public final class Socket: StreamSocket {
  public let core: SocketCore

  /// A socket that is neither bound nor connected.
  /// - Throws: ``SocketError/Reason/invalidArgument(_:)`` for an option out of its bounds.
  public init(on stack: NetworkStack, options: SocketOptions = SocketOptions()) throws(SocketError) {
    core = try SocketCore(on: stack, options: options)
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
    try self.init(on: stack, options: options)
    do throws(SocketError) {
      if let local { try bind(to: local) }
      try connect(host: host, port: port, timeout: timeout, racing: racing)
    } catch {
      close()
      throw error
    }
  }

  /// The socket of a connection that a listener accepted.
  init(accepted core: SocketCore) {
    self.core = core
  }

  /// Gives the socket its local address and port.
  ///
  /// - Parameter local: nil, the unspecified address and port 0 leave the choice to the stack; a port that is left is chosen at once, an address
  ///   when the socket is connected.
  public func bind(to local: Endpoint?) throws(SocketError) {
    try core.bind(to: local)
  }

  /// Connects to `remote`; blocks until the handshake is complete. A socket that could not be connected is closed. The unspecified
  /// address stands for this host's loopback address.
  ///
  /// - Parameters:
  ///   - timeout: how long to try; nil (and zero) as long as the stack does, three minutes by default. Not negative.
  ///   - bytes: the first octets to write. With ``SocketOptions/fastOpen`` as many as fit go with the SYN, if the server gave this host a cookie
  ///     before (RFC 7413), and its program may get them twice; else they follow the handshake. Returns when all are written, as a write does.
  public func connect(
    to remote: Endpoint, timeout: Duration? = nil, sending bytes: [UInt8] = []
  ) throws(SocketError) {
    try core.connect(to: remote, timeout: timeout, sending: bytes)
  }

  /// Connects to `host`; blocks until the handshake is complete. A socket that could not be connected is closed. Closing it meanwhile ends the search for
  /// addresses and every attempt at once.
  ///
  /// - Parameters:
  ///   - host, port, racing: as in ``init(host:port:from:on:options:timeout:racing:)``; a socket that is bound makes one attempt.
  ///   - timeout: how long to try, the search for the addresses included; nil (and zero) as long as the stack does. Not negative.
  ///   - bytes: the first octets to write; as in ``connect(to:timeout:sending:)``. Of several attempts only the first takes them with its SYN.
  public func connect(
    host: String?, port: Int, timeout: Duration? = nil, racing: HappyEyeballs = HappyEyeballs(),
    sending bytes: [UInt8] = []
  ) throws(SocketError) {
    try core.connect(host: host, port: port, timeout: timeout, racing: racing, sending: bytes)
  }

  /// Closes the socket, now or as ``SocketOptions/linger`` says: what was written is still delivered, but unread data make it a reset.
  /// Calls that other threads are blocked in end with ``SocketError/Reason/closed``. May be called twice.
  ///
  /// In virtual time a thread that is not registered may close a socket, too; it does not linger.
  public func close() {
    core.close()
  }

  /// Sends one octet of urgent data, in its place behind what was written before (RFC 9293 section 3.8.5).
  ///
  /// It does not wait for room: with a full send buffer the call fails with ``SocketError/Reason/noBufferSpace``. A receiver gets the octet out of the stream
  /// and discards it, unless it has ``SocketOptions/urgentInline`` set. RFC 6093 advises new
  /// programs against urgent data.
  public func sendUrgentData(_ octet: UInt8) throws(SocketError) {
    try core.sendUrgentData(octet)
  }

  /// What there is to know of the connection before it is too late: retransmissions that go unanswered (R1), a keep-alive probe that does, an error that the
  /// network reported and that may pass. Blocks until there is something; nil once the connection is over or the socket closed. For a thread of
  /// its own beside those that read and write: it takes nothing from them.
  ///
  /// - Parameter limit: how long to wait; nil for ever.
  /// - Throws: ``SocketError/Reason/timedOut(_:)`` when the limit passes, ``SocketError/Reason/notConnected``.
  public func nextWarning(within limit: Duration? = nil) throws(SocketError) -> ConnectionWarning? {
    try core.nextWarning(within: limit)
  }
}
