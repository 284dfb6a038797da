import MartinetRuntime
import MartinetSimulation
import MartinetTCP

/// What became of the packets, for a reader and for a program.
package struct ImpairSummary: Sendable {
  /// One direction.
  package struct Way: Sendable {
    package var statistics: ChannelStatistics
    package var lateness: Lateness
    /// The packets that the device at the end did not take.
    package var refused: UInt64

    package init(statistics: ChannelStatistics, lateness: Lateness, refused: UInt64) {
      self.statistics = statistics
      self.lateness = lateness
      self.refused = refused
    }

    /// The mean time that a packet waited for the transmitter, of those that the queue took.
    var meanWait: Interval {
      let taken = statistics.entered - statistics.lostToFullQueue
      return taken == 0 ? .zero : statistics.waited / Int64(clamping: taken)
    }
  }

  private let forth: Way
  private let back: Way

  /// - Parameter ways: forth and back.
  package init(_ ways: [Way]) {
    precondition(ways.count == 2, "a wire has two directions")
    (forth, back) = (ways[0], ways[1])
  }

  private enum Figure {
    case count(UInt64)
    case octets(Int)
    case time(Interval)

    var words: String {
      switch self {
      case .count(let count): Figures.grouped(Int(clamping: count))
      case .octets(let octets): Figures.octets(octets)
      case .time(let time): Figures.span(time)
      }
    }

    var json: JSON {
      switch self {
      case .count(let count): .integer(Int(clamping: count))
      case .octets(let octets): .integer(octets)
      case .time(let time): .number(Double(time.nanoseconds) / 1e6)
      }
    }
  }

  /// Every figure: its name for readers, its key, and where it is found.
  private static let rows: [(name: String, key: String, of: @Sendable (Way) -> Figure)] = [
    ("packets in", "packets_in", { .count($0.statistics.entered) }),
    ("passed", "passed", { .count($0.statistics.delivered) }),
    ("lost at random", "lost", { .count($0.statistics.lostAtRandom) }),
    ("lost in bursts", "lost_in_bursts", { .count($0.statistics.lostInBursts) }),
    ("lost to the full queue", "queue_drops", { .count($0.statistics.lostToFullQueue) }),
    ("lost for memory", "memory_drops", { .count($0.statistics.lostForMemory) }),
    ("not taken by the device", "device_drops", { .count($0.refused) }),
    ("reordered", "reordered", { .count($0.statistics.reordered) }),
    ("duplicated", "duplicated", { .count($0.statistics.duplicated) }),
    ("corrupted", "corrupted", { .count($0.statistics.corrupted) }),
    ("marked", "marked", { .count($0.statistics.marked) }),
    ("octets in", "octets_in", { .count($0.statistics.octetsEntered) }),
    ("octets passed", "octets_passed", { .count($0.statistics.octetsDelivered) }),
    ("longest queue", "longest_queue", { .octets($0.statistics.largestQueue) }),
    ("mean wait in the queue", "mean_wait_ms", { .time($0.meanWait) }),
    ("deliveries", "deliveries", { .count($0.lateness.deliveries) }),
    ("late by, mean", "mean_lateness_ms", { .time($0.lateness.mean) }),
    ("late by, worst", "worst_lateness_ms", { .time($0.lateness.worst) }),
    ("late by more than 1 ms", "late_packets", { .count($0.lateness.late) }),
  ]

  /// A table with a column for each direction.
  package var table: String {
    var lines = [ImpairSummary.line("", "forth", "back")]
    for row in ImpairSummary.rows {
      lines.append(ImpairSummary.line(row.name, row.of(forth).words, row.of(back).words))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func line(_ name: String, _ one: String, _ other: String) -> String {
    func right(_ text: String) -> String { String(repeating: " ", count: max(1, 16 - text.count)) + text }
    return name + String(repeating: " ", count: 24 - name.count) + right(one) + right(other)
  }

  /// One object with a member for each direction.
  package var json: JSON {
    func members(_ way: Way) -> JSON { .object(ImpairSummary.rows.map { ($0.key, $0.of(way).json) }) }
    return .object([("forth", members(forth)), ("back", members(back))])
  }
}
