/// A place that may break a rule, and why.
struct RuleException {
  let path: String
  /// What stands there, as the rule reports it.
  let what: String
  let reason: String
}

/// Every exception to the house rules. One that nothing needs fails the tests, too.
enum Exceptions {
  static let all: [RuleException] = [
    RuleException(
      path: "Sources/MartinetLinks/ReceiveBatch.swift", what: "@unchecked Sendable",
      reason:
        "Whoever reads the links uses it, one thread at a time; it travels with the driver that several threads hold."),
    RuleException(
      path: "Sources/MartinetLinks/DepartureBatch.swift", what: "@unchecked Sendable",
      reason: "Whoever has the turn to write uses it; it travels with the driver that several threads hold."),
    RuleException(
      path: "Sources/MartinetLinks/DatagramInbox.swift", what: "@unchecked Sendable",
      reason: "The one reader of a link uses it; it travels with the link that several threads hold."),
    RuleException(
      path: "Sources/MartinetLinks/ForwardBox.swift", what: "@unchecked Sendable",
      reason: "The one reader of a hub uses it; it travels with the link that several threads hold."),
    RuleException(
      path: "Sources/MartinetWire/Hashing.swift", what: "Hasher",
      reason:
        "Programs may key dictionaries by addresses; the file is empty in Embedded Swift, and no pure module hashes."),
    RuleException(
      path: "Sources/MartinetTCP/Hashing.swift", what: "Hasher",
      reason: "As in MartinetWire: for programs, not for the engine."),
    RuleException(
      path: "Sources/MartinetWire/Anchor.swift", what: "Atomic",
      reason: "No atomic is used: the type makes structs that hold it address-only, so that calls do not copy them."),
    RuleException(
      path: "Fuzz/Support/Tally.swift", what: "nonisolated(unsafe)",
      reason: "libFuzzer calls a target from one thread, through C functions that carry no state."),
    RuleException(
      path: "Sources/MartinetRuntime/VirtualDriver.swift", what: "@unchecked Sendable",
      reason: "All state is behind the driver's own lock, which the compiler cannot see."),
    RuleException(
      path: "Sources/MartinetRuntime/RealDriver.swift", what: "@unchecked Sendable",
      reason: "All state is behind the host's lock, which the compiler cannot see."),
    RuleException(
      path: "Sources/MartinetRuntime/Waiter.swift", what: "@unchecked Sendable",
      reason: "Its links belong to the lock of the queue that it stands in."),
    RuleException(
      path: "Sources/MartinetRuntime/ThreadWaiter.swift", what: "@unchecked Sendable",
      reason: "A waiter whose one word is atomic; what else it has is its thread's own, or behind a lock."),
    RuleException(
      path: "Sources/MartinetRuntime/TaskWaiter.swift", what: "@unchecked Sendable",
      reason: "A waiter whose state is behind a lock of its own."),
    RuleException(
      path: "Sources/MartinetRuntime/Alarms.swift", what: "@unchecked Sendable",
      reason: "Its place belongs to the lock of the queue that it stands in."),
    RuleException(
      path: "Sources/MartinetRuntime/VirtualExecutor.swift", what: "@unchecked Sendable",
      reason: "All state is behind the driver's lock, which the compiler cannot see."),
    RuleException(
      path: "Sources/MartinetRuntime/FutexWord.swift", what: "@unchecked Sendable",
      reason: "One atomic word; the kernel needs its address."),
    RuleException(
      path: "Sources/MartinetRuntime/Seat.swift", what: "@unchecked Sendable",
      reason: "All but the parker belongs to the driver's lock."),
    RuleException(
      path: "Sources/MartinetTool/Demo/DemoRun.swift", what: "@unchecked Sendable",
      reason: "The threads of a simulation use it, of which exactly one runs at a time."),
    RuleException(
      path: "Sources/MartinetTool/Story/SimulationWatcher.swift", what: "@unchecked Sendable",
      reason: "The threads of a simulation use it, of which exactly one runs at a time."),
    RuleException(
      path: "Tests/MartinetTests/CoreTests.swift", what: "@unchecked Sendable",
      reason: "The threads of a simulation use it, of which exactly one runs at a time."),
  ]

  /// The `places` that no exception covers.
  static func remove(from places: [String]) -> [String] {
    places.filter { place in
      !all.contains { place.hasPrefix($0.path + ":") && place.hasSuffix(": " + $0.what) }
    }
  }

  /// The exceptions that cover none of `places`.
  static func unused(among places: [String]) -> [String] {
    all.filter { exception in
      !places.contains { $0.hasPrefix(exception.path + ":") && $0.hasSuffix(": " + exception.what) }
    }.map { "\($0.path): \($0.what)" }
  }
}
