import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

// How a socket loses its ends.
extension SocketCore {
  func shutdownOutput() throws(SocketError) {
    let (handle, remote) = try state.withLock { state throws(SocketError) in
      let handle = try state.connection(.shutdownOutput)
      if state.isOutputShutDown { throw SocketError(.shutdownOutput, state.remote, .outputIsShutDown) }
      state.isOutputShutDown = true
      return (handle, state.remote)
    }
    do throws(HostError) {
      try stack.core.shutdownOutput(handle)
    } catch {
      throw SocketError(.shutdownOutput, remote, from: error)
    }
  }

  func shutdownInput() throws(SocketError) {
    let (handle, remote) = try state.withLock { state throws(SocketError) in
      let handle = try state.connection(.shutdownInput)
      if state.isInputShutDown { throw SocketError(.shutdownInput, state.remote, .inputIsShutDown) }
      state.isInputShutDown = true
      return (handle, state.remote)
    }
    do throws(HostError) {
      try stack.core.shutdownInput(handle)
    } catch {
      throw SocketError(.shutdownInput, remote, from: error)
    }
  }

  /// Closes the socket; blocks the calling thread as long as it has to linger.
  func close() {
    guard let (handle, limit) = beginClosing() else { return }
    guard let waiter = try? stack.core.admit() else {
      stack.core.close(handle)
      return
    }
    let core = stack.core
    let call = LingerCall(core: core, handle: handle, deadline: .deadline(after: limit, from: core.now))
    let isAcknowledged = (try? core.block(waiter, call)) != nil
    if isAcknowledged { core.close(handle) } else { core.abort(handle) }
  }

  /// Closes the socket and waits for nothing: who lingers is a task of its own.
  func closeInBackground() {
    guard let (handle, limit) = beginClosing() else { return }
    Lingering(stack.core, handle).begin(until: .deadline(after: limit, from: stack.core.now))
  }

  /// Closes the socket. Returns the connection if what it sent has to be waited for, and how long; its output is shut down.
  private func beginClosing() -> (ConnectionHandle, linger: Duration)? {
    let (stage, linger) = state.withLock { state in
      defer { state.stage = .closed }
      return (state.stage, state.options.linger)
    }
    guard case .connected(let handle) = stage else {
      release(stage)
      return nil
    }
    guard let linger else {
      stack.core.close(handle)
      return nil
    }
    guard linger > .zero else {
      stack.core.abort(handle)
      return nil
    }
    stack.core.wakeAll(of: handle)
    guard stack.core.status(of: handle)?.unreadBytes ?? 0 == 0 else {
      stack.core.close(handle)
      return nil
    }
    // The output may be shut down already: then its FIN is what is waited for.
    try? stack.core.shutdownOutput(handle)
    return (handle, min(linger, SocketOptions.longestLinger))
  }

  /// Closes the socket and resets its connection.
  func abort() {
    release(takeStage())
  }

  /// A task that waited for the socket, or would have, was cancelled: the socket is closed and does not linger. Blocks nobody.
  func interrupt() {
    let stage = takeStage()
    if case .connected(let handle) = stage { stack.core.close(handle) } else { release(stage) }
  }

  private func takeStage() -> SocketStage {
    state.withLock { state in
      defer { state.stage = .closed }
      return state.stage
    }
  }

  /// Gives back what the socket held, which has no farewell to send.
  private func release(_ stage: SocketStage) {
    if let handle = stage.handle { stack.core.abort(handle) }
    if case .bound(let reservation) = stage { stack.core.release(reservation) }
    if case .racing(let bell) = stage { bell.ring() }
  }

  // MARK: Interruption

  /// Ends a call of a task that was cancelled before it.
  func checkInterruption(_ operation: SocketError.Operation) throws(SocketError) {
    guard Task.isCancelled else { return }
    interrupt()
    throw SocketError(operation, remote, .interrupted)
  }

  /// The error of a call whose socket was closed meanwhile: if the caller's task was cancelled, that was why.
  func closedError(_ operation: SocketError.Operation, _ remote: Endpoint?) -> SocketError {
    SocketError(operation, remote, Task.isCancelled ? .interrupted : .closed)
  }
}

/// One wait for the acknowledgement of everything that a connection has sent.
private struct LingerCall: WaitingCall {
  let core: StackCore
  let handle: ConnectionHandle
  let deadline: Instant

  var awaited: AwaitedPlace { .connection(handle) }

  func attempt(_ waiter: Waiter?) -> Void? { core.isAcknowledged(handle, otherwise: waiter) ? () : nil }
  func cancel(_ waiter: Waiter) -> Bool { core.cancel(waiter, of: .acknowledged, on: handle) }
  func failure(_ outcome: WaitOutcome) -> SocketError { SocketError(.wait, nil, from: outcome) }
}

/// A closed connection whose last octets have a time in which they must be acknowledged.
private final class Lingering: Sendable {
  private let core: StackCore
  private let handle: ConnectionHandle

  init(_ core: StackCore, _ handle: ConnectionHandle) {
    self.core = core
    self.handle = handle
  }

  func begin(until deadline: Instant) {
    let alarm = Alarm { outcome in
      if outcome == .timedOut { self.core.abort(self.handle) }
    }
    if core.set(alarm, at: deadline) { look(alarm) }
  }

  /// Ends the lingering if everything is acknowledged; else comes back when it is.
  private func look(_ alarm: Alarm) {
    let waiter = CallbackWaiter { self.look(alarm) }
    guard core.isAcknowledged(handle, otherwise: waiter) else { return }
    core.cancel(alarm)
    core.close(handle)
  }
}
