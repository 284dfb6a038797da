import MartinetRuntime
import MartinetWire

// Which of several destinations to try first (RFC 6724 section 6).

/// A destination with what decides its place: the address that packets to it would come from.
struct Destination {
  var address: IPAddress
  /// Nil: there is no way to it.
  var source: IPAddress?

  /// Whether `self` comes before `other`; false if no rule prefers either. Rules 3, 4 and 7 concern deprecated and home addresses and tunnels, which a
  /// stack does not have; rule 10 leaves the rest in the order in which it came.
  func precedes(_ other: Destination) -> Bool {
    // Rule 1: avoid unusable destinations.
    if (source == nil) != (other.source == nil) { return source != nil }
    // Rule 2: prefer matching scope.
    if hasMatchingScope != other.hasMatchingScope { return hasMatchingScope }
    // Rule 5: prefer matching label.
    if hasMatchingLabel != other.hasMatchingLabel { return hasMatchingLabel }
    // Rule 6: prefer higher precedence.
    let (mine, theirs) = (AddressPolicy(of: address).precedence, AddressPolicy(of: other.address).precedence)
    if mine != theirs { return mine > theirs }
    // Rule 8: prefer smaller scope.
    let (scope, otherScope) = (AddressScope(of: address), AddressScope(of: other.address))
    if scope != otherScope { return scope.rawValue < otherScope.rawValue }
    // Rule 9: use the longest matching prefix. For IPv4 it would defeat the shuffling that name servers do, as section 10.3 has seen.
    return !address.isIPv4 && !other.address.isIPv4 && commonPrefix > other.commonPrefix
  }

  private var hasMatchingScope: Bool { source.map { AddressScope(of: $0) == AddressScope(of: address) } ?? false }

  private var hasMatchingLabel: Bool {
    source.map { AddressPolicy(of: $0).label == AddressPolicy(of: address).label } ?? false
  }

  private var commonPrefix: Int {
    guard let source, case .v6(let one) = source, case .v6(let two) = address else { return 0 }
    let high = (one.high ^ two.high).leadingZeroBitCount
    return high < 64 ? high : 64 + (one.low ^ two.low).leadingZeroBitCount
  }
}

/// How far an address reaches (RFC 6724 section 3.1 and 3.2).
enum AddressScope: UInt8 {
  case link = 2
  case site = 5
  case global = 14

  init(of address: IPAddress) {
    switch address {
    case .v4(let address): self = address.isLinkLocal || address.isLoopback ? .link : .global
    case .v6(let address):
      if address.isLinkLocal || address.isLoopback {
        self = .link
      } else {
        self = address.high >> 54 == 0x3FB ? .site : .global
      }
    }
  }
}

/// A row of the default policy table (RFC 6724 section 2.1).
struct AddressPolicy {
  var precedence: Int
  var label: Int

  init(of address: IPAddress) {
    (precedence, label) =
      switch address {
      case .v4: (35, 4)
      case .v6(let address):
        switch (address.high, address.low) {
        case (0, 1): (50, 0)
        case (0, let low) where low >> 32 == 0xFFFF: (35, 4)
        case (0, _): (1, 3)
        case (let high, _) where high >> 48 == 0x2002: (30, 2)
        case (let high, _) where high >> 32 == 0x2001_0000: (5, 5)
        case (let high, _) where high >> 57 == 0x7E: (3, 13)
        case (let high, _) where high >> 54 == 0x3FB: (1, 11)
        case (let high, _) where high >> 48 == 0x3FFE: (1, 12)
        default: (40, 1)
        }
      }
  }
}

extension [IPAddress] {
  /// The addresses as `stack` prefers them; the order of those that no rule tells apart stays.
  func sorted(for stack: NetworkStack) -> [IPAddress] {
    sorted { stack.core.localAddress(for: $0) }
  }

  /// The addresses in order of preference; `source` knows the address that packets to a destination would come from.
  package func sorted(source: (IPAddress) -> IPAddress?) -> [IPAddress] {
    var found: [Destination] = []
    for address in self {
      let one = Destination(address: address, source: source(address))
      let place = found.firstIndex { one.precedes($0) } ?? found.endIndex
      found.insert(one, at: place)
    }
    return found.map(\.address)
  }

  /// The addresses with the families taking turns, beginning with `first` (RFC 8305 section 4 with a First Address Family Count of 1).
  package func interleaved(beginningWith first: AddressFamily) -> [IPAddress] {
    var next = filter { AddressFamily(of: $0) == first }[...]
    var other = filter { AddressFamily(of: $0) != first }[...]
    var mixed: [IPAddress] = []
    while !next.isEmpty || !other.isEmpty {
      if let address = next.popFirst() { mixed.append(address) }
      swap(&next, &other)
    }
    return mixed
  }
}
