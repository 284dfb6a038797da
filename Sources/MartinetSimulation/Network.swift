import MartinetStack
import MartinetTCP
import MartinetWire

/// A network in virtual time: hosts, wires and switches, and everything that can go wrong between them, all from one seed.
///
/// Nothing happens by itself. Whoever drives the network asks ``step()`` to let the next thing happen, or ``advance(to:)`` to let
/// everything happen up to a time, and uses the hosts through ``withHost(_:_:)`` in between. The same seed and the
/// same calls give the same octets in any process.
public struct Network: ~Copyable {
  public let seed: UInt64
  /// The virtual time, from 0.
  public internal(set) var now = Instant.zero
  /// Timer calls that left a host's deadline where it was: a fault of the host, which the network survives.
  public internal(set) var fruitlessTimers: UInt64 = 0
  /// The events that have happened.
  public internal(set) var eventsHandled: UInt64 = 0
  /// Whether ``pollLoss()`` is to learn of the packets that vanish.
  public var recordsLosses = false

  var stations: [Station] = []
  var switches: [EthernetSwitch] = []
  var routers: [Router] = []
  var channels: [Channel] = []
  var filters: [PacketFilter?] = []
  /// Where each channel ends; channel 2n is the wire n to the right, channel 2n + 1 the wire n to the left.
  var destinations: [Port] = []
  var mediums: [WireDescription.Medium] = []
  /// The MTU of each wire.
  var mtus: [Int] = []
  var events = EventQueue()
  var frames: FrameStore
  var departure = Departure()
  var captures: [CaptureQueue] = []
  var losses = Line<LostPacket>()
  var touched = Line<HostID>()
  var schedule: [(wire: WireID, change: WireChange)] = []
  var lastSerial: UInt64 = 0
  /// The most losses that wait to be polled.
  static let lossCapacity = 1 << 16

  /// A network without hosts. `maximumFrames` bounds the packets in flight of each of three sizes (128, 2,048 and 65,600 octets); what
  /// goes beyond is lost and counted.
  public init(seed: UInt64, maximumFrames: Int = 1 << 17) {
    self.seed = seed
    frames = FrameStore(limit: maximumFrames)
  }

  // MARK: Time

  /// When the next thing happens; ``Instant/never`` if nothing does.
  public var nextEventTime: Instant {
    mutating get {
      dropStaleDeadlines()
      return events.nextTime
    }
  }

  /// Lets the next thing happen and moves the time there; false if nothing is left to happen.
  public mutating func step() -> Bool {
    dropStaleDeadlines()
    guard let event = events.popNext() else { return false }
    now = max(now, event.time)
    eventsHandled += 1
    switch event.kind {
    case .arrival: arrive(event)
    case .deadline: meetDeadline(of: Int(event.target))
    case .change: apply(schedule[Int(event.target)].change, to: schedule[Int(event.target)].wire)
    }
    return true
  }

  /// Lets everything happen up to and at `time`, and moves the time there.
  public mutating func advance(to time: Instant) {
    while nextEventTime <= time, step() {}
    if time != .never { now = max(now, time) }
  }

  /// Lets things happen as long as `condition` holds and they happen not after `limit`; whether the condition was the
  /// one to end it. The time stays at the last thing that happened.
  @discardableResult
  public mutating func run(until limit: Instant = .never, while condition: (inout Network) -> Bool) -> Bool {
    while condition(&self) {
      guard nextEventTime <= limit, step() else { return false }
    }
    return true
  }

  // MARK: Hosts

  /// Uses a host; what it then has to send goes onto its wires.
  public mutating func withHost<Result: ~Copyable, Failure: Error>(
    _ id: HostID, _ body: (inout Host, Instant) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { settle(id.number) }
    return try body(&stations[id.number].host, now)
  }

  /// A host that ran since the last call, so that it may have events; each is named once. Nil if there is none.
  public mutating func pollTouchedHost() -> HostID? {
    guard let id = touched.popFirst() else { return nil }
    stations[id.number].isTouched = false
    return id
  }

  /// Takes the oldest event of a host.
  public mutating func pollEvent(of id: HostID) -> HostEvent? {
    stations[id.number].host.pollEvent()
  }

  /// Takes the oldest trace event of a host.
  public mutating func pollTrace(of id: HostID) -> TraceEvent? {
    stations[id.number].host.pollTrace()
  }

  /// The hosts there are.
  public var hostCount: Int { stations.count }

  // MARK: Deadlines

  /// Sends what host `index` has to send and plans its next deadline.
  mutating func settle(_ index: Int) {
    let station = stations[index]
    while station.host.pollTransmit(into: &departure, at: now) {
      send(from: index, station)
      station.host.release(&departure)
    }
    arm(index, station, notBefore: now)
    if !station.isTouched {
      station.isTouched = true
      touched.append(HostID(number: index))
    }
  }

  private mutating func arm(_ index: Int, _ station: Station, notBefore earliest: Instant) {
    let deadline = max(station.host.nextDeadline, earliest)
    guard deadline < station.armed, deadline != .never else { return }
    station.armed = deadline
    events.plan(.deadline, target: Int32(index), at: deadline)
  }

  /// Removes the deadlines at the head of the queue that have moved since they were planned.
  private mutating func dropStaleDeadlines() {
    while let event = events.next, event.kind == .deadline {
      let index = Int(event.target)
      let station = stations[index]
      if event.time == station.armed && station.host.nextDeadline <= event.time { return }
      _ = events.popNext()
      if event.time == station.armed {
        station.armed = .never
        arm(index, station, notBefore: now)
      }
    }
  }

  private mutating func meetDeadline(of index: Int) {
    let station = stations[index]
    station.armed = .never
    station.host.expire(at: now)
    if station.host.nextDeadline <= now {
      settleFruitless(index, station)
    } else {
      settle(index)
    }
  }

  /// Output may be what the deadline was about; if it still stands after that, it is asked again a millisecond later.
  private mutating func settleFruitless(_ index: Int, _ station: Station) {
    station.armed = now
    settle(index)
    station.armed = .never
    let isFruitless = station.host.nextDeadline <= now
    if isFruitless { fruitlessTimers += 1 }
    arm(index, station, notBefore: isFruitless ? now + .milliseconds(1) : now)
  }
}
