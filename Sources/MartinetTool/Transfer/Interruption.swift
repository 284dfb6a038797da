import Glibc
import Martinet
import Synchronization

/// What a signal has to end: unfinished files are removed, connections reset.
final class Interruption: Sendable {
  private struct State {
    var stack: NetworkStack?
    var isHappening = false
  }

  private let state = Mutex(State())
  private let files: PartialFiles?

  /// Begins to watch for signals. To be made before the program has other threads.
  init(removing files: PartialFiles? = nil) {
    self.files = files
    SignalWatch.start { number in
      let stack = self.state.withLock { state in
        state.isHappening = true
        return state.stack
      }
      self.files?.abandon()
      stack?.abortAll()
      // Who hangs up does not read on: ssh ends its ProxyCommand so, each time.
      guard number != SIGHUP else { return }
      let remains = self.files == nil ? "" : ", unfinished files removed"
      Terminal.complain("ended by \(SignalWatch.name(number)): open connections are reset\(remains)")
    }
  }

  /// The stack whose connections are to be reset.
  func covers(_ stack: NetworkStack) {
    state.withLock { $0.stack = stack }
  }

  /// Whoever fails because of a signal has nothing to add, and leaves the end to the thread that got it.
  func yieldIfHappening() {
    while state.withLock({ $0.isHappening }) { pause() }
  }
}
