import ArgumentParser
import Martinet

/// The three services that need no protocol.
enum Service: String, CaseIterable, ExpressibleByArgument {
  /// Sends back what it gets (RFC 862).
  case echo
  /// Throws away what it gets (RFC 863).
  case discard
  /// Sends lines of printable characters for as long as somebody takes them (RFC 864).
  case chargen

  /// The port that the RFC gives the service.
  var port: UInt16 {
    switch self {
    case .echo: 7
    case .discard: 9
    case .chargen: 19
    }
  }

  /// What its connections begin with.
  func options(_ congestion: CongestionName?) -> SocketOptions {
    var options = SocketOptions()
    options.congestion = congestion?.algorithm
    // Each octet goes back as it came.
    options.noDelay = self == .echo
    return options
  }

  /// Serves one connection until the peer has closed, or has no more use for it.
  func serve(_ stream: TCPStream) async throws(SocketError) {
    switch self {
    case .echo: try await Service.echo(stream)
    case .discard: try await Service.discard(stream)
    case .chargen: try await Service.generate(stream)
    }
  }

  // MARK: The services

  /// The octets that are read at once.
  private static let pieceSize = 65536

  private static func echo(_ stream: TCPStream) async throws(SocketError) {
    while let piece = try await stream.read(upTo: pieceSize) { try await stream.write(piece) }
  }

  private static func discard(_ stream: TCPStream) async throws(SocketError) {
    // What nobody looks at needs no copy.
    while try await stream.read(upTo: .max, lending: { _ in }) != nil {}
  }

  private static func generate(_ stream: TCPStream) async throws(SocketError) {
    // "Any data received is thrown away" (RFC 864): the stack does so once nobody reads.
    try stream.shutdownInput()
    while true { try await stream.write(CharacterPattern.lines) }
  }
}

/// The popular pattern of RFC 864: lines of 72 of the 95 printable characters, each line one character further.
enum CharacterPattern {
  private static let characters: ClosedRange<UInt8> = 32...126
  private static let lineLength = 72

  /// Whole rounds of the pattern, about a quarter of a megabyte: what comes next is the same again.
  static let lines: [UInt8] = {
    var round: [UInt8] = []
    for first in 0..<characters.count {
      for place in 0..<lineLength {
        round.append(characters.lowerBound + UInt8((first + place) % characters.count))
      }
      round += [13, 10]
    }
    return Array(repeatElement(round, count: 32).joined())
  }()
}
