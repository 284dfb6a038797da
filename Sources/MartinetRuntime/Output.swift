import CMartinetLinux
import MartinetLinks
import MartinetStack
import MartinetTCP
import MartinetWire

/// What waits to be written to the links. Belongs to the host's lock, except that whoever has the baton writes the batch outside it.
///
/// One thread at a time has the baton: it fills the batch under the lock, writes it outside, and comes back for more until the host has
/// none. A thread that finds the baton taken leaves its output to the one who has it, so that packets leave in
/// the order in which the host made them.
struct OutputState {
  let batch: DepartureBatch
  /// How many packets of the batch are dealt with.
  var written = 0
  /// Somebody writes.
  var isBusy = false
  /// The number of the link that took no more; the batch waits until it is writable.
  var blocked: Int?
  /// The thread of a ``LinkExecutor`` while it runs tasks: what its turns bring is written when all have run, so that a segment carries an answer together with the
  /// acknowledgement of what it answers.
  var gatherer: ThreadWaiter?
  /// How many packets of the batch were dropped because their link was full while other links were not; belongs to who has the baton.
  var refused = 0
  /// Those of the batches before it.
  var dropped: UInt64 = 0

  init(capacity: Int) {
    batch = DepartureBatch(capacity: capacity)
  }
}

extension RealDriver {
  /// How many batches a thread writes before it leaves the rest to who reads the links, so that no caller works for the others for ever.
  private static let batchesPerCaller = 16

  /// Takes the baton if there is something to write and nobody has it. Under the lock.
  func beginOutput(at now: Instant) -> Bool {
    guard !output.isBusy && output.blocked == nil else { return false }
    fillBatch(at: now)
    output.isBusy = output.batch.count > 0
    return output.isBusy
  }

  /// Whether what the calling thread brings waits. Under the lock.
  var isGathered: Bool { output.gatherer != nil && output.gatherer === ThreadWaiter.current }

  /// What was gathered waits no longer, nor does what follows.
  func endGathering() {
    lock.lock()
    output.gatherer = nil
    var settlement = settle(at: MonotonicClock.now)
    lock.unlock()
    conclude(&settlement)
  }

  private func fillBatch(at now: Instant) {
    output.written = 0
    output.dropped += UInt64(output.refused)
    output.refused = 0
    output.batch.fill { departure in host.pollTransmit(into: &departure, at: now) }
  }

  /// Writes until the host has no more, a link is full, or it is the loop's turn. Without the lock, with the baton.
  func writeOut(isLoop: Bool) {
    var batches = 0
    while true {
      let blocked = writeBatch()
      batches += 1
      let action = lock.withLock { () -> AfterBatch in
        if let blocked { return keepBatch(blockedBy: blocked) }
        output.batch.release { departure in host.release(&departure) }
        fillBatch(at: MonotonicClock.now)
        guard output.batch.count > 0 else {
          output.isBusy = false
          return .done(wakesLoop: takeLoopWake())
        }
        if isLoop ? attendance != .thread : batches < RealDriver.batchesPerCaller {
          return .more(wakesLoop: takeLoopWake())
        }
        output.isBusy = false
        output.blocked = RealDriver.leftToLoop
        if attendance == .thread { return .left }
        sleepsUntil = .zero
        return .done(wakesLoop: true)
      }
      switch action {
      case .more(let wakesLoop):
        if wakesLoop { wakeLoop() }
      case .done(let wakesLoop):
        if wakesLoop { wakeLoop() }
        return
      case .left:
        attendanceEvent.raise()
        return
      }
    }
  }

  private enum AfterBatch {
    case more(wakesLoop: Bool)
    case done(wakesLoop: Bool)
    /// The thread that attends to the links does the rest.
    case left
  }

  /// Stands where the number of a full link stands while a batch waits for the loop, or for the thread that attends in its place.
  static let leftToLoop = -1

  /// Writes the rest of the batch; returns the number of the link that is full.
  private func writeBatch() -> Int? {
    let batch = output.batch
    while output.written < batch.count {
      let number = interface(of: output.written)
      var end = output.written + 1
      while end < batch.count && interface(of: end) == number { end += 1 }
      guard number < links.count else {
        output.written = end
        continue
      }
      let range = output.written..<end
      // A link that has ended takes everything and gives nothing: the loop has noticed or will.
      let count = (try? links[number].link.write(batch, range)) ?? range.count
      output.written += count
      guard count < range.count else { continue }
      // With one link, the host waits for it. With several, a full one must not hold up the others: what it does not take
      // is lost, as in the queue of any router.
      if links.count == 1 { return number }
      output.refused += range.count - count
      output.written = end
    }
    return nil
  }

  /// The number of the interface that packet `index` of the batch leaves by: that of its link.
  private func interface(of index: Int) -> Int {
    output.batch.withDeparture(index) { Int($0.interface) }
  }

  /// The link is full: the batch stays, pinned, until the loop hears that the link is writable.
  private func keepBatch(blockedBy number: Int) -> AfterBatch {
    output.isBusy = false
    output.blocked = number
    watch(number)
    return .done(wakesLoop: takeLoopWake())
  }

  /// The turn of the loop, or of who attends in its place, to go on with a batch that was left. Under the lock.
  func resumeOutput(writable number: Int?) -> Bool {
    guard let blocked = output.blocked, blocked == RealDriver.leftToLoop || blocked == number else { return false }
    output.blocked = nil
    if blocked != RealDriver.leftToLoop { watch(blocked) }
    output.isBusy = true
    return true
  }
}
