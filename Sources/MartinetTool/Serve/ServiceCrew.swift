import Martinet
import MartinetWire
import Synchronization

/// Serves any number of connections at once, each on a thread.
///
/// A thread accepts a connection, leaves the listener to another, serves the connection, and comes back. So connections that come and go cost no
/// new threads.
final class ServiceCrew: Sendable {
  private struct State {
    var workers = 0
    /// Workers that wait for a connection.
    var waiting = 0
    var failure: SocketError?
  }

  /// Connections that are served at once; more wait in the backlog.
  private static let workerLimit = 1024
  /// Workers that wait for a connection at most.
  private static let waitingLimit = 32
  private static let backlog = 1024

  private let service: Service
  private let server: ServerSocket
  private let state = Mutex(State())
  private let crew = Crew(limit: ServiceCrew.workerLimit)

  /// Serves on `port` until a signal ends the program.
  static func serve(_ service: Service, on port: UInt16, options: SocketOptions, over plan: LinkPlan) throws(Failure) {
    try plan.use { stack, addresses in
      let server = try ServerSocket(port: Int(port), backlog: backlog, on: stack, options: options)
      for prefix in addresses { Terminal.write("listening on \(Endpoint(prefix.address, port))\n") }
      try ServiceCrew(service, server).run()
    }
  }

  private init(_ service: Service, _ server: ServerSocket) {
    self.service = service
    self.server = server
  }

  private func run() throws {
    guard startWorker() else { throw Failure("the system has no thread left") }
    crew.waitForAll()
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  /// Starts another worker; false if there are enough, or the system has no thread left.
  @discardableResult
  private func startWorker() -> Bool {
    let isWanted = state.withLock { state in
      guard state.workers < ServiceCrew.workerLimit else { return false }
      state.workers += 1
      return true
    }
    guard isWanted else { return false }
    let isStarted = crew.start { self.work() }
    if !isStarted { state.withLock { $0.workers -= 1 } }
    return isStarted
  }

  private func work() {
    while enter() {
      let socket: Socket
      do throws(SocketError) {
        socket = try server.accept()
      } catch {
        state.withLock { $0.failure = $0.failure ?? error }
        break
      }
      let isLast = state.withLock { state in
        state.waiting -= 1
        return state.waiting == 0
      }
      if isLast { startWorker() }
      serve(socket)
    }
    state.withLock { $0.workers -= 1 }
  }

  /// Joins those who wait for a connection; false if there are enough of them, or no more connections come.
  private func enter() -> Bool {
    state.withLock { state in
      guard state.failure == nil, state.waiting < ServiceCrew.waitingLimit else { return false }
      state.waiting += 1
      return true
    }
  }

  private func serve(_ socket: Socket) {
    do throws(SocketError) {
      try service.serve(socket)
      socket.close()
    } catch {
      socket.abort()
      switch error.reason {
      // Who has seen enough characters has no other way to say so.
      case .reset where service == .chargen: return
      // A signal resets what is open, shuts the stack down, and tells so itself.
      case .ended(.aborted), .stackStopped: return
      default: break
      }
      Terminal.complain("\(socket.remoteEndpoint.map { "\($0)" } ?? "a client"): \(error.reason)")
    }
  }
}
