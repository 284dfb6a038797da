import MartinetTCP
import MartinetWire

/// Why a call on a socket failed: what was tried, with whom, and the reason.
public struct SocketError: Error, Equatable, Sendable {
  /// What was tried.
  public enum Operation: String, Hashable, Sendable {
    case open
    case bind
    case listen
    case connect
    case accept
    case read
    case write
    case send
    case receive
    case shutdownInput = "shut down input"
    case shutdownOutput = "shut down output"
    case setOption = "set option"
    case getOption = "get option"
    case resolve
    case sleep
    case join
    case wait
  }

  /// Why it failed.
  public enum Reason: Equatable, Sendable {
    // The call

    /// An argument is outside of its bounds; the text says which and what they are.
    case invalidArgument(String)
    /// The socket does not offer that.
    case unsupported(String)

    // The state of the socket

    /// The socket was closed, by this thread or by another.
    case closed
    /// The task that called was cancelled. The socket is closed; a listening one stays open.
    case interrupted
    case notConnected
    case alreadyConnected
    /// Another thread is connecting the socket.
    case connectionInProgress
    case alreadyBound
    case notBound
    case inputIsShutDown
    case outputIsShutDown

    // The local host

    /// Another socket has the address and port.
    case addressInUse
    /// The address is none of this host's.
    case addressNotAvailable
    /// Every ephemeral port is taken.
    case noPorts
    /// No route leads to the remote address.
    case noRoute
    /// A bound of the host's configuration is reached.
    case limitReached
    /// The host's memory for packets is exhausted.
    case noMemory
    /// The send buffer is full, and urgent octets don't wait.
    case noBufferSpace
    /// The stack was shut down.
    case stackStopped

    // The remote host and the way there

    /// No address is known for the name.
    case unknownHost(String)
    /// Whether there is an address for the name could not be found out.
    case resolutionFailed(String, ResolutionFailure)
    /// The remote host answered with a reset: nobody listens there.
    case refused
    /// The network says that the remote host or port can't be reached.
    case unreachable(UnreachableCause)
    /// The time that the caller allowed is over.
    case timedOut(Duration)
    /// The remote side reset the connection while it was in that state.
    case reset(in: Phase)
    /// The connection ended for another reason, which holds the evidence.
    case ended(EndReason)
    /// The peer's program answered none of the questions of a ``Heartbeat``.
    case heartbeatLost(HeartbeatEvidence)

    // Virtual time

    /// The calling thread is not registered with the simulation that the socket belongs to.
    case unregisteredThread
    /// The calling thread is registered with a simulation already.
    case alreadyRegistered
    /// Every thread of the simulation waits for ever, and nothing is left to happen that could end it.
    case deadlock
    /// The operating system has no thread left.
    case noThread
  }

  /// The kinds that java.net tells apart by exception class.
  public enum Kind: Hashable, Sendable {
    /// IllegalArgumentException
    case argument
    /// UnsupportedOperationException
    case unsupported
    /// UnknownHostException
    case unknownHost
    /// SocketTimeoutException, which is an InterruptedIOException
    case timeout
    /// BindException, which is a SocketException
    case bind
    /// ConnectException, which is a SocketException
    case connect
    /// NoRouteToHostException, which is a SocketException
    case noRoute
    /// PortUnreachableException, which is a SocketException
    case portUnreachable
    /// SocketException itself
    case socket
    /// What java.net has no class for: the rules of virtual time.
    case simulation

    /// Whether java.net derives the class from SocketException.
    public var isSocketException: Bool {
      switch self {
      case .bind, .connect, .noRoute, .portUnreachable, .socket: true
      case .argument, .unsupported, .unknownHost, .timeout, .simulation: false
      }
    }

    /// Whether java.net derives the class from IOException.
    public var isIOException: Bool { isSocketException || self == .unknownHost || self == .timeout }
  }

  /// An error is an object: it is rare, and every frame of a task that waits would have room for it.
  private final class Content: Sendable {
    let operation: Operation
    let endpoint: Endpoint?
    let reason: Reason
    let bytesTransferred: Int

    init(_ operation: Operation, _ endpoint: Endpoint?, _ reason: Reason, _ bytesTransferred: Int) {
      self.operation = operation
      self.endpoint = endpoint
      self.reason = reason
      self.bytesTransferred = bytesTransferred
    }
  }

  private let content: Content

  /// What was tried.
  public var operation: Operation { content.operation }
  /// The endpoint that the call was about: the remote one, or the local one of a call that binds.
  public var endpoint: Endpoint? { content.endpoint }
  /// Why it failed.
  public var reason: Reason { content.reason }
  /// The octets that the call had transferred before it failed: what a write had handed to the send buffer; 0 for a read, which returns what it has.
  public var bytesTransferred: Int { content.bytesTransferred }

  public init(_ operation: Operation, _ endpoint: Endpoint? = nil, _ reason: Reason, bytesTransferred: Int = 0) {
    content = Content(operation, endpoint, reason, bytesTransferred)
  }

  public static func == (one: SocketError, other: SocketError) -> Bool {
    one.operation == other.operation && one.endpoint == other.endpoint && one.reason == other.reason
      && one.bytesTransferred == other.bytesTransferred
  }

  /// The class that java.net would throw.
  public var kind: Kind {
    switch reason {
    case .invalidArgument: .argument
    case .unsupported: .unsupported
    case .unknownHost, .resolutionFailed: .unknownHost
    case .timedOut: .timeout
    case .addressInUse, .addressNotAvailable: .bind
    case .noPorts: operation == .connect ? .connect : .bind
    case .refused: .connect
    case .noRoute: .noRoute
    case .unreachable(let cause): cause.isPort ? (operation.isOfDatagrams ? .portUnreachable : .connect) : .noRoute
    case .ended(.connectTimedOut), .ended(.userTimedOut): operation == .connect ? .connect : .socket
    case .unregisteredThread, .alreadyRegistered, .deadlock, .noThread: .simulation
    default: .socket
    }
  }
}

extension SocketError.Operation {
  /// Whether only UDP sockets have it.
  var isOfDatagrams: Bool { self == .send || self == .receive }
}

extension UnreachableCause {
  /// Whether the host was reached and its port or protocol was not (RFC 792: codes 2 and 3; RFC 4443 section 3.1: code 4).
  var isPort: Bool {
    isIPv6 ? type == 1 && code == 4 : type == 3 && (code == 2 || code == 3)
  }
}
