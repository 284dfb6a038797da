import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// What turns a host. There are two.
enum Driver: Sendable {
  case real(RealDriver)
  /// A host of a simulated network.
  case virtual(VirtualDriver, host: HostID)
}

/// Where what a thread waits for comes in.
package enum AwaitedPlace: Sendable {
  /// In the shard of a connection.
  case connection(ConnectionHandle)
  /// In the shard of this number, at least sometimes.
  case shard(Int)
  /// In any shard, or by no link.
  case unknown

  /// Where datagrams come in.
  package static let datagrams = AwaitedPlace.shard(0)
}

/// One stack as programs use it, a host or several shards of one: every call that blocks elsewhere tries once here, and says who is to be told when it would do better.
///
/// Blocking sockets, async types, event-loop channels and a C interface are layers over it. Nothing of theirs runs under its lock.
package final class StackCore: Sendable {
  /// What turns the host, or the first shard: it also has the clock, the alarms, and what is no TCP connection's.
  let driver: Driver
  /// What turns the shards behind the first.
  let others: [RealDriver]
  /// Nil for a stack of one host.
  let shardCalls: ShardCalls?
  /// Who waits for the trace of several shards.
  let traceBell: ShardBell?
  /// What runs tasks for each shard, from the first time on that somebody asks for it.
  private let executors = Mutex<[LinkExecutor?]>([])

  init(_ driver: Driver) {
    self.driver = driver
    others = []
    shardCalls = nil
    traceBell = nil
  }

  /// A stack of several shards, which `drivers` turn.
  init(shards drivers: [RealDriver], _ steering: Steering) {
    driver = .real(drivers[0])
    others = Array(drivers.dropFirst())
    let calls = ShardCalls(steering)
    shardCalls = calls
    traceBell = ShardBell(calls)
  }

  /// Does something with the host under its lock, then what follows from it: output, wake-ups.
  func turn<Result, Failure: Error>(
    _ body: (inout Host, inout Notices, Instant) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch driver {
    case .real(let driver): try driver.turn(body)
    case .virtual(let driver, let host): try driver.turn(host, body)
    }
  }

  /// The same with the shard that `handle` belongs to.
  func turn<Result, Failure: Error>(
    of handle: ConnectionHandle, _ body: (inout Host, inout Notices, Instant) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try turn(in: others.isEmpty ? 0 : handle.shard, body)
  }

  /// The same with the shard of number `shard`, 0 for a stack of one host.
  func turn<Result, Failure: Error>(
    in shard: Int, _ body: (inout Host, inout Notices, Instant) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch driver {
    case .real(let first): try (shard > 0 && shard <= others.count ? others[shard - 1] : first).turn(body)
    case .virtual(let driver, let host): try driver.turn(host, body)
    }
  }

  package var shardCount: Int { others.count + 1 }

  /// What turns the host that `handle` belongs to; nil in virtual time.
  func driver(of handle: ConnectionHandle) -> RealDriver? { shardDriver(others.isEmpty ? 0 : handle.shard) }

  /// Nil in virtual time, and for a number that no shard has.
  func shardDriver(_ shard: Int) -> RealDriver? {
    if shard > 0 { return shard <= others.count ? others[shard - 1] : nil }
    if case .real(let first) = driver { return first }
    return nil
  }

  /// The drivers of real time, of all shards.
  var realDrivers: [RealDriver] { (0..<shardCount).compactMap { shardDriver($0) } }

  /// What runs tasks on a thread that reads the links of shard `shard`; nil in virtual time, and if the system has no thread left.
  package func executor(of shard: Int) -> LinkExecutor? {
    guard let driver = shardDriver(shard) else { return nil }
    return executors.withLock { executors in
      while executors.count <= shard { executors.append(nil) }
      if executors[shard] == nil { executors[shard] = try? LinkExecutor(on: driver) }
      return executors[shard]
    }
  }

  /// That of the shard of `handle`.
  package func executor(of handle: ConnectionHandle) -> LinkExecutor? {
    executor(of: others.isEmpty ? 0 : handle.shard)
  }

  /// The time of the host's clock.
  package var now: Instant {
    switch driver {
    case .real: MonotonicClock.now
    case .virtual(let driver, _): driver.now
    }
  }

  /// 64 bits that nobody outside can predict (RFC 4086); in virtual time they come from the seed.
  package func randomWord() -> UInt64 {
    switch driver {
    case .real: Entropy.word()
    case .virtual(let driver, let host): driver.randomWord(for: host)
    }
  }

  /// Whether the stack was shut down.
  package var isStopped: Bool {
    if case .real(let driver) = driver { driver.isStopping } else { false }
  }

  /// Says whether the calling thread may block here.
  package func admit() throws(DriverError) -> ThreadWaiter {
    let waiter = ThreadWaiter.current
    switch driver {
    case .real(let driver): try driver.admit(waiter)
    case .virtual(let driver, _): try driver.admit(waiter)
    }
    return waiter
  }

  /// Blocks the calling thread, whose waiter is registered somewhere.
  ///
  /// - Parameter place: where what it waits for comes in. The thread may read the links there meanwhile.
  package func wait(
    _ waiter: ThreadWaiter, at place: AwaitedPlace = .unknown, until deadline: Instant
  ) -> WaitOutcome {
    switch driver {
    case .real(let first):
      let shard = shard(of: place)
      return (shard.flatMap(shardDriver) ?? first).wait(waiter, until: deadline, mayAttend: shard != nil)
    case .virtual(let driver, _): return driver.wait(waiter, until: deadline)
    }
  }

  private func shard(of place: AwaitedPlace) -> Int? {
    if others.isEmpty { return 0 }
    return switch place {
    case .connection(let handle): handle.shard
    case .shard(let number): number
    case .unknown: nil
    }
  }

  /// Takes the notification of a waiter that was taken out to be fired, so that it does not end a later wait.
  package func consume(_ waiter: ThreadWaiter) {
    switch driver {
    case .real: _ = waiter.parker.sleep(until: .never)
    case .virtual(let driver, _): _ = driver.wait(waiter, until: .never)
    }
  }
}
