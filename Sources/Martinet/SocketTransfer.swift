import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

// What the streams of a socket do.
extension Socket {
  /// The most octets that are handed to the stack in one turn: a longer turn would keep the others waiting.
  private static let largestPiece = 65536
  /// The most octets that are read in one turn.
  private static let largestRead = 1 << 18

  /// What a read finds before it looks at the connection.
  private enum ReadStart {
    case end
    case from(ConnectionHandle, Endpoint?, timeout: Duration?)
  }

  private func startReading() throws(SocketError) -> ReadStart {
    try state.withLock { state throws(SocketError) in
      if state.isInputShutDown || state.hasSeenEnd { return .end }
      let timeout = state.options.readTimeout
      return .from(try state.connection(.read), state.remote, timeout: timeout == .zero ? nil : timeout)
    }
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(SocketError) -> Int? {
    guard case .from(let handle, let remote, let timeout) = try startReading() else { return nil }
    if target.isEmpty { return 0 }
    let waiter = try stack.admit(.read, remote)
    let core = stack.core
    let deadline = timeout == nil ? Instant.never : Instant.deadline(after: timeout, from: core.now)
    let room = UnsafeMutableRawBufferPointer(rebasing: target.prefix(Socket.largestRead))
    let blocked = try core.block(waiter, until: deadline) { waiter in
      core.cancel(waiter, of: .input, on: handle)
    } attempt: { waiter throws(SocketError) -> Received? in
      do throws(HostError) {
        let received = try core.receive(into: room, from: handle, otherwise: waiter)
        return received == .nothingYet ? nil : received
      } catch {
        return try afterFailedRead(error, remote)
      }
    }
    if case .bytes(let count) = try blocked.result(of: .read, remote, limit: timeout) { return count }
    state.withLock { $0.hasSeenEnd = true }
    return nil
  }

  /// A read that found the connection gone or its input shut down: the end of the stream, or an error.
  private func afterFailedRead(_ error: HostError, _ remote: Endpoint?) throws(SocketError) -> Received {
    let (isShutDown, isClosed) = state.withLock { ($0.isInputShutDown && !$0.isClosed, $0.isClosed) }
    if isClosed { throw SocketError(.read, remote, .closed) }
    if isShutDown || error == .call(.closing) { return .endOfStream }
    throw SocketError(.read, remote, from: error)
  }

  var available: Int {
    get throws(SocketError) {
      let handle = try state.withLock { state throws(SocketError) in
        let handle = try state.connection(.read)
        return state.isInputShutDown ? nil : handle
      }
      guard let handle, let status = stack.core.status(of: handle) else { return 0 }
      if case .reset = status.endReason { return 0 }
      return status.unreadBytes
    }
  }

  /// Sends one octet of urgent data, in its place behind what was written before (RFC 9293 section 3.8.5).
  ///
  /// It does not wait for room: with a full send buffer the call fails with ``SocketError/Reason/noBufferSpace``. A receiver gets the octet out of the stream
  /// and discards it, unless it has ``SocketOptions/urgentInline`` set. RFC 6093 advises new
  /// programs against urgent data.
  public func sendUrgentData(_ octet: UInt8) throws(SocketError) {
    let (handle, remote) = try startWriting()
    let waiter = try stack.admit(.write, remote)
    try stack.core.enter(writers, waiter).result(of: .write, remote)
    defer { writers.leave() }
    let accepted = try withUnsafeBytes(of: octet) { bytes throws(SocketError) in
      try writeNow(bytes, urgent: true, on: handle, remote, otherwise: nil)
    }
    if accepted == nil { throw SocketError(.write, remote, .noBufferSpace) }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(SocketError) {
    let (handle, remote) = try startWriting()
    if bytes.isEmpty { return }
    let waiter = try stack.admit(.write, remote)
    try stack.core.enter(writers, waiter).result(of: .write, remote)
    defer { writers.leave() }
    var position = 0
    while position < bytes.count {
      let end = min(bytes.count, position + Socket.largestPiece)
      let piece = UnsafeRawBufferPointer(rebasing: bytes[position..<end])
      do throws(SocketError) {
        position += try writePiece(piece, on: handle, remote, waiter)
      } catch {
        var failure = error
        failure.bytesTransferred = position
        throw failure
      }
    }
  }

  private func startWriting() throws(SocketError) -> (ConnectionHandle, Endpoint?) {
    try state.withLock { state throws(SocketError) in
      let handle = try state.connection(.write)
      if state.isOutputShutDown { throw SocketError(.write, state.remote, .outputIsShutDown) }
      return (handle, state.remote)
    }
  }

  /// Writes the beginning of `piece`: at least one octet.
  private func writePiece(
    _ piece: UnsafeRawBufferPointer, on handle: ConnectionHandle, _ remote: Endpoint?, _ waiter: ThreadWaiter
  ) throws(SocketError) -> Int {
    let core = stack.core
    let blocked = try core.block(waiter, until: .never) { waiter in
      core.cancel(waiter, of: .output, on: handle)
    } attempt: { waiter throws(SocketError) -> Int? in
      try writeNow(piece, urgent: false, on: handle, remote, otherwise: waiter)
    }
    return try blocked.result(of: .write, remote)
  }

  /// Writes the beginning of `piece` if there is room for at least one octet.
  private func writeNow(
    _ piece: UnsafeRawBufferPointer, urgent: Bool, on handle: ConnectionHandle, _ remote: Endpoint?,
    otherwise waiter: ThreadWaiter?
  ) throws(SocketError) -> Int? {
    do throws(HostError) {
      let count = try stack.core.send(piece, urgent: urgent, on: handle, otherwise: waiter)
      return count == 0 ? nil : count
    } catch {
      if isClosed { throw SocketError(.write, remote, .closed) }
      throw SocketError(.write, remote, from: error)
    }
  }
}
