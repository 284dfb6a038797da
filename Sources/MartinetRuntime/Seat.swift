import MartinetTCP

/// A thread's place in virtual time. Everything but the parker belongs to the driver's lock.
final class Seat: @unchecked Sendable {
  /// What the thread does, as the driver sees it.
  enum Activity {
    case running
    case ready
    case waiting
    case ended
  }

  let driver: VirtualDriver
  let name: String
  /// Where the thread sleeps until it gets the token.
  let parker = Parker()
  var activity = Activity.ready
  var outcome = WaitOutcome.fired
  /// What the thread has registered for came, and the thread has not seen it yet.
  var isFired = false
  /// Until when the thread waits; counts while it waits.
  var deadline = Instant.never
  /// Tells an entry of the deadline queue that the wait it belongs to is over.
  var waitNumber: UInt64 = 0
  /// Who waits for the end of the thread.
  var joiners = WaiterQueue()
  /// The threads that this one has spawned; belongs to the thread itself, after its end to who joins it.
  var children: [Seat] = []

  init(driver: VirtualDriver, name: String) {
    self.driver = driver
    self.name = name
  }

  /// What the thread waited for has come.
  func fire() {
    driver.makeReady(self)
  }
}

/// Seats in the order in which they became ready.
struct SeatLine {
  private var seats: [Seat] = []
  private var head = 0

  var isEmpty: Bool { head == seats.count }

  mutating func append(_ seat: Seat) {
    seats.append(seat)
  }

  mutating func popFirst() -> Seat? {
    guard head < seats.count else { return nil }
    let seat = seats[head]
    head += 1
    if head == seats.count {
      seats.removeAll(keepingCapacity: true)
      head = 0
    }
    return seat
  }
}

/// The deadlines of waiting seats, earliest first, those of the same instant in the order in which the waits began.
struct SeatDeadlines {
  private struct Entry {
    var deadline: Instant
    var waitNumber: UInt64
    var seat: Seat

    static func < (one: Entry, other: Entry) -> Bool {
      one.deadline == other.deadline ? one.waitNumber < other.waitNumber : one.deadline < other.deadline
    }
    var isOver: Bool { seat.activity != .waiting || seat.waitNumber != waitNumber }
  }

  private var heap: [Entry] = []

  mutating func insert(_ seat: Seat) {
    heap.append(Entry(deadline: seat.deadline, waitNumber: seat.waitNumber, seat: seat))
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// The earliest deadline of a seat that still waits.
  mutating func earliest() -> Instant {
    while let first = heap.first, first.isOver { removeFirst() }
    return heap.first?.deadline ?? .never
  }

  /// Takes out a seat that waits and whose deadline is not after `now`.
  mutating func takeDue(at now: Instant) -> Seat? {
    guard earliest() <= now, let first = heap.first else { return nil }
    removeFirst()
    return first.seat
  }

  private mutating func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
