/// A rate in octets per second, bounded so that its product with a bounded time stays within 64 bits.
package struct Rate: Comparable, BitwiseCopyable, Sendable {
  package let octetsPerSecond: Int

  package static let zero = Rate(octetsPerSecond: 0)
  /// 720 Gbit/s.
  package static let fastest = Rate(octetsPerSecond: 90_000_000_000)
  /// 100 s, in microseconds: over longer times a rate is not reckoned.
  private static let longest: Int64 = 100_000_000

  package init(octetsPerSecond: Int) {
    self.octetsPerSecond = octetsPerSecond
  }

  /// The rate at which `octets` pass in `interval`.
  package init(octets: Int, in interval: Interval) {
    let scaled = Int64(min(max(octets, 0), 9_000_000_000)) * 1_000_000_000
    octetsPerSecond = min(Int(scaled / max(interval.nanoseconds, 1)), Rate.fastest.octetsPerSecond)
  }

  package static func < (one: Rate, other: Rate) -> Bool { one.octetsPerSecond < other.octetsPerSecond }

  package func percent(_ share: Int) -> Rate {
    Rate(octetsPerSecond: min(octetsPerSecond * share / 100, Rate.fastest.octetsPerSecond))
  }

  /// The octets that pass in `interval`, 100 s at most.
  package func octets(in interval: Interval) -> Int {
    let microseconds = min(max(interval.nanoseconds / 1000, 0), Rate.longest)
    return Int(Int64(octetsPerSecond) * microseconds / 1_000_000)
  }

  /// How long `octets` take.
  package func time(for octets: Int) -> Interval {
    guard octetsPerSecond > 0 else { return .forever }
    return Interval(nanoseconds: Int64(min(octets, 9_000_000_000)) * 1_000_000_000 / Int64(octetsPerSecond))
  }
}
