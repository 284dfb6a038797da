import Glibc

/// Standard input and standard output as a stream of octets, as they come.
package struct StandardStream: Sendable {
  private let descriptor: Int32
  private let name: String

  package static let input = StandardStream(descriptor: STDIN_FILENO, name: "standard input")
  package static let output = StandardStream(descriptor: STDOUT_FILENO, name: "standard output")

  /// Reads what is there, at least one octet, and blocks until there is one. 0 at the end.
  package func read(into target: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
    while true {
      let count = Glibc.read(descriptor, target.baseAddress, target.count)
      if count >= 0 { return count }
      try recover(waitingFor: Int16(POLLIN))
    }
  }

  /// Writes all of `bytes`.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    var position = 0
    while position < bytes.count {
      let count = Glibc.write(descriptor, bytes.baseAddress! + position, bytes.count - position)
      if count >= 0 {
        position += count
      } else {
        try recover(waitingFor: Int16(POLLOUT))
      }
    }
  }

  /// Lets the reader at the other side see the end. The number of the descriptor stays taken, so that no file gets it.
  package func end() throws(Failure) {
    // A socket may be standard input as well, which keeps it open.
    if shutdown(descriptor, Int32(SHUT_WR)) < 0 && errno != ENOTSOCK { throw Failure.system(name) }
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    guard nowhere >= 0 else { throw Failure.system(name) }
    defer { close(nowhere) }
    if dup2(nowhere, descriptor) < 0 { throw Failure.system(name) }
  }

  /// After a call that failed: goes on, with a wait where another program has made the stream non-blocking.
  private func recover(waitingFor condition: Int16) throws(Failure) {
    if errno == EINTR { return }
    guard errno == EAGAIN else { throw Failure.system(name) }
    var wanted = pollfd(fd: descriptor, events: condition, revents: 0)
    _ = poll(&wanted, 1, -1)
  }
}
