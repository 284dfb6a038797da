import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetWire
import Testing

/// Flows from the left host to the right one through one bottleneck, and how they fare.
struct Bottleneck: ~Copyable {
  static let segment = 1448

  var pair: Pair
  /// The programs that send, in the order in which they began.
  private(set) var senders: [Int] = []
  private var lastState: CongestionCause?
  /// What the way to the right does.
  private(set) var description: Impairment

  /// A bottleneck of `rate` bits per second with a round trip of `roundTrip` and a queue of so many octets.
  init(
    rate: UInt64, roundTrip: Interval, queue: Int, loss: Probability = .never, seed: UInt64 = 1, tracing: Bool = false,
    _ edit: (inout Impairment) -> Void = { _ in }
  ) {
    var there = Impairment(rate: rate, delay: roundTrip / 2, loss: loss)
    there.queueCapacity = queue
    edit(&there)
    description = there
    var wire = WireDescription(there)
    wire.toLeft = Impairment(rate: 0, delay: roundTrip / 2)
    pair = Pair(seed: seed, wire)
    if tracing { pair.scenario.network.withHost(pair.left) { host, _ in host.setTracing(true) } }
  }

  /// Begins a flow of `octets`, by default without end, with none of what the test writes itself; its number.
  @discardableResult
  mutating func begin(
    _ algorithm: CongestionAlgorithm, octets: UInt64 = 1 << 40, receiveBuffer: Int = 16 << 20,
    _ edit: (inout ConnectionOptions) -> Void = { _ in }
  ) throws -> Int {
    var options = ConnectionOptions()
    options.congestion = algorithm
    options.sendBufferSize = 16 << 20
    edit(&options)
    var server = ConnectionOptions()
    server.receiveBufferSize = receiveBuffer
    let remote = Endpoint(TestAddress.v4(2), UInt16(9000 + senders.count))
    var reader = TransferPlan.server(0)
    reader.waitsForPeer = true
    try pair.scenario.serve(pair.right, on: remote, options: server, .transfer(reader))
    var plan = TransferPlan.client(octets)
    plan.writeSize = 65_536
    plan.closesOutput = octets > 0
    senders.append(try pair.scenario.open(pair.left, to: remote, options: options, plan))
    return senders.count - 1
  }

  mutating func run(for time: Interval) {
    run(until: pair.scenario.network.now + time)
  }

  mutating func run(until end: Instant) {
    pair.scenario.run(until: end) { scenario in scenario.network.now < end }
  }

  /// Runs in steps and asks after each, until the answer is yes or the time is over; the time that it took.
  mutating func run(
    for limit: Interval, step: Interval = .milliseconds(1), until condition: (borrowing Bottleneck) -> Bool
  ) -> Interval? {
    let start = now
    while now - start < limit {
      run(for: step)
      if condition(self) { return now - start }
    }
    return nil
  }

  var now: Instant { pair.scenario.network.now }

  mutating func status(_ flow: Int = 0) -> ConnectionStatus {
    let connection = pair.scenario.transfer(senders[flow])!.connection
    return pair.scenario.network.withHost(pair.left) { host, now in host.status(of: connection, at: now)! }
  }

  /// Octets that the peer of a flow has acknowledged.
  mutating func acknowledged(_ flow: Int = 0) -> UInt64 { status(flow).statistics.bytesAcknowledged }

  /// What a flow brings across in `time`, in bits per second.
  mutating func goodput(_ flow: Int = 0, over time: Interval) -> Double {
    let before = acknowledged(flow)
    run(for: time)
    return Double(acknowledged(flow) - before) * 8e9 / Double(time.nanoseconds)
  }

  /// What the left host traced since the last call.
  mutating func takeTrace() -> [TraceEvent] {
    var events: [TraceEvent] = []
    while let event = pair.scenario.network.pollTrace(of: pair.left) { events.append(event) }
    return events
  }
}

/// A change of BBR's state, as the trace tells it.
struct BBRTurn {
  var time: Instant
  var state: CongestionCause
  var window: Int
  var inFlight: Int
}

extension CongestionCause {
  /// Whether the cause names a state of BBR.
  var isStateOfBBR: Bool {
    switch self {
    case .startup, .drain, .probingDown, .cruising, .refilling, .probingUp, .probingRoundTrip: true
    default: false
    }
  }
}

extension Bottleneck {
  /// Runs, and takes down how BBR's state changes, until it is the one that is waited for or the time is over. Tracing has to be on.
  mutating func follow(for limit: Interval, until state: CongestionCause? = nil) -> [BBRTurn] {
    var turns: [BBRTurn] = []
    let end = now + limit
    while now < end && !turns.contains(where: { $0.state == state }) {
      run(for: .milliseconds(1))
      for event in takeTrace() {
        guard case .congestion(let window, _, let inFlight, let cause) = event.kind, cause.isStateOfBBR else {
          continue
        }
        if lastState == cause { continue }
        lastState = cause
        turns.append(BBRTurn(time: event.time, state: cause, window: window, inFlight: inFlight))
      }
    }
    return turns
  }

  /// Changes the bottleneck from now on.
  mutating func change(_ edit: (inout Impairment) -> Void) {
    edit(&description)
    pair.scenario.network.setImpairment(description, of: pair.wire, .toRight)
  }

  /// Writes so much as fits of `octets` on the connection of a flow.
  mutating func write(_ octets: Int, flow: Int = 0) {
    let connection = pair.scenario.transfer(senders[flow])!.connection
    pair.scenario.network.withHost(pair.left) { host, now in
      let bytes = [UInt8](repeating: 7, count: octets)
      _ = try? bytes.withOctets(0..<octets) { (span: RawSpan) throws(HostError) in
        try host.send(span, on: connection, at: now)
      }
    }
  }

  /// The octets of payload that the bottleneck takes in a second: each segment is 66 octets longer on the wire.
  var payloadRate: Double {
    Double(description.rate) / 8 * Double(Bottleneck.segment) / Double(Bottleneck.segment + 66)
  }
}
