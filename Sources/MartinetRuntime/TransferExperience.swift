import MartinetTCP

/// Whether a thread makes one transfer after the other.
package struct TransferExperience {
  /// The longest pause between two transfers of a row.
  private static let longestPause = Interval.microseconds(50)
  /// The transfers of a row from which on the next is expected.
  private static let leastRow = 4
  private var row = 0
  private var lastEnd = Instant.zero

  package init() {}

  package mutating func begin(at now: Instant) {
    if now > lastEnd + TransferExperience.longestPause { row = 0 }
  }

  /// True: another transfer is to be expected at once.
  package mutating func end(at now: Instant) -> Bool {
    row = min(row + 1, TransferExperience.leastRow)
    lastEnd = now
    return row == TransferExperience.leastRow
  }
}
