import Martinet
import MartinetRuntime
import MartinetTCP
import MartinetWire

/// A visit to a real server over a link.
enum LiveVisit {
  static func present(_ address: WebAddress, over plan: LinkPlan, asking server: IPAddress?) throws(Failure) {
    try plan.use { stack, addresses in
      let watcher = LiveWatcher(stack)
      let outcome = try Visit(
        address: address, stack: stack, resolver: NameService.resolver(asking: server),
        hasFamily: { family in addresses.contains { $0.address.isIPv4 == family } }, observer: watcher,
        body: StandardStream.output.write
      ).perform()
      let story = watcher.finish()
      stack.abortAll()
      VisitPresentation.show(outcome, story)
    }
  }
}

/// Makes a story of one connection of a stack, which is its left end.
final class LiveWatcher: VisitObserver {
  private let stack: NetworkStack
  private let origin: Instant
  private var recorder = StoryRecorder(
    left: Party(name: "martinet", endpoint: ""), right: Party(name: "server", endpoint: ""), wire: .leftEndOnly)
  private var wanted: Endpoint?
  private var connection: ConnectionID?

  init(_ stack: NetworkStack) {
    self.stack = stack
    origin = stack.core.now
    stack.setTracing(true)
  }

  func observe() {
    _ = take()
  }

  func remark(_ text: String) {
    recorder.record(Remark(text, side: .left, time: take()))
  }

  func follow(_ endpoint: Endpoint) {
    wanted = endpoint
  }

  /// Records what has happened, at least up to the instant that it returns.
  private func take() -> Instant {
    let now = stack.core.now
    for event in stack.core.pollTrace(limit: .max, otherwise: nil) {
      if case .opened(_, let remote, _) = event.kind, connection == nil, remote == wanted {
        connection = event.connection
      }
      guard event.connection == connection else { continue }
      var shifted = event
      shifted.time = shown(event.time)
      recorder.record(shifted, at: .left)
    }
    return shown(now)
  }

  /// The time since the beginning.
  private func shown(_ time: Instant) -> Instant { .zero + (time - origin) }

  /// Everything that was told.
  func finish() -> Story {
    let end = take()
    stack.setTracing(false)
    return recorder.finish(at: end, lostEvents: Int(clamping: stack.lostTraceEvents))
  }
}
