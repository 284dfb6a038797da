import CMartinetLinux
import MartinetWire

/// The names that the operating system knows.
package enum SystemNames {
  /// The addresses of `name`, best first, at most `limit`.
  package static func addresses(of name: String, limit: Int) -> [IPAddress] {
    withUnsafeTemporaryAllocation(of: martinet_endpoint.self, capacity: limit) { found in
      let count = martinet_resolve(name, 0, found.baseAddress, Int32(limit))
      return found.prefix(max(0, min(limit, Int(count)))).map { endpoint in
        let address = endpoint.address
        return address.family == 4
          ? .v4(IPv4Address(UInt32(truncatingIfNeeded: address.low)))
          : .v6(IPv6Address(high: address.high, low: address.low))
      }
    }
  }
}
