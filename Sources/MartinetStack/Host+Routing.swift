import MartinetTCP
import MartinetWire

// Interfaces, addresses, routes: what leads where, and from which address.
extension Host {
  /// Adds a link. There may be 65,535; more get the number of the last.
  public mutating func addInterface(_ link: LinkDescription) -> InterfaceID {
    InterfaceID(rawValue: interfaces.add(link) ?? loopbackInterface - 1)
  }

  /// Gives `interface` an address; what its prefix covers becomes reachable on the link. On a point-to-point link without
  /// link-layer addresses everything becomes reachable, unless another default route is there.
  public mutating func addAddress(_ prefix: IPPrefix, to interface: InterfaceID, at now: Instant) {
    let prefix = prefix.clamped
    guard Int(interface.rawValue) < interfaces.all.count, !prefix.address.isUnspecified,
      !prefix.address.isMulticast, !prefix.address.isLoopback
    else { return }
    interfaces.add(prefix, to: interface.rawValue)
    let route = Route(interface: interface.rawValue, gateway: nil)
    _ = routes.add(route, to: prefix)
    let link = interfaces.all[Int(interface.rawValue)].link
    let everything = IPPrefix(prefix.address.anyOfFamily, 0)
    if link.isPointToPoint && link.kind == .ip && !routes.has(everything) {
      _ = routes.add(route, to: everything)
    }
  }

  /// Sends what goes to `destination` to `gateway`, or to its own address on the link if that is nil. Replaces an earlier route
  /// of the same prefix; a gateway of the other family, or one route too many
  /// (``HostConfiguration/routes``), is ignored.
  public mutating func addRoute(_ destination: IPPrefix, via gateway: IPAddress?, on interface: InterfaceID) {
    guard Int(interface.rawValue) < interfaces.all.count,
      gateway == nil || gateway?.isIPv4 == destination.address.isIPv4
    else { return }
    _ = routes.add(Route(interface: interface.rawValue, gateway: gateway), to: destination.clamped)
  }

  /// The way to `destination`. An address that means something on one link only leads to the `preferred` interface.
  func route(to destination: IPAddress, preferring preferred: UInt16? = nil) -> Route? {
    if destination.isLoopback || interfaces.isOurs(destination) { return .loopback }
    if destination.isLinkLocal || destination.isMulticast || destination == .v4(.limitedBroadcast) {
      if let interface = preferred ?? firstInterface(like: destination) {
        return Route(interface: interface, gateway: nil)
      }
    }
    return routes.route(to: destination)
  }

  private func firstInterface(like address: IPAddress) -> UInt16? {
    for number in interfaces.all.indices {
      for prefix in interfaces.all[number].addresses where prefix.address.isIPv4 == address.isIPv4 {
        if !address.isLinkLocal || prefix.contains(address) { return UInt16(number) }
      }
    }
    return nil
  }

  /// The address to send from to `destination` by `route`: one of the interface, else one of any (RFC 1122 section 3.3.4.3).
  func source(for destination: IPAddress, by route: Route) -> IPAddress? {
    if route.interface == loopbackInterface { return destination }
    if let source = interfaces.all[Int(route.interface)].source(for: destination) { return source }
    for interface in interfaces.all {
      if let source = interface.source(for: destination) { return source }
    }
    return nil
  }

  /// The address that the host would send from to `destination`; nil without a route.
  public func localAddress(for destination: IPAddress) -> IPAddress? {
    guard let route = route(to: destination) else { return nil }
    return source(for: destination, by: route)
  }

  /// The largest IP packet that `interface` takes. What stays in the host is bounded by the length field of IPv4.
  func linkMTU(of interface: UInt16) -> Int {
    interface == loopbackInterface ? 65535 : interfaces.all[Int(interface)].link.mtu
  }

  /// Whether `address` may be the remote end of a connection (RFC 9293 section 3.9.2.3).
  func isUsableRemote(_ address: IPAddress) -> Bool {
    if address.isUnspecified || address.isMulticast || interfaces.isBroadcast(address) { return false }
    return address.isLoopback || !address.isImpossibleSource
  }
}
