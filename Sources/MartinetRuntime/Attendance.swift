import CMartinetLinux
import Glibc
import MartinetLinks
import MartinetStack
import MartinetTCP
import Synchronization

/// Who reads the links. Belongs to the host's lock.
///
/// The loop does, unless a thread that has to wait attends to them in its place: what the thread waits for then comes to it without a switch of threads, and
/// a thread that sends reads the acknowledgements itself. Deadlines, and links that were full, stay with the loop.
enum Attendance {
  /// The loop watches the links and sleeps.
  case free
  /// The loop reads.
  case loop
  /// A thread watches and reads; the loop watches nothing that it could read.
  case thread
  /// Nobody reads for a moment: a thread that makes one transfer after the other is expected back. Any thread that waits may have the links, and the loop takes them if
  /// nobody has come for them in time.
  case lease
}

/// What ends the poll of a thread that attends to links. Whoever may raise it holds it, so that its descriptor outlives its driver.
final class AttendanceEvent: Sendable {
  let descriptor: Int32

  init() throws(LinkError) {
    descriptor = martinet_event_create()
    if descriptor < 0 { throw .system("eventfd", code: -descriptor) }
  }

  deinit { _ = Glibc.close(descriptor) }

  func raise() { _ = martinet_event_raise(descriptor) }
  func clear() { _ = martinet_event_clear(descriptor) }
}

extension StackCore {
  /// A call begins that writes `count` octets on `handle`. One that writes many attends to the links from here to its end: it reads the acknowledgements itself, between two of its pieces and where it waits.
  package func beginTransfer(of count: Int, on handle: ConnectionHandle, _ waiter: ThreadWaiter) {
    guard count >= RealDriver.leastTransfer, let driver = driver(of: handle) else { return }
    waiter.keepsAttending = true
    waiter.transfers.begin(at: MonotonicClock.now)
    _ = driver.beginAttending(waiter)
  }

  /// Reads what has come since the last piece was written.
  package func continueTransfer(on handle: ConnectionHandle, _ waiter: ThreadWaiter) {
    guard waiter.keepsAttending, let driver = driver(of: handle) else { return }
    driver.readMeanwhile(waiter)
  }

  package func endTransfer(on handle: ConnectionHandle, _ waiter: ThreadWaiter) {
    guard waiter.keepsAttending, let driver = driver(of: handle) else { return }
    waiter.keepsAttending = false
    if waiter.attends { driver.endTransfer(waiter) }
  }
}

extension RealDriver {
  /// After so many turns in a row that brought something to others alone, the thread leaves the links to the loop: others may have more use for them.
  private static let mostTurnsForOthers = 8
  /// The octets of a write from which on its thread attends to the links all the while.
  static let leastTransfer = 16384
  /// How long the links wait for the next transfer.
  private static let lease = Interval.milliseconds(1)

  /// Waits as ``wait(_:until:)``, reading the links meanwhile; nil if the loop or another thread does, or the thread had better leave it to them.
  func attend(_ waiter: ThreadWaiter, until deadline: Instant) -> WaitOutcome? {
    if !waiter.attends && !beginAttending(waiter) {
      guard waiter.keepsAttending && wishToAttend(waiter) else { return nil }
      if let outcome = awaitOffer(waiter, until: deadline) { return outcome }
    }
    var turnsForOthers = 0
    while turnsForOthers < RealDriver.mostTurnsForOthers {
      if isStopping { break }
      if waiter.parker.takeNotification() {
        if !waiter.keepsAttending { endAttending(waiter) }
        return .fired
      }
      let (readable, isRaised) = poll(waiter, until: deadline)
      if readable != 0 || isRaised {
        let hasFired = work(on: WakeUp(readable: readable), as: waiter.role == .executor ? .executor : .thread)
        turnsForOthers = hasFired && !waiter.parker.isNotified ? turnsForOthers + 1 : 0
        if turnsForOthers > 0 && waiter.role == .executor { endGathering() }
        if hasLostLink { break }
      } else if MonotonicClock.now >= deadline && !waiter.parker.isNotified {
        endAttending(waiter)
        return .timedOut
      }
    }
    endAttending(waiter)
    return isStopping ? .stopped : nil
  }

  /// Reads what the links have, without waiting. Returns whether somebody was waiting for it.
  @discardableResult
  func readMeanwhile(_ waiter: ThreadWaiter) -> Bool {
    guard waiter.attends || beginAttending(waiter) else { return false }
    // A read that finds nothing costs no more than to ask first.
    return work(on: WakeUp(readable: UInt64.max), as: waiter.role == .executor ? .executor : .thread)
  }

  /// Whether a thread may read the links. Those of a shard bring packets for others, too, which whoever reads hands over. Under the lock.
  private var canBeAttended: Bool { !links.isEmpty && lostLinks.isEmpty && !isStopping }

  private var hasLostLink: Bool { lock.withLock { !lostLinks.isEmpty } }

  /// Looks for packets, then sleeps, until a link has something to read, the event is raised, the waiter is notified or `deadline` comes.
  private func poll(_ waiter: ThreadWaiter, until deadline: Instant) -> (readable: UInt64, isRaised: Bool) {
    let found = look(waiter, until: deadline)
    guard found.readable == 0 && !found.isRaised && waiter.parker.beginPoll() else { return found }
    defer { waiter.parker.endPoll() }
    return poll(until: deadline)
  }

  /// Takes the links over from the loop if it does not read them at this moment. What was gathered is written.
  func beginAttending(_ waiter: ThreadWaiter) -> Bool {
    var settlement: Settlement?
    let begins = lock.withLock { () -> Bool in
      guard attendance == .free || attendance == .lease, canBeAttended else { return false }
      // The loop does not watch what is on lease.
      let hasToTell = attendance == .free
      attendance = .thread
      attendsForLong = waiter.role != .caller
      if hasToTell { for number in links.indices { watch(number) } }
      if output.gatherer != nil {
        output.gatherer = nil
        settlement = settle(at: MonotonicClock.now)
      }
      return true
    }
    if begins { waiter.beginAttending(attendanceEvent) }
    if var settlement { conclude(&settlement) }
    return begins
  }

  /// Asks the loop, which reads, for the links; false if that makes no sense or another thread has asked.
  private func wishToAttend(_ waiter: ThreadWaiter) -> Bool {
    lock.withLock {
      guard attendance == .loop, attendanceWish == nil, canBeAttended else { return false }
      attendanceWish = waiter
      attendsForLong = waiter.role != .caller
      return true
    }
  }

  /// Sleeps until the loop hands the links over, or the wait has ended otherwise: only then it returns something.
  private func awaitOffer(_ waiter: ThreadWaiter, until deadline: Instant) -> WaitOutcome? {
    let (awakening, owns) = waiter.parker.awaitOffer(until: deadline) {
      lock.withLock {
        guard attendanceWish === waiter else { return false }
        attendanceWish = nil
        return true
      }
    }
    if owns { waiter.beginAttending(attendanceEvent) }
    switch awakening {
    case .offered: return nil
    case .notified: return .fired
    case .timedOut:
      if owns { endAttending(waiter) }
      return .timedOut
    }
  }

  /// The loop has read. A thread that works all the time, and asked for the links, gets them. Under the lock, by the loop.
  func endReading() {
    guard attendance == .loop else { return }
    attendance = .free
    guard let waiter = attendanceWish, canBeAttended else { return }
    attendanceWish = nil
    attendance = .thread
    for number in links.indices { watch(number) }
    waiter.parker.offer()
  }

  /// Gives the links back to the loop.
  func endAttending(_ waiter: ThreadWaiter) {
    waiter.endAttending()
    let leavesOutput = lock.withLock { () -> Bool in
      attendance = .free
      for number in links.indices { watch(number) }
      return output.blocked == RealDriver.leftToLoop
    }
    if leavesOutput { wakeLoop() }
    if waiter.role == .executor { endGathering() }
  }

  /// A transfer has ended. Where the next is expected at once, the links stay with the threads.
  func endTransfer(_ waiter: ThreadWaiter) {
    guard waiter.transfers.end(at: MonotonicClock.now) else { return endAttending(waiter) }
    lease(from: waiter)
  }

  /// The thread of `waiter`, if it attends to the links, does something else for a moment.
  ///
  /// - Parameter gathers: whether what it brings meanwhile is written when it comes back.
  func lease(from waiter: ThreadWaiter, gathers: Bool = false) {
    guard waiter.attends else { return }
    waiter.endAttending()
    let wakesLoop = lock.withLock { () -> Bool in
      attendance = .lease
      leaseEnd = MonotonicClock.now + RealDriver.lease
      if gathers { output.gatherer = waiter }
      return output.blocked == RealDriver.leftToLoop || takeLoopWake()
    }
    if wakesLoop { wakeLoop() }
  }

  /// While transfers follow each other the loop looks after them once in a lease, so that none has to wake it. Under the lock.
  var nextLeaseCheck: Instant {
    attendance == .thread && leaseEnd != .zero && leaseEnd > MonotonicClock.now ? leaseEnd : .never
  }

  /// Takes the links back if nobody has come for them. Under the lock, by the loop.
  func endLease() {
    guard attendance == .lease && (leaseEnd <= MonotonicClock.now || output.blocked == RealDriver.leftToLoop) else {
      return
    }
    attendance = .free
    for number in links.indices { watch(number) }
    guard output.gatherer != nil else { return }
    // Who gathers has something else to do.
    output.gatherer = nil
    if !output.isBusy && output.blocked == nil { output.blocked = RealDriver.leftToLoop }
  }

  /// Looks for packets for a few microseconds before the thread sleeps, if that has proved worth while.
  private func look(_ waiter: ThreadWaiter, until deadline: Instant) -> (readable: UInt64, isRaised: Bool) {
    guard spinLimit > .zero && waiter.experience.looks() else { return (0, false) }
    let end = min(deadline, MonotonicClock.now + spinLimit)
    repeat {
      let found = poll(until: .zero)
      if found.readable != 0 || found.isRaised || waiter.parker.isNotified {
        waiter.experience.note(found: true)
        return found
      }
    } while MonotonicClock.now < end
    waiter.experience.note(found: false)
    return (0, false)
  }

  /// Sleeps until a link has something to read, the event is raised or `deadline` comes.
  private func poll(until deadline: Instant) -> (readable: UInt64, isRaised: Bool) {
    let count = links.count
    return withUnsafeTemporaryAllocation(of: martinet_poll.self, capacity: count + 1) { polls in
      for number in 0..<count { polls[number] = martinet_poll(descriptor: links[number].link.descriptor, is_ready: 0) }
      polls[count] = martinet_poll(descriptor: attendanceEvent.descriptor, is_ready: 0)
      let ready = martinet_poll_readable(polls.baseAddress, Int32(count + 1), RealDriver.timeout(until: deadline))
      guard ready > 0 else { return (0, false) }
      if polls[count].is_ready != 0 { attendanceEvent.clear() }
      var readable: UInt64 = 0
      for number in 0..<count where polls[number].is_ready != 0 { readable |= 1 << UInt64(number) }
      return (readable, polls[count].is_ready != 0)
    }
  }
}
