import MartinetStack
import MartinetTCP

/// How a blocking call ended.
package enum Blocked<Result> {
  case done(Result)
  case timedOut
  /// Virtual time: everybody waits for ever and no event is left that could end it.
  case deadlock
  /// The stack was shut down.
  case stopped
  /// The calling task was cancelled.
  case cancelled

  /// A wait that ended without what was waited for.
  init(_ outcome: WaitOutcome) {
    switch outcome {
    case .timedOut: self = .timedOut
    case .stopped: self = .stopped
    case .cancelled: self = .cancelled
    case .deadlock, .fired: self = .deadlock
    }
  }
}

extension StackCore {
  /// Blocks the calling thread until `attempt` brings something, at most until `deadline`.
  ///
  /// - Parameters:
  ///   - attempt: tries once; where it brings nothing and is given a waiter, it has registered it in the same turn.
  ///   - cancel: takes that registration back; false if the waiter was already taken out to be fired.
  package func block<Result, Failure: Error>(
    _ waiter: ThreadWaiter, until deadline: Instant,
    cancel: (Waiter) -> Bool,
    attempt: (Waiter?) throws(Failure) -> Result?
  ) throws(Failure) -> Blocked<Result> {
    while true {
      if let result = try attempt(waiter) { return .done(result) }
      let outcome = wait(waiter, until: deadline)
      if outcome == .fired { continue }
      if !cancel(waiter) {
        // Whoever took the waiter out counts on it: what it was woken for must not be lost.
        consume(waiter)
        if let result = try attempt(nil) { return .done(result) }
      }
      return Blocked(outcome)
    }
  }

  /// Goes through `gate`, waiting as long as it takes.
  package func enter(_ gate: Gate, _ waiter: ThreadWaiter) -> Blocked<Void> {
    if gate.tryEnter(otherwise: waiter) { return .done(()) }
    let outcome = wait(waiter, until: .never)
    if outcome == .fired { return .done(()) }
    if !gate.cancel(waiter) {
      consume(waiter)
      return .done(())
    }
    return Blocked(outcome)
  }

  /// Waits until nothing that this host has sent is unacknowledged any more; false if that was not so by `deadline`.
  package func waitForQuiet(_ waiter: ThreadWaiter, until deadline: Instant) -> Bool {
    let outcome = block(
      waiter, until: deadline,
      cancel: { waiter in
        turn { _, notices, _ in notices.quiet.remove(waiter) }
      },
      attempt: { waiter in
        turn { host, notices, _ -> Bool? in
          if !host.hasUnfinishedBusiness { return true }
          if let waiter { notices.quiet.append(waiter) }
          return nil
        }
      })
    if case .done = outcome { return true }
    return false
  }
}
