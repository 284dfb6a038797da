import Dispatch
import Martinet
import MartinetWire
import Synchronization

/// Serves any number of connections at once, each in a task, on the threads that read the links: what comes is answered without a switch of threads.
///
/// A task accepts a connection, leaves the listener to another, serves the connection, and comes back. So connections that come and go cost no
/// new tasks.
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
  private let listener: TCPListener
  private let state = Mutex(State())
  private let end = DispatchSemaphore(value: 0)

  /// Serves on `port` until a signal ends the program.
  static func serve(_ service: Service, on port: UInt16, options: SocketOptions, over plan: LinkPlan) throws(Failure) {
    try plan.use { stack, addresses in
      let listener = try TCPListener(port: Int(port), backlog: backlog, on: stack, options: options)
      for prefix in addresses { Terminal.write("listening on \(Endpoint(prefix.address, port))\n") }
      try ServiceCrew(service, listener).run(on: stack)
    }
  }

  private init(_ service: Service, _ listener: TCPListener) {
    self.service = service
    self.listener = listener
  }

  private func run(on stack: NetworkStack) throws {
    guard let executor = stack.executor else { throw Failure("the system has no thread left") }
    startWorker(on: executor)
    end.wait()
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  /// Starts another worker unless there are enough.
  private func startWorker(on executor: LinkExecutor) {
    let isWanted = state.withLock { state in
      guard state.workers < ServiceCrew.workerLimit else { return false }
      state.workers += 1
      return true
    }
    if isWanted { Task(executorPreference: executor) { await self.work(on: executor) } }
  }

  private func work(on executor: LinkExecutor) async {
    while enter() {
      let stream: TCPStream
      do throws(SocketError) {
        stream = try await listener.accept()
      } catch {
        state.withLock { $0.failure = $0.failure ?? error }
        break
      }
      let isLast = state.withLock { state in
        state.waiting -= 1
        return state.waiting == 0
      }
      if isLast { startWorker(on: executor) }
      // The links of another shard are read by another thread.
      if stream.stack.shards == 1 || stream.executor === executor {
        await serve(stream)
      } else {
        await withTaskExecutorPreference(stream.executor) { await self.serve(stream) }
      }
    }
    let isLast = state.withLock { state in
      state.workers -= 1
      return state.workers == 0
    }
    if isLast { end.signal() }
  }

  /// Joins those who wait for a connection; false if there are enough of them, or no more connections come.
  private func enter() -> Bool {
    state.withLock { state in
      guard state.failure == nil, state.waiting < ServiceCrew.waitingLimit else { return false }
      state.waiting += 1
      return true
    }
  }

  private func serve(_ stream: TCPStream) async {
    do throws(SocketError) {
      try await service.serve(stream)
      stream.close()
    } catch {
      stream.abort()
      switch error.reason {
      // Who has seen enough characters has no other way to say so.
      case .reset where service == .chargen: return
      // A signal resets what is open, shuts the stack down, and tells so itself.
      case .ended(.aborted), .stackStopped: return
      default: break
      }
      Terminal.complain("\(stream.remoteEndpoint.map { "\($0)" } ?? "a client"): \(error.reason)")
    }
  }
}
