import MartinetLinks
import MartinetStack
import MartinetTCP
import MartinetWire

// How a stack begins and ends.
extension StackCore {
  /// A stack in real time on links. If it can't be, the links are closed.
  package static func overLinks(
    _ links: [DriverLink], configuration: HostConfiguration, spinning: Spinning
  ) throws(LinkError) -> StackCore {
    precondition(links.count <= 64, "a stack has at most 64 links")
    let secret = HostSecret(Entropy.word(), Entropy.word())
    do throws(LinkError) {
      let driver = try RealDriver(
        host: Host(configuration: configuration, secret: secret), links: links, spinning: spinning)
      try driver.start(name: "martinet")
      return StackCore(.real(driver))
    } catch {
      for link in links { link.link.close() }
      throw error
    }
  }

  /// Resets what is open and stops the host; in virtual time only the former. Returns when the links are closed.
  package func stop() {
    turn { host, _, now in host.abortAll(at: now) }
    if case .real(let driver) = driver { driver.stop() }
  }

  /// Nobody holds the stack any more: as ``stop()``, without waiting.
  package func abandon() {
    guard case .real(let driver) = driver, !driver.isStopping else { return }
    turn { host, _, now in host.abortAll(at: now) }
    driver.beginStop()
  }

  /// Whether nothing that this host has sent is unacknowledged any more; registers `waiter` otherwise.
  package func isQuiet(otherwise waiter: Waiter?) -> Bool {
    turn { host, notices, _ in
      if !host.hasUnfinishedBusiness { return true }
      if let waiter { notices.quiet.append(waiter) }
      return false
    }
  }

  /// Cancels a registration for quiet; false if the waiter was taken out to be fired.
  package func cancelQuiet(_ waiter: Waiter) -> Bool {
    turn { _, notices, _ in notices.quiet.remove(waiter) }
  }

  package var statistics: HostStatistics { turn { host, _, _ in host.statistics } }

  /// The links that have ended, each with its reason.
  package var lostLinks: [LinkError] {
    guard case .real(let driver) = driver else { return [] }
    return driver.lock.withLock { driver.lostLinks }
  }

  /// The packets that were dropped because their link was full while others were not.
  package var outputDrops: UInt64 {
    guard case .real(let driver) = driver else { return 0 }
    return driver.lock.withLock { driver.output.dropped }
  }

  /// The pages of the host's pool that somebody holds.
  package var pagesInUse: Int { turn { host, _, _ in host.environment.pool.pagesInUse } }

  /// How often the loop has turned; 0 in virtual time, which has none.
  package var loopTurns: Int {
    guard case .real(let driver) = driver else { return 0 }
    return driver.lock.withLock { driver.loopTurns }
  }

  /// How often a call had to wake the loop; 0 in virtual time.
  package var loopWakes: Int {
    guard case .real(let driver) = driver else { return 0 }
    return driver.lock.withLock { driver.loopWakes }
  }

  /// Whether a route leads to `address`.
  package func canReach(_ address: IPAddress) -> Bool {
    turn { host, _, _ in host.canReach(address) }
  }
}
