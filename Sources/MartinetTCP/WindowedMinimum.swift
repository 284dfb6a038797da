/// The least of the round trips of late (RFC 8985 section 6.2, step 1): of the last half window that is over and of the one that runs.
struct WindowedMinimum {
  /// A path that has become longer is noticed after this time at most.
  private static let window = Interval.seconds(300)

  private var previous = Interval.forever
  private var current = Interval.forever
  private var began = Instant.zero

  /// Zero before there is a sample.
  var value: Interval {
    let least = min(previous, current)
    return least == .forever ? .zero : least
  }

  @inline(__always)
  mutating func take(_ sample: Interval, at now: Instant) {
    if now - began >= WindowedMinimum.window / 2 { turn(at: now) }
    current = min(current, sample)
  }

  /// The half window that runs is over.
  @inline(never)
  private mutating func turn(at now: Instant) {
    let halves = (now - began).nanoseconds / (WindowedMinimum.window / 2).nanoseconds
    previous = halves > 1 ? .forever : current
    current = .forever
    began = began + WindowedMinimum.window / 2 * halves
  }
}
