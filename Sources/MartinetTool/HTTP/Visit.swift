import Martinet
import MartinetRuntime
import MartinetTCP
import MartinetWire

/// Who follows a visit.
protocol VisitObserver: AnyObject {
  /// Takes what the hosts have recorded so far; to be called often enough that their records do not overflow.
  func observe()
  /// Notes what the program says of itself at this moment.
  func remark(_ text: String)
  /// The connection of the visit is about to be opened to `endpoint`.
  func follow(_ endpoint: Endpoint)
}

/// What a visit brought.
package struct VisitOutcome: Sendable {
  package let address: WebAddress
  package var endpoint: Endpoint?
  /// "GET / HTTP/1.1"
  package var request: String { "GET \(address.target) HTTP/1.1" }
  /// "HTTP/1.1 200 OK"
  package var status = ""
  /// The value of Content-Type; empty without one.
  package var mediaType = ""
  /// The octets of the body.
  package var octets = 0
  /// Whether the server said that it closes the connection behind the response (RFC 9112 section 9.6).
  var serverCloses = false
  /// When each step was over, on the clock of the stack.
  package var resolved = Duration.zero
  package var connected = Duration.zero
  package var answered = Duration.zero
  package var complete = Duration.zero
  package var closed = Duration.zero
  package var begin = Duration.zero
}

/// A page and how one gets it, in five steps: name resolution, handshake, request, response, closing.
struct Visit {
  let address: WebAddress
  let stack: NetworkStack
  let resolver: any Resolver
  /// Whether the host has an address of the family; true for IPv4.
  let hasFamily: (Bool) -> Bool
  let observer: any VisitObserver
  /// Takes the body piece by piece.
  let body: (UnsafeRawBufferPointer) throws(Failure) -> Void

  /// How long a connection may take to come about, and how long the server may be silent.
  private static let patience = Duration.seconds(30)
  /// How long the server may take to end its stream once the response is whole.
  private static let closingLimit = Duration.seconds(2)
  /// How long the acknowledgement of our end may take.
  private static let quietLimit = Interval.seconds(2)

  /// Makes the visit.
  /// - Throws: why there is no whole response, in one line.
  func perform() throws(Failure) -> VisitOutcome {
    var outcome = VisitOutcome(address: address)
    do {
      outcome.begin = stack.now
      let endpoint = try resolve()
      outcome.endpoint = endpoint
      outcome.resolved = stack.now
      observer.follow(endpoint)
      let socket = try Socket(to: endpoint, on: stack, timeout: Visit.patience)
      outcome.connected = stack.now
      do {
        try converse(over: socket, &outcome)
      } catch {
        socket.abort()
        throw error
      }
      outcome.complete = stack.now
      close(socket, after: outcome.serverCloses)
      outcome.closed = stack.now
      observer.observe()
      return outcome
    } catch {
      let advice = (error as? SocketError)?.advice ?? ""
      throw Failure("\(address): \(error)\(advice)")
    }
  }

  // MARK: The steps

  private func resolve() throws(SocketError) -> Endpoint {
    if let literal = IPAddress(parsing: address.host) {
      observer.remark("\(literal) is an address: nobody is asked")
      return Endpoint(literal, address.port)
    }
    observer.remark("who is \(address.host)?")
    let addresses = try resolver.addresses(of: address.host, on: stack)
    let reachable = addresses.first { hasFamily($0.isIPv4) && stack.core.canReach($0) }
    guard let chosen = reachable ?? addresses.first else {
      throw SocketError(.resolve, nil, .unknownHost(address.host))
    }
    observer.remark("\(address.host) is \(chosen)")
    return Endpoint(chosen, address.port)
  }

  private func converse(over socket: Socket, _ outcome: inout VisitOutcome) throws {
    let exchange = try HTTPExchange(address)
    try socket.setReadTimeout(Visit.patience)
    try socket.outputStream.write(exchange.request())
    observer.observe()
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 4096)
    defer { piece.deallocate() }
    let input = try socket.inputStream
    var octets = 0
    let count = { (bytes: UnsafeRawBufferPointer) throws(Failure) in
      octets += bytes.count
      try body(bytes)
    }
    while !exchange.isComplete {
      guard let number = try input.read(into: piece) else {
        try exchange.end(count)
        break
      }
      if outcome.answered == .zero { outcome.answered = stack.now }
      try exchange.receive(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(piece)[..<number]), count)
      observer.observe()
    }
    outcome.octets = octets
    outcome.status = exchange.statusLine
    outcome.mediaType = exchange.mediaType
    outcome.serverCloses = exchange.serverCloses
  }

  /// Ends the connection in good order, `after` the server if that is announced. What goes wrong here does not concern the page, which
  /// is whole: the ladder shows it.
  private func close(_ socket: Socket, after serverCloses: Bool) {
    do throws(SocketError) {
      try socket.setReadTimeout(Visit.closingLimit)
      if serverCloses { try awaitEnd(of: socket) }
      try socket.shutdownOutput()
      if !serverCloses { try awaitEnd(of: socket) }
    } catch {
      observer.remark("\(error.reason)")
    }
    socket.close()
    if let waiter = try? stack.core.admit() {
      _ = stack.core.waitForQuiet(waiter, until: stack.core.now + Visit.quietLimit)
    }
  }

  /// Reads on to the end of the stream, but not for ever: what follows the response is nobody's.
  private func awaitEnd(of socket: Socket) throws(SocketError) {
    let limit = stack.now + Visit.closingLimit
    let input = try socket.inputStream
    while stack.now < limit, try input.read(upTo: 65536) != nil {}
  }
}
