/// All tables, and the document that they make.
public enum PerformanceTables {
  public static var all: [PerformanceTable] { PathTables.all + SharingTables.all + [RecoveryTable.table] }

  public static let introduction = """
    # Performance on simulated networks

    What the engine does on paths of all kinds, in the simulator, in virtual time and from fixed seeds: the same figures on any machine. `make sim-tables`
    writes this file anew, and the tests compare the cheaper rows with it, so that a change of an algorithm is read as a difference between numbers.
    `martinet simulate` shows experiments of this kind in pictures.

    Goodput is what the receiver’s program reads; used is the share of the link that was filled, headers included; queue is the time that a packet
    waits for the transmitter, the mean and what nineteen samples in twenty stay below.

    """

  /// The document; `progress` is told of each row, its number and how many there are.
  public static func document(
    progress: (_ row: PerformanceRow, _ number: Int, _ count: Int) -> Void = { _, _, _ in }
  ) throws(ExperimentError) -> String {
    let tables = all
    let count = tables.reduce(0) { $0 + $1.rows.count }
    var number = 0
    var text = introduction
    for table in tables {
      var lines: [String] = []
      for row in table.rows {
        number += 1
        progress(row, number, count)
        lines.append(try row.line())
      }
      text += "\n" + table.text(lines)
    }
    return text
  }
}
