import MartinetStack
import MartinetTCP
import MartinetWire

extension Network {
  /// Adds a host without interfaces. Its secret comes from the seed and from its number.
  public mutating func addHost(_ configuration: HostConfiguration = HostConfiguration()) -> HostID {
    let id = HostID(number: stations.count)
    var chance = RandomStream(seed: seed, purpose: .hostSecret, index: UInt64(id.number))
    let secret = HostSecret(chance.next(), chance.next())
    stations.append(Station(configuration: configuration, secret: secret))
    return id
  }

  /// Adds an Ethernet switch that remembers up to `capacity` addresses.
  public mutating func addSwitch(capacity: Int = 1024) -> SwitchID {
    switches.append(EthernetSwitch(capacity: capacity))
    return SwitchID(number: switches.count - 1)
  }

  /// Lays a wire between two nodes. A host gets an interface with it, without an address.
  @discardableResult
  public mutating func connect(
    _ left: Node, _ right: Node, by description: WireDescription = WireDescription()
  ) -> WireID {
    let wire = WireID(number: mediums.count)
    var description = description
    if left.isSwitch || right.isSwitch { description.medium = .ethernet }
    mediums.append(description.medium)
    mtus.append(description.mtu)
    addChannel(description.toRight)
    addChannel(description.toLeft)
    destinations.append(Port(node: right, number: 0))
    destinations.append(Port(node: left, number: 0))
    plug(left, into: wire, sending: .toRight, description)
    plug(right, into: wire, sending: .toLeft, description)
    return wire
  }

  /// Lays a wire between two hosts and gives each end its addresses.
  @discardableResult
  public mutating func connect(
    _ left: HostID, _ leftAddresses: [IPPrefix], _ right: HostID, _ rightAddresses: [IPPrefix],
    by description: WireDescription = WireDescription()
  ) -> WireID {
    let wire = connect(.host(left), .host(right), by: description)
    for prefix in leftAddresses { addAddress(prefix, to: left, on: wire) }
    for prefix in rightAddresses { addAddress(prefix, to: right, on: wire) }
    return wire
  }

  /// Gives the interface that `host` has on `wire` an address, if it has one there.
  public mutating func addAddress(_ prefix: IPPrefix, to host: HostID, on wire: WireID) {
    guard let interface = interface(of: host, on: wire) else { return }
    withHost(host) { host, now in host.addAddress(prefix, to: interface, at: now) }
  }

  /// The interface by which `host` sends into `wire`; nil if it is not at its end.
  public func interface(of host: HostID, on wire: WireID) -> InterfaceID? {
    for (number, channel) in stations[host.number].channels.enumerated() where channel / 2 == wire.number {
      return InterfaceID(rawValue: UInt16(number))
    }
    return nil
  }

  private mutating func addChannel(_ impairment: Impairment) {
    let chance = RandomStream(seed: seed, purpose: .channel, index: UInt64(channels.count))
    channels.append(Channel(impairment, chance: chance))
    filters.append(nil)
  }

  private mutating func plug(
    _ node: Node, into wire: WireID, sending direction: WireDirection, _ description: WireDescription
  ) {
    let channel = Network.channel(wire, direction)
    let incoming = Network.channel(wire, direction.opposite)
    switch node {
    case .host(let id):
      let station = stations[id.number]
      let interface = station.host.addInterface(Network.link(description, channel: channel))
      precondition(Int(interface.rawValue) == station.channels.count, "a host numbers its interfaces in order")
      station.channels.append(channel)
      destinations[incoming].number = Int(interface.rawValue)
    case .router(let id):
      destinations[incoming].number = routers[id.number].channels.count
      routers[id.number].channels.append(channel)
    case .ethernetSwitch(let id):
      destinations[incoming].number = switches[id.number].channels.count
      switches[id.number].channels.append(channel)
    }
  }

  private static func link(_ description: WireDescription, channel: Int) -> LinkDescription {
    let name = InterfaceName("wire")
    switch description.medium {
    case .ip:
      var link = LinkDescription(name: name, mtu: description.mtu)
      link.isPointToPoint = true
      return link
    case .ethernet:
      // 02 in the first octet: administered locally, one station.
      let address = MACAddress(0x0200_0000_0000 | UInt64(channel))
      return LinkDescription(name: name, mtu: description.mtu, kind: .ethernet(address))
    }
  }

  static func channel(_ wire: WireID, _ direction: WireDirection) -> Int {
    wire.number * 2 + Int(direction.rawValue)
  }
}

extension Node {
  var isSwitch: Bool {
    if case .ethernetSwitch = self { true } else { false }
  }
}
