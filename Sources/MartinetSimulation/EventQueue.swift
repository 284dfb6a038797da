import MartinetTCP

/// What is to happen at a point of virtual time.
enum EventKind: UInt8 {
  /// A packet comes out of channel `target`.
  case arrival
  /// Host `target` has a deadline.
  case deadline
  /// The change `target` of the schedule is due.
  case change
}

/// An event; those of the same time happen in the order in which they were planned.
struct Event {
  var time: Instant
  var order: UInt64
  var kind: EventKind
  var target: Int32
  var frame: FrameIndex
  /// The number of the transmission that the frame belongs to.
  var serial: UInt64

  func precedes(_ other: Event) -> Bool {
    time == other.time ? order < other.order : time < other.time
  }
}

/// The events to come: a binary heap ordered by time, then by the order of planning.
struct EventQueue {
  private var heap: [Event] = []
  private var planned: UInt64 = 0

  /// The time of the next event; ``Instant/never`` if there is none.
  var nextTime: Instant { heap.isEmpty ? .never : heap[0].time }

  /// The next event.
  var next: Event? { heap.first }

  mutating func plan(
    _ kind: EventKind, target: Int32, frame: FrameIndex = .none, serial: UInt64 = 0, at time: Instant
  ) {
    let event = Event(time: time, order: planned, kind: kind, target: target, frame: frame, serial: serial)
    planned += 1
    heap.append(event)
    rise(event, from: heap.count - 1)
  }

  mutating func popNext() -> Event? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    if !heap.isEmpty { sink(last) }
    return first
  }

  private mutating func rise(_ event: Event, from start: Int) {
    var place = start
    while place > 0 {
      let parent = (place - 1) / 2
      guard event.precedes(heap[parent]) else { break }
      heap[place] = heap[parent]
      place = parent
    }
    heap[place] = event
  }

  private mutating func sink(_ event: Event) {
    let count = heap.count
    var place = 0
    while true {
      var child = place * 2 + 1
      guard child < count else { break }
      if child + 1 < count && heap[child + 1].precedes(heap[child]) { child += 1 }
      guard heap[child].precedes(event) else { break }
      heap[place] = heap[child]
      place = child
    }
    heap[place] = event
  }
}
