import Martinet

/// A heartbeat of the programs: the server asks, and what answers is the client itself, not its host or something in between.
package enum HalfOpenHeartbeat {
  static let question = UInt8(ascii: "?")
  static let answer = UInt8(ascii: "!")

  /// Reads to the end of the stream. Asks when nothing was heard for a quarter of `bound`, and gives up when it was nothing for all of it.
  static func read(from socket: Socket, bound: Duration) throws(SocketError) -> HalfOpenVerdict {
    let (input, output) = (try socket.inputStream, try socket.outputStream)
    var heartbeat = try Heartbeat(interval: bound / 4, bound: bound, from: socket.stack.now)
    while true {
      let now = socket.stack.now
      switch heartbeat.check(at: now) {
      case .lost(let evidence): return .heartbeatLost(evidence)
      case .ask: try output.write([question])
      case .wait(let deadline):
        do throws(SocketError) {
          guard try input.read(upTo: 4096, within: deadline - now) != nil else { return .endOfStream }
          heartbeat.heard(at: socket.stack.now)
        } catch {
          guard case .timedOut = error.reason else { throw error }
        }
      }
    }
  }

  /// The client's side: answers until the stream ends.
  static func answerAll(on socket: Socket) throws(SocketError) {
    let (input, output) = (try socket.inputStream, try socket.outputStream)
    while let octets = try input.read(upTo: 4096) {
      let questions = octets.count { $0 == question }
      if questions > 0 { try output.write([UInt8](repeating: answer, count: questions)) }
    }
  }
}
