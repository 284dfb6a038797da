// Programs keep addresses in sets and dictionaries. Embedded programs don't: there the standard library's hasher would want
// entropy of the platform, which the pure modules never ask for.
#if !hasFeature(Embedded)
  extension IPv4Address: Hashable {
    public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
  }

  extension IPv6Address: Hashable {
    public func hash(into hasher: inout Hasher) {
      hasher.combine(high)
      hasher.combine(low)
    }
  }

  extension IPAddress: Hashable {
    public func hash(into hasher: inout Hasher) {
      switch self {
      case .v4(let address): hasher.combine(address)
      case .v6(let address): hasher.combine(address)
      }
    }
  }

  extension Endpoint: Hashable {
    public func hash(into hasher: inout Hasher) {
      hasher.combine(address)
      hasher.combine(port)
    }
  }

  extension IPPrefix: Hashable {
    public func hash(into hasher: inout Hasher) {
      hasher.combine(address)
      hasher.combine(length)
    }
  }
#endif
