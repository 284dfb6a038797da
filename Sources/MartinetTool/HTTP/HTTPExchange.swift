import NIOCore
import NIOEmbedded
import NIOHTTP1

/// One request and its response as octets, without a connection: NIO's codec, driven by hand.
package final class HTTPExchange {
  private let channel = EmbeddedChannel()
  private let address: WebAddress
  private var head: HTTPResponseHead?
  /// Whether the response is whole.
  package private(set) var isComplete = false
  private var hasBegun = false

  package init(_ address: WebAddress) throws(Failure) {
    self.address = address
    do {
      try channel.pipeline.syncOperations.addHTTPClientHandlers()
    } catch {
      throw Failure("\(error)")
    }
  }

  /// The octets of the request.
  package func request() throws(Failure) -> [UInt8] {
    let fields = HTTPHeaders([
      ("Host", address.authority), ("User-Agent", "martinet"), ("Accept", "*/*"), ("Connection", "close"),
    ])
    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: address.target, headers: fields)
    do {
      try channel.writeOutbound(HTTPClientRequestPart.head(head))
      try channel.writeOutbound(HTTPClientRequestPart.end(nil))
      var octets: [UInt8] = []
      while let buffer = try channel.readOutbound(as: ByteBuffer.self) { octets += buffer.readableBytesView }
      return octets
    } catch {
      throw Failure("\(error)")
    }
  }

  /// Takes octets of the response; those of its body go to `body` piece by piece. What follows the end of the response is ignored.
  package func receive(
    _ octets: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    guard !isComplete, !octets.isEmpty else { return }
    hasBegun = true
    do {
      try channel.writeInbound(ByteBuffer(bytes: octets))
    } catch {
      // What came before the wrong octet is there.
      try drain(body)
      if !isComplete { throw Failure("the response is malformed: \(HTTPExchange.words(error))") }
    }
    try drain(body)
  }

  /// The peer has ended its stream, which may be the end of the body (RFC 9112 section 6.3).
  package func end(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
    guard !isComplete else { return }
    guard hasBegun else { throw Failure("the server closed the connection without a response") }
    do {
      _ = try channel.finish()
    } catch {
      throw Failure("the response is truncated: the server closed the connection before its end")
    }
    try drain(body)
    guard isComplete else {
      throw Failure("the response is truncated: the server closed the connection before its end")
    }
  }

  private func drain(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
    while let part = try nextPart() {
      switch part {
      case .head(let head): self.head = head
      case .body(let buffer):
        var failure: Failure?
        buffer.withUnsafeReadableBytes { bytes in
          do throws(Failure) { try body(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
      case .end: isComplete = true
      }
    }
  }

  private func nextPart() throws(Failure) -> HTTPClientResponsePart? {
    do {
      return try channel.readInbound()
    } catch {
      throw Failure("\(error)")
    }
  }

  /// "HTTP/1.1 200 OK"; empty before the head of the response.
  package var statusLine: String {
    guard let head else { return "" }
    return HTTPExchange.shown("\(head.version) \(head.status.code) \(head.status.reasonPhrase)")
  }

  /// Whether the server said that it closes the connection behind the response.
  package var serverCloses: Bool { head.map { !$0.isKeepAlive } ?? false }

  /// The value of Content-Type; empty without one.
  package var mediaType: String { HTTPExchange.shown(head?.headers.first(name: "Content-Type") ?? "") }

  /// What a server says of itself, fit for a terminal: printable ASCII, and not too much of it.
  private static func shown(_ text: String) -> String {
    let printable = text.unicodeScalars.prefix(60).map { (0x20...0x7E).contains($0.value) ? Character($0) : "?" }
    return String(printable)
  }

  /// NIO's name of what is wrong, as words: "invalid chunk size".
  private static func words(_ error: any Error) -> String {
    var words = ""
    for character in "\(error)".prefix(80) {
      if character.isUppercase { words += " " }
      words += character.lowercased()
    }
    return words
  }
}
