import Dispatch
import Martinet
import Synchronization

/// Joins standard input and standard output to a connection.
///
/// Each direction has a thread of its own and passes on what comes as it comes. The end of standard input ends the output of the socket;
/// the end of what arrives ends standard output.
final class Relay: Sendable {
  /// The octets that are passed on at once.
  private static let pieceSize = 65536

  private let socket: Socket
  private let failure = Mutex<Failure?>(nil)
  private let reports = DispatchSemaphore(value: 0)

  init(_ socket: Socket) {
    self.socket = socket
  }

  /// Returns when both directions have ended; throws as soon as one of them fails.
  func run() throws(Failure) {
    let directions = [carryOut, carryIn]
    for direction in directions {
      let isStarted = Threads.start {
        do throws(Failure) {
          try direction()
        } catch {
          self.failure.withLock { $0 = $0 ?? error }
        }
        self.reports.signal()
      }
      guard isStarted else { throw Failure("the system has no thread left") }
    }
    for _ in directions {
      reports.wait()
      if let failure = failure.withLock({ $0 }) { throw failure }
    }
  }

  /// From standard input to the peer.
  private func carryOut() throws(Failure) {
    let socket = socket
    try withPiece { piece throws(Failure) in
      let output = try Relay.call { () throws(SocketError) in try socket.outputStream }
      while case let count = try StandardStream.input.read(into: piece), count > 0 {
        let octets = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(piece)[..<count])
        try Relay.call { () throws(SocketError) in try output.write(octets) }
      }
      try Relay.call { () throws(SocketError) in try socket.shutdownOutput() }
    }
  }

  /// From the peer to standard output.
  private func carryIn() throws(Failure) {
    let socket = socket
    try withPiece { piece throws(Failure) in
      let input = try Relay.call { () throws(SocketError) in try socket.inputStream }
      while let count = try Relay.call({ () throws(SocketError) in try input.read(into: piece) }) {
        try StandardStream.output.write(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(piece)[..<count]))
      }
      try StandardStream.output.end()
    }
  }

  private static func call<Result>(_ body: () throws(SocketError) -> Result) throws(Failure) -> Result {
    do throws(SocketError) {
      return try body()
    } catch {
      throw Failure("\(error)")
    }
  }

  private func withPiece(_ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Relay.pieceSize, alignment: 4096)
    defer { piece.deallocate() }
    try body(piece)
  }
}
