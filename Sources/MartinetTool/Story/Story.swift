import MartinetTCP
import MartinetWire

/// An end of the diagram.
package enum Side: Int, Sendable, CaseIterable {
  /// Who opened the connection.
  case left
  case right

  package var other: Side { self == .left ? .right : .left }
}

/// What became of a segment.
package enum Fate: Equatable, Sendable {
  /// Only one end was watched.
  case unknown
  case arrived(Instant)
  case lost
}

/// The options of a segment with their numbers counted from the beginning of the connection.
package struct ShownOptions: Equatable, Sendable {
  package var maximumSegmentSize: Int?
  package var windowScale: Int?
  package var sackPermitted = false
  /// Octets of the other side's stream, from the first to behind the last.
  package var sackBlocks: [Range<Int>] = []
  /// Milliseconds of the clocks, each from its first value.
  package var timestamps: (value: Int, echo: Int?)?
  package var others: [String] = []
  package init() {}

  package static func == (one: ShownOptions, other: ShownOptions) -> Bool {
    one.words == other.words
  }
}

/// A segment on its way, drawn as an arrow.
package struct Flight: Equatable, Sendable {
  /// The segments that left before it.
  package var number: Int
  package var from: Side
  package var departure: Instant
  package var fate: Fate
  package var flags: TCPFlags
  /// From the sender's SYN, which is 0.
  package var sequence: Int
  /// From the other side's SYN; nil without ACK.
  package var acknowledgement: Int?
  /// In octets, scaled where it is.
  package var window: Int
  package var payload: Int
  package var options: ShownOptions
  package var reason: TransmissionReason
  /// Why the receiver threw it away, if it did.
  package var discarded: DropReason?

  package init(
    number: Int = 0, from: Side, departure: Instant, fate: Fate, flags: TCPFlags, sequence: Int,
    acknowledgement: Int?, window: Int, payload: Int, options: ShownOptions = ShownOptions(),
    reason: TransmissionReason, discarded: DropReason? = nil
  ) {
    self.number = number
    self.from = from
    self.departure = departure
    self.fate = fate
    self.flags = flags
    self.sequence = sequence
    self.acknowledgement = acknowledgement
    self.window = window
    self.payload = payload
    self.options = options
    self.reason = reason
    self.discarded = discarded
  }

  package var isLost: Bool { fate == .lost }
  /// The sequence numbers that it takes.
  package var range: Range<Int> {
    sequence..<sequence + payload + (flags.contains(.syn) ? 1 : 0) + (flags.contains(.fin) ? 1 : 0)
  }
}

/// A change of state at one end.
package struct PhaseChange: Equatable, Sendable {
  package var side: Side
  package var time: Instant
  package var from: Phase
  package var to: Phase
  package var trigger: Trigger

  package init(side: Side, time: Instant, from: Phase, to: Phase, trigger: Trigger) {
    self.side = side
    self.time = time
    self.from = from
    self.to = to
    self.trigger = trigger
  }
}

/// What the program at one end says of itself.
package struct Remark: Equatable, Sendable {
  package var side: Side
  package var time: Instant
  package var text: String

  package init(_ text: String, side: Side, time: Instant) {
    self.text = text
    self.side = side
    self.time = time
  }
}

/// What happened, in the order in which it did.
package enum Happening: Equatable, Sendable {
  case flight(Flight)
  case phase(PhaseChange)
  case remark(Remark)
  /// Segments that left while the record was full.
  case unrecorded(Gap)

  package var time: Instant {
    switch self {
    case .flight(let flight): flight.departure
    case .phase(let change): change.time
    case .remark(let remark): remark.time
    case .unrecorded(let gap): gap.begin
    }
  }
}

/// Segments that are counted instead of drawn.
package struct Gap: Equatable, Sendable {
  package var begin: Instant
  package var end: Instant
  /// Segments that left the left side.
  package var fromLeft = 0
  /// Segments that left the right side.
  package var fromRight = 0
  /// Payload octets of both.
  package var payload = 0
  package var lost = 0

  package init(at instant: Instant) {
    begin = instant
    end = instant
  }

  package var segments: Int { fromLeft + fromRight }

  package mutating func add(_ flight: Flight) {
    end = flight.departure
    if flight.from == .left { fromLeft += 1 } else { fromRight += 1 }
    payload += flight.payload
    if flight.isLost { lost += 1 }
  }

  package mutating func add(_ gap: Gap) {
    end = gap.end
    fromLeft += gap.fromLeft
    fromRight += gap.fromRight
    payload += gap.payload
    lost += gap.lost
  }
}

/// One end of the connection.
package struct Party: Equatable, Sendable {
  package var name: String
  package var endpoint: String
  package init(name: String, endpoint: String) {
    self.name = name
    self.endpoint = endpoint
  }
}

/// A connection as a reader follows it: its two ends, what happened between them, what was measured and counted.
package struct Story: Sendable {
  package var left: Party
  package var right: Party
  package var happenings: [Happening] = []
  package var charts = Charts()
  package var counts = Counts()

  package init(left: Party, right: Party) {
    self.left = left
    self.right = right
  }
}

/// What is counted of both ends together, unless it says otherwise.
package struct Counts: Sendable {
  package var segments = 0
  package var fromLeft = 0
  package var lost = 0
  package var discarded = 0
  /// Segments that repeat octets sent before, by their reason.
  package var retransmissions: [TransmissionReason: Int] = [:]
  package var timeouts = 0
  package var finalPhase: [Side: Phase] = [:]
  package var end: [Side: EndReason] = [:]
  /// Trace events that nobody took in time.
  package var lostEvents = 0
  package init() {}

  package var retransmitted: Int { retransmissions.values.reduce(0, +) }
}
