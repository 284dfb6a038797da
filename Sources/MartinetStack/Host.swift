import MartinetTCP
import MartinetWire

/// One host: interfaces, IP, ICMP, UDP, and many TCP connections.
///
/// It reads no clock and performs no effect. Whoever drives it hands in packets and the time, asks ``pollTransmit(into:at:)`` and
/// ``pollEvent()`` until they say no, and comes back at ``nextDeadline``.
public struct Host: ~Copyable {
  package var environment: Environment
  public let configuration: HostConfiguration
  var counters = HostStatistics()
  /// What connections counted that are gone.
  var retired = ConnectionStatistics()
  let secrets: Secrets
  /// Which flows are this host's, where it is one shard of several.
  let share: ShardShare
  /// Where the host's own messages are put together.
  var scratch = Departure()

  // The internet layer.
  var interfaces: Interfaces
  var routes: RoutingTable
  var paths: PathMemory
  /// What the other shards are to hear of it.
  var pathNews: [PathNews] = []
  var fragments: FragmentStore
  /// What was put together of them and belongs to other shards.
  var foreignPackets: [ForeignPacket] = []
  /// How many datagrams that may be fragmented went to the destinations of each counter.
  var identifications: [UInt32]
  var neighbours: NeighbourCache

  // Packets of the host's own that wait to leave, or for a neighbour.
  var outgoing: Slab<OutgoingPacket>
  var outgoingLinks = SlotLinks()
  var outbox = SlotList()

  // Limits on what the host answers.
  var complaintLimit: RateLimit
  var echoLimit: RateLimit
  var resetLimit: RateLimit
  var cookieLimit: RateLimit

  // TCP.
  var connections: Slab<ConnectionRecord>
  /// From the two ends to the connection.
  var flows: FlowTable
  /// The flow of the last segment that arrived.
  var lastFlow = FlowMemory()
  var connectionDeadlines = Deadlines()
  /// The queues of listeners, and TIME-WAIT: a connection is in one at most.
  var placeLinks = SlotLinks()
  var timeWaits = SlotList()
  /// The connections whose programs have gone, in the order in which they went.
  var orphans = SlotList()
  /// Those in TIME-WAIT that say nothing, all in one list. All wait for equally long, so that the first is the next that is over: nothing has to be sorted.
  var timeWaitRecords: WaitingRecords<TimeWaitState>
  var condensedTimeWaits = SlotList()
  /// Those in SYN-RECEIVED that wait beside many others.
  var halfOpenRecords: WaitingRecords<HalfOpenRecord>
  /// When their SYN,ACKs leave again.
  var halfOpenDeadlines = Deadlines()
  /// The connections that may have something to send, next one first.
  var readyLinks = SlotLinks()
  var ready = SlotList()
  /// A train whose packets leave one by one, since its link takes no trains.
  var train = OutgoingTrain()
  /// Text that came in order and may go on with the next packet of the batch.
  var gathered = GatheredText()
  /// Whether another packet of the batch follows the one that is being received.
  var moreFollows = false
  /// The connections whose events nobody has polled yet.
  var eventLinks = SlotLinks()
  var eventful = SlotList()
  var listeners: Slab<Listener>
  /// From the address and port that listeners listen at to the listener.
  var listening: Table<FlowKey>
  var listenedPorts: PortUsers
  /// The ports that programs hold for a connection that is to come.
  var heldPorts: PortUsers
  var listenerEvents = SlotLinks()
  var eventfulListeners = SlotList()
  var ports: PortChooser
  /// What servers taught about Fast Open and ECN.
  var servers: ServerMemory
  /// How often a program asked for another secret of Fast Open cookies.
  var fastOpenRotations: UInt64 = 0

  // UDP.
  var endpoints: Slab<DatagramEndpoint>
  /// From ends to the endpoint that hears what comes between them.
  var hearing: Table<FlowKey>
  var datagramPorts: PortUsers
  var endpointEvents = SlotLinks()
  var eventfulEndpoints = SlotList()
  var arrived: Slab<ArrivedDatagram>
  var arrivedLinks = SlotLinks()

  /// Written out, so that a module which keeps a host can end it without seeing the generic parts inside: Embedded Swift
  /// has no other way.
  deinit {}

  public init(configuration: HostConfiguration, secret: HostSecret) {
    let whole = ShardShare(0, of: Steering(secret: secret, shards: 1))
    self.init(configuration: configuration, secret: secret, share: whole)
  }

  /// A host that is all of a stack, or one shard of it: shards of one stack have the same secret and the same addresses.
  package init(configuration: HostConfiguration, secret: HostSecret, share: ShardShare) {
    self.configuration = configuration
    self.share = share
    secrets = Secrets(secret)
    let key = secrets.table
    environment = Environment(
      configuration: configuration.tcp, pages: configuration.pages, traceCapacity: configuration.traceCapacity)
    interfaces = Interfaces(secret: key)
    routes = RoutingTable(secret: key, limit: configuration.routes)
    paths = PathMemory(secret: key, limit: configuration.paths)
    fragments = FragmentStore(secret: key, configuration: configuration)
    identifications = Array(repeating: 0, count: Secrets.identificationCounters)
    neighbours = NeighbourCache(secret: key, limit: configuration.neighbours)
    outgoing = Slab(limit: configuration.outgoingPackets)
    complaintLimit = RateLimit(perSecond: configuration.icmpErrorsPerSecond, burst: configuration.icmpErrorBurst)
    echoLimit = RateLimit(perSecond: configuration.echoRepliesPerSecond, burst: configuration.echoReplyBurst)
    resetLimit = RateLimit(perSecond: configuration.resetsPerSecond, burst: configuration.resetBurst)
    cookieLimit = RateLimit(perSecond: configuration.synCookiesPerSecond, burst: configuration.synCookieBurst)
    connections = Slab(limit: configuration.connections, generations: share.generations)
    flows = FlowTable(secret: secrets.flow)
    timeWaitRecords = WaitingRecords(limit: configuration.timeWait)
    halfOpenRecords = WaitingRecords(limit: configuration.connections)
    listeners = Slab(limit: configuration.listeners)
    listening = Table(secret: key)
    listenedPorts = PortUsers(secret: key, isDatagram: false)
    heldPorts = PortUsers(secret: key, isDatagram: false)
    servers = ServerMemory(secret: key, limit: configuration.fastOpenCookies)
    ports = PortChooser(range: configuration.ephemeralPorts)
    endpoints = Slab(limit: configuration.datagramEndpoints)
    hearing = Table(secret: key)
    datagramPorts = PortUsers(secret: key, isDatagram: true)
    arrived = Slab(limit: configuration.pages)
  }

  /// Changes whenever another route could be the right one.
  var routeEpoch: UInt32 { interfaces.epoch &+ routes.epoch }

  @inline(__always)
  var epochs: WayEpochs { WayEpochs(routes: routeEpoch, paths: paths.epoch) }

  // MARK: Memory and trace

  /// Pages for a packet of up to `capacity` octets, to be filled outside and handed in; nil when the pool is exhausted.
  public mutating func reservePacket(capacity: Int) -> PageChain? { environment.pool.allocateChain(capacity: capacity) }

  /// Pages with a copy of all octets of `departure`, to be handed in; nil when the pool is exhausted. For links that only join two hosts.
  public mutating func reservePacket(copying departure: borrowing Departure) -> PageChain? {
    environment.pool.chain(copying: departure)
  }

  /// Gives back what was reserved and is not handed in.
  public mutating func release(_ chain: consuming PageChain) { environment.pool.release(chain) }

  /// The next event of the trace.
  public mutating func pollTrace() -> TraceEvent? { environment.trace.poll() }

  /// Whether events of the trace wait to be polled.
  public var hasTrace: Bool { !environment.trace.isEmpty }

  /// The events of the trace that were lost because nobody polled in time.
  public var lostTraceEvents: UInt64 { environment.trace.lost }

  /// Whether connections record what they do, and why.
  public mutating func setTracing(_ on: Bool) { environment.trace.isEnabled = on }

  /// What all connections have counted so far, those that are gone included. Looks at every connection.
  public var connectionTotals: ConnectionStatistics {
    var totals = retired
    for slot in connections.slots where connections.isLive(slot) { totals.add(connections[slot].connection.statistics) }
    for number in halfOpenRecords.numbers where halfOpenRecords.isPresent(number) {
      totals.add(halfOpenRecords[number].state.statistics.all)
    }
    return totals
  }

  /// What was counted so far.
  public var statistics: HostStatistics {
    var statistics = counters
    statistics.poolRefusals = environment.pool.refusals
    return statistics
  }
}
