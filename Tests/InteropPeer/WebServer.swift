import Crypto
import Foundation
import Martinet

/// A small HTTP/1.1 server on our sockets: GET gives a file, PUT answers the digest of what came. Connections persist.
struct WebServer {
  /// What GET gives.
  let content: Data

  private struct Request {
    var method = ""
    var fields: [String: String] = [:]
    var length: Int { Int(fields["content-length"] ?? "") ?? 0 }
    var isLast: Bool { fields["connection"]?.lowercased() == "close" }
  }

  func serve(_ socket: Socket) throws {
    var reader = LineReader(try socket.inputStream)
    let output = try socket.outputStream
    while let request = try readHead(&reader) {
      if request.fields["expect"] != nil { try output.write("HTTP/1.1 100 Continue\r\n\r\n".utf8) }
      var digest = SHA256()
      try reader.take(request.length) { digest.update(data: $0) }
      let sum = digest.finalize().map { String(format: "%02x", $0) }.joined()
      switch request.method {
      case "GET": try answer("200 OK", content, output)
      case "PUT": try answer("200 OK", Data((sum + "\n").utf8), output)
      default: try answer("405 Method Not Allowed", Data(), output)
      }
      if request.isLast { break }
    }
    socket.close()
  }

  private func answer(_ status: String, _ body: Data, _ output: SocketOutputStream) throws {
    try output.write("HTTP/1.1 \(status)\r\nContent-Length: \(body.count)\r\n\r\n".utf8)
    try output.write(body)
  }

  private func readHead(_ reader: inout LineReader) throws -> Request? {
    guard let first = try reader.line() else { return nil }
    var request = Request(method: String(first.prefix { $0 != " " }))
    while let line = try reader.line(), !line.isEmpty {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      request.fields[line[..<colon].lowercased()] = value
    }
    return request
  }
}

/// Lines and counted octets of a stream.
private struct LineReader {
  private let input: SocketInputStream
  private var held: [UInt8] = []

  init(_ input: SocketInputStream) { self.input = input }

  /// The next line without its end; nil at the end of the stream.
  mutating func line() throws -> String? {
    while true {
      if let end = held.firstIndex(of: 10) {
        let line = String(decoding: held[..<end].filter { $0 != 13 }, as: UTF8.self)
        held.removeFirst(end + 1)
        return line
      }
      guard held.count < 65536, let more = try input.read(upTo: 65536) else { return nil }
      held += more
    }
  }

  /// Hands on the next `count` octets piece by piece.
  mutating func take(_ count: Int, _ body: ([UInt8]) -> Void) throws {
    var missing = count
    while missing > 0 {
      if held.isEmpty {
        guard let more = try input.read(upTo: 65536) else { return }
        held = more
      }
      let piece = held.prefix(missing)
      body(Array(piece))
      missing -= piece.count
      held.removeFirst(piece.count)
    }
  }
}
