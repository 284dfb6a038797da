import MartinetTCP

/// A line of the diagram and the states that are written beside it.
struct LadderRow {
  enum Content {
    case heading(String)
    case start
    case flight(Flight)
    case phase(PhaseChange)
    case remark(Remark)
    case gap(Gap)
  }

  var content: Content
  /// The state that the side takes at this row.
  var left: Phase?
  var right: Phase?
}

/// Puts states and segments together: a change of state that goes with a segment stands beside its arrow.
enum LadderRows {
  static func merging(_ items: [LadderItem]) -> [LadderRow] {
    var rows: [LadderRow] = []
    var waiting: [PhaseChange] = []
    var isStarted = false
    for item in items {
      if case .heading(let text) = item {
        flush(&waiting, into: &rows)
        rows.append(LadderRow(content: .heading(text)))
        if !isStarted {
          rows.append(beginning(of: items))
          isStarted = true
        }
        continue
      }
      if case .phase(let change) = item {
        if let first = waiting.first, first.time != change.time || waiting.contains(where: { $0.side == change.side }) {
          flush(&waiting, into: &rows)
        }
        waiting.append(change)
        continue
      }
      rows.append(row(for: item, &waiting, &rows))
    }
    flush(&waiting, into: &rows)
    return rows
  }

  /// The states before anything happened.
  private static func beginning(of items: [LadderItem]) -> LadderRow {
    var row = LadderRow(content: .start)
    for item in items {
      guard case .phase(let change) = item else { continue }
      if change.side == .left, row.left == nil { row.left = change.from }
      if change.side == .right, row.right == nil { row.right = change.from }
    }
    return row
  }

  private static func row(
    for item: LadderItem, _ waiting: inout [PhaseChange], _ rows: inout [LadderRow]
  ) -> LadderRow {
    guard case .flight(let flight) = item else {
      flush(&waiting, into: &rows)
      if case .gap(let gap) = item { return LadderRow(content: .gap(gap)) }
      if case .remark(let remark) = item { return LadderRow(content: .remark(remark)) }
      return LadderRow(content: .start)
    }
    var row = LadderRow(content: .flight(flight))
    if let index = waiting.firstIndex(where: { $0.side == flight.from && $0.time == flight.departure }) {
      let change = waiting.remove(at: index)
      if change.side == .left { row.left = change.to } else { row.right = change.to }
    }
    flush(&waiting, into: &rows)
    return row
  }

  private static func flush(_ waiting: inout [PhaseChange], into rows: inout [LadderRow]) {
    for change in waiting {
      var row = LadderRow(content: .phase(change))
      if change.side == .left { row.left = change.to } else { row.right = change.to }
      rows.append(row)
    }
    waiting = []
  }
}
