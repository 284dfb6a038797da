import Martinet
import MartinetLinks
import MartinetStack
import MartinetWire

/// Which link a program uses and who it is there, from its options and from what holds without them.
struct LinkPlan {
  /// Who finds whom.
  enum Role {
    /// Waits for others: without a link option the hub.
    case receiver
    /// Goes to another: without a link option it joins the hub.
    case sender
  }

  private static let hubPort: UInt16 = 7707
  private static let hubAddresses = [
    IPPrefix(.v4(IPv4Address(10, 77, 0, 1)), 16),
    IPPrefix(.v6(IPv6Address(high: 0xFD77_0000_0000_0000, low: 1)), 64),
  ]

  private let specification: LinkSpecification
  private let addresses: [IPPrefix]
  private let gateway: IPAddress?
  private let capture: String?
  private let shards: Int
  private let spinning: Spinning

  /// - Parameters:
  ///   - shards: how many the stack has; more than one need a device.
  ///   - spinning: what a thread of the stack that has to wait does before it sleeps.
  init(_ options: LinkOptions, role: Role, shards: Int = 1, spinning: Spinning = .automatic) {
    self.shards = shards
    self.spinning = spinning
    let medium: LinkSpecification.Medium =
      role == .receiver
      ? .hub(host: "127.0.0.1", port: LinkPlan.hubPort) : .join(host: "127.0.0.1", port: LinkPlan.hubPort)
    specification = options.specification ?? LinkSpecification(medium)
    addresses = options.addresses
    gateway = options.gateway
    capture = options.capture
  }

  /// Opens the link and puts a host on it. Returns the host's addresses as well.
  func open() throws(Failure) -> (stack: NetworkStack, addresses: [IPPrefix]) {
    do throws(LinkError) {
      if shards > 1 {
        let stack = try NetworkStack(
          queues: try specification.open(queues: shards), addresses: addresses, gateway: gateway, spinning: spinning)
        return (stack, addresses)
      }
      var (link, ours) = try openLink()
      if let capture { link = try CapturedLink(link, path: capture) }
      let stack = try NetworkStack(link: link, addresses: ours, gateway: gateway, spinning: spinning)
      return (stack, ours)
    } catch {
      throw Failure("\(error)")
    }
  }

  /// Runs `body` on a host on the link. A signal, and an error of `body`, reset what is open.
  func use(_ body: (NetworkStack, [IPPrefix]) throws -> Void) throws(Failure) {
    let interruption = Interruption()
    let (stack, addresses) = try open()
    interruption.covers(stack)
    do {
      try body(stack, addresses)
    } catch {
      interruption.yieldIfHappening()
      stack.abortAll()
      throw error as? Failure ?? Failure("\(error)")
    }
  }

  private func openLink() throws(LinkError) -> (any Link, [IPPrefix]) {
    // A link is let go only when there is another: else the system might give the same port again.
    var refused: [TunnelLink] = []
    defer { for link in refused { link.close() } }
    while true {
      let link = try specification.open()
      guard addresses.isEmpty else { return (link, addresses) }
      guard let tunnel = link as? TunnelLink else { return (link, fitting(LinkPlan.hubAddresses, link)) }
      if let ours = LinkPlan.addresses(of: tunnel.outerEndpoint.port) { return (link, fitting(ours, link)) }
      refused.append(tunnel)
    }
  }

  /// The addresses that a program has whose end of the tunnel is UDP port `port`: no two programs of a machine have the same. Nil
  /// for ports that would make the hub's own address, or a broadcast.
  static func addresses(of port: UInt16) -> [IPPrefix]? {
    guard port > 1, port != UInt16.max else { return nil }
    return [
      IPPrefix(.v4(IPv4Address(10, 77, UInt8(port >> 8), UInt8(port & 0xFF))), 16),
      IPPrefix(.v6(IPv6Address(high: 0xFD77_0000_0000_0000, low: UInt64(port))), 64),
    ]
  }

  /// Without the IPv6 address where the link is too small for IPv6 (RFC 8200 section 5).
  private func fitting(_ addresses: [IPPrefix], _ link: any Link) -> [IPPrefix] {
    link.description.mtu >= 1280 ? addresses : addresses.filter(\.address.isIPv4)
  }
}
