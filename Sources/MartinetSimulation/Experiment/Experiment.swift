import MartinetTCP

/// What is tried: flows on a row of links, from one seed.
///
/// The links stand in a row between routers: link n lies between router n and router n + 1. A dumbbell is one link; a parking lot is several with
/// flows that use some of them. Each flow has a host of its own at either end. The same experiment gives the same result in any process.
public struct Experiment: Sendable {
  public var seed: UInt64 = 1
  /// How long the experiment runs at most; it ends before if every flow has brought its octets across.
  public var duration = Interval.seconds(10)
  /// When goodput, fairness, utilisation and queues begin to count.
  public var measuredFrom = Interval.zero
  /// From left to right, at least one.
  public var links: [ExperimentLink]
  /// At most 250.
  public var flows: [ExperimentFlow]
  /// How often everything is sampled, evenly over the duration: 1 to 10,000.
  public var samples = 400
  /// Whether the segments of each flow are recorded for a time-sequence graph.
  public var recordsSegments = false
  /// Whether the routers send no ICMP errors.
  public var hasSilentRouters = false

  public init(links: [ExperimentLink], flows: [ExperimentFlow]) {
    self.links = links
    self.flows = flows
  }

  public static let maximumFlows = 250
  public static let maximumLinks = 16
}

/// A link between two routers.
public struct ExperimentLink: Sendable {
  public var toRight: Impairment
  public var toLeft: Impairment
  /// The largest IP packet that the routers send into it.
  public var mtu = 1500
  /// What happens to it, and when.
  public var changes: [LinkChange] = []

  /// A link that does `toRight` to data, and to what comes back only delays it as much.
  public init(_ toRight: Impairment) {
    self.toRight = toRight
    toLeft = Impairment(rate: 0, delay: toRight.delay)
  }

  public init(toRight: Impairment, toLeft: Impairment) {
    self.toRight = toRight
    self.toLeft = toLeft
  }
}

/// A change that happens to a link at a time after the beginning.
public struct LinkChange: Sendable {
  public var time: Interval
  public var change: WireChange

  public init(at time: Interval, _ change: WireChange) {
    self.time = time
    self.change = change
  }
}

/// A flow of data from a host of its own to another.
public struct ExperimentFlow: Sendable {
  public var algorithm: CongestionAlgorithm
  /// When its connection is opened.
  public var start = Interval.zero
  /// The octets to bring across; 0 is without end.
  public var octets: UInt64 = 0
  /// The router that the sender stands at, and the one that the receiver stands at: a flow from a higher number to a lower one runs to the left.
  public var from = 0
  public var to = 1
  /// What the sender's own wire adds to the delay, each way.
  public var accessDelay = Interval.zero
  /// The rate of the sender's own wire; 0 is without limit.
  public var accessRate: UInt64 = 0
  public var pacing = false
  /// What both ends make of congestion marks.
  public var ecn = ECNPreference.answer
  /// The octets of either buffer, which do not grow then; 0 leaves both to grow as they would.
  public var bufferSize = 0
  /// Octets that the first link of the flow takes.
  public var plannedLosses: [PlannedLoss] = []

  public init(_ algorithm: CongestionAlgorithm, start: Interval = .zero, octets: UInt64 = 0) {
    self.algorithm = algorithm
    self.start = start
    self.octets = octets
  }

  /// Octets without end, for any duration there is.
  static let endless: UInt64 = 1 << 50
}

/// A loss that is no chance: the segments with this octet of the stream vanish so many times.
public struct PlannedLoss: Equatable, Sendable {
  /// Counted from 0.
  public var octet: UInt64
  public var times: Int

  public init(octet: UInt64, times: Int = 1) {
    self.octet = octet
    self.times = times
  }
}
