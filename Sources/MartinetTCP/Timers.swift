/// The deadlines of a connection: the one table that both the next deadline and the expiry are read from.
struct Timers {
  private var deadlines = InlineArray<12, Instant>(repeating: .never)

  subscript(kind: TimerKind) -> Instant {
    get { deadlines[Int(kind.rawValue)] }
    set { deadlines[Int(kind.rawValue)] = newValue }
  }

  func isSet(_ kind: TimerKind) -> Bool { self[kind] != .never }

  mutating func cancel(_ kind: TimerKind) { self[kind] = .never }

  mutating func cancelAll() { deadlines = InlineArray<12, Instant>(repeating: .never) }

  var earliest: Instant {
    var result = Instant.never
    for index in deadlines.indices where deadlines[index] < result { result = deadlines[index] }
    return result
  }

  /// Takes the timer that expired first, if any has; ties in the order of ``TimerKind``.
  mutating func popExpired(at now: Instant) -> TimerKind? {
    var found: TimerKind?
    var earliest = Instant.never
    for index in deadlines.indices where deadlines[index] <= now && deadlines[index] < earliest {
      earliest = deadlines[index]
      found = TimerKind(rawValue: UInt8(index))
    }
    if let found { cancel(found) }
    return found
  }
}
