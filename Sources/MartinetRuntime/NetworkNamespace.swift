import CMartinetLinux
import Glibc
import MartinetLinks
import Synchronization

/// A network namespace of Linux, by the file that stands for it.
public struct NetworkNamespace: Hashable, Sendable {
  /// `/var/run/netns/NAME`, or `/proc/PID/ns/net` for that of a process.
  public let path: String

  public init(path: String) { self.path = path }

  /// The namespace that `ip netns` calls `name`.
  public init(named name: String) { self.init(path: "/var/run/netns/" + name) }

  /// Runs `body` on a thread of its own in the namespace. What it opens there stays there, whoever uses it.
  /// - Throws: ``LinkError/namespace(_:reason:)`` if the namespace cannot be entered, and what `body` throws.
  public func perform<Success: Sendable>(
    _ body: @escaping @Sendable () throws(LinkError) -> Success
  ) throws(LinkError) -> Success {
    let outcome = Outcome<Success>()
    let path = path
    let isStarted = OSThread.perform(name: "namespace") {
      let result = martinet_enter_network(path)
      outcome.value.withLock { value in
        value = Result { () throws(LinkError) in
          if result < 0 { throw .namespace(path, reason: NetworkNamespace.reason(-result)) }
          return try body()
        }
      }
    }
    guard isStarted, let value = outcome.value.withLock({ $0 }) else {
      throw .namespace(path, reason: "the system has no thread left")
    }
    return try value.get()
  }

  private final class Outcome<Success: Sendable>: Sendable {
    let value = Mutex<Result<Success, LinkError>?>(nil)
  }

  private static func reason(_ code: Int32) -> String {
    switch code {
    case ENOENT, ENOTDIR: "there is none; `ip netns list` shows those with names"
    case EINVAL: "the file stands for no network namespace"
    case EPERM, EACCES: "no permission: be root, or in the user namespace that it belongs to"
    default: String(cString: strerror(code))
    }
  }
}
