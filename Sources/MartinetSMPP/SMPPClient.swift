import Martinet

/// A program that binds to a message centre: an ESME of SMPP 3.4, with calls that block.
///
/// ```swift
/// let client = try SMPPClient(host: "10.0.0.2", on: stack)
/// try client.bind(.transceiver, as: SMPPBind("bird", password: "secret"))
/// let id = try client.submit(SMPPMessage(from: SMPPAddress("1000"), to: SMPPAddress("2000"), Array("salut".utf8)))
/// try client.unbind()
/// ```
public final class SMPPClient: Sendable {
  /// The port that is registered for SMPP.
  public static let defaultPort = 2775

  /// What a program binds for.
  public enum Kind: Hashable, Sendable, CaseIterable {
    /// It submits messages.
    case transmitter
    /// It receives messages.
    case receiver
    /// It does both.
    case transceiver

    func body(_ bind: SMPPBind) -> SMPPBody {
      switch self {
      case .transmitter: .bindTransmitter(bind)
      case .receiver: .bindReceiver(bind)
      case .transceiver: .bindTransceiver(bind)
      }
    }
  }

  /// The session, for every request that this class has no call for.
  public let connection: SMPPConnection

  /// Connects to a message centre; blocks until the connection is there. Nobody is bound yet.
  ///
  /// - Parameters:
  ///   - host: a name, or an address in text form.
  ///   - port: 1 to 65535.
  ///   - timeout: how long to try; nil as long as the stack does.
  public init(
    host: String, port: Int = SMPPClient.defaultPort, on stack: NetworkStack,
    configuration: SMPPConfiguration = SMPPConfiguration(), options: SocketOptions = SocketOptions(),
    timeout: Duration? = nil
  ) throws(SMPPError) {
    try configuration.check(.connect)
    var options = options
    // A PDU is written whole; the next one is not to wait for its acknowledgement.
    options.noDelay = true
    let socket: Socket
    do throws(SocketError) {
      socket = try Socket(host: host, port: port, on: stack, options: options, timeout: timeout)
    } catch {
      throw SMPPError(.connect, error.endpoint, .socket(error))
    }
    let driver = try SessionDriver(socket, .esme, configuration)
    do throws(SocketError) {
      try driver.start()
    } catch {
      throw SMPPError(.connect, error.endpoint, .socket(error))
    }
    connection = SMPPConnection(driver)
  }

  /// Binds; blocks until the message centre has agreed. A refusal ends the session.
  @discardableResult
  public func bind(_ kind: Kind, as program: SMPPBind) throws(SMPPError) -> SMPPBindResponse {
    switch try connection.request(kind.body(program)) {
    case .bindReceiverResponse(let response), .bindTransmitterResponse(let response),
      .bindTransceiverResponse(let response):
      return response
    default: return SMPPBindResponse()
    }
  }

  /// Submits a message; blocks until the message centre has it, and returns what it calls it.
  public func submit(_ message: SMPPMessage) throws(SMPPError) -> String {
    try beginSubmitting(message).messageID()
  }

  /// Submits a message and leaves the answer for later, so that several are in flight; blocks while the window is full.
  public func beginSubmitting(_ message: SMPPMessage) throws(SMPPError) -> SMPPPendingRequest {
    try connection.begin(.submit(message))
  }

  /// Takes the next message for this program and tells the message centre that it has it; blocks until there is one. Nil if none comes within `limit`.
  ///
  /// What else the message centre asks is refused with ``SMPPStatus/systemError``, alerts are passed over: programs that want them, or want to answer
  /// themselves, call ``SMPPConnection/nextRequest(within:)``.
  public func receive(within limit: Duration? = nil) throws(SMPPError) -> SMPPMessage? {
    let deadline = limit.map { connection.socket.stack.now + $0 }
    while true {
      let left = deadline.map { max($0 - connection.socket.stack.now, .zero) }
      guard let request = try connection.nextRequest(within: left) else { return nil }
      if case .deliver(let message) = request.body {
        try request.reply(.done)
        return message
      }
      if request.isAnswerable { try request.reply(.refused(.systemError)) }
    }
  }

  /// Waits for the answers to what was submitted, unbinds and closes.
  public func unbind() throws(SMPPError) {
    try connection.unbind()
  }

  /// Closes the connection without unbinding.
  public func close() {
    connection.close()
  }
}
