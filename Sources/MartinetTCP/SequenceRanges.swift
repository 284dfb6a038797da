import MartinetWire

/// Disjoint ranges of sequence numbers in order, none touching the next, all within half the circle.
package struct SequenceRanges {
  package private(set) var ranges: [SequenceRange] = []

  package init() {}

  var isEmpty: Bool { ranges.isEmpty }
  var count: Int { ranges.count }
  var first: SequenceRange? { ranges.first }
  var last: SequenceRange? { ranges.last }

  subscript(index: Int) -> SequenceRange { ranges[index] }

  /// The index of the first range that ends at or after `number`.
  func firstEnding(atOrAfter number: SequenceNumber) -> Int {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upper.isBefore(number) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The range that holds `number`.
  package func range(holding number: SequenceNumber) -> SequenceRange? {
    let index = firstEnding(atOrAfter: number + 1)
    guard index < ranges.count, ranges[index].contains(number) else { return nil }
    return ranges[index]
  }

  /// The part of `range` from `position` on that is the first not covered; nil if there is none.
  package func firstGap(in range: SequenceRange, from position: SequenceNumber) -> SequenceRange? {
    var start = position
    var index = firstEnding(atOrAfter: start + 1)
    while start.isBefore(range.upper) {
      guard index < ranges.count, ranges[index].lower.isBefore(range.upper) else {
        return SequenceRange(from: start, upTo: range.upper)
      }
      let next = ranges[index]
      if start.isBefore(next.lower) { return SequenceRange(from: start, upTo: next.lower) }
      start = SequenceNumber.later(start, next.upper)
      index += 1
    }
    return nil
  }

  /// Adds `range`, merging what it overlaps or touches.
  package mutating func insert(_ range: SequenceRange) {
    let start = firstEnding(atOrAfter: range.lower)
    var merged = range
    var end = start
    while end < ranges.count && !ranges[end].lower.isAfter(merged.upper) {
      merged.lower = SequenceNumber.earlier(merged.lower, ranges[end].lower)
      merged.upper = SequenceNumber.later(merged.upper, ranges[end].upper)
      end += 1
    }
    ranges.replaceSubrange(start..<end, with: CollectionOfOne(merged))
  }

  /// Forgets everything before `number`.
  package mutating func removeAll(before number: SequenceNumber) {
    let kept = firstEnding(atOrAfter: number + 1)
    if kept > 0 { ranges.removeSubrange(0..<kept) }
    if let first = ranges.first, first.lower.isBefore(number) { ranges[0].lower = number }
  }

  mutating func removeAll() {
    ranges.removeAll()
  }
}
