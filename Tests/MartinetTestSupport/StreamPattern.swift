/// The octets that a test sends: each position of a stream has its own, so that one out of place is seen.
public enum StreamPattern: UInt8, Sendable {
  /// What the connection under test writes.
  case ours = 0
  /// What its peer writes.
  case theirs = 0xA5
  /// What an attacker writes in the peer's name: differs from ``theirs`` everywhere.
  case forged = 0x5A

  /// The octet at `position`, counted from 0.
  public func octet(at position: Int) -> UInt8 {
    let mixed = UInt32(truncatingIfNeeded: position) &* 0x9E37_79B1
    return UInt8(truncatingIfNeeded: mixed >> 24) ^ rawValue
  }

  /// `count` octets from `position` on.
  public func octets(from position: Int, count: Int) -> [UInt8] {
    (0..<count).map { octet(at: position + $0) }
  }
}
