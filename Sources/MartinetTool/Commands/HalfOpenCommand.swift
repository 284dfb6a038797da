import ArgumentParser

/// `martinet halfopen`
struct HalfOpenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "halfopen",
    abstract: "Cut a connection behind a proxy's back and show which mechanism notices, and when.",
    discussion: """
      Without --proxy everything is simulated, in virtual time. With --proxy haproxy a real HAProxy stands between client and \
      server, on a TUN device in a network namespace of the command's own, and is cut in three ways; that takes root, or user \
      namespaces.
      """)

  enum Proxy: String, ExpressibleByArgument { case haproxy }

  @Option(
    help: ArgumentHelp("The longest silence to bear. (default: 60, with --proxy 6)", valueName: "SECONDS"),
    transform: Seconds.parse)
  var bound: Seconds?

  @Option(help: ArgumentHelp("Put a real proxy in the middle.", valueName: "haproxy"))
  var proxy: Proxy?

  @Flag(help: "Print one JSON array and nothing else on standard output.")
  var json = false

  /// HAProxy is given an eighth of the bound as its patience.
  private static let realBounds = 4...600
  /// Below two seconds two retransmissions may not fit, which a dead-peer bound waits for; above an hour the day of watching is short.
  private static let simulatedBounds = 2...3600

  private var bounds: ClosedRange<Int> { proxy == nil ? HalfOpenCommand.simulatedBounds : HalfOpenCommand.realBounds }
  private var limit: Duration? { bound.map { $0.limit ?? .zero } }

  func validate() throws {
    if let limit, limit < .seconds(bounds.lowerBound) || limit > .seconds(bounds.upperBound) {
      let real = proxy == nil ? "" : " with a real proxy"
      throw ValidationError("--bound is from \(bounds.lowerBound) to \(bounds.upperBound) seconds\(real)")
    }
  }

  func run() throws {
    try HalfOpenPresentation(proxy: proxy, bound: limit ?? .seconds(proxy == nil ? 60 : 6), isJSON: json).run()
  }
}
