extension StackCore {
  /// Starts a thread that may block here: registered with virtual time if the stack lives in it, when the calling thread must be, too.
  package func startThread(
    name: String, _ body: @escaping @Sendable () -> Void
  ) throws(DriverError) {
    switch driver {
    case .real:
      guard OSThread.start(name: name, body) else { throw .noThread }
    case .virtual(let driver, _):
      _ = try driver.spawn(name: name, body)
    }
  }
}
