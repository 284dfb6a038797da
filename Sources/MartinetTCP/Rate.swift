/// A rate in octets per second, bounded so that its product with a bounded time stays within 64 bits.
package struct Rate: Comparable, BitwiseCopyable, Sendable {
  /// A word of 32 bits has no room for more than 17 Gbit/s.
  private let amount: Int64

  package static let zero = Rate(amount: 0)
  /// 720 Gbit/s.
  package static let fastest = Rate(amount: 90_000_000_000)
  /// 100 s, in microseconds: over longer times a rate is not reckoned.
  private static let longest: Int64 = 100_000_000
  /// As many octets times a second, in nanoseconds, are within 64 bits.
  private static let most: Int64 = 9_000_000_000

  package init(octetsPerSecond: Int) {
    amount = Int64(octetsPerSecond)
  }

  private init(amount: Int64) {
    self.amount = amount
  }

  /// The rate at which `octets` pass in `interval`.
  package init(octets: Int, in interval: Interval) {
    let scaled = min(max(Int64(octets), 0), Rate.most) * 1_000_000_000
    amount = min(scaled / max(interval.nanoseconds, 1), Rate.fastest.amount)
  }

  package var octetsPerSecond: Int { Int(clamping: amount) }

  package static func < (one: Rate, other: Rate) -> Bool { one.amount < other.amount }

  package func percent(_ share: Int) -> Rate {
    Rate(amount: min(amount * Int64(share) / 100, Rate.fastest.amount))
  }

  /// The octets that pass in `interval`, 100 s at most.
  package func octets(in interval: Interval) -> Int {
    let microseconds = min(max(interval.nanoseconds / 1000, 0), Rate.longest)
    return Int(clamping: amount * microseconds / 1_000_000)
  }

  /// How long `octets` take.
  package func time(for octets: Int) -> Interval {
    guard amount > 0 else { return .forever }
    return Interval(nanoseconds: min(Int64(octets), Rate.most) * 1_000_000_000 / amount)
  }
}
