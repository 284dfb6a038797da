import Foundation

/// The medians of a load, with Martinet's relation to each other program: more than 1 is better than theirs.
struct Table {
  let load: Load
  let names: [String]
  let results: [[Outcome]]

  var text: String {
    let ours = Table.median(results[0].map(\.figure))
    var lines = ["\(load.title), medians of \(results[0].count)"]
    lines.append(Table.row("program", load.unit, "least to most", "CPU s/GB", "ours / it"))
    for (index, name) in names.enumerated() {
      guard !results[index].isEmpty else {
        lines.append(Table.row(name, "-", "no result", "-", "-"))
        continue
      }
      let figures = results[index].map(\.figure)
      let costs = results[index].compactMap(\.costPerGigabyte)
      let median = Table.median(figures)
      let relation = load.moreIsBetter ? ours / median : median / ours
      lines.append(
        Table.row(
          name, Table.number(median),
          "\(Table.number(figures.min() ?? 0)) to \(Table.number(figures.max() ?? 0))",
          costs.isEmpty ? "-" : String(format: "%.2f", Table.median(costs)),
          index == 0 ? "" : String(format: "%.2f", relation)))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func median(_ figures: [Double]) -> Double { figures.sorted()[figures.count / 2] }

  private static func number(_ figure: Double) -> String { String(format: figure < 100 ? "%.1f" : "%.0f", figure) }

  private static func row(_ cells: String...) -> String {
    let widths = [24, 10, 20, 10, 10]
    return zip(cells, widths).enumerated().map { index, cell in
      let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
      return index == 0 ? cell.0 + padding : padding + cell.0
    }.joined()
  }
}
