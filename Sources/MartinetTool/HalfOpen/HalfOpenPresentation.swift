import MartinetTCP

/// Runs the experiment and shows what it found.
struct HalfOpenPresentation {
  /// nil: the simulated one.
  let proxy: HalfOpenCommand.Proxy?
  let bound: Duration
  let isJSON: Bool

  func run() throws {
    let findings: [HalfOpenFinding]
    switch proxy {
    case nil: findings = try HalfOpenSimulation.perform(bound: bound)
    case .haproxy: findings = try HalfOpenHAProxy(bound: bound).perform()
    }
    if isJSON {
      Terminal.write(HalfOpenSummary.json(findings).text + "\n")
    } else {
      show(findings)
    }
    let late = findings.filter { !$0.isAsExpected }
    guard late.isEmpty else {
      let names = late.map { "\($0.mechanism.words) (\($0.cut.rawValue))" }.joined(separator: ", ")
      throw Failure("not noticed within the limit: \(names)")
    }
  }

  private func show(_ findings: [HalfOpenFinding]) {
    let terminal = Terminal.output
    let ink = Ink(terminal)
    let time = proxy == nil ? "virtual time" : "real time"
    Terminal.write(
      "A client, a proxy, a server; then a cut. Bound \(Figures.span(bound.interval)), \(time) since the cut.\n")
    for cut in HalfOpenCut.allCases {
      let some = findings.filter { $0.cut == cut }
      if some.isEmpty { continue }
      Terminal.write("\n" + ink(.bold, cut.words) + "\n")
      Terminal.write(HalfOpenSummary.table(some, on: terminal))
    }
  }
}
