import MartinetTCP

/// Octets, time and rates, exact at any size.
enum Rates {
  /// Octets in bits per second; zero for no time.
  static func bitsPerSecond(_ octets: UInt64, over time: Interval) -> UInt64 {
    guard time > .zero else { return 0 }
    let (high, low) = (octets * 8).multipliedFullWidth(by: 1_000_000_000)
    let divisor = UInt64(time.nanoseconds)
    return high < divisor ? divisor.dividingFullWidth((high, low)).quotient : .max
  }

  /// The time that so many octets take at `rate` bits per second.
  static func time(for octets: Int, at rate: UInt64) -> Interval {
    let (high, low) = (UInt64(max(0, octets)) * 8).multipliedFullWidth(by: 1_000_000_000)
    guard high < rate else { return .forever }
    return Interval(nanoseconds: Int64(clamping: rate.dividingFullWidth((high, low)).quotient))
  }
}
