import Glibc

/// Reads packets away for which the host has no memory, so that the descriptor does not stay ready for ever.
enum DiscardedReads {
  /// The most packets that one call throws away.
  private static let limit: UInt64 = 64

  /// Returns how many packets were thrown away.
  static func drain(_ descriptor: Int32) -> UInt64 {
    var number: UInt64 = 0
    var octet: UInt8 = 0
    // A packet descriptor drops what the buffer has no room for.
    while number < limit, Glibc.read(descriptor, &octet, 1) >= 0 { number += 1 }
    return number
  }
}
