import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// The octets that arrive at a socket.
public struct SocketInputStream: Sendable {
  let socket: Socket

  /// Reads what is there, at least one octet and at most as many as `target` has room for, and blocks until there is one.
  /// Returns the number of octets; nil at the end of the stream, and at each later call.
  public func read(into target: UnsafeMutableRawBufferPointer) throws(SocketError) -> Int? {
    try socket.core.read(into: target)
  }

  /// Reads what is there, at least one octet and at most as many as `target` has room for, and blocks until there is one.
  /// Returns the number of octets; nil at the end of the stream, and at each later call.
  public func read(into target: inout MutableRawSpan) throws(SocketError) -> Int? {
    // A closure with a typed error can't be given to withUnsafeMutableBytes together with an inout span in every toolchain.
    var failure: SocketError?
    var count: Int?
    target.withUnsafeMutableBytes { bytes in
      do throws(SocketError) {
        count = try socket.core.read(into: bytes)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return count
  }

  /// Reads what is there, at least one octet and at most `limit`, and blocks until there is one. Nil at the end of the stream.
  ///
  /// - Parameter timeout: how long this call may block; nil as long as ``SocketOptions/readTimeout`` says, zero not at all.
  public func read(upTo limit: Int, within timeout: Duration? = nil) throws(SocketError) -> [UInt8]? {
    guard limit >= 0 else { throw SocketError(.read, nil, .invalidArgument("a limit is not negative")) }
    var failure: SocketError?
    var isEnd = false
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      do throws(SocketError) {
        if let read = try socket.core.read(into: UnsafeMutableRawBufferPointer(buffer), within: timeout) {
          count = read
        } else {
          isEnd = true
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return isEnd ? nil : bytes
  }

  /// Lends what is there to `body` instead of copying it: at least one octet and at most `limit`, and blocks until there is one. Returns the number of octets,
  /// all of which count as read; nil at the end of the stream.
  ///
  /// - Parameters:
  ///   - timeout: as in ``read(upTo:within:)``.
  ///   - body: called for each contiguous piece, in order, while no lock is held; the octets are gone when it returns.
  public func read(
    upTo limit: Int, within timeout: Duration? = nil, lending body: (RawSpan) -> Void
  ) throws(SocketError) -> Int? {
    try socket.core.read(upTo: limit, within: timeout, lending: body)
  }

  /// Reads one octet; nil at the end of the stream.
  public func read() throws(SocketError) -> UInt8? {
    try read(upTo: 1)?.first
  }

  /// Reads and discards up to `count` octets; returns how many. Fewer only at the end of the stream.
  public func skip(_ count: Int) throws(SocketError) -> Int {
    var skipped = 0
    while skipped < count, let bytes = try read(upTo: min(count - skipped, 65536)) {
      skipped += bytes.count
    }
    return skipped
  }

  /// Always false: octets that were read can't be read again.
  public var supportsMark: Bool { false }

  /// Fails: there is no mark to come back to.
  public func reset() throws(SocketError) {
    throw SocketError(.read, socket.remoteEndpoint, .unsupported("going back in a stream"))
  }

  /// The octets that can be read without blocking.
  public var available: Int {
    get throws(SocketError) { try socket.core.available }
  }

  /// Closes the socket.
  public func close() {
    socket.close()
  }
}

/// The octets that leave from a socket.
public struct SocketOutputStream: Sendable {
  let socket: Socket

  /// Writes all of `bytes`; blocks until the send buffer has taken the last. Other threads' octets do not come between them.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(SocketError) {
    try socket.core.write(bytes)
  }

  /// Writes all of `bytes`; blocks until the send buffer has taken the last. Other threads' octets do not come between them.
  public func write(_ bytes: RawSpan) throws(SocketError) {
    try bytes.withUnsafeBytes { bytes throws(SocketError) in try socket.core.write(bytes) }
  }

  /// Writes all of `bytes`; blocks until the send buffer has taken the last. Other threads' octets do not come between them.
  public func write(_ bytes: some Sequence<UInt8>) throws(SocketError) {
    var failure: SocketError?
    let write = { (bytes: UnsafeBufferPointer<UInt8>) in
      do throws(SocketError) {
        try socket.core.write(UnsafeRawBufferPointer(bytes))
      } catch {
        failure = error
      }
    }
    if bytes.withContiguousStorageIfAvailable(write) == nil {
      Array(bytes).withUnsafeBufferPointer(write)
    }
    if let failure { throw failure }
  }

  /// Writes all of `buffers`, one behind the other, as if they lay in one piece: no small segment leaves where one ends. Blocks until the send buffer has
  /// taken the last octet. Other threads' octets do not come between them.
  public func write(contentsOf buffers: [UnsafeRawBufferPointer]) throws(SocketError) {
    try socket.core.write(ScatteredMemory(buffers: buffers))
  }

  /// Writes all of `buffers`, one behind the other: as with memory.
  public func write(contentsOf buffers: [[UInt8]]) throws(SocketError) {
    try socket.core.write(ScatteredArrays(arrays: buffers))
  }

  /// Lends room in the send buffer to `body` instead of copying from a buffer of the caller's, and sends what `body` puts there. Blocks until there is room for at
  /// least one octet. Returns the number of octets.
  ///
  /// - Parameters:
  ///   - limit: the most octets to write.
  ///   - body: called for each contiguous piece of room, in order, until it leaves one that is not full, while no lock is held. Other threads' writes to the socket
  ///     wait until it returns: it must not write there itself.
  public func write(upTo limit: Int, lending body: (inout OutputRawSpan) -> Void) throws(SocketError) -> Int {
    try socket.core.write(upTo: limit, lending: body)
  }

  /// Does nothing: TCP sends what was written as soon as window and Nagle's algorithm let it.
  public func flush() {}

  /// Closes the socket, its input as well.
  public func close() {
    socket.close()
  }
}

extension Socket {
  /// The octets that arrive.
  /// - Throws: if the socket is not connected, is closed, or its input is shut down.
  public var inputStream: SocketInputStream {
    get throws(SocketError) {
      try core.state.withLock { state throws(SocketError) in
        _ = try state.connection(.read)
        if state.isInputShutDown { throw SocketError(.read, state.remote, .inputIsShutDown) }
      }
      return SocketInputStream(socket: self)
    }
  }

  /// The octets that leave.
  /// - Throws: if the socket is not connected, is closed, or its output is shut down.
  public var outputStream: SocketOutputStream {
    get throws(SocketError) {
      try core.state.withLock { state throws(SocketError) in
        _ = try state.connection(.write)
        if state.isOutputShutDown { throw SocketError(.write, state.remote, .outputIsShutDown) }
      }
      return SocketOutputStream(socket: self)
    }
  }
}
