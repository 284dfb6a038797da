import ArgumentParser

/// `martinet simulate`
struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Run an experiment on a simulated network, in virtual time: tables, data and pictures.",
    discussion: """
      SCENARIO is a name that --list tells, or a file in JSON (docs/SCENARIOS.md). The same scenario and seed give the same \
      figures every time.
      """)

  @Argument(help: ArgumentHelp("The name of a scenario, or the path of a scenario file.", valueName: "SCENARIO"))
  var scenario: String?

  @Flag(help: "Tell the scenarios that there are, and what each shows.")
  var list = false

  @Option(help: ArgumentHelp("What every chance follows from.", valueName: "N"))
  var seed: UInt64?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Change all links or flows: \(ExperimentOverride.keys); units as in demo. Can be repeated.",
      valueName: "KEY=VALUE"))
  var overrides: [ExperimentOverride] = []

  @Option(help: ArgumentHelp("Write the samples of all flows.", valueName: "PATH.csv"))
  var csv: String?

  @Option(help: ArgumentHelp("Write the figures as one JSON object.", valueName: "PATH.json"))
  var json: String?

  @Option(help: ArgumentHelp("Write the pictures as one HTML page.", valueName: "PATH.html"))
  var html: String?

  func validate() throws {
    guard (scenario != nil) != list else {
      throw ValidationError("either a scenario or --list is wanted")
    }
  }

  func run() throws {
    guard let scenario else {
      SimulatePresentation.list()
      return
    }
    var named = try SimulatePresentation.find(scenario)
    if let seed { named.experiment.seed = seed }
    for change in overrides { change.apply(to: &named.experiment) }
    try SimulatePresentation(named, csvPath: csv, jsonPath: json, htmlPath: html).run()
  }
}
