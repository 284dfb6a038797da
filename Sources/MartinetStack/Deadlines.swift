import MartinetTCP
import MartinetWire

/// Which slots want to be woken, and when: a heap with four children per node, one entry per slot, every change O(log n) and the earliest
/// deadline O(1).
///
/// It is a heap and not a wheel because deadlines stay exact to the nanosecond, so that a simulation expires what it should and not
/// what shares a tick, and because the earliest one is known without a search. A busy connection moves its deadline with every
/// segment, nearly always to later: ``wake(_:noLaterThan:)`` then leaves the entry where it is, and the slot is asked again when it
/// comes up.
package struct Deadlines: ~Copyable {
  private struct Entry: BitwiseCopyable {
    var deadline: Instant
    var slot: UInt32
  }

  private static let absent = UInt32.max
  private var heap = OwnedArray<Entry>()
  private var positions = OwnedArray<UInt32>()

  package init() {}

  package var count: Int { heap.count }

  /// The earliest deadline; ``Instant/never`` if there is none.
  package var earliest: Instant { heap.isEmpty ? .never : heap[0].deadline }

  /// When `slot` is to be woken; ``Instant/never`` if not at all.
  package func deadline(of slot: UInt32) -> Instant {
    guard Int(slot) < positions.count, positions[Int(slot)] != Deadlines.absent else { return .never }
    return heap[Int(positions[Int(slot)])].deadline
  }

  /// Wakes `slot` at `deadline` or, if it is to be woken earlier already, then.
  package mutating func wake(_ slot: UInt32, noLaterThan deadline: Instant) {
    if deadline < self.deadline(of: slot) { set(deadline, for: slot) }
  }

  /// Wakes `slot` at `deadline` and at no other time; never for ``Instant/never``.
  package mutating func set(_ deadline: Instant, for slot: UInt32) {
    if deadline == .never {
      remove(slot)
      return
    }
    while positions.count <= Int(slot) { positions.append(Deadlines.absent) }
    let entry = Entry(deadline: deadline, slot: slot)
    let position = positions[Int(slot)]
    if position == Deadlines.absent {
      heap.append(entry)
      raise(entry, from: heap.count - 1)
    } else if deadline < heap[Int(position)].deadline {
      raise(entry, from: Int(position))
    } else {
      lower(entry, from: Int(position))
    }
  }

  /// Does not wake `slot`.
  package mutating func remove(_ slot: UInt32) {
    guard Int(slot) < positions.count, positions[Int(slot)] != Deadlines.absent else { return }
    let position = Int(positions[Int(slot)])
    positions[Int(slot)] = Deadlines.absent
    let last = heap.removeLast()
    heap.shrinkIfSpacious()
    guard position < heap.count else { return }
    if position > 0 && last.deadline < heap[(position - 1) / 4].deadline {
      raise(last, from: position)
    } else {
      lower(last, from: position)
    }
  }

  /// Takes out the slot with the earliest deadline if that has come.
  package mutating func popDue(at now: Instant) -> UInt32? {
    guard !heap.isEmpty, heap[0].deadline <= now else { return nil }
    let slot = heap[0].slot
    remove(slot)
    return slot
  }

  /// Puts `entry` into the free place at `start`, or above it, where later ones give way.
  private mutating func raise(_ entry: Entry, from start: Int) {
    var position = start
    while position > 0 {
      let parent = (position - 1) / 4
      let above = heap[parent]
      guard entry.deadline < above.deadline else { break }
      heap[position] = above
      positions[Int(above.slot)] = UInt32(truncatingIfNeeded: position)
      position = parent
    }
    heap[position] = entry
    positions[Int(entry.slot)] = UInt32(truncatingIfNeeded: position)
  }

  /// Puts `entry` into the free place at `start`, or below it, where earlier ones move up.
  private mutating func lower(_ entry: Entry, from start: Int) {
    var position = start
    while true {
      let firstChild = position * 4 + 1
      guard firstChild < heap.count else { break }
      var least = firstChild
      for child in firstChild..<min(firstChild + 4, heap.count) where heap[child].deadline < heap[least].deadline {
        least = child
      }
      let below = heap[least]
      guard below.deadline < entry.deadline else { break }
      heap[position] = below
      positions[Int(below.slot)] = UInt32(truncatingIfNeeded: position)
      position = least
    }
    heap[position] = entry
    positions[Int(entry.slot)] = UInt32(truncatingIfNeeded: position)
  }
}
