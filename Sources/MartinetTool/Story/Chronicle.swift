import MartinetTCP

/// The happenings of a story in a bounded space: the first ones, the last ones, and a count of what lies between.
struct Chronicle {
  private var head: [Happening] = []
  private var tail: [Happening] = []
  private var trimmed = 0
  private var gap: Gap?
  private let headLimit: Int
  private let tailLimit: Int

  init(headLimit: Int, tailLimit: Int) {
    self.headLimit = max(1, headLimit)
    self.tailLimit = max(1, tailLimit)
  }

  /// Appends a happening and says by what number it can be changed later.
  mutating func append(_ happening: Happening) -> Int {
    if head.count < headLimit {
      head.append(happening)
      return head.count - 1
    }
    tail.append(happening)
    let number = headLimit + trimmed + tail.count - 1
    if tail.count >= 2 * tailLimit { trim() }
    return number
  }

  private mutating func trim() {
    var sum = gap ?? Gap(at: tail[0].time)
    for happening in tail.prefix(tailLimit) {
      if case .flight(let flight) = happening { sum.add(flight) }
    }
    gap = sum
    tail.removeFirst(tailLimit)
    trimmed += tailLimit
  }

  /// Changes the flight with `number`, if it is among those that are kept.
  mutating func changeFlight(_ number: Int, _ change: (inout Flight) -> Void) {
    if number < head.count {
      guard case .flight(var flight) = head[number] else { return }
      change(&flight)
      head[number] = .flight(flight)
    } else {
      let index = number - headLimit - trimmed
      guard tail.indices.contains(index), case .flight(var flight) = tail[index] else { return }
      change(&flight)
      tail[index] = .flight(flight)
    }
  }

  var happenings: [Happening] {
    head + (gap.map { [.unrecorded($0)] } ?? []) + tail
  }
}
