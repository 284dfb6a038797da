import MartinetRuntime
import MartinetTCP
import MartinetWire

/// One of the two families of addresses.
public enum AddressFamily: Hashable, Sendable, CaseIterable {
  case ipv6
  case ipv4

  public init(of address: IPAddress) {
    self = address.isIPv4 ? .ipv4 : .ipv6
  }
}

/// Finds the addresses of names.
public protocol Resolver: Sendable {
  /// Begins to look for the addresses of `name`.
  ///
  /// - Parameters:
  ///   - families: which addresses are wanted: one family or both.
  ///   - stack: over which others are asked, if the resolver asks over a stack, and whose clock counts.
  ///   - notify: to be called, never from inside ``NameLookup/poll(at:)``, when polling again may bring more.
  func lookUp(
    _ name: String, _ families: [AddressFamily], on stack: NetworkStack, notify: @escaping @Sendable () -> Void
  ) -> any NameLookup
}

/// The search for the addresses of one name, by whoever began it. Nothing of it blocks.
public protocol NameLookup: AnyObject {
  /// Goes on as far as it can.
  func poll(at now: Instant) -> NameProgress
  /// Ends the search. May be called after its end as well.
  func cancel()
}

/// How far the search for the addresses of a name has come.
public struct NameProgress: Sendable {
  /// What is known of one family: its addresses, none if there are none for sure, or why that could not be found out.
  public typealias Answer = Result<[IPAddress], SocketError>
  /// Nil: not known yet, or not wanted.
  public var ipv6: Answer?
  /// Nil: not known yet, or not wanted.
  public var ipv4: Answer?
  /// When polling again brings more even if nobody notifies.
  public var deadline = Instant.never

  public init() {}

  public subscript(family: AddressFamily) -> Answer? {
    get { family == .ipv4 ? ipv4 : ipv6 }
    set { if family == .ipv4 { ipv4 = newValue } else { ipv6 = newValue } }
  }
}

extension Resolver {
  /// The addresses of `name`, best first (RFC 6724 section 6). Blocks until they are known.
  ///
  /// - Parameter family: the only family that is wanted; nil: both.
  /// - Throws: ``SocketError/Reason/unknownHost(_:)`` if there is none, ``SocketError/Reason/resolutionFailed(_:_:)`` if that could not be found out.
  public func addresses(
    of name: String, _ family: AddressFamily? = nil, on stack: NetworkStack
  ) throws(SocketError) -> [IPAddress] {
    let search = NameSearch(for: name, family, by: self, on: stack)
    defer { search.lookup.cancel() }
    while true {
      let rings = search.bell.rings
      switch try search.goOn() {
      case .found(let addresses): return addresses
      case .wait(let instant): try stack.wait(for: search.bell, since: rings, until: instant, .resolve)
      }
    }
  }

  /// The addresses of `name`, best first; see the other. Suspends the calling task until they are known.
  public func addresses(
    of name: String, _ family: AddressFamily? = nil, on stack: NetworkStack
  ) async throws(SocketError) -> [IPAddress] {
    let search = NameSearch(for: name, family, by: self, on: stack)
    defer { search.lookup.cancel() }
    while true {
      let rings = search.bell.rings
      switch try search.goOn() {
      case .found(let addresses): return addresses
      case .wait(let instant): try await stack.wait(for: search.bell, since: rings, until: instant, .resolve)
      }
    }
  }
}

/// The search for all addresses of a name.
private struct NameSearch {
  let name: String
  let families: [AddressFamily]
  let stack: NetworkStack
  let bell = Bell()
  let lookup: any NameLookup

  enum Step {
    case found([IPAddress])
    case wait(until: Instant)
  }

  init(for name: String, _ family: AddressFamily?, by resolver: some Resolver, on stack: NetworkStack) {
    self.name = name
    self.stack = stack
    families = family.map { [$0] } ?? AddressFamily.allCases
    lookup = resolver.lookUp(name, families, on: stack) { [bell] in bell.ring() }
  }

  func goOn() throws(SocketError) -> Step {
    let progress = lookup.poll(at: stack.core.now)
    let answers = families.compactMap { progress[$0] }
    guard answers.count == families.count else { return .wait(until: progress.deadline) }
    return .found(try NameProgress.merged(answers, of: name).sorted(for: stack))
  }
}

extension NameProgress {
  /// All addresses; if there are none, an error, the one that leaves the question open before the one that settles it.
  static func merged(_ answers: [Answer], of name: String) throws(SocketError) -> [IPAddress] {
    var addresses: [IPAddress] = []
    var failure: SocketError?
    for answer in answers {
      switch answer {
      case .success(let found): addresses += found
      case .failure(let error):
        if case .unknownHost = failure?.reason ?? .unknownHost(name) { failure = error }
      }
    }
    if addresses.isEmpty { throw failure ?? SocketError(.resolve, nil, .unknownHost(name)) }
    return addresses
  }
}
