import MartinetStack
import MartinetTCP
import MartinetWire

/// The addresses of the named topologies: host n is 10.0.0.n, and fd77::n.
public enum TestAddress {
  public static func v4(_ number: Int) -> IPAddress {
    .v4(IPv4Address(0x0A00_0000 | UInt32(truncatingIfNeeded: number) & 0xFFFF))
  }

  public static func v6(_ number: Int) -> IPAddress {
    .v6(IPv6Address(high: 0xFD77_0000_0000_0000, low: UInt64(truncatingIfNeeded: number)))
  }

  /// The two addresses of host `number`, on one link with all others.
  static func prefixes(_ number: Int) -> [IPPrefix] {
    [IPPrefix(v4(number), 16), IPPrefix(v6(number), 64)]
  }
}

/// Two hosts and a wire: 10.0.0.1 and fd77::1 on the left, 10.0.0.2 and fd77::2 on the right.
public struct Pair: ~Copyable {
  public var scenario: Scenario
  public let left: HostID
  public let right: HostID
  public let wire: WireID

  public init(
    seed: UInt64, _ wire: WireDescription = WireDescription(), left: HostConfiguration = HostConfiguration(),
    right: HostConfiguration = HostConfiguration()
  ) {
    scenario = Scenario(seed: seed)
    self.left = scenario.network.addHost(left)
    self.right = scenario.network.addHost(right)
    self.wire = scenario.network.connect(
      self.left, TestAddress.prefixes(1), self.right, TestAddress.prefixes(2), by: wire)
  }
}

/// Hosts on either side of one wire that they share: host n on the left is 10.0.0.n, its counterpart on the right 10.0.1.n, and
/// the same with fd77::. All are on one Ethernet.
public struct Dumbbell: ~Copyable {
  public var scenario: Scenario
  public private(set) var left: [HostID] = []
  public private(set) var right: [HostID] = []
  /// The wire that all share.
  public let bottleneck: WireID

  /// `flows` hosts on each side, each on a wire of its own like `access`, and all of them behind `bottleneck`.
  public init(
    seed: UInt64, flows: Int, access: WireDescription = WireDescription(), bottleneck: WireDescription,
    configuration: HostConfiguration = HostConfiguration()
  ) {
    scenario = Scenario(seed: seed)
    let near = scenario.network.addSwitch()
    let far = scenario.network.addSwitch()
    self.bottleneck = scenario.network.connect(.ethernetSwitch(near), .ethernetSwitch(far), by: bottleneck)
    for number in 1...max(1, flows) {
      left.append(scenario.addStation(number, at: near, access, configuration))
      right.append(scenario.addStation(256 + number, at: far, access, configuration))
    }
  }
}

/// A row of routers with a host at each end: 10.1.0.1 and fd77:1::1 on the left, 10.2.0.1 and fd77:2::1 on the right.
public struct Chain: ~Copyable {
  public var scenario: Scenario
  public let left: HostID
  public let right: HostID
  /// The wires from left to right: one more than there are routers.
  public private(set) var wires: [WireID] = []

  public static let leftAddresses = (v4: IPAddress.v4(IPv4Address(10, 1, 0, 1)), v6: Chain.address(0xFD77_0001, 1))
  public static let rightAddresses = (v4: IPAddress.v4(IPv4Address(10, 2, 0, 1)), v6: Chain.address(0xFD77_0002, 1))

  /// One router between each two of `wires`, at least two. Router n is 10.9.0.n and fd77:9::n; with `silentRouters` it sends no ICMP
  /// errors.
  public init(
    seed: UInt64, _ wires: [WireDescription], silentRouters: Bool = false,
    configuration: HostConfiguration = HostConfiguration()
  ) {
    scenario = Scenario(seed: seed)
    left = scenario.network.addHost(configuration)
    right = scenario.network.addHost(configuration)
    var routers: [RouterID] = []
    for number in 1..<max(2, wires.count) {
      let addresses = [
        .v4(IPv4Address(10, 9, 0, UInt8(truncatingIfNeeded: number))), Chain.address(0xFD77_0009, number),
      ]
      routers.append(scenario.network.addRouter(silentRouters ? [] : addresses))
    }
    for (index, wire) in wires.enumerated() {
      let start = index == 0 ? Node.host(left) : .router(routers[index - 1])
      let end = index == wires.count - 1 ? Node.host(right) : .router(routers[index])
      self.wires.append(scenario.network.connect(start, end, by: wire))
    }
    for (index, router) in routers.enumerated() {
      addRoutes(Chain.leftAddresses, of: router, over: self.wires[index])
      addRoutes(Chain.rightAddresses, of: router, over: self.wires[index + 1])
    }
    settle(left, Chain.leftAddresses, on: self.wires[0])
    settle(right, Chain.rightAddresses, on: self.wires[self.wires.count - 1])
  }

  private mutating func addRoutes(_ target: (v4: IPAddress, v6: IPAddress), of router: RouterID, over wire: WireID) {
    scenario.network.addRoute(IPPrefix(target.v4, 16), of: router, over: wire)
    scenario.network.addRoute(IPPrefix(target.v6, 32), of: router, over: wire)
  }

  private mutating func settle(_ host: HostID, _ own: (v4: IPAddress, v6: IPAddress), on wire: WireID) {
    scenario.network.addAddress(IPPrefix(own.v4, 16), to: host, on: wire)
    scenario.network.addAddress(IPPrefix(own.v6, 32), to: host, on: wire)
    guard let interface = scenario.network.interface(of: host, on: wire) else { return }
    scenario.network.withHost(host) { host, _ in
      host.addRoute(IPPrefix(.v4(.any), 0), via: nil, on: interface)
      host.addRoute(IPPrefix(.v6(.any), 0), via: nil, on: interface)
    }
  }

  private static func address(_ high: UInt64, _ low: Int) -> IPAddress {
    .v6(IPv6Address(high: high << 32, low: UInt64(low)))
  }
}

extension Scenario {
  /// Adds host `number` of the one Ethernet, at a switch.
  fileprivate mutating func addStation(
    _ number: Int, at hub: SwitchID, _ wire: WireDescription, _ configuration: HostConfiguration
  ) -> HostID {
    let host = network.addHost(configuration)
    let access = network.connect(.host(host), .ethernetSwitch(hub), by: wire)
    for prefix in TestAddress.prefixes(number) { network.addAddress(prefix, to: host, on: access) }
    return host
  }
}
