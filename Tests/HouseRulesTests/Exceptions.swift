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
      reason: "The loop's thread alone uses it; it travels with the driver that several threads hold."),
    RuleException(
      path: "Sources/MartinetLinks/DepartureBatch.swift", what: "@unchecked Sendable",
      reason: "Whoever has the turn to write uses it; it travels with the driver that several threads hold."),
    RuleException(
      path: "Sources/MartinetLinks/DatagramBox.swift", what: "@unchecked Sendable",
      reason: "The one reader of a link uses it; it travels with the link that several threads hold."),
    RuleException(
      path: "Sources/MartinetLinks/ForwardBox.swift", what: "@unchecked Sendable",
      reason: "The one reader of a hub uses it; it travels with the link that several threads hold."),
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
