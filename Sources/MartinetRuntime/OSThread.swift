import CMartinetLinux
import Glibc

/// A thread of the operating system, detached.
package enum OSThread {
  private final class Start {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// Starts a thread. False: the system has no thread left.
  package static func start(name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    var thread = pthread_t()
    let result = pthread_create(
      &thread, nil,
      { object in
        guard let object else { return nil }
        let start = Unmanaged<Start>.fromOpaque(object).takeRetainedValue()
        martinet_name_thread(start.name)
        start.body()
        return nil
      }, start.toOpaque())
    guard result == 0 else {
      start.release()
      return false
    }
    pthread_detach(thread)
    return true
  }

  /// Lets others run.
  static func yield() { sched_yield() }
}
