import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

// What reading and writing are, whoever waits.
extension SocketCore {
  /// The most octets that are handed to the stack, or read, in one turn: a longer turn would keep the others waiting, and a shorter one
  /// would cut the trains of a large write short.
  static let largestTurn = 1 << 18

  /// Begins a read; nil at the end of the stream.
  ///
  /// - Parameter limit: how long it may wait; nil as long as the option says.
  @inline(never)
  func beginReading(within limit: Duration? = nil) throws(SocketError) -> ReadCall? {
    let (call, timeout) = try state.withLock { state throws(SocketError) -> (ReadCall?, Duration?) in
      if state.isInputShutDown || state.hasSeenEnd { return (nil, nil) }
      let handle = try state.connection(.read)
      return (ReadCall(core: self, handle: handle), state.options.readTimeout)
    }
    guard var call else { return nil }
    try checkInterruption(.read)
    if let limit = limit ?? (timeout == .zero ? nil : timeout) {
      call.limit = Interval(limit)
      call.deadline = .deadline(after: limit, from: stack.core.now)
    }
    return call
  }

  /// Begins a write.
  @inline(never)
  func beginWriting() throws(SocketError) -> WriteCall {
    let call = try state.withLock { state throws(SocketError) in
      let handle = try state.connection(.write)
      if state.isOutputShutDown { throw SocketError(.write, state.remote, .outputIsShutDown) }
      return WriteCall(core: self, handle: handle)
    }
    try checkInterruption(.write)
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

/// What all reads have in common.
struct ReadCall {
  let core: SocketCore
  let handle: ConnectionHandle
  /// How long it may wait; zero stands for ever.
  var limit = Interval.zero
  var deadline = Instant.never

  @inline(never)
  func cancel(_ waiter: Waiter) -> Bool {
    core.stack.core.cancel(waiter, of: .input, on: handle)
  }

  @inline(never)
  func failure(_ outcome: WaitOutcome) -> SocketError {
    if outcome == .cancelled { core.interrupt() }
    return SocketError(.read, core.remote, from: outcome, limit: Duration(limit))
  }

  /// What a read brings whose turn has brought `received`: a number of octets, or nil for the end of the stream; nothing if there is nothing yet.
  func count(in received: Received) -> Int?? {
    switch received {
    case .nothingYet: return nil
    case .bytes(let count): return count
    case .endOfStream:
      core.state.withLock { $0.hasSeenEnd = true }
      return .some(nil)
    }
  }

  /// A read that found the connection gone or its input shut down: the end of the stream, or an error.
  func afterFailure(_ error: HostError) throws(SocketError) -> Received {
    let (isShutDown, isClosed) = core.state.withLock { ($0.isInputShutDown && !$0.isClosed, $0.isClosed) }
    if isClosed { throw core.closedError(.read, core.remote) }
    if isShutDown || error == .call(.closing) { return .endOfStream }
    throw SocketError(.read, core.remote, from: error)
  }
}

/// A read into a buffer; brings the number of octets, or nil at the end of the stream.
struct BufferRead: WaitingCall {
  let call: ReadCall
  let target: UnsafeMutableRawBufferPointer

  var deadline: Instant { call.deadline }
  var awaited: AwaitedPlace { .connection(call.handle) }

  @inline(never)
  func attempt(_ waiter: Waiter?) throws(SocketError) -> Int?? {
    let room = UnsafeMutableRawBufferPointer(rebasing: target.prefix(SocketCore.largestTurn))
    do throws(HostError) {
      return call.count(in: try call.core.stack.core.receive(into: room, from: call.handle, otherwise: waiter))
    } catch {
      return call.count(in: try call.afterFailure(error))
    }
  }

  @inline(never)
  func cancel(_ waiter: Waiter) -> Bool { call.cancel(waiter) }
  @inline(never)
  func failure(_ outcome: WaitOutcome) -> SocketError { call.failure(outcome) }
}

/// A read into an array of just the size of what is there: one who waits holds no buffer. Brings nil at the end of the stream.
struct ArrayRead: WaitingCall {
  let call: ReadCall
  /// The most octets to read.
  let size: Int

  var deadline: Instant { call.deadline }
  var awaited: AwaitedPlace { .connection(call.handle) }

  @inline(never)
  func attempt(_ waiter: Waiter?) throws(SocketError) -> [UInt8]?? {
    do throws(HostError) {
      let size = min(size, SocketCore.largestTurn)
      let (bytes, received) = try call.core.stack.core.receive(upTo: size, from: call.handle, otherwise: waiter)
      return call.count(in: received).map { $0.map { _ in bytes } }
    } catch {
      return call.count(in: try call.afterFailure(error)).map { _ in nil }
    }
  }

  @inline(never)
  func cancel(_ waiter: Waiter) -> Bool { call.cancel(waiter) }
  @inline(never)
  func failure(_ outcome: WaitOutcome) -> SocketError { call.failure(outcome) }
}

/// One write.
struct WriteCall {
  let core: SocketCore
  let handle: ConnectionHandle

  /// Writes the beginning of `piece` if there is room for at least one octet; returns how many were written.
  @inline(never)
  func attempt(
    _ piece: UnsafeRawBufferPointer, urgent: Bool = false, _ waiter: Waiter?
  ) throws(SocketError) -> Int? {
    do throws(HostError) {
      let piece = UnsafeRawBufferPointer(rebasing: piece.prefix(SocketCore.largestTurn))
      let count = try core.stack.core.send(piece, urgent: urgent, on: handle, otherwise: waiter)
      return count == 0 ? nil : count
    } catch {
      throw self.error(error)
    }
  }

  /// A host's refusal as the error of the write.
  func error(_ error: HostError) -> SocketError {
    core.isClosed ? core.closedError(.write, core.remote) : SocketError(.write, core.remote, from: error)
  }

  @inline(never)
  func cancel(_ waiter: Waiter) -> Bool {
    core.stack.core.cancel(waiter, of: .output, on: handle)
  }

  @inline(never)
  func failure(_ outcome: WaitOutcome) -> SocketError {
    if outcome == .cancelled { core.interrupt() }
    return SocketError(.write, core.remote, from: outcome)
  }

  /// What became of the way through the gate.
  func checkEntry(_ outcome: WaitOutcome) throws(SocketError) {
    if outcome != .fired { throw failure(outcome) }
  }

  /// Sends one octet of urgent data, now or never.
  func sendUrgent(_ octet: UInt8) throws(SocketError) {
    let accepted = try withUnsafeBytes(of: octet) { bytes throws(SocketError) in
      try attempt(bytes, urgent: true, nil)
    }
    if accepted == nil { throw SocketError(.write, core.remote, .noBufferSpace) }
  }
}

/// The write of one piece; brings the number of octets that were written, at least one.
struct PieceWrite: WaitingCall {
  let call: WriteCall
  let piece: UnsafeRawBufferPointer

  var deadline: Instant { .never }
  var awaited: AwaitedPlace { .connection(call.handle) }

  @inline(never)
  func attempt(_ waiter: Waiter?) throws(SocketError) -> Int? { try call.attempt(piece, waiter) }
  @inline(never)
  func cancel(_ waiter: Waiter) -> Bool { call.cancel(waiter) }
  @inline(never)
  func failure(_ outcome: WaitOutcome) -> SocketError { call.failure(outcome) }
}

extension SocketError {
  /// The error of a call that had transferred `count` octets.
  func afterTransfer(of count: Int) -> SocketError {
    SocketError(operation, endpoint, reason, bytesTransferred: count)
  }
}
