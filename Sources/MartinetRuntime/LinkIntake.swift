import MartinetLinks
import MartinetSimulation
import MartinetWire

/// Takes what a link brings, many packets at a time, and puts it into a pipe.
struct LinkIntake: ~Copyable {
  private static let batchSize = 64
  /// How often a link that has more than a batch is read at a time.
  private static let rounds = 4
  private let arrivals: ReceiveBatch
  private var pool: PagePool
  /// The octets of the packet that goes into the pipe.
  private var packet: [UInt8]

  init(readSize: Int) {
    arrivals = ReceiveBatch(packets: LinkIntake.batchSize, size: readSize)
    let pages = (readSize + PagePool.pageSize - 1) / PagePool.pageSize
    pool = PagePool(limit: LinkIntake.batchSize * pages)
    packet = [UInt8](repeating: 0, count: readSize)
  }

  /// Puts what waits in `link` into `pipe`.
  mutating func fetch(from link: any Link, into pipe: inout ImpairedPipe) throws(LinkError) {
    var round = 0
    while round < LinkIntake.rounds || link.holdsPackets {
      round += 1
      arrivals.reserve(from: &pool)
      let number = try link.read(into: arrivals)
      let now = MonotonicClock.now
      for index in 0..<number {
        let arrival = arrivals.take(index, from: &pool)
        let count = arrival.chain.count
        packet.withMutableOctets(0..<count) { target in _ = pool.copy(arrival.chain, from: 0, into: &target) }
        pool.release(arrival.chain)
        packet.withOctets(0..<count) { pipe.take($0, at: now) }
      }
      if number < arrivals.capacity && !link.holdsPackets { return }
    }
  }
}
