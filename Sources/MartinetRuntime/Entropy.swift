import CMartinetLinux

/// The randomness of the operating system.
enum Entropy {
  /// 64 bits that nobody can predict (RFC 4086).
  static func word() -> UInt64 {
    var value: UInt64 = 0
    let result = martinet_random(&value, MemoryLayout<UInt64>.size)
    precondition(result >= 0, "the kernel's generator gives no randomness")
    return value
  }
}
