import Martinet

/// A heartbeat of the programs: the server asks, and what answers is the client itself, not its host or something in between.
package enum HalfOpenHeartbeat {
  static let question = UInt8(ascii: "?")
  static let answer = UInt8(ascii: "!")

  /// Nobody answered.
  package struct Lost: Equatable, Sendable, CustomStringConvertible {
    package var silence: Duration
    package var questions: Int

    package var description: String {
      "no heartbeat reply for \(Figures.fixed(silence.seconds, places: 3)) s, \(questions) questions unanswered"
    }
  }

  /// Reads to the end of the stream. Asks when nothing was heard for a quarter of `bound`, and gives up when it was nothing for all of it.
  static func read(from socket: Socket, bound: Duration) throws(SocketError) -> HalfOpenVerdict {
    try socket.setReadTimeout(bound / 4)
    let (input, output) = (try socket.inputStream, try socket.outputStream)
    var heard = socket.stack.now
    var questions = 0
    while true {
      do throws(SocketError) {
        guard try input.read(upTo: 4096) != nil else { return .endOfStream }
        heard = socket.stack.now
        questions = 0
      } catch {
        guard case .timedOut = error.reason else { throw error }
        let silence = socket.stack.now - heard
        if silence >= bound { return .heartbeatLost(Lost(silence: silence, questions: questions)) }
        try output.write([question])
        questions += 1
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
