import CMartinetLinux
import MartinetTCP
import MartinetWire

extension martinet_address {
  init(_ address: IPAddress) {
    switch address {
    case .v4(let v4): self.init(high: 0, low: UInt64(v4.rawValue), family: 4)
    case .v6(let v6): self.init(high: v6.high, low: v6.low, family: 6)
    }
  }
}

extension IPAddress {
  init(_ address: martinet_address) {
    self =
      address.family == 4
      ? .v4(IPv4Address(UInt32(truncatingIfNeeded: address.low)))
      : .v6(IPv6Address(high: address.high, low: address.low))
  }

  /// 4 or 6, as the system's calls want it.
  var family: UInt8 { isIPv4 ? 4 : 6 }
}

/// The instant of the system's monotonic clock.
func monotonicNow() -> Instant { Instant(nanoseconds: martinet_monotonic_nanoseconds()) }
