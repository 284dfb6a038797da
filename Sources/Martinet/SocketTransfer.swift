import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

// What reading and writing are, whoever waits.
extension SocketCore {
  /// The most octets that are handed to the stack in one turn: a longer turn would keep the others waiting.
  static let largestPiece = 65536
  /// The most octets that are read in one turn.
  static let largestRead = 1 << 18

  /// Begins a read; nil at the end of the stream.
  ///
  /// - Parameter limit: how long it may wait; nil as long as the option says.
  func beginReading(within limit: Duration? = nil) throws(SocketError) -> ReadCall? {
    let (call, timeout) = try state.withLock { state throws(SocketError) -> (ReadCall?, Duration?) in
      if state.isInputShutDown || state.hasSeenEnd { return (nil, nil) }
      let handle = try state.connection(.read)
      return (ReadCall(core: self, handle: handle, remote: state.remote), state.options.readTimeout)
    }
    guard var call else { return nil }
    try checkInterruption(.read, call.remote)
    if let limit = limit ?? (timeout == .zero ? nil : timeout) {
      call.limit = limit
      call.deadline = .deadline(after: limit, from: stack.core.now)
    }
    return call
  }

  /// Begins a write.
  func beginWriting() throws(SocketError) -> WriteCall {
    let call = try state.withLock { state throws(SocketError) in
      let handle = try state.connection(.write)
      if state.isOutputShutDown { throw SocketError(.write, state.remote, .outputIsShutDown) }
      return WriteCall(core: self, handle: handle, remote: state.remote)
    }
    try checkInterruption(.write, call.remote)
    return call
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
}

/// One read.
struct ReadCall {
  let core: SocketCore
  let handle: ConnectionHandle
  let remote: Endpoint?
  var limit: Duration?
  var deadline = Instant.never

  /// Reads what is there, if there is something.
  func attempt(into target: UnsafeMutableRawBufferPointer, _ waiter: Waiter?) throws(SocketError) -> Received? {
    let room = UnsafeMutableRawBufferPointer(rebasing: target.prefix(SocketCore.largestRead))
    do throws(HostError) {
      let received = try core.stack.core.receive(into: room, from: handle, otherwise: waiter)
      return received == .nothingYet ? nil : received
    } catch {
      return try afterFailure(error)
    }
  }

  /// Reads what is there, if there is something, into an array of just that size.
  func attempt(upTo limit: Int, _ waiter: Waiter?) throws(SocketError) -> ([UInt8], Received)? {
    do throws(HostError) {
      let limit = min(limit, SocketCore.largestRead)
      let (bytes, received) = try core.stack.core.receive(upTo: limit, from: handle, otherwise: waiter)
      return received == .nothingYet ? nil : (bytes, received)
    } catch {
      return ([], try afterFailure(error))
    }
  }

  func cancel(_ waiter: Waiter) -> Bool {
    core.stack.core.cancel(waiter, of: .input, on: handle)
  }

  /// The number of octets that were read; nil at the end of the stream.
  func conclude(_ blocked: Blocked<Received>) throws(SocketError) -> Int? {
    try count(in: result(of: blocked))
  }

  /// The octets that were read; nil at the end of the stream.
  func conclude(_ blocked: Blocked<([UInt8], Received)>) throws(SocketError) -> [UInt8]? {
    let (bytes, received) = try result(of: blocked)
    return count(in: received).map { _ in bytes }
  }

  private func result<Result>(of blocked: Blocked<Result>) throws(SocketError) -> Result {
    if case .cancelled = blocked { core.interrupt() }
    return try blocked.result(of: .read, remote, limit: limit)
  }

  private func count(in received: Received) -> Int? {
    if case .bytes(let count) = received { return count }
    core.state.withLock { $0.hasSeenEnd = true }
    return nil
  }

  /// A read that found the connection gone or its input shut down: the end of the stream, or an error.
  private func afterFailure(_ error: HostError) throws(SocketError) -> Received {
    let (isShutDown, isClosed) = core.state.withLock { ($0.isInputShutDown && !$0.isClosed, $0.isClosed) }
    if isClosed { throw core.closedError(.read, remote) }
    if isShutDown || error == .call(.closing) { return .endOfStream }
    throw SocketError(.read, remote, from: error)
  }
}

/// One write.
struct WriteCall {
  let core: SocketCore
  let handle: ConnectionHandle
  let remote: Endpoint?

  /// Writes the beginning of `piece` if there is room for at least one octet; returns how many were written.
  func attempt(
    _ piece: UnsafeRawBufferPointer, urgent: Bool = false, _ waiter: Waiter?
  ) throws(SocketError) -> Int? {
    do throws(HostError) {
      let piece = UnsafeRawBufferPointer(rebasing: piece.prefix(SocketCore.largestPiece))
      let count = try core.stack.core.send(piece, urgent: urgent, on: handle, otherwise: waiter)
      return count == 0 ? nil : count
    } catch {
      if core.isClosed { throw core.closedError(.write, remote) }
      throw SocketError(.write, remote, from: error)
    }
  }

  func cancel(_ waiter: Waiter) -> Bool {
    core.stack.core.cancel(waiter, of: .output, on: handle)
  }

  @discardableResult
  func conclude<Result>(_ blocked: Blocked<Result>) throws(SocketError) -> Result {
    if case .cancelled = blocked { core.interrupt() }
    return try blocked.result(of: .write, remote)
  }

  /// Sends one octet of urgent data, now or never.
  func sendUrgent(_ octet: UInt8) throws(SocketError) {
    let accepted = try withUnsafeBytes(of: octet) { bytes throws(SocketError) in
      try attempt(bytes, urgent: true, nil)
    }
    if accepted == nil { throw SocketError(.write, remote, .noBufferSpace) }
  }
}

extension SocketError {
  /// The error of a call that had transferred `count` octets.
  func afterTransfer(of count: Int) -> SocketError {
    var error = self
    error.bytesTransferred = count
    return error
  }
}
