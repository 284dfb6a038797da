import Synchronization

/// Options that many sockets have, once: they take some two hundred octets, and most sockets of a program are opened with the same.
final class SharedOptions: Sendable {
  let value: SocketOptions

  init(_ value: SocketOptions) {
    self.value = value
  }
}

/// The options that sockets were opened with last.
final class RecentOptions: Sendable {
  private let recent = Mutex(SharedOptions(SocketOptions()))

  /// An object with `options`: that of the socket before, if its options were the same.
  func share(_ options: SocketOptions) -> SharedOptions {
    recent.withLock { recent in
      if recent.value != options { recent = SharedOptions(options) }
      return recent
    }
  }
}
