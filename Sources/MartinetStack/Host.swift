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

  public init(configuration: HostConfiguration, secret: HostSecret) {
    self.configuration = configuration
    environment = Environment(
      configuration: configuration.tcp, pages: configuration.pages, traceCapacity: configuration.traceCapacity)
  }

  // MARK: Set up

  public mutating func addInterface(_ link: LinkDescription) -> InterfaceID { InterfaceID(rawValue: 0) }
  /// Gives `interface` an address; what its prefix covers becomes reachable on the link.
  public mutating func addAddress(_ prefix: IPPrefix, to interface: InterfaceID, at now: Instant) {}
  public mutating func addRoute(_ destination: IPPrefix, via gateway: IPAddress?, on interface: InterfaceID) {}

  // MARK: Packets

  /// Pages for a packet of up to `capacity` octets, to be filled outside and handed in; nil when the pool is exhausted.
  public mutating func reservePacket(capacity: Int) -> PageChain? { environment.pool.allocateChain(capacity: capacity) }
  /// Gives back what was reserved and not handed in.
  public mutating func release(_ chain: consuming PageChain) { environment.pool.release(chain) }
  public mutating func receive(_ packet: consuming Packet, on interface: InterfaceID, at now: Instant) {
    environment.pool.release(packet.chain)
  }
  public mutating func expire(at now: Instant) {}
  public mutating func pollTransmit(into departure: inout Departure, at now: Instant) -> Bool { false }
  public mutating func release(_ departure: inout Departure) { departure.release(to: &environment.pool) }
  public mutating func pollEvent() -> HostEvent? { nil }
  public mutating func pollTrace() -> TraceEvent? { environment.trace.poll() }
  public mutating func setTracing(_ on: Bool) { environment.trace.isEnabled = on }

  // MARK: Questions

  public var nextDeadline: Instant { .never }
  public var statistics: HostStatistics { counters }
  public var hasUnfinishedBusiness: Bool { false }

  // MARK: Connections

  public mutating func connect(
    to remote: Endpoint, from local: Endpoint? = nil, options: ConnectionOptions? = nil, at now: Instant
  ) throws(HostError) -> ConnectionHandle { throw .noRoute }
  public mutating func listen(
    on local: Endpoint, backlog: Int, options: ConnectionOptions? = nil, sharesPort: Bool = false, at now: Instant
  ) throws(HostError) -> ListenerHandle { throw .noRoute }
  /// Listens on `port` of every address of both families.
  public mutating func listen(
    onPort port: UInt16, backlog: Int, options: ConnectionOptions? = nil, sharesPort: Bool = false, at now: Instant
  ) throws(HostError) -> ListenerHandle { throw .noRoute }
  public func localEndpoint(of listener: ListenerHandle) -> Endpoint? { nil }
  public func readiness(of listener: ListenerHandle) -> Readiness? { nil }
  public mutating func accept(_ listener: ListenerHandle, at now: Instant) -> ConnectionHandle? { nil }
  public mutating func close(_ listener: ListenerHandle, at now: Instant) {}
  public mutating func send(_ bytes: RawSpan, urgent: Bool = false, on handle: ConnectionHandle, at now: Instant)
    throws(HostError) -> Int
  { throw .doesNotExist }
  public mutating func receive(into target: inout MutableRawSpan, from handle: ConnectionHandle, at now: Instant)
    throws(HostError) -> Received
  { throw .doesNotExist }
  public mutating func shutdownOutput(_ handle: ConnectionHandle, at now: Instant) throws(HostError) {}
  public mutating func shutdownInput(_ handle: ConnectionHandle, at now: Instant) throws(HostError) {}
  public mutating func close(_ handle: ConnectionHandle, at now: Instant) {}
  public mutating func abort(_ handle: ConnectionHandle, at now: Instant) {}
  public func status(of handle: ConnectionHandle, at now: Instant) -> ConnectionStatus? { nil }
  public func readiness(of handle: ConnectionHandle) -> Readiness? { nil }
  /// The octets up to the urgent mark; nil if no urgent data are pending.
  public func urgentBytesAhead(of handle: ConnectionHandle) -> Int? { nil }
  public func options(of handle: ConnectionHandle) -> ConnectionOptions? { nil }
  public mutating func setOptions(_ options: ConnectionOptions, of handle: ConnectionHandle, at now: Instant)
    throws(HostError)
  {}

  // MARK: Datagrams

  public mutating func openDatagram(on local: Endpoint, options: DatagramOptions? = nil, at now: Instant)
    throws(HostError) -> DatagramHandle
  { throw .noRoute }
  /// Makes `remote` the only endpoint that the handle hears and its default destination; nil lifts that.
  public mutating func connect(_ handle: DatagramHandle, to remote: Endpoint?, at now: Instant) throws(HostError) {}
  public mutating func send(_ bytes: RawSpan, to remote: Endpoint? = nil, from handle: DatagramHandle, at now: Instant)
    throws(HostError)
  {}
  public mutating func receive(into target: inout MutableRawSpan, from handle: DatagramHandle) -> ReceivedDatagram? {
    nil
  }
  public mutating func pollError(of handle: DatagramHandle) -> DatagramError? { nil }
  public func localEndpoint(of handle: DatagramHandle) -> Endpoint? { nil }
  public func readiness(of handle: DatagramHandle) -> Readiness? { nil }
  public mutating func setOptions(_ options: DatagramOptions, of handle: DatagramHandle) throws(HostError) {}
  public mutating func close(_ handle: DatagramHandle, at now: Instant) {}
}
