import MartinetRuntime
import MartinetTCP
import MartinetWire

/// A question on its way to the servers: one after the other is asked, round after round, until one says something.
struct DNSExchange {
  enum Outcome: Equatable {
    case verdict(DNSVerdict)
    case failure(ResolutionFailure)
  }

  private enum Query {
    case none
    case datagram(DatagramQuery)
    case stream(StreamQuery)
  }

  private let question: DNSQuestion
  private let stack: NetworkStack
  private let servers: [Endpoint]
  private let timeout: Interval
  private let most: Int
  private let notify: @Sendable () -> Void

  private var query = Query.none
  /// How often a server's turn has come.
  private var turns = 0
  private var queries = 0
  private var lastCode: UInt8?

  init(
    _ question: DNSQuestion, _ configuration: StubResolverConfiguration, on stack: NetworkStack,
    notify: @escaping @Sendable () -> Void
  ) {
    self.question = question
    self.stack = stack
    servers = configuration.servers
    timeout = Interval(configuration.timeout)
    most = configuration.servers.count * configuration.attempts
    self.notify = notify
  }

  /// When polling brings more even if nothing arrives.
  var deadline: Instant {
    switch query {
    case .none: .never
    case .datagram(let query): query.deadline
    case .stream(let query): query.deadline
    }
  }

  /// Goes on as far as it can; nil: not at its end yet.
  mutating func poll(at now: Instant) -> Outcome? {
    while true {
      switch progress(at: now) {
      case .pending: return nil
      case .failed: end()
      case .response(let message):
        if let outcome = take(message, at: now) { return outcome }
      }
      if case .none = query {
        guard turns < most else { return .failure(failure) }
        ask(servers[turns % servers.count], at: now)
        turns += 1
      }
    }
  }

  private mutating func progress(at now: Instant) -> QueryProgress {
    switch query {
    case .none: return .failed
    case .datagram(var current):
      defer { query = .datagram(current) }
      return current.poll(at: now, notify: notify)
    case .stream(var current):
      defer { query = .stream(current) }
      return current.poll(at: now, notify: notify)
    }
  }

  private mutating func ask(_ server: Endpoint, at now: Instant) {
    guard let asked = DatagramQuery(question, to: server, on: stack, until: now + timeout) else { return }
    queries += 1
    query = .datagram(asked)
  }

  /// A response has come. Nil: it was not the last word.
  private mutating func take(_ message: DNSMessage, at now: Instant) -> Outcome? {
    let wasDatagram = if case .datagram = query { true } else { false }
    end()
    if message.isTruncated && wasDatagram {
      // The same server, which has said that it has more to say (RFC 2181 section 9).
      let server = servers[(turns - 1) % servers.count]
      if let asked = StreamQuery(question, to: server, on: stack, until: now + timeout) {
        queries += 1
        query = .stream(asked)
      }
      return nil
    }
    guard message.code == .noError || message.code == .noSuchName else {
      lastCode = message.code.rawValue
      return nil
    }
    return .verdict(message.verdict(on: question))
  }

  private var failure: ResolutionFailure {
    if servers.isEmpty { return .noServers }
    return lastCode.map { .serverFailed(code: $0) } ?? .noAnswer(queries: queries)
  }

  private mutating func end() {
    switch query {
    case .none: break
    case .datagram(var current): current.close()
    case .stream(var current): current.close()
    }
    query = .none
  }

  mutating func cancel() {
    end()
  }
}
