import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

/// One end of a TCP connection, with calls that suspend the calling task and hold no thread.
///
/// A stream may be used by several tasks at once: one that reads and one that writes never wait for each other. When a task is
/// cancelled while it connects, reads or writes, its call ends with ``SocketError/Reason/interrupted`` and the stream is closed. A
/// stream that nobody holds any more is closed.
public final class TCPStream: StreamSocket {
  public let core: SocketCore

  init(_ core: SocketCore) {
    self.core = core
  }

  /// A stream that is connected to `remote`.
  ///
  /// - Parameters:
  ///   - local: the address and port of this end; nil and port 0 leave the choice to the stack.
  ///   - options: see ``SocketOptions/asyncDefaults`` for what async streams begin with.
  ///   - timeout: how long to try; nil (and zero) as long as the stack does, three minutes by default.
  ///   - bytes: the first octets to write; as in ``Socket/connect(to:timeout:sending:)``.
  public static func connect(
    to remote: Endpoint, from local: Endpoint? = nil, on stack: NetworkStack, options: SocketOptions = .asyncDefaults,
    timeout: Duration? = nil, sending bytes: [UInt8] = []
  ) async throws(SocketError) -> TCPStream {
    let core = try SocketCore(on: stack, options: options)
    if let local { try core.bind(to: local) }
    try await core.connect(to: remote, timeout: timeout, sending: bytes)
    return TCPStream(core)
  }

  /// A stream that is connected to `host`: as ``Socket/init(host:port:from:on:options:timeout:racing:)``, with attempts to several addresses beside
  /// each other.
  ///
  /// - Parameters:
  ///   - host: a name, or an address in text form; nil stands for this host's loopback address.
  ///   - port: 1 to 65535.
  ///   - local: the address and port of this end; nil and port 0 leave the choice to the stack.
  ///   - timeout: how long to try, the search for the addresses included; nil (and zero) as long as the stack does.
  ///   - racing: how attempts follow each other.
  ///   - bytes: the first octets to write; as in ``Socket/connect(host:port:timeout:racing:sending:)``.
  public static func connect(
    host: String?, port: Int, from local: Endpoint? = nil, on stack: NetworkStack,
    options: SocketOptions = .asyncDefaults, timeout: Duration? = nil, racing: HappyEyeballs = HappyEyeballs(),
    sending bytes: [UInt8] = []
  ) async throws(SocketError) -> TCPStream {
    let core = try SocketCore(on: stack, options: options)
    if let local { try core.bind(to: local) }
    try await core.connect(host: host, port: port, timeout: timeout, racing: racing, sending: bytes)
    return TCPStream(core)
  }

  // MARK: Input

  /// Reads what is there, at least one octet and at most `limit`, and waits until there is one. Nil at the end of the stream, and at each
  /// later call. Memory is taken only when octets have come.
  /// - Throws: ``SocketError/Reason/timedOut(_:)`` after ``SocketOptions/readTimeout``; the stream stays usable.
  public func read(upTo limit: Int = 65536) async throws(SocketError) -> [UInt8]? {
    try await core.read(upTo: limit)
  }

  /// Reads what is there, at least one octet and at most as many as `target` has room for, and waits until there is one.
  /// Returns the number of octets; nil at the end of the stream, and at each later call.
  public func read(into target: UnsafeMutableRawBufferPointer) async throws(SocketError) -> Int? {
    try await core.read(into: target)
  }

  /// Lends what is there to `body` instead of copying it, at least one octet and at most `limit`, and waits until there is one: see
  /// ``SocketInputStream/read(upTo:within:lending:)``.
  public func read(upTo limit: Int, lending body: (RawSpan) -> Void) async throws(SocketError) -> Int? {
    try await core.read(upTo: limit, lending: body)
  }

  // MARK: Output

  /// Writes all of `bytes`; waits until the send buffer has taken the last. Other tasks' octets do not come between them.
  public func write(_ bytes: RawSpan) async throws(SocketError) {
    try await core.write(bytes)
  }

  /// Writes all of `bytes`; waits until the send buffer has taken the last. Other tasks' octets do not come between them.
  public func write(_ bytes: [UInt8]) async throws(SocketError) {
    try await core.write(bytes.span.bytes)
  }

  /// Writes all of `bytes`; waits until the send buffer has taken the last. Other tasks' octets do not come between them.
  public func write(_ bytes: some Sequence<UInt8>) async throws(SocketError) {
    try await write(Array(bytes))
  }

  /// Writes all of `buffers`, one behind the other, as if they lay in one piece: no small segment leaves where one ends. Other tasks' octets do not come
  /// between them.
  public func write(contentsOf buffers: [[UInt8]]) async throws(SocketError) {
    try await core.write(ScatteredArrays(arrays: buffers))
  }

  /// Lends room in the send buffer to `body` and sends what it puts there; waits until there is room for at least one octet: see
  /// ``SocketOutputStream/write(upTo:lending:)``.
  public func write(upTo limit: Int, lending body: (inout OutputRawSpan) -> Void) async throws(SocketError) -> Int {
    try await core.write(upTo: limit, lending: body)
  }

  /// Sends one octet of urgent data; see ``Socket/sendUrgentData(_:)``.
  public func sendUrgentData(_ octet: UInt8) async throws(SocketError) {
    try await core.sendUrgentData(octet)
  }

  // MARK: The rest

  /// What there is to know of the connection before it is too late; see ``Socket/nextWarning(within:)``. Cancelling a task that waits here
  /// leaves the stream open.
  public func nextWarning(within limit: Duration? = nil) async throws(SocketError) -> ConnectionWarning? {
    try await core.nextWarning(within: limit)
  }

  /// Closes the stream: what was written is still delivered, but unread data make it a reset. Calls that other tasks wait in end with
  /// ``SocketError/Reason/closed``. May be called twice.
  ///
  /// Unlike ``Socket/close()`` this waits for nothing: with a ``SocketOptions/linger`` time the stack resets the connection by itself if its last octets are not
  /// acknowledged by then.
  public func close() {
    core.closeInBackground()
  }
}
