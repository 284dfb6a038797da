/// Where a session stands (SMPP 3.4 section 2.2).
public enum SMPPSessionState: String, Hashable, Sendable, CaseIterable {
  /// Connected, nobody has bound.
  case open = "OPEN"
  case boundTransmitter = "BOUND_TX"
  case boundReceiver = "BOUND_RX"
  case boundTransceiver = "BOUND_TRX"
  case unbound = "UNBOUND"
  case closed = "CLOSED"

  public var isBound: Bool {
    switch self {
    case .boundTransmitter, .boundReceiver, .boundTransceiver: true
    case .open, .unbound, .closed: false
    }
  }

  /// Whether messages go from the program to the message centre.
  var transmits: Bool { self == .boundTransmitter || self == .boundTransceiver }
  /// Whether messages go from the message centre to the program.
  var receives: Bool { self == .boundReceiver || self == .boundTransceiver }

  /// The state that an accepted bind leads to; nil for another command.
  init?(after bind: SMPPCommand) {
    switch bind {
    case .bindTransmitter: self = .boundTransmitter
    case .bindReceiver: self = .boundReceiver
    case .bindTransceiver: self = .boundTransceiver
    default: return nil
    }
  }
}

/// The two sides of a session.
public enum SMPPRole: Hashable, Sendable, CaseIterable {
  /// The program that binds: the external short message entity.
  case esme
  /// The server that is bound to.
  case messageCentre

  var other: SMPPRole { self == .esme ? .messageCentre : .esme }

  /// Whether this side may send the request in `state` (SMPP 3.4 section 2.3, table 2-1).
  func maySend(_ command: SMPPCommand, in state: SMPPSessionState) -> Bool {
    let isESME = self == .esme
    return switch command {
    case .bindTransmitter, .bindReceiver, .bindTransceiver: isESME && state == .open
    case .outbind: !isESME && state == .open
    case .unbind, .enquireLink: state.isBound
    case .submit, .submitMulti, .query, .cancel, .replace: isESME && state.transmits
    case .deliver, .alertNotification: !isESME && state.receives
    case .data: isESME ? state.transmits : state.receives
    default: false
    }
  }
}
