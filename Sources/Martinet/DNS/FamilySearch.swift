import MartinetRuntime
import MartinetTCP
import MartinetWire

/// The search for the addresses of one family: through the names that a short one may stand for, along aliases, past the cache.
struct FamilySearch {
  private let type: DNSType
  private let resolver: StubResolver
  private let stack: NetworkStack
  private let notify: @Sendable () -> Void
  /// The names that are still to be looked for, next one first.
  private var candidates: ArraySlice<DNSName>
  /// What is asked at the moment, at the end of a chain of so many aliases.
  private var name: DNSName?
  private var aliases = 0
  private var exchange: DNSExchange?
  /// A server could not say whether one of the candidates exists.
  private var failure: ResolutionFailure?

  enum Outcome {
    case addresses([IPAddress])
    case failure(ResolutionFailure)
  }

  init(
    _ candidates: [DNSName], _ family: AddressFamily, by resolver: StubResolver, on stack: NetworkStack,
    notify: @escaping @Sendable () -> Void
  ) {
    self.candidates = candidates[...]
    type = family == .ipv4 ? .address : .ipv6Address
    self.resolver = resolver
    self.stack = stack
    self.notify = notify
  }

  var deadline: Instant { exchange?.deadline ?? .never }

  /// Goes on as far as it can; nil: not at its end yet.
  mutating func poll(at now: Instant) -> Outcome? {
    while true {
      guard let current = name else {
        guard let next = candidates.popFirst() else { return failure.map { .failure($0) } ?? .addresses([]) }
        name = next
        aliases = 0
        continue
      }
      guard let outcome = find(current, at: now) else { return nil }
      exchange = nil
      switch outcome {
      case .addresses(let addresses): return .addresses(addresses)
      case .noData: return .addresses([])
      case .noSuchName: name = nil
      case .alias(let target):
        aliases += 1
        guard aliases <= DNSMessage.longestChain else { return .failure(.tooManyAliases) }
        name = target
      case nil: name = nil
      }
    }
  }

  /// What is known of `name`, from the cache or from a server. The outer nil: not yet; the inner one: it can't be found out.
  private mutating func find(_ name: DNSName, at now: Instant) -> DNSFinding?? {
    let question = DNSQuestion(name: name, type: type)
    if exchange == nil {
      if let known = resolver.remembered(question, at: now) { return known }
      exchange = DNSExchange(question, resolver.configuration, on: stack, notify: notify)
    }
    switch exchange?.poll(at: now) {
    case nil: return nil
    case .failure(let failure):
      self.failure = failure
      return .some(nil)
    case .verdict(let verdict):
      resolver.remember(verdict, of: question, at: now)
      return verdict.finding
    }
  }

  mutating func cancel() {
    exchange?.cancel()
    exchange = nil
  }
}
