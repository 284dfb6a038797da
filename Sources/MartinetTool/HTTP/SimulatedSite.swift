import Martinet

/// A web server for simulated visits: a handful of pages, each with a way of its own to say where the body ends.
enum SimulatedSite {
  private static let requestLimit = 65536

  /// Answers the requests of `listener`, one after the other, until it is closed.
  static func serve(_ listener: ServerSocket) {
    while let socket = try? listener.accept() {
      do {
        try answer(socket)
        socket.close()
      } catch {
        // A client that goes away has its reasons.
        socket.abort()
      }
    }
  }

  private static func answer(_ socket: Socket) throws(SocketError) {
    let input = try socket.inputStream
    var request: [UInt8] = []
    while !isWhole(request), request.count < requestLimit, let octets = try input.read(upTo: 4096) { request += octets }
    let words = String(decoding: request.prefix { $0 != 13 }, as: UTF8.self).split(separator: " ")
    try socket.outputStream.write(response(to: words.count == 3 && words[0] == "GET" ? String(words[1]) : nil))
  }

  /// Whether a request has its empty line.
  private static func isWhole(_ request: [UInt8]) -> Bool {
    request.count >= 4 && request.suffix(4) == [13, 10, 13, 10]
  }

  /// The octets that answer a request for `target`; nil for what is no request.
  static func response(to target: String?) -> [UInt8] {
    switch target?.prefix(while: { $0 != "?" }) {
    case nil: return message("400 Bad Request", "This is no request.\n")
    case "/": return message("200 OK", page)
    case "/large": return message("200 OK", String(repeating: page, count: 1 << 20 / page.utf8.count + 1))
    case "/chunked": return chunked(page)
    case "/close": return octets(["HTTP/1.1 200 OK", "Content-Type: text/plain", "Connection: close"], page)
    case "/truncated": return message("200 OK", page).dropLast(page.utf8.count / 2)
    case "/garbage": return Array("This is not the protocol that you look for.\r\n\r\n".utf8)
    default: return message("404 Not Found", "There is no such page.\n")
    }
  }

  private static let page = """
    This page has crossed a simulated network, in virtual time. The ladder beside it shows each segment
    that it took: the three of the handshake, the request, the response, and those of the goodbye.

    """

  private static func message(_ status: String, _ body: String) -> [UInt8] {
    octets(
      ["HTTP/1.1 \(status)", "Content-Type: text/plain", "Content-Length: \(body.utf8.count)", "Connection: close"],
      body)
  }

  private static func chunked(_ body: String) -> [UInt8] {
    let middle = body.index(body.startIndex, offsetBy: body.count / 2)
    let chunks = [body[..<middle], body[middle...], ""].map { chunk in
      String(chunk.utf8.count, radix: 16) + "\r\n" + chunk + "\r\n"
    }
    return octets(
      ["HTTP/1.1 200 OK", "Content-Type: text/plain", "Transfer-Encoding: chunked", "Connection: close"],
      chunks.joined())
  }

  private static func octets(_ lines: [String], _ body: String) -> [UInt8] {
    Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
  }
}
