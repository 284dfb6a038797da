import Martinet
import Synchronization

/// What a signal has to end: unfinished files are removed, connections reset.
final class Interruption: Sendable {
  private let stack = Mutex<NetworkStack?>(nil)
  private let files: PartialFiles?

  /// Begins to watch for signals. To be made before the program has other threads.
  init(removing files: PartialFiles? = nil) {
    self.files = files
    SignalWatch.start { number in
      self.files?.abandon()
      self.stack.withLock { $0 }?.abortAll()
      Terminal.complain("ended by \(SignalWatch.name(number)): open connections are reset, unfinished files removed")
    }
  }

  /// The stack whose connections are to be reset.
  func covers(_ stack: NetworkStack) {
    self.stack.withLock { $0 = stack }
  }
}
