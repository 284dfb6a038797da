import ArgumentParser
import MartinetLoads

/// `martinet bench`
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure what the stack costs in memory, without a network.",
    discussion: """
      bulk, trains: octets between two hosts that are joined back to back. connections: connect, one octet, close. ping-pong: one \
      octet to and fro, through the engine and through blocking sockets. idle: the memory of a connection that does nothing. acks: \
      an acknowledgement, by window and loss. crowd: a segment beside many other connections. shards: two threads, each with both ends of a transfer. Without a name all are measured. \
      Figures of a debug build say nothing: use swift build -c release.
      """)

  @Argument(help: ArgumentHelp("What to measure.", valueName: "LOAD"))
  var load: LoadName?

  @Flag(help: "Print one JSON array and nothing else on standard output.")
  var json = false

  @Option(
    help: ArgumentHelp("How much is done, in percent of the usual. (default: 100)", valueName: "1-1000"),
    transform: Whole.number(1...1000))
  var effort = 100

  func run() throws {
    try BenchPresentation(loads: load.map { [$0.load] } ?? Load.allCases, percent: effort, isJSON: json).run()
  }
}

/// A load by its name.
struct LoadName: ExpressibleByArgument {
  let load: Load

  init?(argument: String) {
    guard let load = Load(rawValue: argument) else { return nil }
    self.load = load
  }

  static var allValueStrings: [String] { Load.allCases.map(\.rawValue) }
  var defaultValueDescription: String { load.rawValue }
}
