import CMartinetLinux
import Glibc
import MartinetLinks
import MartinetSimulation
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// A wire between two links that fails on purpose, in real time: what either link brings leaves by the other one, after the mishaps of a
/// simulated wire.
///
/// One thread calls ``turn(within:)`` again and again; what is counted may be asked by others meanwhile.
public final class ImpairedBridge: Sendable {
  /// The two ways across the bridge.
  public enum Direction: Hashable, Sendable, CaseIterable {
    /// From the first link to the second.
    case forth
    /// From the second link to the first.
    case back
  }

  /// One way: in at a link, through a pipe, out at the other link.
  private struct Way: ~Copyable {
    var intake: LinkIntake
    var side: OutgoingSide
  }

  /// The least time between two deliveries of a direction, so that at high rates several packets leave at each wake-up. A packet is late by no more for
  /// it than by what a network card's moderation of interrupts adds.
  public static let pause = Interval.microseconds(200)

  private let first: any Link
  private let second: any Link
  private let forth: Mutex<Way>
  private let back: Mutex<Way>
  private let epoll: Int32

  /// Lays a wire between two links of the same kind, which the bridge closes in the end.
  ///
  /// - Parameters:
  ///   - forth: what happens to packets from `first` to `second`.
  ///   - back: what happens to packets from `second` to `first`.
  ///   - seed: where chance comes from; the two directions have nothing in common.
  ///   - maximumPackets: the bound of ``ImpairedPipe``, in each direction.
  public init(
    _ first: any Link, _ second: any Link, forth: Impairment, back: Impairment, seed: UInt64,
    maximumPackets: Int = 1 << 16
  ) throws(LinkError) {
    self.first = first
    self.second = second
    first.endOffload()
    second.endOffload()
    let linkHeader =
      switch first.description.kind {
      case .ethernet: 14
      case .ip: 0
      }
    func lay(_ impairment: Impairment, index: UInt64, from link: any Link) throws(LinkError) -> Way {
      let pipe = ImpairedPipe(
        impairment, seed: seed, index: index, linkHeader: linkHeader, maximumPackets: maximumPackets)
      let side = try OutgoingSide(pipe, pause: ImpairedBridge.pause)
      return Way(intake: LinkIntake(readSize: link.readSize), side: side)
    }
    let out = try lay(forth, index: 0, from: first)
    let home = try lay(back, index: 1, from: second)
    epoll = try Epoll.gather([first.descriptor, second.descriptor, out.side.wire.timer, home.side.wire.timer])
    self.forth = Mutex(out)
    self.back = Mutex(home)
  }

  deinit {
    first.close()
    second.close()
    _ = Glibc.close(epoll)
  }

  // MARK: What it counts

  /// What became of the packets in `direction`.
  public func statistics(of direction: Direction) -> ChannelStatistics {
    withWay(direction) { $0.side.wire.pipe.statistics }
  }

  /// How late the packets left in `direction`.
  public func lateness(of direction: Direction) -> Lateness {
    withWay(direction) { $0.side.lateness }
  }

  /// What the link counts at which `direction` ends.
  public func exitStatistics(of direction: Direction) -> LinkStatistics {
    direction == .forth ? second.statistics : first.statistics
  }

  private func withWay<Result: Sendable>(
    _ direction: Direction, _ body: (inout Way) -> Result
  ) -> Result {
    switch direction {
    case .forth: forth.withLock { body(&$0) }
    case .back: back.withLock { body(&$0) }
    }
  }

  // MARK: What it does

  /// Waits until there is something to do, at most `patience`, and does it.
  /// - Throws: ``LinkError/gone(_:)`` when one of the links has ended.
  public func turn(within patience: Interval = .forever) throws(LinkError) {
    var reports = (martinet_readiness(), martinet_readiness(), martinet_readiness(), martinet_readiness())
    let count = withUnsafeMutableBytes(of: &reports) { octets in
      martinet_epoll_wait(
        epoll, octets.assumingMemoryBound(to: martinet_readiness.self).baseAddress, 4,
        patience == .forever ? -1 : patience.nanoseconds)
    }
    if count < 0 && count != -EINTR { throw .system("epoll_wait", code: -count) }
    try carry(forth, from: first, to: second)
    try carry(back, from: second, to: first)
  }

  private func carry(_ way: borrowing Mutex<Way>, from entry: any Link, to exit: any Link) throws(LinkError) {
    let outcome = way.withLock { way in
      Result { () throws(LinkError) in
        try way.intake.fetch(from: entry, into: &way.side.wire.pipe)
        let wasBlocked = way.side.isBlocked
        try way.side.deliver(to: exit, by: MonotonicClock.now)
        if way.side.isBlocked != wasBlocked { Epoll.watch(epoll, exit.descriptor, forRoom: way.side.isBlocked) }
      }
    }
    try outcome.get()
  }
}
