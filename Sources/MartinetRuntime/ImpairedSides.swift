import MartinetLinks
import MartinetSimulation
import MartinetTCP
import MartinetWire
import Synchronization

/// What is on its way from a host to an impaired link.
struct OutgoingSide: ~Copyable, Sendable {
  var wire: TimedPipe
  /// The link is full: what is due waits until it takes packets again.
  private(set) var isBlocked = false
  /// Locked for the compiler's sake: whoever has the side has the writer.
  private let writer = Mutex(PacketWriter())

  init(_ pipe: consuming ImpairedPipe) throws(LinkError) {
    wire = try TimedPipe(pipe)
  }

  /// Writes what is due at `time`, until `link` is full, and sets the timer.
  mutating func deliver(to link: any Link, by time: Instant) throws(LinkError) {
    isBlocked = false
    while try offerNext(to: link, by: time) {}
    if isBlocked { wire.disarm() } else { wire.arm() }
  }

  private mutating func offerNext(to link: any Link, by time: Instant) throws(LinkError) -> Bool {
    var isFull = false
    let isDealtWith = try wire.pipe.deliverNext(by: time) { packet throws(LinkError) in
      // What the link drops it has counted; the wire has done its part.
      let outcome = writer.withLock { writer in
        Result { () throws(LinkError) in try writer.write(packet, to: link) }
      }
      isFull = try outcome.get() == .wouldBlock
      return isFull ? .postponed : .taken
    }
    isBlocked = isFull
    return isDealtWith
  }
}

/// What is on its way from an impaired link to a host.
struct IncomingSide: ~Copyable {
  var wire: TimedPipe
  private static let batchSize = 64
  /// How often a link that has more than a batch is read at a time.
  private static let rounds = 4
  private let arrivals: ReceiveBatch
  private var pool: PagePool
  /// The octets of the packet that goes into the pipe.
  private var packet: [UInt8]

  init(_ pipe: consuming ImpairedPipe, readSize: Int) throws(LinkError) {
    wire = try TimedPipe(pipe)
    arrivals = ReceiveBatch(packets: IncomingSide.batchSize, size: readSize)
    let pages = (readSize + PagePool.pageSize - 1) / PagePool.pageSize
    pool = PagePool(limit: IncomingSide.batchSize * pages)
    packet = [UInt8](repeating: 0, count: readSize)
  }

  /// Puts what waits in `link` on its way.
  mutating func fetch(from link: any Link) throws(LinkError) {
    for _ in 0..<IncomingSide.rounds {
      arrivals.reserve(from: &pool)
      let number = try link.read(into: arrivals)
      let now = MonotonicClock.now
      for index in 0..<number {
        let arrival = arrivals.take(index, from: &pool)
        let count = arrival.chain.count
        packet.withMutableOctets(0..<count) { target in _ = pool.copy(arrival.chain, from: 0, into: &target) }
        pool.release(arrival.chain)
        packet.withOctets(0..<count) { wire.pipe.take($0, at: now) }
      }
      if number < arrivals.capacity { return }
    }
  }

  /// Puts what is due at `time` into `batch`, as much as there is room for, and sets the timer. A batch without any room loses what is
  /// due, as a device does whose host has no memory. Returns how many packets are in the batch.
  mutating func deliver(into batch: ReceiveBatch, by time: Instant) -> Int {
    let isWithoutMemory = batch.room == 0
    func receive(_ packet: RawSpan) -> ImpairedPipe.Reception {
      if isWithoutMemory || packet.byteCount > batch.size { return .refused }
      if batch.room == 0 { return .postponed }
      batch.append(packet)
      return .taken
    }
    while wire.pipe.deliverNext(by: time, receive) {}
    wire.arm()
    return batch.count
  }
}
