/// The deadlines of a connection: the one table that both the next deadline and the expiry are read from.
struct Timers {
  /// Those of timers that do not run mean nothing.
  private var deadlines = InlineArray<14, Instant>(repeating: .never)
  /// One bit for each timer that runs: few do at a time, and only those are looked at.
  private var running: UInt16 = 0
  /// No later than the earliest deadline, and what of it was told. A deadline that moves to later moves neither: whoever comes at the time that was told asks anew.
  private var bound = Instant.never
  private var told = Instant.never

  subscript(kind: TimerKind) -> Instant {
    @inline(__always) get { isSet(kind) ? deadlines[Int(kind.rawValue)] : .never }
    @inline(__always) set {
      guard newValue != .never else { return cancel(kind) }
      deadlines[Int(kind.rawValue)] = newValue
      running |= Timers.bit(kind)
      if newValue < bound { bound = newValue }
    }
  }

  @inline(__always)
  private static func bit(_ kind: TimerKind) -> UInt16 { 1 &<< UInt16(kind.rawValue) }

  @inline(__always)
  func isSet(_ kind: TimerKind) -> Bool { running & Timers.bit(kind) != 0 }

  /// Whether the timer of `kind` runs and no other.
  func runsOnly(_ kind: TimerKind) -> Bool { running == Timers.bit(kind) }

  @inline(__always)
  mutating func cancel(_ kind: TimerKind) { running &= ~Timers.bit(kind) }

  /// Cancels those that watch over what is outstanding.
  @inline(__always)
  mutating func cancelThoseOfFlight() {
    running &= ~(Timers.bit(.retransmission) | Timers.bit(.tailLossProbe) | Timers.bit(.reordering))
  }

  mutating func cancelAll() { running = 0 }

  /// Begins anew: none runs, and none was told.
  mutating func begin() { (running, bound, told) = (0, .never, .never) }

  /// A deadline that may be earlier than all that were told, which then is told; ``Instant/never`` if there is none.
  mutating func takeEarlier() -> Instant {
    guard bound < told else { return .never }
    told = bound
    return bound
  }

  /// Whoever was told a deadline does not keep it any more.
  mutating func forgetTold() {
    bound = earliest
    told = .never
  }

  var earliest: Instant { earliest(besides: 0) }

  /// The earliest but for the one that only gives memory back.
  var earliestOfProtocol: Instant { earliest(besides: 1 &<< UInt16(TimerKind.rest.rawValue)) }

  @inline(__always)
  private func earliest(besides excluded: UInt16) -> Instant {
    var result = Instant.never
    var remaining = running & ~excluded
    while remaining != 0 {
      result = min(result, deadlines[remaining.trailingZeroBitCount])
      remaining &= remaining &- 1
    }
    return result
  }

  /// Takes the timer that expired first, if any has; ties in the order of ``TimerKind``.
  mutating func popExpired(at now: Instant) -> TimerKind? {
    let first = earliest
    guard first <= now, first != .never else { return nil }
    var remaining = running
    while deadlines[remaining.trailingZeroBitCount] != first { remaining &= remaining &- 1 }
    let found = TimerKind(rawValue: UInt8(remaining.trailingZeroBitCount))
    if let found { cancel(found) }
    return found
  }
}
