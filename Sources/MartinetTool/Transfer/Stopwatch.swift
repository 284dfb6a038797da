import MartinetTCP

/// How long something takes, and how fast it is.
struct Stopwatch {
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  init() {
    start = clock.now
  }

  var elapsed: Interval {
    let (seconds, attoseconds) = (clock.now - start).components
    return Interval(nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }

  /// "12.0 MiB in 0.5 s, 201.3 Mbit/s"
  func words(for octets: Int) -> String {
    let elapsed = elapsed
    return "\(Figures.octets(octets)) in \(Figures.span(elapsed)), \(rate(of: octets, in: elapsed))"
  }

  /// "12.0 MiB, 201.3 Mbit/s"
  func rate(of octets: Int) -> String { rate(of: octets, in: elapsed) }

  private func rate(of octets: Int, in elapsed: Interval) -> String {
    Figures.rate(Double(octets) * 8e9 / Double(max(1, elapsed.nanoseconds)))
  }
}
