import CMartinetLinux
import Glibc
import MartinetLinks
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// A link for a driver, with what its host is to know.
package struct DriverLink: Sendable {
  package var link: any Link
  package var addresses: [IPPrefix]
  package var gateways: [IPAddress]

  package init(link: any Link, addresses: [IPPrefix], gateways: [IPAddress]) {
    self.link = link
    self.addresses = addresses
    self.gateways = gateways
  }
}

/// A link of a driver, with the pages that wait for its next packets.
struct AttachedLink {
  let link: any Link
  let interface: InterfaceID
  let arrivals: ReceiveBatch
}

/// Turns a host in real time: a loop sleeps on its links and on its next deadline; a call of a program does its own output in the
/// thread that makes it, and wakes the loop only if the loop would sleep too long.
package final class RealDriver: @unchecked Sendable {
  /// Packets that are read or written in one go.
  private static let batchSize = 64
  /// The octets that are reserved for the packets of a batch at most, enough for a full one of trains; a small pool gives a quarter of what it has.
  private static let batchOctets = batchSize * 66_000

  let lock = HostLock()
  let links: [AttachedLink]
  let epoll: Int32
  let event: Int32
  /// What ends the poll of a thread that attends to the links.
  let attendanceEvent: AttendanceEvent
  /// How long a thread looks before it sleeps.
  let spinLimit: Interval
  /// Nil where the host is a stack by itself.
  let shard: ShardPlace?
  /// Set once; from then on nobody may wait.
  private let stopping = Atomic(false)

  /// The packets that other shards have handed over; the loop's alone.
  @exclusivity(unchecked) var mail: HandoverBuffer

  // MARK: Under the lock
  //
  // The lock keeps two from having one of these at once; to ask for each access whether it does would be a sixth of what a short connection costs.

  /// How often the loop woke up, and how often somebody woke it.
  @exclusivity(unchecked) var loopTurns = 0
  @exclusivity(unchecked) var loopWakes = 0
  /// How often a thread that attends to the links turned in its place.
  @exclusivity(unchecked) var attendedTurns = 0
  @exclusivity(unchecked) var host: Host
  @exclusivity(unchecked) var notices = Notices()
  @exclusivity(unchecked) var output: OutputState
  @exclusivity(unchecked) var alarms = AlarmQueue()
  @exclusivity(unchecked) var attendance = Attendance.free
  /// When the loop takes back what is on lease.
  @exclusivity(unchecked) var leaseEnd = Instant.zero
  /// A thread that would attend to the links while the loop reads them.
  @exclusivity(unchecked) var attendanceWish: ThreadWaiter?
  /// Until when the loop sleeps; ``Instant/zero`` while it is awake or has been woken.
  @exclusivity(unchecked) var sleepsUntil = Instant.zero
  /// Links that have ended.
  @exclusivity(unchecked) var lostLinks: [LinkError] = []
  /// The numbers of those.
  @exclusivity(unchecked) var isLost: UInt64 = 0
  /// The numbers of links that do not stand in the epoll.
  @exclusivity(unchecked) private var isUnwatched: UInt64 = 0
  /// Whether the thread that attends to the links is to do so for long.
  @exclusivity(unchecked) var attendsForLong = false
  /// Who waits for the end of the loop.
  @exclusivity(unchecked) var stopWaiters = WaiterQueue()
  @exclusivity(unchecked) var hasStopped = false

  /// Attaches `links` to `host`, which the driver owns from here on.
  init(
    host: consuming Host, links: [DriverLink], spinning: Spinning, shard: ShardPlace? = nil
  ) throws(LinkError) {
    spinLimit = spinning.limit
    self.shard = shard
    mail = HandoverBuffer(capacity: shard == nil ? 0 : host.configuration.handoverOctets)
    attendanceEvent = try AttendanceEvent()
    var attached: [AttachedLink] = []
    for link in links {
      attached.append(try RealDriver.attach(link, to: &host))
    }
    self.links = attached
    self.host = host
    output = OutputState(capacity: RealDriver.batchSize)
    epoll = try RealDriver.check(martinet_epoll_create(), "epoll_create1")
    event = try RealDriver.check(martinet_event_create(), "eventfd")
    for (number, link) in attached.enumerated() {
      _ = try RealDriver.check(
        martinet_epoll_add(epoll, link.link.descriptor, UInt32(MARTINET_READABLE), UInt64(number)), "epoll_ctl")
    }
    _ = try RealDriver.check(
      martinet_epoll_add(epoll, event, UInt32(MARTINET_READABLE), RealDriver.eventToken), "epoll_ctl")
    shard?.mailbox.open(event)
  }

  private static func attach(_ wanted: DriverLink, to host: inout Host) throws(LinkError) -> AttachedLink {
    try wanted.link.attach(wanted.addresses, gateways: wanted.gateways)
    let description = wanted.link.description
    let interface = host.addInterface(description)
    let now = MonotonicClock.now
    for address in wanted.addresses { host.addAddress(address, to: interface, at: now) }
    for gateway in wanted.gateways {
      host.addRoute(gateway.isIPv4 ? .everyIPv4 : .everyIPv6, via: gateway, on: interface)
    }
    // What is for nobody else goes to the one neighbour: a kernel, which routes, or a hub, which knows who has joined it.
    if description.isPointToPoint && wanted.gateways.isEmpty {
      host.addRoute(.everyIPv4, via: nil, on: interface)
      host.addRoute(.everyIPv6, via: nil, on: interface)
    }
    let size = wanted.link.readSize
    let octets = min(RealDriver.batchOctets, host.environment.pool.limit * PagePool.pageSize / 4)
    let packets = max(1, min(RealDriver.batchSize, octets / size))
    let arrivals = ReceiveBatch(packets: packets, size: size)
    arrivals.reserve(from: &host.environment.pool)
    return AttachedLink(link: wanted.link, interface: interface, arrivals: arrivals)
  }

  deinit {
    shard?.mailbox.close()
    _ = Glibc.close(epoll)
    _ = Glibc.close(event)
  }

  static let eventToken = UInt64.max

  private static func check(_ result: Int32, _ call: String) throws(LinkError) -> Int32 {
    if result < 0 { throw .system(call, code: -result) }
    return result
  }

  /// Does something with the host under its lock, then what follows from it.
  func turn<Result, Failure: Error>(
    _ body: (inout Host, inout Notices, Instant) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock.lock()
    let now = MonotonicClock.now
    let result: Swift.Result<Result, Failure>
    do throws(Failure) {
      result = .success(try body(&host, &notices, now))
    } catch {
      result = .failure(error)
    }
    var settlement = settle(at: now, gathers: isGathered)
    lock.unlock()
    conclude(&settlement)
    return try result.get()
  }

  /// What is to be done once the lock is released.
  struct Settlement {
    var fired: FiredWaiters
    var hasOutput: Bool
    var wakesLoop: Bool
  }

  /// Does it, by a thread that is not the loop's.
  func conclude(_ settlement: inout Settlement) {
    settlement.fired.fire()
    if settlement.wakesLoop { wakeLoop() }
    if settlement.hasOutput { writeOut(isLoop: false) }
  }

  /// Collects what a change of the host has brought about. Under the lock.
  ///
  /// - Parameter gathers: whether what is to be written waits for more.
  func settle(at now: Instant, gathers: Bool = false) -> Settlement {
    let hasOutput = !gathers && !isStopping && beginOutput(at: now)
    notices.drain(&host)
    shard?.tellNews(of: &host)
    return Settlement(fired: notices.takeFired(), hasOutput: hasOutput, wakesLoop: takeLoopWake())
  }

  /// Whether the loop sleeps longer than it may; then the caller has to wake it, once. Under the lock.
  func takeLoopWake() -> Bool {
    guard sleepsUntil != .zero && nextDeadline < sleepsUntil else { return false }
    sleepsUntil = .zero
    loopWakes += 1
    return true
  }

  /// When the loop has something to do at the latest. Under the lock.
  var nextDeadline: Instant {
    min(host.nextDeadline, alarms.earliest, attendance == .lease ? leaseEnd : .never)
  }

  /// Lets `alarm` ring at `deadline`. False: the driver ends, and nothing is set.
  func set(_ alarm: Alarm, at deadline: Instant) -> Bool {
    lock.lock()
    // The loop's end takes out the alarms that are set before it.
    let isSet = !isStopping
    if isSet { alarms.insert(alarm, at: deadline) }
    let wakesLoop = takeLoopWake()
    lock.unlock()
    if wakesLoop { wakeLoop() }
    return isSet
  }

  func wakeLoop() {
    _ = martinet_event_raise(event)
  }

  /// Has the loop told what it is to know of a link: that it can be read, unless a thread attends to it, and that it takes packets again if it
  /// was full. Under the lock.
  func watch(_ number: Int) {
    let (descriptor, place) = (links[number].link.descriptor, 1 << UInt64(number) as UInt64)
    let isLost = isLost & place != 0
    let conditions =
      (isLost || attendance == .thread || attendance == .lease ? 0 : UInt32(MARTINET_READABLE))
      | (!isLost && output.blocked == number ? UInt32(MARTINET_WRITABLE) : 0)
    if isUnwatched & place != 0 {
      guard conditions != 0, martinet_epoll_add(epoll, descriptor, conditions, UInt64(number)) >= 0 else { return }
      isUnwatched &= ~place
    } else if conditions == 0 && (isLost || attendsForLong) {
      // While a link stands in an epoll, each packet costs a look there.
      _ = martinet_epoll_remove(epoll, descriptor)
      isUnwatched |= place
    } else {
      _ = martinet_epoll_change(epoll, descriptor, conditions, UInt64(number))
    }
  }

  var isStopping: Bool {
    get { stopping.load(ordering: .acquiring) }
    set { stopping.store(newValue, ordering: .releasing) }
  }

  /// Says whether the calling thread may block: a thread of virtual time may not, since its time would stand still meanwhile.
  func admit(_ waiter: ThreadWaiter) throws(DriverError) {
    if isStopping { throw .stopped }
    if waiter.seat != nil { throw .alreadyRegistered }
  }

  /// - Parameter mayAttend: whether the thread may read the links meanwhile.
  func wait(_ waiter: ThreadWaiter, until deadline: Instant, mayAttend: Bool) -> WaitOutcome {
    // Who registered before the loop's end is fired by it; who registered after it sees that here.
    if isStopping { return .stopped }
    if waiter.role == .task || waiter.role == .lastTask { endGathering() }
    if mayAttend, let outcome = attend(waiter, until: deadline) { return outcome }
    if spinLimit > .zero && waiter.experience.looks() {
      let isThere = waiter.parker.look(until: min(deadline, MonotonicClock.now + spinLimit))
      waiter.experience.note(found: isThere)
      if isThere { return .fired }
    }
    return waiter.parker.sleep(until: deadline) ? .fired : .timedOut
  }
}

extension IPPrefix {
  fileprivate static let everyIPv4 = IPPrefix(.v4(.any), 0)
  fileprivate static let everyIPv6 = IPPrefix(.v6(.any), 0)
}
