import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

// What goes out of a UDP socket and what comes in.
extension DatagramSocket {
  /// The most octets that a datagram has: the length field of UDP has 16 bits (RFC 768).
  public static let largestDatagram = 65535 - UDPHeader.encodedLength

  // MARK: Sending

  /// Sends a datagram to `remote`. Does not block: what the link can't take is lost, as UDP may lose anything.
  ///
  /// - Throws: ``SocketError/Reason/invalidArgument(_:)`` if it is too long, or if the socket is connected to somebody else;
  ///   ``SocketError/Reason/noRoute``; what the network reported, if the socket is connected.
  public func send(_ bytes: UnsafeRawBufferPointer, to remote: Endpoint) throws(SocketError) {
    try send(bytes, towards: remote)
  }

  /// Sends a datagram to the endpoint that the socket is connected to.
  /// - Throws: as ``send(_:to:)``, and ``SocketError/Reason/notConnected``.
  public func send(_ bytes: UnsafeRawBufferPointer) throws(SocketError) {
    try send(bytes, towards: nil)
  }

  /// Sends a datagram to `remote`: see ``send(_:to:)``.
  public func send(_ bytes: [UInt8], to remote: Endpoint) throws(SocketError) {
    try bytes.span.bytes.withUnsafeBytes { bytes throws(SocketError) in try send(bytes, towards: remote) }
  }

  /// Sends a datagram to the endpoint that the socket is connected to: see ``send(_:)``.
  public func send(_ bytes: [UInt8]) throws(SocketError) {
    try bytes.span.bytes.withUnsafeBytes { bytes throws(SocketError) in try send(bytes, towards: nil) }
  }

  private func send(_ bytes: UnsafeRawBufferPointer, towards remote: Endpoint?) throws(SocketError) {
    let (handle, connected, options) = try state.withLock { state throws(SocketError) in
      let handle = try state.bind(to: .port(0), .send, on: stack)
      return (handle, state.remote, state.options)
    }
    if let connected {
      if let remote, remote != connected {
        throw SocketError(.send, remote, .invalidArgument("the socket is connected to \(connected)"))
      }
      if let error = stack.core.pollError(of: handle), options.isTold(of: error) {
        throw SocketError(.send, error.remote, .unreachable(error.cause))
      }
    }
    do throws(HostError) {
      try stack.core.send(bytes, to: remote, from: handle)
    } catch {
      throw SocketError(.send, remote ?? connected, from: error)
    }
  }

  // MARK: Receiving

  /// Takes the datagram that has waited longest; blocks until there is one, at most for ``readTimeout``.
  ///
  /// - Parameter limit: the octets to take; what a datagram has beyond them is lost, and ``Datagram/length`` tells.
  /// - Throws: ``SocketError/Reason/timedOut(_:)``; ``SocketError/Reason/unreachable(_:)`` if the socket is connected and the network reported that the other end can't be
  ///   reached: of kind ``SocketError/Kind/portUnreachable`` if nobody listens there.
  public func receive(upTo limit: Int = DatagramSocket.largestDatagram) throws(SocketError) -> Datagram {
    guard limit >= 0 else { throw SocketError(.receive, nil, .invalidArgument("a limit is not negative")) }
    let capacity = min(limit, DatagramSocket.largestDatagram)
    return try withTemporaryBytes(capacity) { room throws(SocketError) in
      let received = try receive(into: room)
      return Datagram([UInt8](room.prefix(received.count)), received)
    }
  }

  /// Copies the datagram that has waited longest into `target`: see ``receive(upTo:)``.
  public func receive(into target: UnsafeMutableRawBufferPointer) throws(SocketError) -> ReceivedDatagram {
    let call = try beginReceiving()
    let waiter = try stack.admit(.receive, call.local)
    return try stack.core.block(waiter, BufferReceive(call: call, target: target))
  }

  func beginReceiving() throws(SocketError) -> ReceiveCall {
    let (handle, local, timeout) = try state.withLock { state throws(SocketError) in
      (try state.bind(to: .port(0), .receive, on: stack), state.local, state.options.readTimeout)
    }
    let limit = timeout == .zero ? nil : timeout
    return ReceiveCall(
      socket: self, handle: handle, local: local, limit: limit, deadline: .deadline(after: limit, from: stack.core.now))
  }

  /// Takes what is there; nil: nothing, and `waiter` is registered.
  func receiveNow(
    into target: UnsafeMutableRawBufferPointer, from handle: DatagramHandle, otherwise waiter: Waiter?
  ) throws(SocketError) -> ReceivedDatagram? {
    while true {
      let (isConnected, options) = state.withLock { ($0.remote != nil, $0.options) }
      let arrival: DatagramArrival
      do throws(HostError) {
        arrival = try stack.core.receive(into: target, from: handle, takesErrors: isConnected, otherwise: waiter)
      } catch {
        throw SocketError(.receive, localEndpoint, from: error)
      }
      switch arrival {
      case .nothing: return nil
      case .datagram(let received): return received
      case .error(let error):
        if options.isTold(of: error) { throw SocketError(.receive, error.remote, .unreachable(error.cause)) }
      }
    }
  }

  /// The last error that the network reported for something that this socket sent; forgets it. The calls of a connected socket throw it; one that is not
  /// connected speaks with many, and asks here.
  public func takeNetworkError() -> DatagramError? {
    state.withLock { $0.handle }.flatMap { stack.core.pollError(of: $0) }
  }
}

extension DatagramSocketOptions {
  /// Whether an error is the program's business: that the path takes only smaller packets is not if they may be fragmented.
  func isTold(of error: DatagramError) -> Bool { dontFragment || !error.cause.isTooBig }
}

/// What all calls that receive a datagram have in common.
struct ReceiveCall {
  let socket: DatagramSocket
  let handle: DatagramHandle
  let local: Endpoint?
  let limit: Duration?
  let deadline: Instant

  func cancel(_ waiter: Waiter) -> Bool { socket.stack.core.cancel(waiter, on: handle) }

  func failure(_ outcome: WaitOutcome) -> SocketError {
    if outcome == .cancelled { socket.close() }
    return SocketError(.receive, local, from: outcome, limit: limit)
  }
}

/// A call that copies a datagram into a buffer.
struct BufferReceive: WaitingCall {
  let call: ReceiveCall
  let target: UnsafeMutableRawBufferPointer

  var deadline: Instant { call.deadline }
  var awaited: AwaitedPlace { .datagrams }

  func attempt(_ waiter: Waiter?) throws(SocketError) -> ReceivedDatagram? {
    try call.socket.receiveNow(into: target, from: call.handle, otherwise: waiter)
  }

  func cancel(_ waiter: Waiter) -> Bool { call.cancel(waiter) }
  func failure(_ outcome: WaitOutcome) -> SocketError { call.failure(outcome) }
}

/// A call that brings a datagram with its octets: one who waits holds no buffer.
struct DatagramReceive: WaitingCall {
  let call: ReceiveCall
  /// The most octets to take.
  let capacity: Int

  var deadline: Instant { call.deadline }
  var awaited: AwaitedPlace { .datagrams }

  func attempt(_ waiter: Waiter?) throws(SocketError) -> Datagram? {
    try withTemporaryBytes(capacity) { room throws(SocketError) in
      let received = try call.socket.receiveNow(into: room, from: call.handle, otherwise: waiter)
      return received.map { Datagram([UInt8](room.prefix($0.count)), $0) }
    }
  }

  func cancel(_ waiter: Waiter) -> Bool { call.cancel(waiter) }
  func failure(_ outcome: WaitOutcome) -> SocketError { call.failure(outcome) }
}

/// Runs `body` with room for `count` octets that does not outlive it.
func withTemporaryBytes<Result, Failure: Error>(
  _ count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
) throws(Failure) -> Result {
  let room = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
  defer { room.deallocate() }
  return try body(room)
}
