/// The state of a connection: the eleven of RFC 9293 section 3.3.2.
public enum Phase: UInt8, Sendable, CaseIterable {
  case closed
  case listen
  case synSent
  case synReceived
  case established
  case finWait1
  case finWait2
  case closeWait
  case closing
  case lastAck
  case timeWait

  /// The name as the RFC writes it.
  public var name: StaticString {
    switch self {
    case .closed: "CLOSED"
    case .listen: "LISTEN"
    case .synSent: "SYN-SENT"
    case .synReceived: "SYN-RECEIVED"
    case .established: "ESTABLISHED"
    case .finWait1: "FIN-WAIT-1"
    case .finWait2: "FIN-WAIT-2"
    case .closeWait: "CLOSE-WAIT"
    case .closing: "CLOSING"
    case .lastAck: "LAST-ACK"
    case .timeWait: "TIME-WAIT"
    }
  }

  /// Whether both sides have agreed on sequence numbers (RFC 9293 section 3.5.2, third group).
  public var isSynchronized: Bool {
    switch self {
    case .closed, .listen, .synSent, .synReceived: false
    default: true
    }
  }
}

/// What can move a connection from one phase to another.
public enum Trigger: UInt8, Sendable, CaseIterable {
  case activeOpen
  case passiveOpen
  case synArrives
  case synAckArrives
  case ackOfSynArrives
  case finArrives
  case ackOfFinArrives
  /// An acceptable RST, on a connection that was opened passively and is not yet established.
  case resetOfPassiveOpen
  case resetArrives
  case closeCall
  case abortCall
  /// A timer gave the connection up: R2, user timeout, keep-alive, FIN-WAIT-2 orphan.
  case gaveUp
  case timeWaitExpires
}

extension Phase {
  /// The state diagram (RFC 9293 figure 5 and section 3.10): the phase after `trigger`, or nil where the diagram has
  /// no such arrow.
  public func after(_ trigger: Trigger) -> Phase? {
    switch (self, trigger) {
    case (.closed, .activeOpen): .synSent
    case (.closed, .passiveOpen): .listen
    case (.listen, .activeOpen): .synSent
    case (.listen, .synArrives): .synReceived
    case (.listen, .closeCall), (.listen, .abortCall): .closed
    case (.synSent, .synAckArrives): .established
    case (.synSent, .synArrives): .synReceived
    case (.synSent, .closeCall), (.synSent, .abortCall): .closed
    case (.synReceived, .ackOfSynArrives): .established
    case (.synReceived, .closeCall): .finWait1
    case (.synReceived, .resetOfPassiveOpen): .listen
    case (.established, .closeCall): .finWait1
    case (.established, .finArrives): .closeWait
    case (.finWait1, .ackOfFinArrives): .finWait2
    case (.finWait1, .finArrives): .closing
    case (.finWait2, .finArrives): .timeWait
    case (.closeWait, .closeCall): .lastAck
    case (.closing, .ackOfFinArrives): .timeWait
    case (.lastAck, .ackOfFinArrives): .closed
    case (.timeWait, .timeWaitExpires): .closed
    case (.closed, _), (.listen, _): nil
    case (_, .resetArrives), (_, .abortCall), (_, .gaveUp): .closed
    default: nil
    }
  }
}
