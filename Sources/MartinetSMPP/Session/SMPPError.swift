import Martinet

/// Why a call of a session failed: what was tried, with whom, and the reason.
public struct SMPPError: Error, Equatable, Sendable {
  /// What was tried.
  public enum Operation: Hashable, Sendable {
    case connect
    case listen
    case accept
    case receive
    case request(SMPPCommand)
    case respond(SMPPCommand)
  }

  /// Why it failed.
  public enum Reason: Equatable, Sendable {
    /// An argument is outside of its bounds; the text says which and what they are.
    case invalidArgument(String)
    /// What was to be sent is no PDU.
    case invalidPDU(SMPPFormatError)
    /// The command may not be sent by this side in that state (SMPP 3.4 section 2.3).
    case wrongState(SMPPSessionState)
    /// As many requests are unanswered as the window allows.
    case windowFull(Int)
    /// The session is being unbound.
    case unbinding
    /// The peer's request has been answered, or never came.
    case notWaiting
    /// A response of another command than the request's.
    case unexpectedResponse(SMPPCommand)
    /// The peer refused the request.
    case refused(SMPPStatus)
    /// The peer answered the request with a generic_nack.
    case rejected(SMPPStatus)
    /// The peer's response cannot be read.
    case malformedResponse(SMPPFormatError)
    /// The peer did not answer in time. The request may have been carried out.
    case responseTimedOut(Duration)
    /// The session has ended.
    case ended(SMPPEnd)
    /// A call of the socket failed.
    case socket(SocketError)
  }

  public var operation: Operation
  /// The other side; the local endpoint of a call that listens.
  public var endpoint: Endpoint?
  public var reason: Reason

  public init(_ operation: Operation, _ endpoint: Endpoint?, _ reason: Reason) {
    self.operation = operation
    self.endpoint = endpoint
    self.reason = reason
  }
}

/// Why a session ended.
public enum SMPPEnd: Error, Equatable, Sendable {
  /// One side asked to unbind and the other agreed.
  case unbound(byPeer: Bool)
  /// One side closed the connection without having unbound.
  case closed(byPeer: Bool)
  /// The server refused the bind.
  case bindRefused(SMPPStatus)
  /// Nobody bound before the session_init_timer was over.
  case notBound(within: Duration)
  /// There was nothing to do until the inactivity_timer was over.
  case inactive(for: Duration)
  /// The bind or the unbind was not answered.
  case unanswered(SMPPCommand, within: Duration)
  /// What the peer sent can't be cut into PDUs.
  case malformed(SMPPFormatError)
  /// The connection failed. ``SocketError/Reason/heartbeatLost(_:)``: the peer answered no enquire_link.
  case socket(SocketError)
}

extension SMPPError: CustomStringConvertible {
  /// One line: what was tried, with whom, and why it failed.
  public var description: String {
    let subject = endpoint.map { "\(operation) \($0)" } ?? "\(operation)"
    return "\(subject): \(reason)"
  }
}

extension SMPPError.Operation: CustomStringConvertible {
  public var description: String {
    switch self {
    case .connect: "SMPP connect"
    case .listen: "SMPP listen"
    case .accept: "SMPP accept"
    case .receive: "SMPP receive"
    case .request(let command), .respond(let command): command.name
    }
  }
}

extension SMPPError.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidArgument(let text): text
    case .invalidPDU(let error): error.description
    case .wrongState(let state): "not allowed to this side in \(state.rawValue)"
    case .windowFull(let window): "\(window) requests are unanswered, which is the window"
    case .unbinding: "the session is being unbound"
    case .notWaiting: "no such request waits for an answer"
    case .unexpectedResponse(let command): "answered with \(command.name)"
    case .refused(let status): "refused: \(status)"
    case .rejected(let status): "answered with generic_nack: \(status)"
    case .malformedResponse(let error): "the response has \(error)"
    case .responseTimedOut(let limit): "no response within \(limit)"
    case .ended(let end): "the session has ended: \(end)"
    case .socket(let error): error.description
    }
  }
}

extension SMPPEnd: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unbound(let byPeer): byPeer ? "the peer unbound" : "this side unbound"
    case .closed(let byPeer): byPeer ? "the peer closed without unbinding" : "this side closed without unbinding"
    case .bindRefused(let status): "the bind was refused: \(status)"
    case .notBound(let limit): "nobody bound within \(limit)"
    case .inactive(let limit): "no request for \(limit)"
    case .unanswered(let command, let limit): "\(command.name) was not answered within \(limit)"
    case .malformed(let error): "the stream can't be cut into PDUs: \(error)"
    case .socket(let error): error.description
    }
  }
}
