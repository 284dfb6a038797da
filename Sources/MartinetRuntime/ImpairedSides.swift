import MartinetLinks
import MartinetSimulation
import MartinetTCP
import MartinetWire
import Synchronization

/// What is on its way to a link, behind a pipe.
struct OutgoingSide: ~Copyable, Sendable {
  var wire: TimedPipe
  /// How late packets left.
  private(set) var lateness = Lateness()
  /// The least time between two deliveries: what becomes due meanwhile leaves together.
  private let pause: Interval
  /// The link is full: what is due waits until it takes packets again.
  private(set) var isBlocked = false
  /// Locked for the compiler's sake: whoever has the side has the writer.
  private let writer = Mutex(PacketWriter())

  init(_ pipe: consuming ImpairedPipe, pause: Interval = .zero) throws(LinkError) {
    wire = try TimedPipe(pipe)
    self.pause = pause
  }

  /// Writes what is due at `time`, until `link` is full, and sets the timer.
  mutating func deliver(to link: any Link, by time: Instant) throws(LinkError) {
    isBlocked = false
    var due = wire.pipe.nextArrival
    if due <= time { lateness.deliveries += 1 }
    while try offerNext(to: link, by: time) {
      lateness.count(time - due)
      due = wire.pipe.nextArrival
    }
    if isBlocked { wire.disarm() } else { wire.arm(notBefore: time + pause) }
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
  private var intake: LinkIntake

  init(_ pipe: consuming ImpairedPipe, readSize: Int) throws(LinkError) {
    wire = try TimedPipe(pipe)
    intake = LinkIntake(readSize: readSize)
  }

  /// Puts what waits in `link` on its way.
  mutating func fetch(from link: any Link) throws(LinkError) {
    try intake.fetch(from: link, into: &wire.pipe)
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
    wire.arm(notBefore: .zero)
    return batch.count
  }
}
