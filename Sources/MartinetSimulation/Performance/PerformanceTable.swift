import MartinetTCP

/// A table of figures that experiments give: the same in any process, so that a change of the engine is a difference between two tables.
public struct PerformanceTable: Sendable {
  public let title: String
  /// What all its experiments have in common, and how to read it.
  public let note: String
  /// What stands above the columns: those that name a row, then those with figures.
  public let heading: [String]
  public let rows: [PerformanceRow]

  init(_ title: String, _ note: String, _ names: [String], _ measure: PerformanceMeasure, _ rows: [PerformanceRow]) {
    self.title = title
    self.note = note
    heading = names + measure.columns
    self.rows = rows
  }

  /// The table with `lines` for its rows, in Markdown.
  public func text(_ lines: [String]) -> String {
    var text = "## \(title)\n\n\(note)\n\n"
    text += PerformanceTable.line(heading) + "\n"
    text += PerformanceTable.line(heading.map { _ in "---" }) + "\n"
    for line in lines { text += line + "\n" }
    return text
  }

  static func line(_ cells: [String]) -> String {
    var line = "|"
    for cell in cells { line += " \(cell) |" }
    return line
  }
}

/// A row of a table: what was tried, with which seeds.
public struct PerformanceRow: Sendable {
  /// What tells the row from the others of its table.
  public let names: [String]
  public let experiment: Experiment
  /// The row is the mean of the figures, and the sum of the counts, of an experiment with each of these.
  public let seeds: ClosedRange<UInt64>
  let measure: PerformanceMeasure

  init(_ names: [String], _ experiment: Experiment, seeds: ClosedRange<UInt64> = 1...1, _ measure: PerformanceMeasure) {
    self.names = names
    self.experiment = experiment
    self.seeds = seeds
    self.measure = measure
  }

  /// How the line of the row begins.
  public var beginning: String { PerformanceTable.line(names) }

  /// Runs its experiments.
  public func results() throws(ExperimentError) -> [ExperimentResult] {
    var results: [ExperimentResult] = []
    for seed in seeds {
      var experiment = experiment
      experiment.seed = seed
      results.append(try experiment.run())
    }
    return results
  }

  /// Runs its experiments and writes the row.
  public func line() throws(ExperimentError) -> String {
    PerformanceTable.line(names + measure.figures(of: try results()))
  }
}

/// The figures of a row.
struct PerformanceMeasure: Sendable {
  let columns: [String]
  private let measure: @Sendable ([ExperimentResult]) -> [String]

  init(_ columns: [String], _ measure: @escaping @Sendable ([ExperimentResult]) -> [String]) {
    self.columns = columns
    self.measure = measure
  }

  func figures(of results: [ExperimentResult]) -> [String] { measure(results) }
}
