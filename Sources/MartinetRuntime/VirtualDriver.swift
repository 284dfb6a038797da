import MartinetSimulation
import MartinetStack
import MartinetTCP

/// Turns simulated hosts in virtual time, for code that blocks.
///
/// Threads register and exactly one of them runs at a time: it holds the token. A call that would block hands the token on,
/// in the order in which the others became ready, never as the operating system's scheduler likes. When all wait, the
/// thread that was the last to run moves virtual time on, event by event, until somebody is ready. So a program that keeps to
/// Martinet's calls runs the same way each time.
package final class VirtualDriver: @unchecked Sendable {
  let lock = HostLock()

  // MARK: Under the lock

  var network: Network
  var notices: [Notices] = []
  /// The chance of each host's programs.
  var chances: [RandomStream] = []
  /// The seats that may run, in the order in which they became ready.
  var ready = Line<Seat>()
  /// Who has the token.
  var running: Seat?
  /// Everybody who waits, threads and tasks, with ``Instant/never`` for those who wait for ever.
  var alarms = AlarmQueue()

  package init(_ network: consuming sending Network) {
    self.network = network
    for _ in 0..<self.network.hostCount { notices.append(Notices()) }
  }

  package var now: Instant { lock.withLock { network.now } }

  /// A host of the network as a core for sockets.
  package func core(of host: HostID) -> StackCore {
    StackCore(.virtual(self, host: host))
  }

  // MARK: Turns

  /// Uses the network between two things that happen.
  package func withNetwork<Result, Failure: Error>(
    _ body: (inout Network) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock.lock()
    defer { finishTurn() }
    return try body(&network)
  }

  /// Does something with a host, then what follows from it.
  func turn<Result, Failure: Error>(
    _ id: HostID, _ body: (inout Host, inout Notices, Instant) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock.lock()
    defer { finishTurn() }
    return try network.withHost(id) { host, now throws(Failure) in
      try body(&host, &notices[id.number], now)
    }
  }

  private func finishTurn() {
    var fired = collect()
    lock.unlock()
    fired.fire()
  }

  /// The waiters that the hosts' events fire. Under the lock.
  private func collect() -> FiredWaiters {
    while notices.count < network.hostCount { notices.append(Notices()) }
    var fired = FiredWaiters()
    var watched: [HostID] = []
    while let id = network.pollTouchedHost() {
      while let event = network.pollEvent(of: id) { notices[id.number].note(event) }
      if notices[id.number].looksAtHost { watched.append(id) }
      notices[id.number].moveFired(to: &fired)
    }
    // Looking at a host counts as touching it: not inside the loop that asks which were touched.
    for id in watched {
      network.withHost(id) { host, _ in notices[id.number].lookAt(host) }
      notices[id.number].moveFired(to: &fired)
    }
    return fired
  }

  func randomWord(for id: HostID) -> UInt64 {
    lock.withLock {
      while chances.count <= id.number {
        chances.append(RandomStream(seed: network.seed, purpose: .runtime, index: UInt64(chances.count)))
      }
      return chances[id.number].next()
    }
  }

  // MARK: The token

  /// Says whether the calling thread may block: it must be registered here.
  func admit(_ waiter: ThreadWaiter) throws(DriverError) {
    guard waiter.seat?.driver === self else { throw .unregisteredThread }
  }

  /// The calling thread waits: others run, or time moves on.
  func wait(_ waiter: ThreadWaiter, until deadline: Instant) -> WaitOutcome {
    guard let seat = waiter.seat, seat.driver === self else { return .deadlock }
    lock.lock()
    // What is waited for may have come between the registration and here.
    if seat.isFired {
      seat.isFired = false
      lock.unlock()
      return .fired
    }
    let alarm = Alarm { [unowned self] outcome in expire(seat, outcome) }
    seat.activity = .waiting
    seat.alarm = alarm
    alarms.insert(alarm, at: deadline)
    handOn(from: seat)
    lock.lock()
    let outcome = seat.outcome
    seat.isFired = false
    lock.unlock()
    return outcome
  }

  /// What the thread of `seat` waited for has come.
  func makeReady(_ seat: Seat) {
    lock.withLock {
      seat.isFired = true
      if seat.activity == .waiting { stopWaiting(seat, .fired) }
    }
  }

  /// The alarm of `seat` has rung.
  private func expire(_ seat: Seat, _ outcome: WaitOutcome) {
    lock.withLock {
      if seat.activity == .waiting { stopWaiting(seat, outcome) }
    }
  }

  /// The thread of `seat` may go on; at once, if nobody has the token. Under the lock.
  func stopWaiting(_ seat: Seat, _ outcome: WaitOutcome) {
    seat.outcome = outcome
    seat.activity = .ready
    if let alarm = seat.alarm { alarms.remove(alarm) }
    seat.alarm = nil
    ready.append(seat)
    guard running == nil, let next = ready.popFirst() else { return }
    running = next
    next.activity = .running
    next.parker.notify()
  }

  /// Lets `alarm` ring at `deadline`.
  func set(_ alarm: Alarm, at deadline: Instant) {
    lock.withLock { alarms.insert(alarm, at: deadline) }
  }

  /// Gives the token to the next seat that is ready, letting time pass until there is one; then, unless it is `seat` itself or that
  /// has ended, sleeps until the token comes back. Takes the lock over and releases it.
  func handOn(from seat: Seat) {
    while ready.count == 0 && !alarms.isEmpty { letTimePass() }
    let next = ready.popFirst()
    running = next
    next?.activity = .running
    let sleeps = seat.activity != .ended && next !== seat
    lock.unlock()
    if next !== seat { next?.parker.notify() }
    if sleeps { _ = seat.parker.sleep(until: .never) }
  }

  /// Lets the next thing happen in the network, or the next alarm ring; where neither will ever be, everybody who waits is told. Under
  /// the lock, which is released while waiters are fired.
  private func letTimePass() {
    let event = network.nextEventTime
    let deadline = alarms.earliest
    var fired = FiredWaiters()
    if event == .never && deadline == .never {
      alarms.takeAll(.deadlock, into: &fired)
    } else if event <= deadline {
      _ = network.step()
      fired = collect()
    } else {
      network.advance(to: deadline)
      alarms.takeDue(at: deadline, into: &fired)
    }
    guard !fired.isEmpty else { return }
    lock.unlock()
    fired.fire()
    lock.lock()
  }
}
