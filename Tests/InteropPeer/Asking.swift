import ArgumentParser
import Foundation
import Martinet

extension InteropPeer {
  /// Asks three times for what a server gives that answers a line with a line: once this host knows the server's cookie, the question may go with
  /// the SYN (RFC 7413).
  func ask(on stack: NetworkStack, _ report: inout Report) throws {
    guard let remote = IPAddress(parsing: address), let port = UInt16(exactly: port) else {
      throw ValidationError("\(address) port \(port) is no endpoint")
    }
    var options = SocketOptions()
    options.fastOpen = fastOpen
    for number in 1...3 {
      let question = Array("question \(number)\n".utf8)
      let socket = try Socket(on: stack, options: options)
      try socket.connect(to: Endpoint(remote, port), timeout: .seconds(60), sending: question)
      report.sent += question.count
      var answer: [UInt8] = []
      while answer.count < question.count, let octets = try socket.inputStream.read(upTo: question.count - answer.count)
      {
        answer += octets
      }
      if answer != question { report.error = "\(String(decoding: answer, as: UTF8.self)) is no answer" }
      report.received += answer.count
      socket.close()
    }
  }
}
