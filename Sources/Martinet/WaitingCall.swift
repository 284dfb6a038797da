import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

/// A call that can't always be done at once. ``StackCore/block(_:_:)`` drives it for a thread, ``StackCore/suspend(_:)`` for a task.
protocol WaitingCall {
  associatedtype Outcome
  /// When it is given up.
  var deadline: Instant { get }
  /// Where what it waits for comes in.
  var awaited: AwaitedPlace { get }
  /// Tries once; where it brings nothing and is given a waiter, it has registered it in the same turn.
  func attempt(_ waiter: Waiter?) throws(SocketError) -> Outcome?
  /// Takes that registration back; false if the waiter was already taken out to be fired.
  func cancel(_ waiter: Waiter) -> Bool
  /// The error of a call whose wait has ended so, with nothing to show for it.
  func failure(_ outcome: WaitOutcome) -> SocketError
}

// Both stand in the module of the calls, so that the compiler makes one of each for each kind of call. A suspended call's frames are memory that each
// waiting task holds.
extension StackCore {
  /// Blocks the calling thread until `call` brings something, at most until its deadline.
  func block<Call: WaitingCall>(_ waiter: ThreadWaiter, _ call: Call) throws(SocketError) -> Call.Outcome {
    while true {
      if let outcome = try call.attempt(waiter) { return outcome }
      let ending = wait(waiter, at: call.awaited, until: call.deadline)
      if ending == .fired { continue }
      if !call.cancel(waiter) {
        // Whoever took the waiter out counts on it: what it was woken for must not be lost.
        consume(waiter)
        if let outcome = try call.attempt(nil) { return outcome }
      }
      throw call.failure(ending)
    }
  }

  /// Suspends the calling task until `call` brings something, at most until its deadline or until the task is cancelled.
  @inline(__always)
  func suspend<Call: WaitingCall>(_ call: Call) async throws(SocketError) -> Call.Outcome {
    while true {
      let waiter = TaskWaiter.spare()
      if let outcome = try call.attempt(waiter) {
        waiter.giveBack()
        return outcome
      }
      let ending = await wait(waiter, until: call.deadline)
      if ending == .fired { continue }
      // Whoever took the waiter out counts on it: what it was woken for must not be lost.
      if !call.cancel(waiter), let outcome = try call.attempt(nil) { return outcome }
      throw call.failure(ending)
    }
  }
}

extension StackCore {
  /// Waits until nothing that this host has sent is unacknowledged any more; false if that was not so by `deadline`.
  package func waitForQuiet(_ waiter: ThreadWaiter, until deadline: Instant) -> Bool {
    (try? block(waiter, QuietCall(core: self, deadline: deadline))) != nil
  }
}

/// One wait for the end of what a host has to do.
private struct QuietCall: WaitingCall {
  let core: StackCore
  let deadline: Instant

  var awaited: AwaitedPlace { .unknown }
  func attempt(_ waiter: Waiter?) -> Void? { core.isQuiet(otherwise: waiter) ? () : nil }
  func cancel(_ waiter: Waiter) -> Bool { core.cancelQuiet(waiter) }
  func failure(_ outcome: WaitOutcome) -> SocketError { SocketError(.wait, nil, from: outcome) }
}

/// One wait for a bell that has rung `rings` times.
struct BellCall: WaitingCall {
  let bell: Bell
  let rings: UInt64
  let deadline: Instant
  let operation: SocketError.Operation

  var awaited: AwaitedPlace { .unknown }
  func attempt(_ waiter: Waiter?) -> Void? { bell.hasRung(since: rings, otherwise: waiter) ? () : nil }
  func cancel(_ waiter: Waiter) -> Bool { bell.cancel(waiter) }
  func failure(_ outcome: WaitOutcome) -> SocketError { SocketError(operation, nil, from: outcome) }
}

extension NetworkStack {
  /// Blocks until `bell` has rung more than `rings` times or `deadline` comes.
  func wait(
    for bell: Bell, since rings: UInt64, until deadline: Instant, _ operation: SocketError.Operation
  ) throws(SocketError) {
    let waiter = try admit(operation, nil)
    do throws(SocketError) {
      try core.block(waiter, BellCall(bell: bell, rings: rings, deadline: deadline, operation: operation))
    } catch {
      if error.kind != .timeout { throw error }
    }
  }

  /// Suspends the calling task until `bell` has rung more than `rings` times or `deadline` comes.
  func wait(
    for bell: Bell, since rings: UInt64, until deadline: Instant, _ operation: SocketError.Operation
  ) async throws(SocketError) {
    _ = try admit(operation, nil)
    do throws(SocketError) {
      try await core.suspend(BellCall(bell: bell, rings: rings, deadline: deadline, operation: operation))
    } catch {
      if error.kind != .timeout { throw error }
    }
  }
}
