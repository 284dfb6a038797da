import MartinetStack
import MartinetTCP

/// What came of an experiment.
public struct ExperimentResult: Sendable {
  public let experiment: Experiment
  public internal(set) var flows: [FlowResult] = []
  public internal(set) var links: [LinkResult] = []
  /// When the last thing happened.
  public internal(set) var end = Instant.zero
  public internal(set) var eventsHandled: UInt64 = 0
  /// Events of the trace that nobody took in time: retransmissions and timeouts are counted without them.
  public internal(set) var lostTraceEvents: UInt64 = 0

  init(_ experiment: Experiment) {
    self.experiment = experiment
  }

  /// Jain's index of the goodputs in thousandths: 1000 if all flows fare alike, 1000 / n if one has everything. 1000 without goodput.
  public var fairnessPerMille: Int { Fairness.perMille(flows.map(\.goodput)) }

  /// What all receivers together read per second of the time that counts, in bits per second.
  public var goodput: UInt64 {
    Rates.bitsPerSecond(flows.reduce(0) { $0 + $1.counted }, over: end - (Instant.zero + experiment.measuredFrom))
  }
}

/// How evenly something is shared.
public enum Fairness {
  /// Jain's index, (sum of x)^2 / (n * sum of x^2), in thousandths.
  public static func perMille(_ shares: [UInt64]) -> Int {
    guard let largest = shares.max(), largest > 0 else { return 1000 }
    // Shares of the largest one, so that nothing overflows: in parts of 2^20, of rates below 2^43.
    let scaled = shares.map { ($0 << 20) / largest }
    let sum = scaled.reduce(0, +)
    let squares = scaled.reduce(0) { $0 + $1 * $1 }
    return Int(sum * sum / UInt64(scaled.count) * 1000 / squares)
  }
}

/// How a flow fared.
public struct FlowResult: Sendable {
  public let flow: ExperimentFlow
  /// When the receiver had read the last octet; nil if it did not come to that, or there is none.
  public internal(set) var finishedAt: Instant?
  /// The octets that the receiver read, in order and whole.
  public internal(set) var delivered: UInt64 = 0
  /// Whether every octet was the one that was sent.
  public internal(set) var isFaithful = true
  /// The octets of them that were read in the time that counts.
  public internal(set) var counted: UInt64 = 0
  /// What the receiver read per second of the time that counts and in which the flow was there, in bits per second.
  public internal(set) var goodput: UInt64 = 0
  public internal(set) var statistics = ConnectionStatistics()
  /// How often the retransmission timer expired.
  public internal(set) var timeouts = 0
  /// How often the receiver reported that something came twice (RFC 2883).
  public internal(set) var duplicateReports = 0
  public internal(set) var minimumRoundTrip = Interval.zero
  /// Of the samples that count.
  public internal(set) var meanRoundTrip = Interval.zero
  public internal(set) var samples: [FlowSample] = []
  public internal(set) var segments = SegmentMarks()
  /// What congestion control was told, growth left out, in a list with a bound.
  public internal(set) var turns = Marks<CongestionTurn>(limit: 4000)
  /// How each planned loss was repaired, in the order of the plan.
  public internal(set) var repairs: [Repair] = []
  public internal(set) var failure: HostError?

  init(_ flow: ExperimentFlow) {
    self.flow = flow
    repairs = flow.plannedLosses.map { Repair(octet: $0.octet) }
  }

  /// The time from the opening of the connection to the last octet.
  public var completion: Interval? { finishedAt.map { $0 - (Instant.zero + flow.start) } }
}

/// What congestion control was told, and what it made of it, in octets.
public struct CongestionTurn: Equatable, Sendable {
  public var time: Instant
  public var window: Int
  public var threshold: Int
  public var cause: CongestionCause
}

/// When an octet left for the first and for the last time.
public struct Repair: Equatable, Sendable {
  public let octet: UInt64
  public internal(set) var firstSent: Instant?
  public internal(set) var lastSent: Instant?
  public internal(set) var transmissions = 0

  init(octet: UInt64) {
    self.octet = octet
  }

  /// From the first transmission to the one that arrived.
  public var time: Interval? {
    guard let firstSent, let lastSent else { return nil }
    return lastSent - firstSent
  }
}

/// A flow at one moment, in octets and intervals.
public struct FlowSample: Equatable, Sendable {
  public var time: Instant
  public var window = 0
  public var threshold = 0
  public var inFlight = 0
  public var smoothedRoundTrip = Interval.zero
  /// In octets per second; 0 for none.
  public var pacingRate = 0
  /// What the receiver has read so far.
  public var delivered: UInt64 = 0
  /// What left so far, repeated octets counted.
  public var sent: UInt64 = 0
  /// Segments that left again so far.
  public var retransmitted: UInt64 = 0
}

/// How a link fared.
public struct LinkResult: Sendable {
  public internal(set) var samples: [LinkSample] = []
  public internal(set) var toRight = LinkDirectionResult()
  public internal(set) var toLeft = LinkDirectionResult()
}

/// The queues of a link at one moment, in octets.
public struct LinkSample: Equatable, Sendable {
  public var time: Instant
  public var toRight: Int
  public var toLeft: Int
}

public struct LinkDirectionResult: Sendable {
  public internal(set) var statistics = ChannelStatistics()
  /// The time that a packet waits for the transmitter, over the samples that count; zero where the rate has no limit.
  public internal(set) var meanQueueDelay = Interval.zero
  /// Nineteen samples in twenty are not above it.
  public internal(set) var highQueueDelay = Interval.zero
  /// The share of the rate that was used in the time that counts, in thousandths; 0 where the rate has no limit.
  public internal(set) var utilisationPerMille = 0
}
