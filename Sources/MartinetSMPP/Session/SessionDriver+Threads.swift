import Martinet
import Synchronization

// The two threads of a session.
extension SessionDriver {
  private enum Turn {
    case read(within: Duration)
    case pause(until: Duration)
    case stop
  }

  func write() {
    do throws(SocketError) {
      while let octets = try news.wait({ nextOutput() }), !octets.isEmpty {
        try socket.outputStream.write(octets)
      }
    } catch {
      act { session, _ in session.fail(error) }
    }
    state.withLock { $0.isWritten = true }
    news.announce()
  }

  /// What is to be written; nothing after the end.
  private func nextOutput() -> [UInt8]? {
    state.withLock { state in
      let octets = state.session.takeOutput()
      return octets.isEmpty && state.session.end == nil ? nil : octets
    }
  }

  func read() {
    do throws(SocketError) {
      reading: while true {
        switch nextTurn() {
        case .read(let limit): try readOnce(within: limit)
        case .pause(let deadline):
          _ = try news.wait(until: deadline) { ask { $0.wantsInput || $0.end != nil } ? true : nil }
        case .stop: break reading
        }
        authenticateBinds()
        act { session, now in session.expire(at: now) }
      }
    } catch {
      act { session, _ in session.fail(error) }
    }
    finish()
  }

  private func nextTurn() -> Turn {
    let now = now
    return ask { session in
      guard let deadline = session.nextDeadline ?? (session.end == nil ? Duration.seconds(1 << 40) : nil) else {
        return .stop
      }
      let soon = min(deadline, now + session.configuration.shortestTimer)
      return session.wantsInput ? .read(within: max(soon - now, .zero)) : .pause(until: soon)
    }
  }

  private func readOnce(within limit: Duration) throws(SocketError) {
    do throws(SocketError) {
      if let octets = try socket.inputStream.read(upTo: 1 << 16, within: limit) {
        act { session, now in session.receive(octets, at: now) }
      } else {
        act { session, _ in session.receiveEnd() }
      }
    } catch {
      guard case .timedOut = error.reason else { throw error }
    }
  }

  private func authenticateBinds() {
    guard let authenticate else { return }
    while let (pdu, bind) = state.withLock({ $0.binds.isEmpty ? nil : $0.binds.removeFirst() }) {
      let (status, body) = authenticate(pdu, bind)
      act { session, now in
        do throws(SMPPError) {
          try session.respond(to: pdu.sequence, status: status, body, at: now)
        } catch {
          // The session has ended meanwhile, or the server's name is too long to be told.
          _ = try? session.respond(to: pdu.sequence, status: .systemError, at: now)
        }
      }
    }
  }

  /// Closes the socket, in good order if the connection allows it.
  private func finish() {
    let deadline = now + ask { $0.configuration.closingTimeout }
    var isOrderly = if case .socket = ask({ $0.end }) { false } else { true }
    do throws(SocketError) {
      if isOrderly, try news.wait(until: deadline, { state.withLock { $0.isWritten } ? true : nil }) == true {
        try drain(until: deadline)
      } else {
        isOrderly = false
      }
    } catch {
      isOrderly = false
    }
    if isOrderly { socket.close() } else { socket.abort() }
    state.withLock { $0.isOver = true }
    news.announce()
    whenOver()
  }

  /// Ends the output and reads to the peer's end: closing with octets unread would reset the connection, and the peer might lose what was written last.
  private func drain(until deadline: Duration) throws(SocketError) {
    try socket.shutdownOutput()
    while try socket.inputStream.read(upTo: 1 << 16, within: max(deadline - now, .zero)) != nil {
      if now >= deadline { throw SocketError(.read, endpoint, .timedOut(deadline - now)) }
    }
  }
}
