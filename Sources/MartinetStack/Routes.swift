import MartinetWire

/// Where a packet goes next.
struct Route: Equatable {
  /// The number of the interface; ``loopbackInterface`` if the packet does not leave the host.
  var interface: UInt16
  /// The neighbour to hand it to; nil if that is the destination itself.
  var gateway: IPAddress?

  static let loopback = Route(interface: loopbackInterface, gateway: nil)
}

/// The routes of a host, found by longest prefix: a few are looked through, of many each length of prefix that occurs is looked up.
struct RoutingTable {
  private var table: Table<PrefixKey>
  private var routes: [Route] = []
  /// What each of them is the way to.
  private var prefixes: [IPPrefix] = []
  /// The lengths that occur, longest first, one list per family.
  private var lengths4: [UInt8] = []
  private var lengths6: [UInt8] = []
  let limit: Int
  /// Changes with every route.
  private(set) var epoch: UInt32 = 0

  init(secret: SipKey, limit: Int) {
    table = Table(secret: secret)
    self.limit = limit
  }

  /// Makes `route` the way to `prefix`, in place of what was; false at the limit.
  mutating func add(_ route: Route, to prefix: IPPrefix) -> Bool {
    let key = PrefixKey(prefix)
    epoch &+= 1
    if let known = table.slot(of: key) {
      routes[Int(known)] = route
      return true
    }
    guard routes.count < limit else { return false }
    table.set(UInt32(routes.count), for: key)
    routes.append(route)
    prefixes.append(prefix)
    if prefix.address.isIPv4 {
      RoutingTable.note(prefix.length, in: &lengths4)
    } else {
      RoutingTable.note(prefix.length, in: &lengths6)
    }
    return true
  }

  /// So many routes are looked through faster than their prefixes are hashed.
  private static var few: Int { 8 }

  private func routeOfFew(to destination: IPAddress) -> Route? {
    var (best, longest) = (-1, -1)
    for index in prefixes.indices where Int(prefixes[index].length) > longest && prefixes[index].contains(destination) {
      (best, longest) = (index, Int(prefixes[index].length))
    }
    return best < 0 ? nil : routes[best]
  }

  func has(_ prefix: IPPrefix) -> Bool { table.slot(of: PrefixKey(prefix)) != nil }

  private static func note(_ length: UInt8, in lengths: inout [UInt8]) {
    var place = 0
    while place < lengths.count && lengths[place] > length { place += 1 }
    if place == lengths.count || lengths[place] != length { lengths.insert(length, at: place) }
  }

  /// The route with the longest prefix that `destination` lies in (RFC 1122 section 3.3.1).
  func route(to destination: IPAddress) -> Route? {
    if routes.count <= RoutingTable.few { return routeOfFew(to: destination) }
    let lengths = destination.isIPv4 ? lengths4 : lengths6
    for length in lengths {
      if let slot = table.slot(of: PrefixKey(IPPrefix(destination, length))) { return routes[Int(slot)] }
    }
    return nil
  }
}
