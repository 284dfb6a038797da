import MartinetRuntime
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
    SystemNames.addresses(of: name, limit: SystemResolver.limit)
  }
}
