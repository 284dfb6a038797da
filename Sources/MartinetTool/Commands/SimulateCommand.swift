import ArgumentParser
import MartinetSimulation

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

  @Flag(help: "Print the tables of docs/simulated-performance.md, made anew: some minutes of work.")
  var tables = false

  @Option(
    help: ArgumentHelp("What every chance follows from.", valueName: "N"), transform: Whole.number(0...UInt64.max))
  var seed: UInt64?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Change all links or flows: \(ExperimentOverride.keys); units as in demo. Can be repeated.",
      valueName: "KEY=VALUE"),
    transform: SimulateCommand.override)
  var overrides: [ExperimentOverride] = []

  @Option(help: ArgumentHelp("Write the samples of all flows.", valueName: "PATH.csv"))
  var csv: String?

  @Option(help: ArgumentHelp("Write the figures as one JSON object.", valueName: "PATH.json"))
  var json: String?

  @Option(help: ArgumentHelp("Write the pictures as one HTML page.", valueName: "PATH.html"))
  var html: String?

  private static func override(_ text: String) throws -> ExperimentOverride {
    do throws(Failure) {
      return try ExperimentOverride(text)
    } catch {
      throw ValidationError("--set: \(error.message)")
    }
  }

  func validate() throws {
    guard [scenario != nil, list, tables].filter({ $0 }).count == 1 else {
      throw ValidationError("a scenario is wanted, or --list, or --tables")
    }
    let hasOptions = seed != nil || csv != nil || json != nil || html != nil || !overrides.isEmpty
    if scenario == nil && hasOptions { throw ValidationError("options need a scenario") }
  }

  func run() throws {
    if tables { return try SimulatePresentation.tables() }
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
