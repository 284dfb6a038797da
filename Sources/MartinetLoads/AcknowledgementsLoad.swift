import MartinetStack
import MartinetTCP
import MartinetWire

/// One flight of a sender whose window is full, and the acknowledgements that a receiver makes of it, one for each segment that arrives.
///
/// The receiver is no host: it answers with what RFC 2018 wants of it, so that the time is that of the sender alone.
public struct AcknowledgementsLoad: ~Copyable {
  private var sender: Host
  private let wire: InterfaceID
  private var connection = ConnectionHandle.none
  private var departure = Departure()
  private var answer = Departure()
  private var now = Instant(nanoseconds: 1_000_000_000)
  /// SND.NXT of the receiver, and what it wants next.
  private let ownNumber = SequenceNumber(1)
  private var expected = SequenceNumber(0)
  private let window: Int
  private var ports: (sender: UInt16, receiver: UInt16) = (0, 9)
  private let octets = [UInt8](repeating: 0x5A, count: 65536)
  private var held: [SequenceRange] = []

  deinit {}

  /// A connection that keeps `window` octets outstanding.
  public init(window: Int) {
    var configuration = HostConfiguration()
    configuration.pages = window / 1024 + 512
    configuration.traceCapacity = 0
    configuration.tcp.timestamps = false
    configuration.tcp.connection.sendBufferSize = window
    configuration.tcp.connection.noDelay = true
    self.window = window
    sender = Host(configuration: configuration, secret: HostSecret(5, 6))
    var link = LinkDescription(name: InterfaceName("acks"), mtu: 1500)
    link.isPointToPoint = true
    link.vouchesForChecksums = true
    link.completesChecksums = true
    wire = sender.addInterface(link)
    sender.addAddress(IPPrefix(JoinedHosts.leftAddress, 24), to: wire, at: now)
  }

  /// Connects, and lets the congestion window grow until the whole window is outstanding.
  public mutating func prepare() throws(HostError) {
    connection = try sender.connect(to: Endpoint(JoinedHosts.rightAddress, 9), at: now)
    try shakeHands()
    try fill()
  }

  private mutating func shakeHands() throws(HostError) {
    guard let syn = nextSegment() else { throw .noRoute }
    ports.sender = syn.header.sourcePort
    expected = syn.header.sequence + 1
    var header = TCPHeader(
      sourcePort: ports.receiver, destinationPort: ports.sender, sequence: ownNumber - 1, acknowledgement: expected,
      flags: [.syn, .ack], window: 65535)
    header.options.present = [.maximumSegmentSize, .sackPermitted, .windowScale]
    header.options.maximumSegmentSize = 1460
    header.options.windowScale = .maximum
    arrive(header)
    while nextSegment() != nil {}
  }

  /// Lets the congestion window grow until the whole window is outstanding.
  private mutating func fill() throws(HostError) {
    for _ in 0..<200 {
      let flight = try sendFlight()
      if flight.count * 1460 + 1460 > window { return restore(flight) }
      for segment in flight { acknowledge(upTo: segment.upper) }
      now = now + .milliseconds(1)
    }
    throw .noMemory
  }

  private mutating func restore(_ flight: [SequenceRange]) {
    for segment in flight { acknowledge(upTo: segment.upper) }
  }

  /// Sends all that may leave.
  private mutating func sendFlight() throws(HostError) -> [SequenceRange] {
    while try octets.withOctets(
      0..<octets.count, { (bytes) throws(HostError) in try sender.send(bytes, on: connection, at: now) }) > 0
    {}
    var flight: [SequenceRange] = []
    while let segment = nextSegment() { flight.append(segment.range) }
    return flight
  }

  /// A flight that waits to be answered by ``answer(_:lossInterval:)``.
  public mutating func prepareFlight() throws(HostError) -> [SequenceRange] { try sendFlight() }

  /// Acknowledges the segments of a flight one by one, and then what was sent again, by `most` acknowledgements; how many it took. One segment in
  /// `lossInterval` does not arrive the first time.
  public mutating func answer(_ flight: [SequenceRange], lossInterval: Int, most: Int = .max) -> Int {
    var count = 0
    var again: [SequenceRange] = []
    for (index, segment) in flight.enumerated() where lossInterval == 0 || index % lossInterval != lossInterval / 2 {
      guard count < most else { return count }
      receive(segment)
      count += 1
      while let resent = nextSegment() { again.append(resent.range) }
    }
    var position = 0
    while position < again.count && count < most {
      receive(again[position])
      position += 1
      count += 1
      while let resent = nextSegment() { again.append(resent.range) }
    }
    return count
  }

  /// Whether everything that was sent has arrived.
  public var isComplete: Bool { held.isEmpty && sender.status(of: connection, at: now)?.bytesInFlight == 0 }

  // MARK: The receiver

  private mutating func receive(_ segment: SequenceRange) {
    now = now + .microseconds(1)
    if segment.lower == expected || (segment.lower.isBefore(expected) && segment.upper.isAfter(expected)) {
      expected = segment.upper
      if let first = held.first, first.lower == expected {
        expected = first.upper
        held.removeFirst()
      }
      acknowledge(upTo: expected)
      return
    }
    guard segment.lower.isAfter(expected) else { return acknowledge(upTo: expected) }
    if let last = held.indices.last, held[last].upper == segment.lower {
      held[last].upper = segment.upper
    } else if held.last.map({ segment.lower.isAfter($0.upper) }) ?? true {
      held.append(segment)
    }
    acknowledge(upTo: expected)
  }

  private mutating func acknowledge(upTo number: SequenceNumber) {
    expected = number
    var header = TCPHeader(
      sourcePort: ports.receiver, destinationPort: ports.sender, sequence: ownNumber, acknowledgement: number,
      flags: .ack, window: UInt16(clamping: window >> 14))
    if !held.isEmpty {
      header.options.present = .sack
      header.options.sackCount = UInt8(min(3, held.count))
      for block in 0..<Int(header.options.sackCount) { header.options.sackBlocks[block] = held[held.count - 1 - block] }
    }
    arrive(header)
  }

  // MARK: The wire

  private mutating func arrive(_ header: TCPHeader) {
    answer.reset()
    header.encode(into: &answer)
    IPv4Header(protocolNumber: IPProtocol.tcp, source: IPv4Address(10, 0, 0, 2), destination: IPv4Address(10, 0, 0, 1))
      .encode(into: &answer)
    if let chain = sender.reservePacket(copying: answer) {
      sender.receive(Packet(chain, trust: .vouched), on: wire, at: now)
    }
  }

  /// The next segment that leaves, with the numbers that its text takes.
  private mutating func nextSegment() -> (header: TCPHeader, range: SequenceRange)? {
    guard sender.pollTransmit(into: &departure, at: now) else { return nil }
    let start = Departure.transportStart
    let header = departure.withHeaderBytes { bytes in
      try? TCPHeader.parse(bytes.bytes.extracting(start..<Departure.headerCapacity)).header
    }
    let count = departure.payloadCount
    sender.release(&departure)
    guard let header else { return nil }
    return (header, SequenceRange(from: header.sequence, count: count))
  }
}

/// Flights that wait for their acknowledgements, each of a connection of its own: what prepares them is the same however many are answered.
public final class WaitingFlights {
  private final class Flight {
    var load: AcknowledgementsLoad
    let segments: [SequenceRange]

    init(window: Int) throws(HostError) {
      load = AcknowledgementsLoad(window: window)
      try load.prepare()
      segments = try load.prepareFlight()
    }
  }

  private var flights: [Flight] = []

  /// Flights of `window` octets each, with `total` octets outstanding in all, one flight at least.
  public init(window: Int, total: Int) throws(HostError) {
    for _ in 0..<max(1, total / window) { flights.append(try Flight(window: window)) }
  }

  /// Answers by `count` acknowledgements, flight by flight; how many there were to give. One segment in `lossInterval` is lost.
  public func answer(count: Int, lossInterval: Int) -> Int {
    var given = 0
    for flight in flights where given < count {
      given += flight.load.answer(flight.segments, lossInterval: lossInterval, most: count - given)
    }
    return given
  }
}

extension Figure {
  static func acknowledgements(_ effort: Effort) throws(HostError) -> [Figure] {
    var figures: [Figure] = []
    for window in [64 << 10, 64 << 20] where window <= effort.octets {
      for lossInterval in [0, 20] {
        var load = AcknowledgementsLoad(window: window)
        try load.prepare()
        var count = 0
        var time = 0.0
        let clock = ContinuousClock()
        let flights = lossInterval == 0 ? max(1, (64 << 20) / window) : 1
        for _ in 0..<flights {
          let flight = try load.prepareFlight()
          let start = clock.now
          count += load.answer(flight, lossInterval: lossInterval)
          let spent = start.duration(to: clock.now).components
          time += Double(spent.seconds) + Double(spent.attoseconds) * 1e-18
        }
        let loss = lossInterval == 0 ? "no loss" : "\(100 / lossInterval) % loss"
        figures.append(
          Figure("window of \(window >> 10) KiB, \(loss)", time / Double(max(1, count)) * 1e9, "ns per acknowledgement")
        )
      }
    }
    return figures
  }
}
