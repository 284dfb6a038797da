import MartinetWire

// Stand-in while the engine is being written: the contract with empty bodies.
public struct Connection: ~Copyable {
  public let id: ConnectionID
  public let local: Endpoint
  public let remote: Endpoint
  public private(set) var phase = Phase.closed
  public private(set) var endReason: EndReason?
  public private(set) var options: ConnectionOptions
  public let isPassive: Bool
  public init(opening parameters: OpenParameters, in environment: inout Environment, at now: Instant) {
    id = parameters.id
    local = parameters.local
    remote = parameters.remote
    options = parameters.options
    isPassive = false
  }
  public init(listening parameters: OpenParameters, in environment: inout Environment, at now: Instant) {
    id = parameters.id
    local = parameters.local
    remote = parameters.remote
    options = parameters.options
    isPassive = true
  }
  public mutating func receive(
    _ header: borrowing TCPHeader, payload: consuming PageChain, facts: ArrivalFacts, in environment: inout Environment,
    at now: Instant
  ) {
    environment.pool.release(payload)
  }
  public mutating func expire(in environment: inout Environment, at now: Instant) {}
  public mutating func pathChanged(mtu: Int, in environment: inout Environment, at now: Instant) {}
  public mutating func networkReported(
    _ cause: UnreachableCause, quoting sequence: SequenceNumber, in environment: inout Environment, at now: Instant
  ) -> Bool { false }
  public mutating func send(_ bytes: RawSpan, urgent: Bool, in environment: inout Environment, at now: Instant)
    throws(CallError) -> Int
  { throw .doesNotExist }
  public mutating func receive(into target: inout MutableRawSpan, in environment: inout Environment, at now: Instant)
    throws(CallError) -> Received
  { throw .doesNotExist }
  public mutating func close(in environment: inout Environment, at now: Instant) throws(CallError) {}
  public mutating func stopReceiving(in environment: inout Environment, at now: Instant) {}
  public mutating func orphan(in environment: inout Environment, at now: Instant) {}
  public mutating func abort(in environment: inout Environment, at now: Instant) {}
  public mutating func setOptions(
    _ options: ConnectionOptions, in environment: inout Environment, at now: Instant
  ) { self.options = options }
  public func status(in environment: borrowing Environment, at now: Instant) -> ConnectionStatus { ConnectionStatus() }
  public mutating func pollTransmit(
    into departure: inout Departure, maximumTrain: Int, in environment: inout Environment, at now: Instant
  ) -> SegmentEnvelope? { nil }
  public mutating func pollEvents() -> ConnectionEvents { [] }
  public var nextDeadline: Instant { .never }
  public var unreadBytes: Int { 0 }
  public var writableBytes: Int { 0 }
  public var urgentBytesAhead: Int? { nil }
  public func acceptsReuse(bySYN header: borrowing TCPHeader) -> SequenceNumber? { nil }
  public mutating func releaseMemory(in environment: inout Environment) {}
}
extension TCPHeader {
  public static func reset(answering header: borrowing TCPHeader, payload: Int) -> TCPHeader? { nil }
}
