import Glibc
import Martinet
import MartinetTCP
import MartinetWire
import Synchronization

/// Saves every connection's stream as a file, several at once.
final class Receiver: Sendable {
  private struct State {
    /// Streams that have ended and got a place among the files that are wanted.
    var claimed = 0
    /// Files under their final names.
    var finished = 0
    /// Those whose streams have not ended.
    var active: [Int: Socket] = [:]
    var lastNumber = 0
    var isEnding = false
  }

  private let saver: FileSaver
  private let files: PartialFiles
  private let port: UInt16
  private let backlog: Int
  private let acceptTimeout: Duration?
  private let idleTimeout: Duration?
  private let limit: Int?
  private let state = Mutex(State())
  /// Transfers at once; more wait in the backlog.
  private let crew = Crew(limit: 1024)

  init(
    saver: FileSaver, files: PartialFiles, port: UInt16, backlog: Int, acceptTimeout: Duration?, idleTimeout: Duration?,
    limit: Int?
  ) {
    self.saver = saver
    self.files = files
    self.port = port
    self.backlog = backlog
    self.acceptTimeout = acceptTimeout
    self.idleTimeout = idleTimeout
    self.limit = limit
  }

  func run(over plan: LinkPlan) throws(Failure) {
    let interruption = Interruption(removing: files)
    let (stack, addresses) = try plan.open()
    interruption.covers(stack)
    do throws(SocketError) {
      let server = try ServerSocket(port: Int(port), backlog: backlog, on: stack)
      try server.setAcceptTimeout(acceptTimeout)
      for prefix in addresses { Terminal.write("listening on \(Endpoint(prefix.address, port))\n") }
      try serve(server, interruption)
      crew.waitForAll()
      try stack.shutdown(within: .seconds(10))
    } catch {
      interruption.yieldIfHappening()
      files.abandon()
      stack.abortAll()
      throw Failure("\(error)")
    }
  }

  /// Accepts until nobody comes any more or the limit is reached.
  private func serve(_ server: ServerSocket, _ interruption: Interruption) throws(SocketError) {
    defer { server.close() }
    while true {
      let socket: Socket
      do throws(SocketError) {
        socket = try server.accept()
      } catch {
        if case .timedOut = error.reason {
          Terminal.write("nobody came for \(acceptTimeout.map { "\($0)" } ?? ""): accepting no more\n")
          return
        }
        if error.reason == .closed && state.withLock({ $0.isEnding }) { return }
        throw error
      }
      let isStarted = crew.start { self.handle(socket, server, interruption) }
      if !isStarted {
        Terminal.complain("\(Receiver.name(of: socket)): turned away, the system has no thread left")
        socket.abort()
      }
    }
  }

  private static func name(of socket: Socket) -> String {
    socket.remoteEndpoint?.description ?? "a client"
  }

  // MARK: One connection

  private func handle(_ socket: Socket, _ server: ServerSocket, _ interruption: Interruption) {
    guard let number = enter(socket) else {
      socket.abort()
      return
    }
    defer { state.withLock { $0.active[number] = nil } }
    let watch = Stopwatch()
    do {
      let file = try save(socket)
      guard claim(number) else {
        file.discard()
        socket.abort()
        return
      }
      let name = try finish(file)
      socket.close()
      Terminal.write("saved \(name): \(watch.words(for: file.count))\n")
      endIfComplete(server)
    } catch {
      interruption.yieldIfHappening()
      socket.abort()
      let reason = (error as? SocketError).map { "\($0.reason)" } ?? "\(error)"
      if !state.withLock({ $0.isEnding }) {
        Terminal.complain("\(Receiver.name(of: socket)): nothing saved: \(reason)")
      }
    }
  }

  /// Notes a transfer; nil if no more are wanted.
  private func enter(_ socket: Socket) -> Int? {
    state.withLock { state in
      guard !state.isEnding else { return nil }
      state.lastNumber += 1
      state.active[state.lastNumber] = socket
      return state.lastNumber
    }
  }

  /// Receives the whole stream into a hidden file.
  private func save(_ socket: Socket) throws -> PartialFile {
    guard let peer = socket.remoteEndpoint else { throw SocketError(.read, nil, .notConnected) }
    let file = try saver.begin(address: peer.address.description, port: peer.port)
    do {
      try socket.setReadTimeout(idleTimeout)
      let input = try socket.inputStream
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
      defer { buffer.deallocate() }
      while let count = try input.read(into: buffer) {
        try file.write(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
      }
      return file
    } catch {
      file.discard()
      throw error
    }
  }

  private func finish(_ file: PartialFile) throws -> String {
    do {
      return try file.finish()
    } catch {
      state.withLock { $0.claimed -= 1 }
      throw error
    }
  }

  // MARK: The limit

  /// Takes one of the places for complete files; false if there is none left.
  private func claim(_ number: Int) -> Bool {
    state.withLock { state in
      if let limit, state.claimed >= limit { return false }
      state.claimed += 1
      state.active[number] = nil
      return true
    }
  }

  /// Counts a file. At the limit nothing more is accepted, and what is still under way ends.
  private func endIfComplete(_ server: ServerSocket) {
    let others: [Socket]? = state.withLock { state in
      state.finished += 1
      guard let limit, state.finished >= limit, !state.isEnding else { return nil }
      state.isEnding = true
      return Array(state.active.values)
    }
    guard let others else { return }
    server.close()
    for socket in others where !socket.isClosed {
      Terminal.complain("\(Receiver.name(of: socket)): turned away, there are as many files as were wanted")
      socket.abort()
    }
  }
}
