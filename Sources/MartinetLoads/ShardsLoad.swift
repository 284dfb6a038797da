import Glibc
import MartinetRuntime
import MartinetStack
import MartinetTCP
import MartinetWire
import Synchronization

/// Threads that each have a bulk transfer of their own, both ends of it: what shards cost each other that share nothing.
final class ShardsLoad: Sendable {
  /// What one run took.
  struct Outcome {
    /// The seconds from the first octet of any thread to the last of all.
    var elapsed: Double
    /// The seconds of processor time that all threads had together.
    var processor: Double
  }

  private let octets: Int
  private let shards: Int
  /// Threads that are ready to begin.
  private let ready = Atomic(0)
  private let ended = Atomic(0)
  private let results: Mutex<[Result<Double, LoadError>]>

  private init(octets: Int, shards: Int) {
    self.octets = octets
    self.shards = shards
    results = Mutex([])
  }

  /// Carries `octets` in each of `shards` threads at once.
  static func run(octets: Int, shards: Int) throws(LoadError) -> Outcome {
    let load = ShardsLoad(octets: octets, shards: shards)
    for number in 1..<max(2, shards) where number < shards {
      guard OSThread.start(name: "shard \(number)", { load.work() }) else {
        load.ended.add(shards, ordering: .relaxed)
        throw .sockets("the system has no thread left")
      }
    }
    let elapsed = load.work()
    var processor = 0.0
    for result in load.results.withLock({ $0 }) { processor += try result.get() }
    return Outcome(elapsed: elapsed, processor: processor)
  }

  /// Runs one shard; returns the seconds until all have ended.
  @discardableResult
  private func work() -> Double {
    let result: Result<Double, LoadError>
    var start = 0.0
    do throws(HostError) {
      var load = try BulkLoad(.usual(turn: 64))
      _ = try load.carry(octets / 20)
      ready.add(1, ordering: .acquiringAndReleasing)
      // Whoever fails never becomes ready, and ends.
      while ready.load(ordering: .acquiring) + ended.load(ordering: .acquiring) < shards { sched_yield() }
      start = ShardsLoad.seconds(CLOCK_MONOTONIC)
      let processor = ShardsLoad.seconds(CLOCK_THREAD_CPUTIME_ID)
      let arrived = try load.carry(octets)
      let taken = ShardsLoad.seconds(CLOCK_THREAD_CPUTIME_ID) - processor
      result = arrived >= octets ? .success(taken) : .failure(.incomplete("\(arrived) of \(octets) octets"))
    } catch {
      result = .failure(.refused(error))
    }
    results.withLock { $0.append(result) }
    ended.add(1, ordering: .acquiringAndReleasing)
    while ended.load(ordering: .acquiring) < shards { sched_yield() }
    return ShardsLoad.seconds(CLOCK_MONOTONIC) - start
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

extension Figure {
  /// How often one and two shards are measured, taking turns.
  private static let rounds = 5

  static func shards(_ effort: Effort) throws(LoadError) -> [Figure] {
    let octets = effort.octets / rounds
    var (one, two): ([ShardsLoad.Outcome], [ShardsLoad.Outcome]) = ([], [])
    for _ in 0..<rounds {
      one.append(try ShardsLoad.run(octets: octets, shards: 1))
      two.append(try ShardsLoad.run(octets: octets, shards: 2))
    }
    let single = median(one.map { Double(octets) * 8 / $0.elapsed / 1e9 })
    let double = median(two.map { Double(octets) * 16 / $0.elapsed / 1e9 })
    let byClock = median(zip(one, two).map { 2 * $0.elapsed / $1.elapsed })
    // A machine that has other things to do gives two threads less than twice the time of one; what a thread makes of its time it can't change.
    let byProcessor = median(zip(one, two).map { 4 * $0.processor / $1.processor })
    return [
      Figure("shards: bulk in one thread, both ends", single, "Gbit/s"),
      Figure("shards: bulk in two threads, each both ends of its own", double, "Gbit/s"),
      Figure("shards: two threads, by the clock", byClock, "times one"),
      Figure("shards: two threads, by processor time", byProcessor, "times one"),
    ]
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
