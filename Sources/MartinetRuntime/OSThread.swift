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
    guard create(&thread, start) else { return false }
    pthread_detach(thread)
    return true
  }

  /// Runs `body` on a thread of its own and waits for its end. False: the system has no thread left.
  static func perform(name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    var thread = pthread_t()
    guard create(&thread, start) else { return false }
    pthread_join(thread, nil)
    return true
  }

  private static func create(_ thread: inout pthread_t, _ start: Unmanaged<Start>) -> Bool {
    let result = pthread_create(
      &thread, nil,
      { object in
        guard let object else { return nil }
        let start = Unmanaged<Start>.fromOpaque(object).takeRetainedValue()
        martinet_name_thread(start.name)
        start.body()
        return nil
      }, start.toOpaque())
    if result != 0 { start.release() }
    return result == 0
  }

  /// Lets others run.
  static func yield() { sched_yield() }
}
