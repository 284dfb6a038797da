import Glibc
import MartinetStack

/// The randomness of the operating system.
enum Entropy {
  /// 64 bits of getrandom(2).
  static func word() -> UInt64 {
    var value: UInt64 = 0
    withUnsafeMutableBytes(of: &value) { bytes in
      var filled = 0
      while filled < bytes.count {
        let count = getrandom(bytes.baseAddress! + filled, bytes.count - filled, 0)
        if count > 0 { filled += count }
      }
    }
    return value
  }
}
