import Martinet
import Synchronization

/// A message centre of SMPP 3.4 that programs bind to.
public final class SMPPServer: Sendable {
  /// Says whether a program may bind: ``SMPPStatus/ok`` lets it. Runs in a thread of the session.
  public typealias Authentication = @Sendable (SMPPBind) -> SMPPStatus

  public let configuration: SMPPConfiguration
  /// The name that programs are told; 15 characters at most.
  public let systemID: String
  /// The most sessions at once; a further connection is reset.
  public let largestSessionCount: Int
  private let listener: ServerSocket
  private let authenticate: Authentication
  private let counts = Counts()

  private final class Counts: Sendable {
    private let numbers = Mutex((live: 0, refused: UInt64(0)))

    var live: Int { numbers.withLock { $0.live } }
    var refused: UInt64 { numbers.withLock { $0.refused } }
    func leave() { numbers.withLock { $0.live -= 1 } }
    func enter(limit: Int) -> Bool {
      numbers.withLock { numbers in
        if numbers.live >= limit {
          numbers.refused += 1
          return false
        }
        numbers.live += 1
        return true
      }
    }
  }

  /// A server that listens.
  ///
  /// - Parameters:
  ///   - port: 0 to 65535; 0 leaves the choice to the stack.
  ///   - address: where to listen; nil for every address of both families.
  ///   - largestSessionCount: at least 1.
  public init(
    port: Int = SMPPClient.defaultPort, address: IPAddress? = nil, on stack: NetworkStack,
    systemID: String = "martinet",
    configuration: SMPPConfiguration = SMPPConfiguration(), largestSessionCount: Int = 1000,
    authenticate: @escaping Authentication
  ) throws(SMPPError) {
    try configuration.check(.listen)
    var name = SMPPBindResponse(systemID)
    var fields = FieldWriter()
    do throws(SMPPFormatError) {
      try name.code(&fields)
    } catch {
      throw SMPPError(.listen, nil, .invalidPDU(error))
    }
    guard largestSessionCount >= 1 else {
      throw SMPPError(
        .listen, nil, .invalidArgument("a server has room for at least 1 session, not \(largestSessionCount)"))
    }
    var options = SocketOptions()
    options.noDelay = true
    do throws(SocketError) {
      listener = try ServerSocket(port: port, address: address, on: stack, options: options)
    } catch {
      throw SMPPError(.listen, error.endpoint, .socket(error))
    }
    self.systemID = systemID
    self.configuration = configuration
    self.largestSessionCount = largestSessionCount
    self.authenticate = authenticate
  }

  deinit {
    listener.close()
  }

  /// Where the server listens.
  public var localEndpoint: Endpoint? { listener.localEndpoint }
  /// The sessions that have not ended.
  public var sessionCount: Int { counts.live }
  /// The connections that were reset because there were too many.
  public var refusedConnections: UInt64 { counts.refused }

  /// Takes the next connection; blocks until there is one. Its program binds, or does not, later: see ``SMPPConnection/state``.
  public func accept() throws(SMPPError) -> SMPPConnection {
    do throws(SocketError) {
      while true {
        let socket = try listener.accept()
        guard counts.enter(limit: largestSessionCount) else {
          socket.abort()
          continue
        }
        if let connection = open(socket) { return connection }
      }
    } catch {
      throw SMPPError(.accept, error.endpoint, .socket(error))
    }
  }

  /// A session over an accepted socket; nil if the system has no thread left for it.
  private func open(_ socket: Socket) -> SMPPConnection? {
    let (name, authenticate, counts) = (systemID, authenticate, counts)
    let driver: SessionDriver
    do {
      driver = try SessionDriver(socket, .messageCentre, configuration) { pdu, bind in
        (authenticate(bind), SMPPServer.response(to: pdu.command, bind, name))
      } whenOver: {
        counts.leave()
      }
      try driver.start()
    } catch {
      socket.abort()
      counts.leave()
      return nil
    }
    return SMPPConnection(driver)
  }

  private static func response(to command: SMPPCommand, _ bind: SMPPBind, _ name: String) -> SMPPBody {
    var response = SMPPBindResponse(name)
    // Parameters are for programs of 3.4 (section 3.4): older ones don't know them.
    if bind.interfaceVersion >= 0x34 { response.parameters = [SMPPParameter(.interfaceVersion, octet: 0x34)] }
    return switch command {
    case .bindReceiver: .bindReceiverResponse(response)
    case .bindTransmitter: .bindTransmitterResponse(response)
    default: .bindTransceiverResponse(response)
    }
  }

  /// Accepts connections and serves each in a thread of its own, until the server is closed or the stack ends.
  ///
  /// - Parameter answer: what a request is answered with; runs in the session's thread, one request after the other. It may keep the connection, to
  ///   deliver messages to its program.
  public func run(_ answer: @escaping @Sendable (SMPPRequest, SMPPConnection) -> SMPPReply) throws(SMPPError) {
    while true {
      let connection: SMPPConnection
      do throws(SMPPError) {
        connection = try accept()
      } catch {
        if listener.isClosed { return }
        throw error
      }
      do throws(SocketError) {
        try connection.socket.stack.startThread("smpp-session") {
          _ = connection.serve { answer($0, connection) }
        }
      } catch {
        connection.close()
      }
    }
  }

  /// Ends listening; sessions live on.
  public func close() {
    listener.close()
  }
}
