import Foundation
import MartinetTool
import Testing

@Suite("A request and its response")
struct HTTPExchangeTests {
  /// The octets of a body.
  private final class Collected {
    private(set) var octets: [UInt8] = []

    func take(_ bytes: UnsafeRawBufferPointer) throws(Failure) { octets += bytes }

    func feed(_ piece: [UInt8], to exchange: HTTPExchange) throws {
      try piece.withUnsafeBytes { bytes in try exchange.receive(bytes, take) }
    }
  }

  /// What a response brings whose octets come in pieces of `size`, and whose connection then ends.
  private func body(of response: String, size: Int) throws -> (body: String, status: String, isComplete: Bool) {
    let exchange = try HTTPExchange(WebAddress("http://example.org/"))
    _ = try exchange.request()
    let collected = Collected()
    let octets = Array(response.utf8)
    for start in stride(from: 0, to: octets.count, by: size) {
      try collected.feed(Array(octets[start..<min(start + size, octets.count)]), to: exchange)
    }
    let isComplete = exchange.isComplete
    try exchange.end(collected.take)
    #expect(exchange.isComplete)
    return (String(decoding: collected.octets, as: UTF8.self), exchange.statusLine, isComplete)
  }

  @Test("The request asks for the target, names the host, and wants the connection closed")
  func request() throws {
    let octets = try HTTPExchange(WebAddress("http://example.org:81/a?b")).request()
    let lines = String(decoding: octets, as: UTF8.self).components(separatedBy: "\r\n")
    #expect(lines.first == "GET /a?b HTTP/1.1")
    #expect(lines.contains("Host: example.org:81"))
    #expect(lines.contains("Connection: close"))
    #expect(lines.suffix(2) == ["", ""])
  }

  @Test("The body ends where its length says", arguments: [1, 3, 1000])
  func length(size: Int) throws {
    let (body, status, isComplete) = try body(
      of: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more", size: size)
    #expect(body == "hello")
    #expect(status == "HTTP/1.1 200 OK")
    #expect(isComplete)
  }

  @Test("The body ends with the empty chunk", arguments: [1, 3, 1000])
  func chunks(size: Int) throws {
    let (body, _, isComplete) = try body(
      of: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n7\r\n, world\r\n0\r\nX: y\r\n\r\n",
      size: size)
    #expect(body == "hello, world")
    #expect(isComplete)
  }

  @Test("The body ends with the connection", arguments: [1, 1000])
  func close(size: Int) throws {
    let (body, _, isComplete) = try body(of: "HTTP/1.0 200 OK\r\n\r\nhello", size: size)
    #expect(body == "hello")
    #expect(!isComplete)
  }

  @Test("A status without a body ends with its head", arguments: ["204 No Content", "304 Not Modified"])
  func empty(status: String) throws {
    let response = "HTTP/1.1 \(status)\r\nContent-Length: 5\r\n\r\nhello"
    #expect(try body(of: response, size: 1000).body == "")
  }

  @Test("Interim responses are passed over (RFC 9110 section 15.2)")
  func interim() throws {
    let response = "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"
    let (body, status, _) = try body(of: response, size: 7)
    #expect(body == "no")
    #expect(status == "HTTP/1.1 404 Not Found")
  }

  @Test(
    "What is no response is malformed", arguments: [1, 1000],
    [
      "bonjour\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 200 OK\r\nno field\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    ])
  func malformed(size: Int, response: String) {
    let failure = #expect(throws: Failure.self) { try body(of: response, size: size) }
    #expect(failure?.message.contains("malformed") == true, "\(failure?.message ?? "")")
  }

  @Test(
    "What ends too early is truncated", arguments: [1, 1000],
    [
      "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", "HTTP/1.1",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ])
  func truncated(size: Int, response: String) {
    let failure = #expect(throws: Failure.self) { try body(of: response, size: size) }
    #expect(failure?.message.contains("truncated") == true, "\(failure?.message ?? "")")
  }

  @Test("No octet at all is no response")
  func nothing() {
    let failure = #expect(throws: Failure.self) { try body(of: "", size: 1) }
    #expect(failure?.message == "the server closed the connection without a response")
  }

  @Test("A head without an end is refused, not kept")
  func endless() {
    let response =
      "HTTP/1.1 200 OK\r\n" + String(repeating: "X: \(String(repeating: "y", count: 1000))\r\n", count: 1000)
    #expect(throws: Failure.self) { try body(of: response, size: 4096) }
  }

  @Test("What a server says of itself cannot command a terminal")
  func controls() throws {
    let response = "HTTP/1.1 200 \u{1B}[2J\u{7}é\r\nContent-Length: 0\r\n\r\n"
    if let status = try? body(of: response, size: 1000).status {
      #expect(status.utf8.allSatisfy { (0x20...0x7E).contains($0) })
    }
  }
}
