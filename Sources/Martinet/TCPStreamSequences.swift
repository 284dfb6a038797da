import MartinetTCP

// What arrives, as sequences.
extension TCPStream {
  /// The octets that arrive, in pieces as they come; at most 64 KiB each. Ends with the stream.
  public var chunks: TCPChunks { TCPChunks(stream: self, limit: 65536) }

  /// The octets that arrive, one by one. An octet costs no suspension while more are there. Ends with the stream.
  public var bytes: TCPBytes { TCPBytes(stream: self) }
}

/// The octets that arrive at a stream, in pieces.
public struct TCPChunks: AsyncSequence, Sendable {
  public typealias Element = [UInt8]
  public typealias Failure = SocketError

  let stream: TCPStream
  let limit: Int

  public struct AsyncIterator: AsyncIteratorProtocol {
    let stream: TCPStream
    let limit: Int

    public mutating func next() async throws(SocketError) -> [UInt8]? {
      try await stream.read(upTo: limit)
    }

    public mutating func next(isolation actor: isolated (any Actor)?) async throws(SocketError) -> [UInt8]? {
      try await stream.read(upTo: limit)
    }
  }

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(stream: stream, limit: limit)
  }
}

/// The octets that arrive at a stream.
public struct TCPBytes: AsyncSequence, Sendable {
  public typealias Element = UInt8
  public typealias Failure = SocketError

  let stream: TCPStream

  public struct AsyncIterator: AsyncIteratorProtocol {
    private let stream: TCPStream
    private var buffer: [UInt8] = []
    private var position = 0

    init(_ stream: TCPStream) {
      self.stream = stream
    }

    public mutating func next() async throws(SocketError) -> UInt8? {
      if position == buffer.count {
        // One who waits holds no buffer.
        buffer = []
        position = 0
        guard let bytes = try await stream.read() else { return nil }
        buffer = bytes
      }
      defer { position += 1 }
      return buffer[position]
    }

    public mutating func next(isolation actor: isolated (any Actor)?) async throws(SocketError) -> UInt8? {
      try await next()
    }
  }

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(stream)
  }
}
