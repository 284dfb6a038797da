import MartinetRuntime
import MartinetTCP
import MartinetWire
import Synchronization

/// A resolver of our own: asks name servers over the stack's own UDP and TCP (RFC 1034 section 5.3.1, RFC 1035, RFC 3596).
///
/// It looks into its table of hosts first, knows `localhost` and `invalid` (RFC 6761 sections 6.3 and 6.4), remembers what it found out for as long as it may, asks the
/// next server when one is silent or fails, and asks again over TCP when a datagram did not hold the response. It may serve several stacks that
/// have the same clock: real ones, or those of one simulation.
public final class StubResolver: Resolver {
  public let configuration: StubResolverConfiguration
  private let cache: Mutex<DNSCache>

  /// - Throws: ``SocketError/Reason/invalidArgument(_:)`` for a knob out of its bounds.
  public init(_ configuration: StubResolverConfiguration) throws(SocketError) {
    try configuration.check()
    self.configuration = configuration
    cache = Mutex(DNSCache(capacity: configuration.cacheCapacity))
  }

  /// A resolver that asks `servers`, at their port 53, with the defaults of the other knobs.
  /// - Throws: ``SocketError/Reason/invalidArgument(_:)`` for more than ``StubResolverConfiguration/mostServers``.
  public convenience init(servers: [IPAddress]) throws(SocketError) {
    var configuration = StubResolverConfiguration()
    configuration.servers = servers.map { Endpoint($0, StubResolverConfiguration.port) }
    try self.init(configuration)
  }

  public func lookUp(
    _ name: String, _ families: [AddressFamily], on stack: NetworkStack, notify: @escaping @Sendable () -> Void
  ) -> any NameLookup {
    guard let absolute = DNSName(name), absolute != .root else {
      let text = "\"\(name)\" is no domain name"
      return KnownAnswer(.failure(SocketError(.resolve, nil, .invalidArgument(text))), families)
    }
    if let known = knownAddresses(of: absolute) { return KnownAnswer(.success(known), families) }
    return StubLookup(
      name, candidates(for: name, absolute), families, by: self, on: stack, notify: notify)
  }

  /// The addresses of names that no server is asked about.
  private func knownAddresses(of name: DNSName) -> [IPAddress]? {
    if let known = configuration.hosts.addresses(of: name) { return known }
    if name.isWithin(.localhost) { return [.v6(.loopback), .v4(.loopback)] }
    return name.isWithin(.invalid) ? [] : nil
  }

  /// The names that `name` may stand for, first one first.
  private func candidates(for name: String, _ absolute: DNSName) -> [DNSName] {
    if name.hasSuffix(".") { return [absolute] }
    let longer = configuration.searchDomains.compactMap { DNSName(name + "." + $0) }
    return absolute.labels.count > configuration.dots ? [absolute] + longer : longer + [absolute]
  }

  // MARK: The cache

  func remembered(_ question: DNSQuestion, at now: Instant) -> DNSFinding? {
    cache.withLock { $0.finding(of: question, at: now) }
  }

  func remember(_ verdict: DNSVerdict, of question: DNSQuestion, at now: Instant) {
    cache.withLock { $0.remember(verdict, of: question, at: now) }
  }

  /// The findings that are kept, those included that are over and were not asked for since.
  public var cacheCount: Int { cache.withLock { $0.count } }
  /// The findings that were not remembered because the cache was full.
  public var cacheRefusals: Int { cache.withLock { $0.refusals } }
}

/// A search by a stub resolver: both families are asked for at once, IPv6 first (RFC 8305 section 3).
private final class StubLookup: NameLookup {
  private let name: String
  private var searches: [(family: AddressFamily, search: FamilySearch)]
  private var progress = NameProgress()

  init(
    _ name: String, _ candidates: [DNSName], _ families: [AddressFamily], by resolver: StubResolver,
    on stack: NetworkStack, notify: @escaping @Sendable () -> Void
  ) {
    self.name = name
    searches = AddressFamily.allCases.filter(families.contains).map { family in
      (family, FamilySearch(candidates, family, by: resolver, on: stack, notify: notify))
    }
  }

  func poll(at now: Instant) -> NameProgress {
    progress.deadline = .never
    for index in searches.indices where progress[searches[index].family] == nil {
      switch searches[index].search.poll(at: now) {
      case .addresses(let addresses): progress[searches[index].family] = .success(addresses)
      case .failure(let failure):
        progress[searches[index].family] = .failure(SocketError(.resolve, nil, .resolutionFailed(name, failure)))
      case nil: progress.deadline = min(progress.deadline, searches[index].search.deadline)
      }
    }
    return progress
  }

  func cancel() {
    for index in searches.indices { searches[index].search.cancel() }
  }
}
