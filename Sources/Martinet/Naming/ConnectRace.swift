import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire

/// A connection that was opened, and to whom.
struct RacedConnection {
  var handle: ConnectionHandle
  var remote: Endpoint
  /// How many of the first octets it has taken over.
  var accepted = 0
}

/// Connects to a name: attempts to several of its addresses run beside each other, the first that is complete wins, and the others are aborted.
struct ConnectRace {
  private let core: SocketCore
  private let name: String
  private let port: UInt16
  private let options: ConnectionOptions
  private let bell: Bell
  /// The first octets to send, for one attempt: two would bring them to two hosts.
  private var bytes: [UInt8]
  private let lookup: any NameLookup
  private var race: AddressRace
  private var attempts: [Attempt] = []
  private var answers: [NameProgress.Answer] = []
  private var lastError: SocketError?

  private struct Attempt {
    var connection: RacedConnection
    /// Who is registered for its progress.
    var waiter: Waiter?
  }

  /// - Parameters:
  ///   - core: the socket that wants to be connected; the race ends when it is closed.
  ///   - bell: is rung by whoever closes it.
  ///   - bytes: the first octets; with Fast Open they go with the SYN of the first attempt, else none takes them.
  init(
    of core: SocketCore, to name: String, port: UInt16, options: ConnectionOptions, _ knobs: HappyEyeballs,
    _ bell: Bell,
    sending bytes: [UInt8]
  ) {
    self.core = core
    self.name = name
    self.port = port
    self.options = options
    self.bell = bell
    self.bytes = options.fastOpen ? bytes : []
    race = AddressRace(knobs)
    lookup = core.stack.resolver.lookUp(name, AddressFamily.allCases, on: core.stack) { bell.ring() }
  }

  private var stack: NetworkStack { core.stack }

  /// Blocks until one attempt is complete; nothing is left of the others then, nor of any when it fails.
  ///
  /// - Parameter limit: how long all of it may take; nil: as long as the last attempt does.
  /// - Throws: the error of the attempt that failed last, or why there is no address.
  mutating func run(within limit: Duration?) throws(SocketError) -> RacedConnection {
    let deadline = Instant.deadline(after: limit, from: stack.core.now)
    defer { abandon() }
    while true {
      let rings = bell.rings
      switch try goOn(until: deadline, limit) {
      case .won(let winner): return winner
      case .wait(let instant): try stack.wait(for: bell, since: rings, until: instant, .connect)
      }
    }
  }

  /// As the other, but suspends the calling task.
  mutating func run(within limit: Duration?) async throws(SocketError) -> RacedConnection {
    let deadline = Instant.deadline(after: limit, from: stack.core.now)
    defer { abandon() }
    while true {
      let rings = bell.rings
      switch try goOn(until: deadline, limit) {
      case .won(let winner): return winner
      case .wait(let instant): try await stack.wait(for: bell, since: rings, until: instant, .connect)
      }
    }
  }

  private enum Step {
    case won(RacedConnection)
    /// There is nothing to do before then, unless the bell rings.
    case wait(until: Instant)
  }

  /// Does what there is to do.
  private mutating func goOn(until deadline: Instant, _ limit: Duration?) throws(SocketError) -> Step {
    if core.isClosed { throw core.closedError(.connect, nil) }
    let now = stack.core.now
    if now >= deadline { throw SocketError(.connect, attempts.last?.connection.remote, .timedOut(limit ?? .zero)) }
    let lookupDeadline = takeAnswers(at: now)
    if let winner = takeWinner(at: now) { return .won(winner) }
    return .wait(until: min(deadline, try beginAttempts(at: now), lookupDeadline))
  }

  /// Hears what the resolver has found out; returns when it is to be asked again.
  private mutating func takeAnswers(at now: Instant) -> Instant {
    let progress = lookup.poll(at: now)
    for family in AddressFamily.allCases where race.isWaiting(for: family) {
      guard let answer = progress[family] else { continue }
      answers.append(answer)
      race.resolved(family, usable((try? answer.get()) ?? []), at: now) { [stack] in $0.sorted(for: stack) }
    }
    return progress.deadline
  }

  /// The addresses that there is a way to: an attempt to another one can only fail.
  private func usable(_ addresses: [IPAddress]) -> [IPAddress] {
    addresses.filter { stack.core.canReach($0) }
  }

  /// Begins what is due; returns when something else will be.
  private mutating func beginAttempts(at now: Instant) throws(SocketError) -> Instant {
    while true {
      switch race.next(at: now) {
      case .wait(let instant): return instant
      case .exhausted: throw try failure()
      case .attempt(let address): begin(Endpoint(address, port), at: now)
      }
    }
  }

  private mutating func begin(_ remote: Endpoint, at now: Instant) {
    do throws(HostError) {
      let begun = try bytes.span.bytes.withUnsafeBytes { source throws(HostError) in
        try stack.core.connect(to: remote, from: nil, options: options, sending: source)
      }
      bytes = []
      let connection = RacedConnection(handle: begun.handle, remote: remote, accepted: begun.accepted)
      attempts.append(Attempt(connection: connection))
      watch(attempts.count - 1)
    } catch {
      lastError = SocketError(.connect, remote, from: error)
      race.failed(at: now)
    }
  }

  /// Lets the bell ring when an attempt has come to its end; it may be there already.
  private mutating func watch(_ index: Int) {
    let waiter = bell.waiter()
    let progress = try? stack.core.connectProgress(of: attempts[index].connection.handle, otherwise: waiter)
    if case .pending = progress { attempts[index].waiter = waiter } else { bell.ring() }
  }

  private mutating func takeWinner(at now: Instant) -> RacedConnection? {
    var index = 0
    while index < attempts.count {
      let connection = attempts[index].connection
      let progress: ConnectProgress
      do throws(HostError) {
        progress = try stack.core.connectProgress(of: connection.handle, otherwise: nil)
      } catch {
        progress = .failed(.aborted)
      }
      switch progress {
      case .pending: index += 1
      case .connected:
        forget(index)
        return connection
      case .failed(let reason):
        lastError = SocketError(.connect, connection.remote, .init(reason))
        forget(index)
        stack.core.abort(connection.handle)
        race.failed(at: now)
      }
    }
    return nil
  }

  private mutating func forget(_ index: Int) {
    let attempt = attempts.remove(at: index)
    if let waiter = attempt.waiter { _ = stack.core.cancel(waiter, of: .output, on: attempt.connection.handle) }
  }

  /// Ends the search and every attempt that is still running.
  private mutating func abandon() {
    lookup.cancel()
    while let attempt = attempts.last {
      forget(attempts.count - 1)
      stack.core.abort(attempt.connection.handle)
    }
  }

  /// Why nothing has come of it.
  private func failure() throws(SocketError) -> SocketError {
    if let lastError { return lastError }
    let addresses = try NameProgress.merged(answers, of: name)
    return SocketError(.connect, addresses.first.map { Endpoint($0, port) }, .noRoute)
  }
}
