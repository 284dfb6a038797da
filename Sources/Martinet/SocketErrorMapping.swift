import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

extension SocketError {
  /// A host's refusal as the error of a socket call.
  init(_ operation: Operation, _ endpoint: Endpoint?, from error: HostError) {
    let reason: Reason =
      switch error {
      case .addressInUse: .addressInUse
      case .addressNotAvailable: .addressNotAvailable
      case .familiesDiffer: .invalidArgument("the local and the remote address are of different families")
      case .noRoute: .noRoute
      case .invalidRemote: .invalidArgument("nobody can be connected to at that address and port")
      case .noPorts: .noPorts
      case .limitReached: .limitReached
      case .noMemory: .noMemory
      case .doesNotExist: .closed
      case .messageTooLong: .invalidArgument("the datagram is too long")
      case .notConnected: .notConnected
      case .call(.doesNotExist): .closed
      case .call(.alreadyExists): .alreadyConnected
      case .call(.closing): .outputIsShutDown
      case .call(.ended(let reason)): Reason(reason)
      }
    self.init(operation, endpoint, reason)
  }

  /// A driver's refusal as the error of a socket call.
  init(_ operation: Operation, _ endpoint: Endpoint?, from error: DriverError) {
    let reason: Reason =
      switch error {
      case .unregisteredThread: .unregisteredThread
      case .alreadyRegistered: .alreadyRegistered
      case .stopped: .stackStopped
      case .noThread: .noThread
      }
    self.init(operation, endpoint, reason)
  }
}

extension SocketError {
  /// Throws if a sleep ended before its time.
  static func check(_ outcome: WaitOutcome) throws(SocketError) {
    if outcome != .timedOut && outcome != .fired { throw SocketError(.sleep, nil, from: outcome) }
  }
}

extension SocketError.Reason {
  /// The end of a connection as the reason why a call failed.
  init(_ end: EndReason) {
    switch end {
    case .refused: self = .refused
    case .reset(let phase): self = .reset(in: phase)
    case .unreachable(let cause): self = .unreachable(cause)
    case .connectTimedOut(let evidence):
      // Nobody answered, but the network said why (RFC 1122 section 4.2.3.9).
      self = evidence.softError.map { .unreachable($0) } ?? .ended(end)
    default: self = .ended(end)
    }
  }
}

extension SocketError {
  /// The error of a call whose wait has ended so before it was done.
  ///
  /// - Parameter limit: how long it was allowed to wait, if there was a limit.
  init(_ operation: Operation, _ endpoint: Endpoint?, from outcome: WaitOutcome, limit: Duration? = nil) {
    let reason: Reason =
      switch outcome {
      case .timedOut: .timedOut(limit ?? .zero)
      // A wait that was fired is not over.
      case .deadlock, .fired: .deadlock
      case .stopped: .stackStopped
      case .cancelled: .interrupted
      }
    self.init(operation, endpoint, reason)
  }
}
