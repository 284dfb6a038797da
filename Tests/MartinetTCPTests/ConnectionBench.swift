import MartinetTCP
import MartinetTestSupport
import MartinetWire

/// A segment that left a connection.
struct SentSegment {
  var header: TCPHeader
  var payload: Int
}

/// One connection, driven segment by segment: for tests that are tables rather than conversations.
struct ConnectionBench: ~Copyable {
  var environment: Environment
  var connection: Connection
  var now = Instant.zero
  let theirs: SequenceNumber

  init(
    passive: Bool = false, ours: UInt32 = 0xFFFF_FF00, theirs: UInt32 = 0xFFFF_FFF0,
    configure: (inout Configuration) -> Void = { _ in }
  ) {
    var configuration = Configuration()
    configure(&configuration)
    environment = Environment(configuration: configuration, pages: 2048)
    environment.trace.isEnabled = true
    self.theirs = SequenceNumber(theirs)
    let parameters = OpenParameters(
      id: .none, local: Endpoint(.v4(IPv4Address(10, 0, 0, 1)), 1000),
      remote: Endpoint(.v4(IPv4Address(10, 0, 0, 2)), 2000), initialSequence: SequenceNumber(ours),
      timestampOffset: 0, pathMTU: 1500, linkMTU: 1500, options: configuration.connection)
    connection =
      passive
      ? Connection(listening: parameters, in: &environment, at: .zero)
      : Connection(opening: parameters, in: &environment, at: .zero)
  }

  var sendNext: SequenceNumber { connection.status(in: environment, at: now).sendNext }
  var receiveNext: SequenceNumber { connection.status(in: environment, at: now).receiveNext }

  /// A header from the peer at the left edge of the window that acknowledges everything.
  func header(_ flags: TCPFlags) -> TCPHeader {
    TCPHeader(
      sourcePort: 2000, destinationPort: 1000, sequence: receiveNext,
      acknowledgement: flags.contains(.ack) ? sendNext : SequenceNumber(0), flags: flags, window: 65535)
  }

  /// Lets a segment arrive and returns what leaves.
  @discardableResult
  mutating func arrive(_ header: TCPHeader, payload: [UInt8] = []) -> [SentSegment] {
    guard let chain = environment.pool.chain(copying: payload.span.bytes) else { return drain() }
    connection.receive(header, payload: chain, facts: ArrivalFacts(), in: &environment, at: now)
    return drain()
  }

  @discardableResult
  mutating func arrive(_ flags: TCPFlags, payload: [UInt8] = [], edit: (inout TCPHeader) -> Void = { _ in })
    -> [SentSegment]
  {
    var header = header(flags)
    edit(&header)
    return arrive(header, payload: payload)
  }

  /// What leaves now.
  @discardableResult
  mutating func drain() -> [SentSegment] {
    var sent: [SentSegment] = []
    var departure = Departure()
    while sent.count < 100_000,
      connection.pollTransmit(into: &departure, maximumTrain: 0, in: &environment, at: now) != nil
    {
      var octets: [UInt8] = []
      for index in departure.headerStart..<departure.headerEnd { octets.append(departure.header[index]) }
      if let header = try? TCPHeader.parse(octets.span.bytes).header {
        sent.append(SentSegment(header: header, payload: departure.payloadCount))
      }
      departure.release(to: &environment.pool)
    }
    return sent
  }

  /// What the IP layer is told of what leaves now.
  mutating func drainEnvelopes() -> [SegmentEnvelope] {
    var envelopes: [SegmentEnvelope] = []
    var departure = Departure()
    while envelopes.count < 100_000,
      let envelope = connection.pollTransmit(into: &departure, maximumTrain: 0, in: &environment, at: now)
    {
      envelopes.append(envelope)
      departure.release(to: &environment.pool)
    }
    return envelopes
  }

  /// Keeps every deadline up to `time` and returns what leaves meanwhile.
  mutating func advance(to time: Instant) -> [SentSegment] {
    var sent: [SentSegment] = []
    while connection.nextDeadline <= time {
      now = max(now, connection.nextDeadline)
      connection.expire(in: &environment, at: now)
      sent += drain()
    }
    now = time
    return sent
  }

  mutating func close() {
    do throws(CallError) { try connection.close(in: &environment, at: now) } catch {}
    drain()
  }

  mutating func write(_ octets: [UInt8]) -> Int {
    do throws(CallError) {
      return try connection.send(octets.span.bytes, in: &environment, at: now)
    } catch {
      return 0
    }
  }

  /// Reads all there is.
  mutating func read() -> [UInt8] {
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      var span = buffer.mutableSpan
      var target = span.mutableBytes
      do throws(CallError) {
        guard case .bytes(let count) = try connection.receive(into: &target, in: &environment, at: now), count > 0
        else { return result }
        result += buffer[..<count]
      } catch {
        return result
      }
    }
  }

  /// Why the last arrival was dropped, if it was; forgets the trace.
  mutating func takeDropReason() -> DropReason? {
    var reason: DropReason?
    while let event = environment.trace.poll() {
      if case .dropped(_, let why) = event.kind { reason = why }
    }
    return reason
  }

  /// The peer's SYN, or SYN,ACK if we opened, with options as `edit` says.
  mutating func shake(edit: (inout TCPHeader) -> Void = { _ in }) {
    drain()
    let flags: TCPFlags = connection.phase == .listen ? .syn : [.syn, .ack]
    let start = theirs
    arrive(flags) {
      $0.sequence = start
      edit(&$0)
    }
    if connection.phase == .synReceived { arrive(.ack) }
  }

  /// Leads a new connection to `phase` in the shortest way.
  mutating func lead(to phase: Phase) {
    if phase == .listen { return }
    drain()
    if phase == .synSent { return }
    if phase == .synReceived {
      let start = theirs
      arrive(.syn) { $0.sequence = start }
      return
    }
    shake()
    switch phase {
    case .closed: arrive(.rst)
    case .finWait1: close()
    case .finWait2:
      close()
      arrive(.ack)
    case .closeWait: arrive([.fin, .ack])
    case .closing:
      let acknowledged = sendNext
      close()
      arrive([.fin, .ack]) { $0.acknowledgement = acknowledged }
    case .lastAck:
      arrive([.fin, .ack])
      close()
    case .timeWait:
      close()
      arrive([.fin, .ack])
    default: break
    }
  }
}

/// Numbers by chance, the same for the same seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}
