import MartinetLinks
import MartinetStack
import MartinetTCP
import MartinetWire

// How a stack begins and ends.
extension StackCore {
  /// A stack in real time on links: one shard for each element, on links of its own. If it can't be, the links are closed.
  package static func overLinks(
    _ shards: [[DriverLink]], configuration: HostConfiguration, spinning: Spinning
  ) throws(LinkError) -> StackCore {
    precondition(shards.allSatisfy { $0.count <= 64 }, "a stack has at most 64 links")
    let secret = HostSecret(Entropy.word(), Entropy.word())
    let steering = Steering(secret: secret, shards: shards.count)
    let places = ShardPlace.all(of: steering, handoverOctets: configuration.handoverOctets)
    var started: [RealDriver] = []
    do throws(LinkError) {
      var drivers: [RealDriver] = []
      for (number, links) in shards.enumerated() {
        let host = Host(
          configuration: configuration.share(of: number, among: shards.count), secret: secret,
          share: ShardShare(number, of: steering))
        drivers.append(
          try RealDriver(host: host, links: links, spinning: spinning, shard: places.isEmpty ? nil : places[number]))
      }
      for driver in drivers {
        try driver.start(name: "martinet")
        started.append(driver)
      }
      return drivers.count == 1 ? StackCore(.real(drivers[0])) : StackCore(shards: drivers, steering)
    } catch {
      for driver in started { driver.stop() }
      for links in shards { for link in links { link.link.close() } }
      throw error
    }
  }

  /// Resets what is open and stops the host; in virtual time only the former. Returns when the links are closed.
  package func stop() {
    shardCalls?.end()
    for shard in 0..<shardCount { turn(in: shard) { host, _, now in host.abortAll(at: now) } }
    // The first last: its links take back what they have set up on the kernel's side, which the resets of the others need.
    for driver in realDrivers.reversed() { driver.stop() }
    // Who has begun to wait in one of the others after its end, and before the end of the first, which is that of the stack.
    for driver in others { driver.letGo() }
  }

  /// Nobody holds the stack any more: as ``stop()``, without waiting.
  package func abandon() {
    guard case .real(let driver) = driver, !driver.isStopping else { return }
    for shard in 0..<shardCount { turn(in: shard) { host, _, now in host.abortAll(at: now) } }
    StackCore.stopInTurn(realDrivers[...])
  }

  /// Stops the last of `drivers`, then the one before it, and so on to the first, whose links the others need. Nobody waits: the end of one begins that of the next.
  private static func stopInTurn(_ drivers: ArraySlice<RealDriver>) {
    drivers.last?.beginStop(telling: CallbackWaiter { stopInTurn(drivers.dropLast()) })
  }

  /// Whether nothing that this stack has sent is unacknowledged any more; registers `waiter` otherwise.
  package func isQuiet(otherwise waiter: Waiter?) -> Bool {
    (0..<shardCount).allSatisfy { shard in
      turn(in: shard) { host, notices, _ in
        if !host.hasUnfinishedBusiness { return true }
        if let waiter { notices.quiet.append(waiter) }
        return false
      }
    }
  }

  /// Cancels a registration for quiet; false if the waiter was taken out to be fired.
  package func cancelQuiet(_ waiter: Waiter) -> Bool {
    (0..<shardCount).contains { shard in turn(in: shard) { _, notices, _ in notices.quiet.remove(waiter) } }
  }

  package var statistics: HostStatistics {
    var all = turn { host, _, _ in host.statistics }
    for shard in 1..<max(1, shardCount) { all.add(turn(in: shard) { host, _, _ in host.statistics }) }
    return all
  }

  /// The links that have ended, each with its reason.
  package var lostLinks: [LinkError] { realDrivers.flatMap { driver in driver.lock.withLock { driver.lostLinks } } }

  /// The packets that were dropped because their link was full while others were not.
  package var outputDrops: UInt64 {
    realDrivers.reduce(0) { sum, driver in sum + driver.lock.withLock { driver.output.dropped } }
  }

  /// The pages of the pools that somebody holds.
  package var pagesInUse: Int {
    (0..<shardCount).reduce(0) { sum, shard in
      sum + turn(in: shard) { host, _, _ in host.environment.pool.pagesInUse }
    }
  }

  /// How often the loops have turned; 0 in virtual time, which has none.
  package var loopTurns: Int {
    realDrivers.reduce(0) { sum, driver in sum + driver.lock.withLock { driver.loopTurns } }
  }

  /// How often threads that waited for something have turned in a loop's place; 0 in virtual time.
  package var attendedTurns: Int {
    realDrivers.reduce(0) { sum, driver in sum + driver.lock.withLock { driver.attendedTurns } }
  }

  /// How often a call had to wake a loop; 0 in virtual time.
  package var loopWakes: Int {
    realDrivers.reduce(0) { sum, driver in sum + driver.lock.withLock { driver.loopWakes } }
  }

  /// Whether a route leads to `address`.
  package func canReach(_ address: IPAddress) -> Bool {
    turn { host, _, _ in host.canReach(address) }
  }
}
