import Foundation
import MartinetSimulation
import MartinetTCP
import MartinetTestSupport
import Testing

/// docs/simulated-performance.md has what the release build makes of all rows (`make sim-tables`). Here the cheaper ones are made again.
@Suite("The tables of simulated performance")
struct PerformanceTableTests {
  /// A row, and the line that the document has for it.
  struct Documented: Sendable, CustomTestStringConvertible {
    let table: PerformanceTable
    let row: PerformanceRow
    let line: String

    var testDescription: String { "\(table.title): \(row.names.joined(separator: ", "))" }

    /// The text of a column.
    func cell(_ name: String) -> String? {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard let column = table.heading.firstIndex(of: name), column < cells.count else { return nil }
      return cells[column]
    }
  }

  static let document: String = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return (try? String(contentsOf: root.appending(path: "docs/simulated-performance.md"), encoding: .utf8)) ?? ""
  }()

  static let documented: [Documented] = PerformanceTables.all.flatMap { table in
    let section = document.components(separatedBy: "\n## ").first { $0.hasPrefix(table.title + "\n") } ?? ""
    let lines = section.split(separator: "\n").map(String.init)
    return table.rows.map { row in
      Documented(table: table, row: row, line: lines.first { $0.hasPrefix(row.beginning + " ") } ?? "")
    }
  }

  /// Rows with few segments: all of recovery, and of the others what a debug build does in a fraction of a second.
  static let cheap = documented.filter { row in
    guard let segments = row.cell("segments") else { return row.table.title == "Recovery" }
    return Int(segments).map { $0 < 10_000 } ?? false
  }

  @Test("The document has every row of every table, and nothing else")
  func complete() {
    for documented in PerformanceTableTests.documented {
      #expect(documented.line != "", "\(documented.testDescription) is missing: run make sim-tables")
    }
    let lines = PerformanceTableTests.document.split(separator: "\n").filter { $0.hasPrefix("| ") }
    #expect(lines.count == PerformanceTableTests.documented.count + 2 * PerformanceTables.all.count)
    #expect(PerformanceTableTests.document.hasPrefix(PerformanceTables.introduction))
    for table in PerformanceTables.all {
      #expect(PerformanceTableTests.document.contains(table.text([])), "\(table.title)")
    }
    #expect(PerformanceTableTests.cheap.count > 40)
  }

  @Test(
    "A cheap row is what the document says; if it is better now, make sim-tables and look at the difference",
    arguments: cheap)
  func row(documented: Documented) throws {
    #expect(try documented.row.line() == documented.line)
  }

  /// How many packets fill the path, and what CUBIC has of a hundred, by the document.
  private static let besideCUBIC: [(row: Documented, packets: Int, share: Int)] = documented.compactMap { row in
    guard row.table.title == "BBR beside CUBIC", let packets = row.cell("packets").flatMap({ Int($0) }),
      let share = row.cell("shares %")?.split(separator: ",").first?.split(separator: " ").last.flatMap({ Int($0) })
    else { return nil }
    return (row, packets, share)
  }

  @Test("Where up to a hundred packets fill the path CUBIC has half beside BBR, where more do a quarter at least")
  func sharesWithCUBIC() {
    let rows = PerformanceTableTests.besideCUBIC
    #expect(rows.count == 12 && rows.contains { $0.packets > 200 })
    for (row, packets, share) in rows {
      #expect(packets > 100 || (45...55).contains(share), "\(row.testDescription): \(share)")
      #expect(share >= 25, "\(row.testDescription): \(share)")
    }
  }

  /// An optimized build makes them all in ten seconds, another the cheapest in as many.
  static let remade = besideCUBIC.map(\.row).prefix(_isDebugAssertConfiguration() ? 1 : 12)

  @Test("What BBR and CUBIC have beside each other is what the document says", arguments: remade)
  func besideEachOther(documented: Documented) throws {
    #expect(try documented.row.line() == documented.line)
  }

  @Test(
    "What goes wrong once is mended within the time that its RFC gives, and with no more than has to leave again",
    arguments: RecoveryTable.episodes)
  func recovery(episode: RecoveryEpisode) throws {
    let result = try episode.experiment.run()
    let time = try #require(episode.time(in: result), "never")
    #expect(time <= episode.bound, "\(time)")
    #expect(result.repeated <= episode.mostRepeated, "\(result.repeated)")
    #expect(result.flows[0].isFaithful && result.flows[0].finishedAt != nil)
  }
}

extension RecoveryEpisode: CustomTestStringConvertible {
  public var testDescription: String { "\(algorithm.name): \(name)" }
}
