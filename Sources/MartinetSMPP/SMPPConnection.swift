import Martinet
import Synchronization

/// A session of SMPP 3.4 over a blocking socket, on either side, in real and in virtual time.
///
/// Several threads may use it at once. It answers enquire_link and unbind by itself, sends enquire_link when the peer is silent, and ends when nobody answers
/// that. A connection that nobody holds any more is closed.
public final class SMPPConnection: Sendable {
  let driver: SessionDriver

  init(_ driver: SessionDriver) {
    self.driver = driver
  }

  deinit {
    close()
  }

  // MARK: Questions

  public var state: SMPPSessionState { driver.ask { $0.state } }
  /// Why the session ended; nil before.
  public var end: SMPPEnd? { driver.ask { $0.end } }
  public var statistics: SMPPSession.Statistics { driver.ask { $0.statistics } }
  /// The requests that the peer has not answered yet.
  public var outstandingRequests: Int { driver.ask { $0.outstandingRequests } }
  /// The alert_notifications that came while too many requests waited to be taken.
  public var alertsDropped: UInt64 { driver.alertsDropped }
  /// The peer, also after the end.
  public var remoteEndpoint: Endpoint? { driver.endpoint }
  /// The socket, for its options and its status; who reads from it or writes to it spoils the session.
  public var socket: Socket { driver.socket }

  // MARK: Requests

  /// Sends a request and returns its response; blocks while the window is full and until the response is there.
  ///
  /// - Throws: ``SMPPError/Reason/refused(_:)`` with the peer's status; ``SMPPError/Reason/responseTimedOut(_:)``, after which the session goes on;
  ///   ``SMPPError/Reason/ended(_:)`` with the reason why there is no session any more.
  @discardableResult
  public func request(_ body: SMPPBody) throws(SMPPError) -> SMPPBody {
    try begin(body).response()
  }

  /// Sends a request and leaves its response for later; blocks while the window is full.
  public func begin(_ body: SMPPBody) throws(SMPPError) -> SMPPPendingRequest {
    SMPPPendingRequest(driver, body.command, try driver.begin(body))
  }

  /// The oldest request of the peer that nobody has taken; blocks until there is one. Nil if none comes within `limit`; nil waits for ever.
  public func nextRequest(within limit: Duration? = nil) throws(SMPPError) -> SMPPRequest? {
    try driver.nextRequest(within: limit).map { SMPPRequest(driver: driver, pdu: $0) }
  }

  /// Takes and answers requests until the session ends, one after the other; returns why it ended.
  ///
  /// - Parameter answer: what a request is answered with; runs in the calling thread. The answer to what nobody waits for is ignored; one that does not fit is
  ///   replaced by ``SMPPStatus/systemError``.
  public func serve(_ answer: (SMPPRequest) -> SMPPReply) -> SMPPEnd {
    while true {
      do throws(SMPPError) {
        guard let request = try nextRequest() else { continue }
        let reply = answer(request)
        guard request.isAnswerable else { continue }
        do throws(SMPPError) {
          try request.reply(reply)
        } catch {
          if end == nil { try request.reply(.refused(.systemError)) }
        }
      } catch {
        if let end { return end }
        if case .socket(let failure) = error.reason { return .socket(failure) }
      }
    }
  }

  // MARK: The end

  /// Waits until the peer has answered what was asked, then unbinds and closes. Requests that others begin meanwhile fail.
  /// - Throws: why the session ended otherwise, or that it never was bound.
  public func unbind() throws(SMPPError) {
    try driver.unbind()
  }

  /// Closes the connection without unbinding; what was written is still delivered. May be called twice, and by any thread.
  public func close() {
    driver.act { session, _ in session.close() }
  }

  /// Waits until the session has ended and its socket is closed.
  public func waitUntilClosed() throws(SMPPError) {
    try driver.waitUntilOver()
  }
}

/// A request that was sent and whose response may come later.
public final class SMPPPendingRequest: Sendable {
  public let command: SMPPCommand
  public let sequence: UInt32
  private let driver: SessionDriver

  init(_ driver: SessionDriver, _ command: SMPPCommand, _ sequence: UInt32) {
    self.driver = driver
    self.command = command
    self.sequence = sequence
  }

  deinit {
    driver.forget(sequence)
  }

  /// The response; blocks until it is there, at most for ``SMPPConfiguration/responseTimeout``. May be asked again.
  public func response() throws(SMPPError) -> SMPPBody {
    try driver.answer(to: sequence, command).body
  }

  /// The name that the message centre gave the message; empty if it gave none.
  public func messageID() throws(SMPPError) -> String {
    switch try response() {
    case .submitResponse(let response), .dataResponse(let response): response.messageID
    case .submitMultiResponse(let response): response.messageID
    default: ""
    }
  }
}

/// A request of the peer.
public struct SMPPRequest: Sendable {
  let driver: SessionDriver
  public let pdu: SMPPPDU

  public var body: SMPPBody { pdu.body }
  /// Whether the peer waits for an answer: not with alert_notification and outbind.
  public var isAnswerable: Bool { pdu.command.response != nil }

  /// Answers it, once.
  /// - Throws: that it was answered already, that the answer is of another command, or that the session has ended.
  public func reply(_ reply: SMPPReply) throws(SMPPError) {
    try driver.act { session, now throws(SMPPError) in
      try session.respond(to: pdu.sequence, status: reply.status, reply.fields(for: pdu.command), at: now)
    }
  }
}

/// What a request is answered with.
public struct SMPPReply: Hashable, Sendable {
  public var status: SMPPStatus
  /// The message's name, for the commands that have one in their response.
  public var messageID: String
  /// The fields; nil for those that the command has by itself.
  public var body: SMPPBody?

  /// It was done.
  public static let done = SMPPReply(status: .ok, messageID: "", body: nil)
  /// The message was taken and is called that.
  public static func accepted(_ messageID: String) -> SMPPReply {
    SMPPReply(status: .ok, messageID: messageID, body: nil)
  }
  /// It was not done.
  public static func refused(_ status: SMPPStatus) -> SMPPReply { SMPPReply(status: status, messageID: "", body: nil) }
  /// It was done, with a response of the caller's making.
  public static func response(_ body: SMPPBody) -> SMPPReply { SMPPReply(status: .ok, messageID: "", body: body) }

  func fields(for command: SMPPCommand) -> SMPPBody? {
    if body != nil { return body }
    let response = SMPPMessageResponse(messageID)
    switch command {
    case .submit: return .submitResponse(response)
    case .data: return .dataResponse(response)
    case .deliver: return .deliverResponse(response)
    case .submitMulti:
      var multi = SMPPMultiResponse()
      multi.messageID = messageID
      return .submitMultiResponse(multi)
    default: return nil
    }
  }
}
