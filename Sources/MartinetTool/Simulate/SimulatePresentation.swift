import Foundation
import MartinetSimulation
import MartinetTCP

extension ExperimentError {
  fileprivate var words: String {
    switch self {
    case .impossible(let reason): reason
    case .flowCannotBegin(let number, let error): "flow \(number) cannot begin: \(error)"
    }
  }
}

/// Runs an experiment and shows what came of it.
struct SimulatePresentation {
  private var named: NamedExperiment
  private let csvPath: String?
  private let jsonPath: String?
  private let htmlPath: String?
  private let files = PartialFiles()

  init(_ named: NamedExperiment, csvPath: String?, jsonPath: String?, htmlPath: String?) {
    self.named = named
    self.csvPath = csvPath
    self.jsonPath = jsonPath
    self.htmlPath = htmlPath
    self.named.experiment.recordsSegments = htmlPath != nil
  }

  /// What the command tells of the scenarios with a name.
  static func list() {
    let ink = Ink(Terminal.output)
    let width = NamedExperiment.all.map(\.name.count).max() ?? 0
    for named in NamedExperiment.all {
      let name = named.name + String(repeating: " ", count: width - named.name.count + 2)
      Terminal.write(ink(.bold, name) + named.sentence + "\n")
    }
  }

  /// The document of all tables on standard output.
  static func tables() throws {
    var bar = ProgressBar("tables", total: nil) { "row \($0)" }
    let text: String
    do {
      text = try PerformanceTables.document { row, number, count in
        bar.show(number, remark: "of \(count): \(row.names.joined(separator: ", "))")
      }
    } catch {
      throw Failure("tables: \(error.words)")
    }
    bar.clear()
    Terminal.write(text)
  }

  /// The scenario of that name, or in the file of that path.
  static func find(_ scenario: String) throws -> NamedExperiment {
    if let named = NamedExperiment.named(scenario) { return named }
    guard FileManager.default.fileExists(atPath: scenario) else {
      let names = NamedExperiment.all.map(\.name).joined(separator: ", ")
      throw Failure("\(scenario) is neither a scenario nor a file; there are \(names)")
    }
    return try ScenarioFile.read(try ScenarioFile.octets(of: scenario), name: scenario)
  }

  func run() throws {
    let files = files
    SignalWatch.start { _ in files.abandon() }
    // What cannot be written is known before anything runs.
    let csv = try csvPath.map { try OutputFile($0, files: files) }
    let json = try jsonPath.map { try OutputFile($0, files: files) }
    let html = try htmlPath.map { try OutputFile($0, files: files) }
    let result = try perform()
    try write(SimulateData.csv(result), to: csv)
    try write(SimulateData.json(named, result).text + "\n", to: json)
    if let html { try write(SimulatePage.html(named, result), to: html) }
    let terminal = Terminal.output
    Terminal.write(Ink(terminal)(.bold, named.name) + "  \(named.sentence)\n\n")
    Terminal.write(SimulateTable.text(result, on: terminal))
    for path in [csvPath, jsonPath, htmlPath].compactMap({ $0 }) where path != "/dev/stdout" {
      Terminal.write("\(path) written\n")
    }
    try judge(result)
  }

  private func perform() throws -> ExperimentResult {
    let total = Int(named.experiment.duration.milliseconds)
    var bar = ProgressBar(named.name, total: total) { Figures.span(.milliseconds(Int64($0))) }
    defer { bar.clear() }
    do {
      return try named.experiment.run { now in
        bar.show(Int((now - .zero).milliseconds), remark: "of virtual time")
      }
    } catch {
      throw Failure("\(named.name): \(error.words)")
    }
  }

  private func write(_ text: @autoclosure () -> String, to file: OutputFile?) throws(Failure) {
    guard let file else { return }
    try file.write(text().utf8)
    try file.finish()
  }

  /// A flow that fails is a result; octets that changed on the way are a fault.
  private func judge(_ result: ExperimentResult) throws(Failure) {
    for (number, flow) in result.flows.enumerated() where !flow.isFaithful {
      throw Failure("flow \(number + 1) brought octets that were not sent")
    }
  }
}
