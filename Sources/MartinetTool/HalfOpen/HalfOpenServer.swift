import Martinet
import Synchronization

/// The server's program with one mechanism: it waits for its client until it is told something. The same code runs in virtual and in real time.
final class HalfOpenServer: Sendable {
  let mechanism: HalfOpenMechanism
  private let bound: Duration
  private let socket: Socket
  private let state = Mutex(State())

  private struct State {
    var cut: Duration?
    var ending: (verdict: HalfOpenVerdict, time: Duration)?
    var warning: (text: String, time: Duration)?
  }

  init(_ mechanism: HalfOpenMechanism, bound: Duration, on socket: Socket) throws(SocketError) {
    self.mechanism = mechanism
    self.bound = bound
    self.socket = socket
    try socket.setOptions(mechanism.options(bound: bound))
  }

  /// Tells the server's chronicle, not its program, when the cut was.
  func cutHappened(at time: Duration) {
    state.withLock { $0.cut = time }
  }

  /// Waits until the program is told something.
  ///
  /// - Parameter awaitCut: blocks until the way is cut, for a program that is to write then.
  func run(awaitCut: () throws(SocketError) -> Void) {
    let verdict = wait(awaitCut)
    let time = socket.stack.now
    state.withLock { $0.ending = (verdict, time) }
  }

  private func wait(_ awaitCut: () throws(SocketError) -> Void) -> HalfOpenVerdict {
    do throws(SocketError) {
      if mechanism == .heartbeat { return try HalfOpenHeartbeat.read(from: socket, bound: bound) }
      if mechanism.isWriting {
        try awaitCut()
        try socket.outputStream.write("news".utf8)
      }
      let input = try socket.inputStream
      while try input.read(upTo: 4096) != nil {}
      return .endOfStream
    } catch {
      // Whoever watches closes the socket when it has seen enough.
      return error.reason == .closed ? .nothing : .error(error)
    }
  }

  /// Notes the first warning; for a thread of its own, until the connection ends.
  func listenForWarnings() {
    while let warning = try? socket.nextWarning() {
      let time = socket.stack.now
      state.withLock { $0.warning = $0.warning ?? ("\(warning)", time) }
    }
  }

  /// What came of it, once ``run(awaitCut:)`` has returned.
  func finding(of cut: HalfOpenCut, allowance: Duration = .zero, watched: Duration) -> HalfOpenFinding {
    let (begin, ending, warning) = state.withLock { ($0.cut ?? .zero, $0.ending, $0.warning) }
    let verdict = ending?.verdict ?? .nothing
    let limit = mechanism.mustNotice(cut) ? (mechanism.limit(bound: bound) ?? bound) + allowance : nil
    return HalfOpenFinding(
      mechanism: mechanism, cut: cut, limit: limit, verdict: verdict,
      noticed: verdict.cause == nil ? nil : ending.map { $0.time - begin }, warned: warning.map { $0.time - begin },
      warning: warning?.text, watched: watched)
  }
}
