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
    switch outcome {
    case .timedOut, .fired: break
    case .deadlock: throw SocketError(.sleep, nil, .deadlock)
    case .stopped: throw SocketError(.sleep, nil, .stackStopped)
    case .cancelled: throw SocketError(.sleep, nil, .interrupted)
    }
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

extension Blocked {
  /// What the call brought, or the error that it ended with.
  @discardableResult
  func result(
    of operation: SocketError.Operation, _ endpoint: Endpoint?, limit: Duration? = nil
  ) throws(SocketError) -> Result {
    switch self {
    case .done(let result): return result
    case .timedOut: throw SocketError(operation, endpoint, .timedOut(limit ?? .zero))
    case .deadlock: throw SocketError(operation, endpoint, .deadlock)
    case .stopped: throw SocketError(operation, endpoint, .stackStopped)
    case .cancelled: throw SocketError(operation, endpoint, .interrupted)
    }
  }
}
