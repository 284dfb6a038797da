import Glibc
import MartinetTCP

/// Runs a demonstration and shows what it brought: on the terminal, as a report, as a capture, as JSON.
struct DemoPresentation {
  private let plan: DemoPlan
  private let reportPath: String?
  private let capturePath: String?
  private let isJSON: Bool
  private let files = PartialFiles()

  init(_ plan: DemoPlan, reportPath: String?, capturePath: String?, isJSON: Bool) {
    self.plan = plan
    self.reportPath = reportPath
    self.capturePath = capturePath
    self.isJSON = isJSON
  }

  func run() throws {
    let files = files
    SignalWatch.start { _ in files.abandon() }
    // What cannot be written is known before anything runs.
    let report = try reportPath.map { try OutputFile($0, files: files) }
    let capture = try capturePath.map { try OutputFile($0, files: files) }
    let outcome = try perform(capture)
    let rows = Excerpt.rows(of: outcome.story)
    if let report {
      try report.write(page(outcome, rows).utf8)
      try report.finish()
    }
    if isJSON {
      Terminal.write(DemoSummary.json(outcome).text + "\n")
    } else {
      show(outcome, rows)
    }
    try unfold(outcome)
    if let failure = outcome.failure { throw Failure("the file did not arrive: \(failure)") }
    guard outcome.isMatch else { throw Failure("the file did not arrive as it was sent") }
  }

  private func perform(_ capture: OutputFile?) throws -> DemoOutcome {
    var bar = ProgressBar("demo", total: plan.file == nil ? plan.size : nil)
    let outcome = try DemoRun.perform(plan, capture: capture) { octets, time in
      bar.show(octets, remark: "at \(Figures.span(time)) of virtual time")
    }
    bar.clear()
    return outcome
  }

  private func page(_ outcome: DemoOutcome, _ rows: [LadderItem]) -> String {
    Page.html(
      title: "A file crosses the network", subtitle: plan.words,
      facts: DemoSummary.facts(outcome, withRealTime: false), story: outcome.story, rows: rows)
  }

  private func show(_ outcome: DemoOutcome, _ rows: [LadderItem]) {
    let terminal = Terminal.output
    let title = "A file crosses: \(plan.words)"
    Terminal.write(Ink(terminal)(.bold, terminal.isUnicode ? title : LadderMarks.ascii.plain(title)) + "\n\n")
    Terminal.write(Ladder.text(of: outcome.story, rows: rows, on: terminal) + "\n")
    Terminal.write(DemoSummary.table(DemoSummary.facts(outcome, withRealTime: true), on: terminal))
    for (what, path) in [("report", reportPath), ("capture", capturePath)] {
      if let path { Terminal.write("\(what) written to \(path)\n") }
    }
  }

  /// Takes the wanted packet apart; where standard output belongs to JSON, on standard error.
  private func unfold(_ outcome: DemoOutcome) throws {
    guard let number = plan.unfold else { return }
    guard let (layer, title) = outcome.unfolded else {
      throw Failure("there is no packet \(number): the sender's host saw \(Figures.counted(outcome.packets, "packet"))")
    }
    let terminal = isJSON ? Terminal.error : Terminal.output
    let text = Unfold.text(layer, title: title, on: terminal)
    Terminal.write((isJSON ? "" : "\n") + text, to: isJSON ? STDERR_FILENO : STDOUT_FILENO)
  }
}
