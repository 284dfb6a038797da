import MartinetRuntime
import MartinetTCP
import MartinetWire

/// A resolver of one call, which brings the addresses of both families at once.
public protocol SimpleResolver: Resolver {
  /// The addresses of `name`; none if there is none. May block.
  func addresses(of name: String) -> [IPAddress]
}

extension SimpleResolver {
  public func lookUp(
    _ name: String, _ families: [AddressFamily], on stack: NetworkStack, notify: @escaping @Sendable () -> Void
  ) -> any NameLookup {
    KnownAnswer(.success(addresses(of: name)), families)
  }
}

/// A search that is over before it begins.
final class KnownAnswer: NameLookup {
  private var progress = NameProgress()

  init(_ answer: NameProgress.Answer, _ families: [AddressFamily]) {
    for family in families {
      progress[family] = answer.map { $0.filter { AddressFamily(of: $0) == family } }
    }
  }

  func poll(at now: Instant) -> NameProgress { progress }
  func cancel() {}
}

/// The resolver of the operating system: hosts file, DNS, and whatever else it is set up with.
///
/// It asks over the system's network, not over the stack; in virtual time its answer takes no time.
public struct SystemResolver: SimpleResolver {
  /// The most addresses that are taken from an answer.
  private static let limit = 16

  public init() {}

  public func addresses(of name: String) -> [IPAddress] {
    SystemNames.addresses(of: name, limit: SystemResolver.limit)
  }
}
