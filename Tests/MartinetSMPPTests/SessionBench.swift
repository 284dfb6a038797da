import Martinet
import MartinetSMPP

/// Sessions without a wire.
enum SessionBench {
  /// Which side sends a command.
  static func sender(of command: SMPPCommand) -> SMPPRole {
    switch command {
    case .deliver, .alertNotification, .outbind, .bindReceiverResponse, .bindTransmitterResponse,
      .bindTransceiverResponse, .submitResponse, .submitMultiResponse, .queryResponse, .cancelResponse,
      .replaceResponse:
      .messageCentre
    default: .esme
    }
  }

  /// A session that was brought into `state` at the time 0, with nothing left to be taken.
  static func session(
    _ role: SMPPRole, in state: SMPPSessionState, _ configuration: SMPPConfiguration = SMPPConfiguration()
  ) throws -> SMPPSession {
    var session = try SMPPSession(role, configuration: configuration, at: .zero)
    let bind: SMPPBody? =
      switch state {
      case .boundTransmitter: .bindTransmitter(SMPPBind("a", password: "b"))
      case .boundReceiver: .bindReceiver(SMPPBind("a", password: "b"))
      case .boundTransceiver: .bindTransceiver(SMPPBind("a", password: "b"))
      default: nil
      }
    if let bind {
      var other = try SMPPSession(role == .esme ? .messageCentre : .esme, configuration: configuration, at: .zero)
      if role == .esme {
        try SessionBench.bind(bind, &session, &other)
      } else {
        try SessionBench.bind(bind, &other, &session)
      }
    }
    _ = session.takeEvents()
    return session
  }

  private static func bind(_ body: SMPPBody, _ esme: inout SMPPSession, _ centre: inout SMPPSession) throws {
    let sequence = try esme.request(body, at: .zero)
    centre.receive(esme.takeOutput(), at: .zero)
    try centre.respond(to: sequence, status: .ok, at: .zero)
    esme.receive(centre.takeOutput(), at: .zero)
  }
}

extension SMPPSession {
  /// What a response says, as the session hears it.
  mutating func hear(_ body: SMPPBody, status: SMPPStatus = .ok, _ sequence: UInt32, at seconds: Int = 1) throws {
    receive(try SMPPPDU(body, status: status, sequence: sequence).octets(), at: .seconds(seconds))
  }

  /// The PDUs that it wants to be written.
  mutating func said() throws -> [SMPPPDU] {
    var rest = takeOutput()[...]
    var all: [SMPPPDU] = []
    while !rest.isEmpty {
      let length = Int(rest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
      all.append(try SMPPPDU(Array(rest.prefix(length))))
      rest = rest.dropFirst(length)
    }
    return all
  }
}
