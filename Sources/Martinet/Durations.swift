import MartinetTCP

extension Interval {
  /// A duration of the public interface; longer than ``forever`` counts as forever, shorter than a nanosecond as zero.
  init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    let limit = Interval.forever.nanoseconds / 1_000_000_000
    if seconds >= limit {
      self = .forever
    } else if seconds <= -limit {
      self = .zero - .forever
    } else {
      self.init(nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
  }
}

extension Duration {
  init(_ interval: Interval) {
    self = .nanoseconds(interval.nanoseconds)
  }
}

extension Instant {
  /// The end of a wait of `limit` that begins now; nil waits for ever.
  static func deadline(after limit: Duration?, from now: Instant) -> Instant {
    guard let limit else { return .never }
    return now + Interval(limit)
  }
}
