import Glibc

/// Ends the program in good order on SIGINT, SIGTERM and SIGHUP.
package enum SignalWatch {
  private static let watched = [SIGINT, SIGTERM, SIGHUP]

  /// From here on a signal runs `body` on a thread of its own and ends the program with status 128 + signal. To be called
  /// before the program has other threads, which take over who answers signals.
  package static func start(_ body: @escaping @Sendable (Int32) -> Void) {
    start { number in
      body(number)
      return 128 + number
    }
  }

  /// As ``start(_:)``, with the status that `body` returns.
  package static func start(_ body: @escaping @Sendable (Int32) -> Int32) {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in watched { sigaddset(&signals, signal) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    Threads.start {
      var signals = sigset_t()
      sigemptyset(&signals)
      for signal in watched { sigaddset(&signals, signal) }
      var number: Int32 = 0
      while sigwait(&signals, &number) != 0 {}
      _exit(body(number))
    }
  }

  /// The name of a signal.
  package static func name(_ number: Int32) -> String {
    switch number {
    case SIGINT: "SIGINT"
    case SIGTERM: "SIGTERM"
    case SIGHUP: "SIGHUP"
    default: "signal \(number)"
    }
  }
}

/// Threads of the program's own.
enum Threads {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts a detached thread; false if the system has none left.
  @discardableResult
  static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    let start = Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    let result = pthread_create(
      &thread, nil,
      { object in
        guard let object else { return nil }
        Unmanaged<Body>.fromOpaque(object).takeRetainedValue().run()
        return nil
      }, start.toOpaque())
    guard result == 0 else {
      start.release()
      return false
    }
    pthread_detach(thread)
    return true
  }
}
