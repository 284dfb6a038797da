import MartinetLinks
import MartinetRuntime
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetWire

/// A link, or the queues of one, with what the host above it is to know.
public struct LinkAttachment: Sendable {
  /// The link; several for the queues of one device, each of which carries packets for one shard of the stack.
  public var queues: [any Link]
  /// The host's addresses on the link, each with the prefix of its network.
  public var addresses: [IPPrefix]
  /// Where packets go that are for none of the prefixes. With none: to the only neighbour, where a link has one, which is the kernel behind a TUN device and the hub of a joined
  /// tunnel; to nobody on any other link.
  public var gateways: [IPAddress]

  public init(_ link: any Link, addresses: [IPPrefix], gateways: [IPAddress] = []) {
    self.init(queues: [link], addresses: addresses, gateways: gateways)
  }

  /// - Parameter queues: those of one device, such as ``LinkSpecification/open(queues:)`` opens.
  public init(queues: [any Link], addresses: [IPPrefix], gateways: [IPAddress] = []) {
    self.queues = queues
    self.addresses = addresses
    self.gateways = gateways
  }
}

/// A host of its own with a TCP/IP stack in this process: what sockets are opened on.
///
/// A stack on links runs in real time, in a thread of its own and in those of its callers. A stack of a ``Simulation`` runs in virtual
/// time. What a socket has written is on its way only while the stack lives: call ``shutdown(within:)`` before the program ends.
public final class NetworkStack: Sendable {
  package let core: StackCore
  let resolver: any Resolver
  let configuration: HostConfiguration
  let recentOptions = RecentOptions()
  var connectionDefaults: ConnectionOptions { configuration.tcp.connection }

  /// The most shards of a stack.
  public static let mostShards = Steering.mostShards

  /// A stack on links.
  ///
  /// Where the links have several queues, the stack has a shard for each: a host with a thread and a lock of its own. A flow belongs to one shard, and its
  /// addresses and ports say to which. A listener stands in all of them; UDP and echo are the first one's. Bounds of the configuration hold for all shards together.
  ///
  /// - Parameters:
  ///   - attachments: at most 64 links, each with one queue or each with the same number of queues, at most ``mostShards``.
  ///   - configuration: the knobs of the host.
  ///   - resolver: who finds the addresses of names.
  ///   - spinning: what a thread that has to wait does before it sleeps.
  /// - Throws: what keeps a link from being used. The links are closed then.
  public init(
    _ attachments: [LinkAttachment], configuration: HostConfiguration = HostConfiguration(),
    resolver: any Resolver = SystemResolver(), spinning: Spinning = .automatic
  ) throws(LinkError) {
    self.resolver = resolver
    self.configuration = configuration
    core = try StackCore.overLinks(
      try NetworkStack.shards(of: attachments), configuration: configuration, spinning: spinning)
  }

  /// A stack on one link.
  public convenience init(
    link: any Link, addresses: [IPPrefix], gateway: IPAddress? = nil,
    configuration: HostConfiguration = HostConfiguration(), resolver: any Resolver = SystemResolver(),
    spinning: Spinning = .automatic
  ) throws(LinkError) {
    let attachment = LinkAttachment(link, addresses: addresses, gateways: gateway.map { [$0] } ?? [])
    try self.init([attachment], configuration: configuration, resolver: resolver, spinning: spinning)
  }

  /// A stack with a shard for each of the queues of one device.
  public convenience init(
    queues: [any Link], addresses: [IPPrefix], gateway: IPAddress? = nil,
    configuration: HostConfiguration = HostConfiguration(), resolver: any Resolver = SystemResolver(),
    spinning: Spinning = .automatic
  ) throws(LinkError) {
    let attachment = LinkAttachment(queues: queues, addresses: addresses, gateways: gateway.map { [$0] } ?? [])
    try self.init([attachment], configuration: configuration, resolver: resolver, spinning: spinning)
  }

  /// What the links are for each shard.
  private static func shards(of attachments: [LinkAttachment]) throws(LinkError) -> [[DriverLink]] {
    let counts = attachments.map(\.queues.count)
    let shards = counts.first ?? 1
    guard counts.allSatisfy({ $0 == shards }), (1...mostShards).contains(shards) else {
      for attachment in attachments { for link in attachment.queues { link.close() } }
      throw .queuesDiffer(counts)
    }
    return (0..<shards).map { shard in
      attachments.map { attachment in
        DriverLink(
          link: attachment.queues[shard], addresses: attachment.addresses, gateways: attachment.gateways)
      }
    }
  }

  /// A stack over a host that somebody else turns.
  init(_ core: StackCore, configuration: HostConfiguration, resolver: any Resolver) {
    self.core = core
    self.resolver = resolver
    self.configuration = configuration
  }

  deinit {
    core.abandon()
  }

  // MARK: The end

  /// Waits until everything that was sent, FINs included, has been acknowledged, then stops the stack; connections that are still open are reset.
  /// Returns whether nothing was left unacknowledged. Connections in TIME-WAIT are not waited for.
  ///
  /// - Parameter limit: the longest time to wait.
  @discardableResult
  public func shutdown(within limit: Duration) throws(SocketError) -> Bool {
    let waiter = try admit(.open, nil)
    let isQuiet = core.waitForQuiet(waiter, until: .deadline(after: limit, from: core.now))
    core.stop()
    return isQuiet
  }

  /// Resets every connection and stops the stack at once.
  public func abortAll() {
    core.stop()
  }

  // MARK: Questions

  /// What the host has counted.
  public var statistics: HostStatistics { core.statistics }

  /// How many shards the stack has; 1 for one that is not divided, as in a ``Simulation``.
  public var shards: Int { core.shardCount }

  /// What each shard has counted, by number.
  public var shardStatistics: [ShardStatistics] { core.shardStatistics }

  /// What all connections have counted, those that are gone included.
  public var connectionTotals: ConnectionStatistics { core.connectionTotals }

  /// Snapshots of the connections there are, in whatever phase: those that wait to be accepted and those whose socket is closed included.
  public var connections: [ConnectionStatus] { core.connectionStatuses }

  /// The links that have ended while the stack ran, such as a device that was removed, each with its reason.
  public var lostLinks: [LinkError] { core.lostLinks }

  /// The time of the stack's clock, since an origin of its own.
  public var now: Duration { .nanoseconds(core.now.nanoseconds) }

  /// Blocks the calling thread for `time` of the stack's clock.
  public func sleep(for time: Duration) throws(SocketError) {
    let waiter = try admit(.sleep, nil)
    try SocketError.check(core.wait(waiter, until: .deadline(after: time, from: core.now)))
  }

  /// Suspends the calling task for `time` of the stack's clock.
  /// - Throws: ``SocketError/Reason/interrupted`` if the task is cancelled.
  public func sleep(for time: Duration) async throws(SocketError) {
    _ = try admit(.sleep, nil)
    try SocketError.check(await core.sleep(until: .deadline(after: time, from: core.now)))
  }

  // MARK: For the sockets

  /// The calling thread's waiter, if it may block here.
  @discardableResult
  func admit(
    _ operation: SocketError.Operation, _ endpoint: @autoclosure () -> Endpoint?
  ) throws(SocketError) -> ThreadWaiter {
    do throws(DriverError) {
      return try core.admit()
    } catch {
      throw SocketError(operation, endpoint(), from: error)
    }
  }

  func checkedPort(_ port: Int) throws(SocketError) -> UInt16 {
    guard let number = UInt16(exactly: port) else {
      throw SocketError(.connect, nil, .invalidArgument("a port is from 0 to 65535, not \(port)"))
    }
    return number
  }

  /// The first address of `host` that there is a route to, with `port`; blocks while a name is looked for.
  ///
  /// - Parameter family: the only family to consider, true for IPv4.
  func endpoint(host: String?, port: Int, family: Bool?) throws(SocketError) -> Endpoint {
    let number = try checkedPort(port)
    let wanted = family.map { $0 ? AddressFamily.ipv4 : .ipv6 }
    if let known = try knownAddress(host, wanted) { return Endpoint(known, number) }
    return Endpoint(try pick(from: resolver.addresses(of: host ?? "", wanted, on: self), host), number)
  }

  /// The first address of `host` that there is a route to, with `port`; suspends the calling task while a name is looked for.
  func endpoint(host: String?, port: Int, family: Bool?) async throws(SocketError) -> Endpoint {
    let number = try checkedPort(port)
    let wanted = family.map { $0 ? AddressFamily.ipv4 : .ipv6 }
    if let known = try knownAddress(host, wanted) { return Endpoint(known, number) }
    return Endpoint(try pick(from: await resolver.addresses(of: host ?? "", wanted, on: self), host), number)
  }

  /// The address that needs no search: of no name, or of an address in text form.
  private func knownAddress(_ host: String?, _ wanted: AddressFamily?) throws(SocketError) -> IPAddress? {
    guard let host else { return wanted == .ipv6 ? .v6(.loopback) : .v4(.loopback) }
    guard let literal = IPAddress(parsing: host) else { return nil }
    guard wanted ?? AddressFamily(of: literal) == AddressFamily(of: literal) else {
      throw SocketError(.resolve, nil, .unknownHost(host))
    }
    return literal
  }

  private func pick(from addresses: [IPAddress], _ host: String?) throws(SocketError) -> IPAddress {
    guard let address = addresses.first(where: { core.canReach($0) }) ?? addresses.first else {
      throw SocketError(.resolve, nil, .unknownHost(host ?? ""))
    }
    return address
  }
}
