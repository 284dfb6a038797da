import MartinetTCP

/// Something to be called at a time. It may be set again once it has rung or was taken back.
package final class Alarm: Waiter, @unchecked Sendable {
  // What belongs to the lock of the queue that the alarm stands in.

  fileprivate(set) var deadline = Instant.never
  /// Alarms of the same instant ring in the order in which they were set.
  fileprivate var order: UInt64 = 0
  /// Where the alarm stands in its queue; nil: it is not set.
  fileprivate var place: Int?
  /// Why it rings.
  fileprivate var outcome = WaitOutcome.timedOut

  private let body: @Sendable (WaitOutcome) -> Void

  /// - Parameter body: runs once for each time that the alarm is set and not taken back, under no lock. Told are a time that has come, a
  ///   deadlock of virtual time, or the end of the stack.
  package init(_ body: @escaping @Sendable (WaitOutcome) -> Void) {
    self.body = body
  }

  package override func fire() {
    body(outcome)
  }
}

/// Alarms by their deadlines, earliest first, those of the same instant in the order in which they were set. An alarm that is taken back leaves
/// nothing behind.
struct AlarmQueue {
  private var heap: [Alarm] = []
  private var set: UInt64 = 0

  var isEmpty: Bool { heap.isEmpty }

  var earliest: Instant { heap.first?.deadline ?? .never }

  mutating func insert(_ alarm: Alarm, at deadline: Instant) {
    set += 1
    alarm.deadline = deadline
    alarm.order = set
    alarm.place = heap.count
    heap.append(alarm)
    rise(heap.count - 1)
  }

  /// Takes an alarm back; false if it is not set, or was taken out to ring.
  @discardableResult
  mutating func remove(_ alarm: Alarm) -> Bool {
    guard let place = alarm.place, place < heap.count, heap[place] === alarm else { return false }
    exchange(place, heap.count - 1)
    heap.removeLast()
    alarm.place = nil
    if place < heap.count {
      rise(place)
      sink(place)
    }
    return true
  }

  /// Takes out the alarms whose time has come.
  mutating func takeDue(at now: Instant, into fired: inout FiredWaiters) {
    while let first = heap.first, first.deadline <= now { take(first, .timedOut, into: &fired) }
  }

  /// Takes out all alarms, to be told why.
  mutating func takeAll(_ outcome: WaitOutcome, into fired: inout FiredWaiters) {
    while let first = heap.first { take(first, outcome, into: &fired) }
  }

  private mutating func take(_ alarm: Alarm, _ outcome: WaitOutcome, into fired: inout FiredWaiters) {
    remove(alarm)
    alarm.outcome = outcome
    fired.append(alarm)
  }

  private func isEarlier(_ one: Int, _ other: Int) -> Bool {
    let (one, other) = (heap[one], heap[other])
    return one.deadline == other.deadline ? one.order < other.order : one.deadline < other.deadline
  }

  private mutating func exchange(_ one: Int, _ other: Int) {
    heap.swapAt(one, other)
    heap[one].place = one
    heap[other].place = other
  }

  private mutating func rise(_ start: Int) {
    var child = start
    while child > 0, isEarlier(child, (child - 1) / 2) {
      exchange(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func sink(_ start: Int) {
    var parent = start
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isEarlier(child, least) {
        least = child
      }
      if least == parent { return }
      exchange(parent, least)
      parent = least
    }
  }
}
