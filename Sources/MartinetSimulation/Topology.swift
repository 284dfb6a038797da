import MartinetStack
import MartinetTCP
import MartinetWire

/// A host of a network.
public struct HostID: Equatable, Sendable {
  public let number: Int
}

/// A wire of a network.
public struct WireID: Equatable, Sendable {
  public let number: Int
}

/// An Ethernet switch of a network.
public struct SwitchID: Equatable, Sendable {
  public let number: Int
}

/// A router of a network.
public struct RouterID: Equatable, Sendable {
  public let number: Int
}

/// What a wire can end at.
public enum Node: Equatable, Sendable {
  case host(HostID)
  case ethernetSwitch(SwitchID)
  case router(RouterID)
}

/// A direction of a wire, whose ends are called left and right in the order in which they were named.
public enum WireDirection: UInt8, Sendable, CaseIterable {
  case toRight = 0
  case toLeft = 1

  public var opposite: WireDirection { self == .toRight ? .toLeft : .toRight }
}

/// What a wire is made of.
public struct WireDescription: Sendable {
  /// What the wire carries. A wire that ends at a switch carries Ethernet; one that ends at a router is to carry IP.
  public enum Medium: UInt8, Sendable {
    /// Bare IP packets.
    case ip
    /// Ethernet II frames.
    case ethernet
  }

  public var medium = Medium.ip
  /// The largest IP packet that the hosts at its ends send into it: 68 to 65,535 octets, and at least 1,280 for IPv6.
  public var mtu = 1500
  public var toRight = Impairment()
  public var toLeft = Impairment()

  public init() {}

  /// A wire that treats both directions alike.
  public init(_ impairment: Impairment, medium: Medium = .ip, mtu: Int = 1500) {
    self.medium = medium
    self.mtu = mtu
    toRight = impairment
    toLeft = impairment
  }
}

/// A change that happens to a wire at a time of the schedule. Without a direction it happens to both.
public enum WireChange: Sendable {
  case condition(WireCondition, WireDirection? = nil)
  case impairment(Impairment, WireDirection? = nil)
}

/// What a filter decides about a packet that would arrive.
public enum FilterVerdict: Equatable, Sendable {
  case passes
  case isLost
  /// It arrives so much later and lets others overtake.
  case isHeld(Interval)
  case isDuplicated
  case isCorrupted
}

/// Decides about each packet of a direction from its octets and its number in that direction, counted from 1.
public typealias PacketFilter = (_ packet: RawSpan, _ number: UInt64) -> FilterVerdict

/// An end of a wire.
struct Port {
  var node: Node
  /// The number of the interface or of the port of the switch.
  var number: Int
}

/// A host with what the network keeps beside it.
final class Station {
  var host: Host
  /// The channel that each interface sends into.
  var channels: [Int] = []
  /// The deadline that the event queue knows of.
  var armed = Instant.never
  /// Whether the host ran since the driver last asked.
  var isTouched = false
  var tap: Int?

  init(configuration: HostConfiguration, secret: HostSecret) {
    host = Host(configuration: configuration, secret: secret)
  }
}
