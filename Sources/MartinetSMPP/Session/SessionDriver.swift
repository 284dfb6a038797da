import Martinet
import Synchronization

/// Drives a session over a socket, with two threads: one reads and keeps the timers, one writes, so that a peer that takes nothing stops neither input nor
/// timers.
///
/// The reader knows every deadline although others bring new ones: it looks at them at least once in the shortest timer.
final class SessionDriver: Sendable {
  let socket: Socket
  let endpoint: Endpoint?
  let state: Mutex<DriverState>
  let news: Announcement
  /// Who says whether a program may bind; of a server only.
  let authenticate: (@Sendable (SMPPPDU, SMPPBind) -> (SMPPStatus, SMPPBody))?
  /// Runs when the socket is closed.
  let whenOver: @Sendable () -> Void

  init(
    _ socket: Socket, _ role: SMPPRole, _ configuration: SMPPConfiguration,
    authenticate: (@Sendable (SMPPPDU, SMPPBind) -> (SMPPStatus, SMPPBody))? = nil,
    whenOver: @escaping @Sendable () -> Void = {}
  ) throws(SMPPError) {
    self.socket = socket
    self.authenticate = authenticate
    self.whenOver = whenOver
    endpoint = socket.remoteEndpoint
    news = Announcement(on: socket.stack)
    let session = try SMPPSession(role, configuration: configuration, peer: endpoint, at: socket.stack.now)
    state = Mutex(DriverState(session: session))
  }

  /// Starts the threads.
  func start() throws(SocketError) {
    do {
      try socket.stack.startThread("smpp-writer") { self.write() }
      try socket.stack.startThread("smpp-reader") { self.read() }
    } catch {
      act { session, _ in session.fail(error) }
      socket.abort()
      throw error
    }
  }

  var now: Duration { socket.stack.now }

  /// Does something with the session and tells everybody what follows.
  @discardableResult
  func act<Result, Failure: Error>(
    _ body: (inout SMPPSession, Duration) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let now = now
    defer { news.announce() }
    return try state.withLock { state throws(Failure) in
      defer { state.sort() }
      return try body(&state.session, now)
    }
  }

  /// Asks the session.
  func ask<Result>(_ body: (SMPPSession) -> Result) -> Result {
    state.withLock { body($0.session) }
  }

  /// The alerts that nobody took in time.
  var alertsDropped: UInt64 { state.withLock { $0.alertsDropped } }
}

// What programs do.
extension SessionDriver {
  /// Sends a request as soon as the window has room; ``answer(to:)`` waits for what settles it.
  func begin(_ body: SMPPBody) throws(SMPPError) -> UInt32 {
    let begun = try wait(.request(body.command)) { state -> Result<UInt32, SMPPError>? in
      if state.session.end == nil && !state.session.isUnbinding && !state.session.hasRoom { return nil }
      do throws(SMPPError) {
        let sequence = try state.session.request(body, at: now)
        state.awaited.insert(sequence)
        state.sort()
        return .success(sequence)
      } catch {
        return .failure(error)
      }
    }
    news.announce()
    guard let begun else { throw SMPPError(.request(body.command), endpoint, .windowFull(0)) }
    return try begun.get()
  }

  /// Waits for the response to a request.
  func answer(to sequence: UInt32, _ command: SMPPCommand) throws(SMPPError) -> SMPPPDU {
    let answer = try wait(.request(command)) { $0.answers[sequence] }
    switch answer {
    case .success(let pdu): return pdu
    case .failure(let unsettled): throw SMPPError(.request(command), endpoint, unsettled.reason)
    case nil: throw SMPPError(.request(command), endpoint, .notWaiting)
    }
  }

  /// Nobody waits for that answer any more.
  func forget(_ sequence: UInt32) {
    state.withLock { state in
      state.awaited.remove(sequence)
      state.answers[sequence] = nil
    }
  }

  /// The oldest request of the peer that nobody has taken; nil if none comes within `limit`.
  func nextRequest(within limit: Duration?) throws(SMPPError) -> SMPPPDU? {
    let found = try wait(.receive, until: limit.map { now + $0 }) { state -> Result<SMPPPDU, SMPPEnd>? in
      if !state.requests.isEmpty && state.session.end == nil { return .success(state.requests.removeFirst()) }
      return state.session.end.map { .failure($0) }
    }
    switch found {
    case .success(let pdu): return pdu
    case .failure(let end): throw SMPPError(.receive, endpoint, .ended(end))
    case nil: return nil
    }
  }

  /// Waits until nothing is unanswered, then unbinds.
  func unbind() throws(SMPPError) {
    act { session, _ in session.beginUnbinding() }
    _ = try wait(.request(.unbind)) { $0.session.end != nil || $0.session.outstandingRequests == 0 ? true : nil }
    do throws(SMPPError) {
      _ = try act { session, now throws(SMPPError) in try session.request(.empty(.unbind), at: now) }
    } catch {
      guard case .ended(.unbound) = error.reason else { throw error }
      return
    }
    switch try wait(.request(.unbind), { $0.session.end }) {
    case .unbound: return
    case let end?: throw SMPPError(.request(.unbind), endpoint, .ended(end))
    case nil: throw SMPPError(.request(.unbind), endpoint, .notWaiting)
    }
  }

  /// Waits until the socket is closed.
  func waitUntilOver() throws(SMPPError) {
    _ = try wait(.receive) { $0.isOver ? true : nil }
  }

  func wait<Found>(
    _ operation: SMPPError.Operation, until deadline: Duration? = nil, _ look: (inout DriverState) -> Found?
  ) throws(SMPPError) -> Found? {
    do throws(SocketError) {
      return try news.wait(until: deadline) { state.withLock { look(&$0) } }
    } catch {
      throw SMPPError(operation, endpoint, .socket(error))
    }
  }
}
