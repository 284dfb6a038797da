import CMartinetLinux
import MartinetStack
import MartinetWire

/// Finds the addresses of a name.
public protocol Resolver: Sendable {
  /// The addresses of `name`, best first; none if there is none. May block.
  func addresses(of name: String) -> [IPAddress]
}

/// The resolver of the operating system: hosts file, DNS, and whatever else it is set up with.
///
/// It asks over the system's network, not over the stack; in virtual time its answer takes no time.
public struct SystemResolver: Resolver {
  /// The most addresses that are taken from an answer.
  private static let limit = 16

  public init() {}

  public func addresses(of name: String) -> [IPAddress] {
    withUnsafeTemporaryAllocation(of: martinet_endpoint.self, capacity: SystemResolver.limit) { found in
      let count = martinet_resolve(name, 0, found.baseAddress, Int32(SystemResolver.limit))
      return found.prefix(max(0, Int(count))).map { IPAddress($0.address) }
    }
  }
}

extension IPAddress {
  fileprivate init(_ address: martinet_address) {
    var octets = address.octets
    let bytes = withUnsafeBytes(of: &octets) { Array($0) }
    if address.family == 4 {
      self = .v4(IPv4Address(bytes[0], bytes[1], bytes[2], bytes[3]))
    } else {
      let number = { (range: Range<Int>) in bytes[range].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
      self = .v6(IPv6Address(high: number(0..<8), low: number(8..<16)))
    }
  }
}
