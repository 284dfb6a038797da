import CMartinetLinux
import Glibc
import MartinetLinks
import MartinetStack
import MartinetTCP
import MartinetWire

/// The loop of the real driver: packets in, deadlines, and the output that callers left.
extension RealDriver {
  /// Who turns the host.
  enum Worker {
    case loop
    /// A thread that attends to the links.
    case thread
    /// That of a ``LinkExecutor``, which goes on with the tasks that it wakes: what the host has to send waits for them.
    case executor
  }

  /// What one wake-up has brought.
  struct WakeUp {
    /// Links that have something to read.
    var readable: UInt64 = 0
    /// A link that takes packets again.
    var writable: Int?
  }

  /// Starts the thread of the loop.
  func start(name: String) throws(LinkError) {
    guard OSThread.start(name: name, { self.run() }) else { throw .system("pthread_create", code: EAGAIN) }
  }

  private func run() {
    withUnsafeTemporaryAllocation(of: martinet_readiness.self, capacity: 64) { reports in
      while let deadline = planSleep() {
        let count = martinet_epoll_wait(epoll, reports.baseAddress, 64, RealDriver.timeout(until: deadline))
        var wakeUp = interpret(reports.prefix(max(0, Int(count))))
        if wakeUp.readable != 0 && !beginReading() { wakeUp.readable = 0 }
        work(on: wakeUp, as: .loop)
      }
    }
    finish()
  }

  /// Until when the loop may sleep; nil when it is to end.
  private func planSleep() -> Instant? {
    lock.withLock {
      endReading()
      endLease()
      if isStopping { return nil }
      let hasOutput = output.blocked == RealDriver.leftToLoop && attendance != .thread
      sleepsUntil = hasOutput ? .zero : min(nextDeadline, nextLeaseCheck)
      if let shard, !shard.mailbox.beginSleep() { sleepsUntil = .zero }
      return sleepsUntil
    }
  }

  /// Whether the loop may read: not if a thread has taken the links over meanwhile.
  private func beginReading() -> Bool {
    lock.withLock {
      guard attendance == .free else { return false }
      attendance = .loop
      return true
    }
  }

  static func timeout(until deadline: Instant) -> Int64 {
    deadline == .never ? -1 : max(0, (deadline - MonotonicClock.now).nanoseconds)
  }

  private func interpret(_ reports: Slice<UnsafeMutableBufferPointer<martinet_readiness>>) -> WakeUp {
    var wakeUp = WakeUp()
    for report in reports {
      if report.token == RealDriver.eventToken {
        _ = martinet_event_clear(event)
        continue
      }
      let number = Int(report.token)
      if report.conditions & ~UInt32(MARTINET_WRITABLE) != 0 { wakeUp.readable |= 1 << UInt64(number) }
      if report.conditions & UInt32(MARTINET_WRITABLE) != 0 { wakeUp.writable = number }
    }
    return wakeUp
  }

  /// How often a link that has more than a batch is read before the loop asks epoll again, so that other links and the end of the
  /// loop get their turn.
  private static let roundsPerWakeUp = 8

  /// Reads what `wakeUp` says can be read and does what follows; returns whether somebody was waiting for it.
  @discardableResult
  func work(on wakeUp: WakeUp, as worker: Worker) -> Bool {
    var pending = read(wakeUp.readable)
    var hasFired = turn(writable: wakeUp.writable, as: worker)
    var rounds = 1
    while pending != 0 {
      if hasFired && worker == .executor { return true }
      if rounds >= RealDriver.roundsPerWakeUp {
        // Epoll tells again of what waits in a descriptor, but not of what a link has taken from it.
        pending = holding(pending)
        if pending == 0 { return hasFired }
      }
      pending = read(pending)
      if turn(writable: nil, as: worker) { hasFired = true }
      rounds += 1
    }
    return hasFired
  }

  /// The links of `pending` that hold packets.
  private func holding(_ pending: UInt64) -> UInt64 {
    var holding: UInt64 = 0
    for number in links.indices where pending & (1 << UInt64(number)) != 0 && links[number].link.holdsPackets {
      holding |= 1 << UInt64(number)
    }
    return holding
  }

  /// Reads from the links of `readable` into their batches; returns those that may have more. Without the lock.
  private func read(_ readable: UInt64) -> UInt64 {
    var again: UInt64 = 0
    for number in links.indices where readable & (1 << UInt64(number)) != 0 {
      let link = links[number]
      do throws(LinkError) {
        _ = try link.link.read(into: link.arrivals)
        if link.arrivals.mayHaveMore || link.link.holdsPackets { again |= 1 << UInt64(number) }
        shard?.sort(link.arrivals, from: link.interface, isFrame: link.link.description.kind != .ip)
      } catch {
        lock.withLock {
          isLost |= 1 << UInt64(number)
          watch(number)
          lostLinks.append(error)
        }
      }
    }
    return again
  }

  /// Hands in what was read, runs what is due, and does the output that follows; returns whether somebody was waiting for it.
  private func turn(writable: Int?, as worker: Worker) -> Bool {
    let news = worker == .loop ? shard?.mailbox.take(into: &mail) ?? [] : []
    lock.lock()
    switch worker {
    case .loop:
      sleepsUntil = .zero
      loopTurns += 1
    case .thread, .executor: attendedTurns += 1
    }
    let now = MonotonicClock.now
    if worker != .loop || attendance == .loop { takeArrivals(at: now) }
    if worker == .loop && !mail.isEmpty { takeMail(at: now) }
    for one in news { host.hear(one, at: now) }
    if host.nextDeadline <= now { host.expire(at: now) }
    alarms.takeDue(at: now, into: &notices.fired)
    let resumes = resumeOutput(writable: writable)
    var settlement = settle(at: now, gathers: leavesOutput(worker, at: now))
    lock.unlock()
    let hasFired = !settlement.fired.isEmpty
    settlement.fired.fire()
    if settlement.wakesLoop { wakeLoop() }
    if resumes || settlement.hasOutput { writeOut(isLoop: worker == .loop) }
    return hasFired
  }

  /// Whether what the host has to send waits for tasks: for those that this turn wakes, or, in the loop's turn, for those that run. Under the lock.
  private func leavesOutput(_ worker: Worker, at now: Instant) -> Bool {
    switch worker {
    case .loop: output.gatherer != nil && attendance == .lease && now < leaseEnd
    case .thread: false
    case .executor: notices.drainAndWake(&host)
    }
  }

  /// Hands in what was read. Under the lock, by who reads.
  private func takeArrivals(at now: Instant) {
    for link in links where link.arrivals.count > 0 {
      let count = link.arrivals.count
      for index in 0..<count {
        let packet = link.arrivals.take(index, from: &host.environment.pool)
        host.receive(packet, on: link.interface, at: now, moreFollows: index + 1 < count)
      }
    }
    for link in links { link.arrivals.reserve(from: &host.environment.pool) }
  }

  /// Hands in what other shards have handed over. What finds no page is lost, and the pool has counted it. Under the lock.
  private func takeMail(at now: Instant) {
    for index in 0..<mail.count {
      mail.withPacket(index) { note, octets in
        guard let chain = host.environment.pool.chain(copying: octets) else { return }
        guard !note.isReassembled else {
          host.receive(chain, reassembledFrom: InterfaceID(rawValue: note.interface), at: now)
          return
        }
        let packet = Packet(chain, trust: note.trust, segmentSize: note.segmentSize)
        host.receive(
          packet, on: InterfaceID(rawValue: note.interface), at: now, moreFollows: index + 1 < mail.count)
      }
    }
    mail.removeAll()
  }

  /// Lets the loop end; fires `waiter` when the links are closed.
  func beginStop(telling waiter: Waiter) {
    isStopping = true
    wakeLoop()
    tellEnd(to: waiter)
  }

  /// Fires `waiter` when the links are closed, at once if they are.
  func tellEnd(to waiter: Waiter) {
    let hasEnded = lock.withLock { () -> Bool in
      if !hasStopped { stopWaiters.append(waiter) }
      return hasStopped
    }
    if hasEnded { waiter.fire() }
  }

  /// Ends the loop; returns when the links are closed.
  func stop() {
    // A waiter of its own: the thread may be registered with virtual time, which this wait does not concern.
    let waiter = ThreadWaiter()
    beginStop(telling: waiter)
    _ = waiter.parker.sleep(until: .never)
  }

  /// Lets everybody go who waits.
  func letGo() {
    lock.lock()
    notices.fireEverybody()
    var fired = notices.takeFired()
    lock.unlock()
    fired.fire()
  }

  /// The end of the loop: what the host still has to send leaves, everybody who waits is let go, the links are closed.
  private func finish() {
    shard?.mailbox.close()
    lock.lock()
    while output.isBusy || attendance == .thread {
      lock.unlock()
      attendanceEvent.raise()
      OSThread.yield()
      lock.lock()
    }
    if resumeOutput(writable: nil) || beginOutput(at: MonotonicClock.now) {
      lock.unlock()
      writeOut(isLoop: true)
      lock.lock()
    }
    output.batch.release { departure in host.release(&departure) }
    for link in links { link.arrivals.release(to: &host.environment.pool) }
    notices.fireEverybody()
    var fired = notices.takeFired()
    alarms.takeAll(.stopped, into: &fired)
    lock.unlock()
    fired.fire()
    for link in links { link.link.close() }
    lock.lock()
    hasStopped = true
    while let waiter = stopWaiters.takeFirst() { fired.append(waiter) }
    lock.unlock()
    fired.fire()
  }
}
