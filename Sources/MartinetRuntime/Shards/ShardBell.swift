import MartinetStack
import Synchronization

/// What may come in any shard of a stack. Who waits for it waits here, and looks in all of them again when it rings.
///
/// What comes in a shard pulls its rope and wakes one who waits. So the rope has to hang again as soon as somebody has looked there, whatever he found: he may
/// leave with it, and others wait on. And who leaves something behind pulls it himself. The end of the stack wakes everybody.
package final class ShardBell: Sendable {
  /// Hangs in one shard, where the next event pulls it.
  private struct Rope {
    let waiter: Waiter
    let hangs: Flag
  }

  private final class Flag: Sendable {
    let isSet = Atomic(false)
  }

  private let bell: Bell
  private let ropes: [Rope]
  private let looks = Atomic<UInt>(0)
  private let calls: ShardCalls

  init(_ calls: ShardCalls) {
    let bell = Bell()
    self.bell = bell
    self.calls = calls
    ropes = (0..<calls.steering.shards).map { _ in
      let hangs = Flag()
      let waiter = CallbackWaiter {
        // First: who looks after the ring has to hang it up again.
        hangs.isSet.store(false, ordering: .releasing)
        if calls.hasEnded { bell.ring() } else { bell.ringForOne() }
      }
      return Rope(waiter: waiter, hangs: hangs)
    }
  }

  /// Looks in one shard after the other, each time beginning with another, until one has something; with none, `waiter` is registered.
  ///
  /// - Parameter look: registers, in the same turn, the rope that its second argument gives, if any; if something is left in the end, it pulls it.
  func look<Found, Failure: Error>(
    otherwise waiter: Waiter?, in look: (Int, () -> Waiter?) throws(Failure) -> Found?
  ) throws(Failure) -> Found? {
    let start = Int(looks.add(1, ordering: .relaxed).newValue % UInt(ropes.count))
    while true {
      let rings = bell.rings
      for offset in ropes.indices {
        let shard = (start + offset) % ropes.count
        if let found = try look(shard, { self.ropeToHang(in: shard) }) {
          // Who was woken may have looked before the end, and hung up a rope behind it.
          if calls.hasEnded { bell.ring() }
          return found
        }
      }
      guard let waiter else { return nil }
      if !bell.hasRung(since: rings, otherwise: waiter) { return nil }
    }
  }

  /// The shard in which somebody has looked first, the last time.
  var lastLook: Int { Int(looks.load(ordering: .relaxed) % UInt(ropes.count)) }

  /// Nil while it still hangs in `shard`.
  private func ropeToHang(in shard: Int) -> Waiter? {
    let rope = ropes[shard]
    return rope.hangs.isSet.exchange(true, ordering: .acquiringAndReleasing) ? nil : rope.waiter
  }

  /// Wakes everybody: there will be nothing any more.
  func ringForAll() { bell.ring() }

  /// Cancels a registration; false if the waiter was taken out to be fired.
  func cancel(_ waiter: Waiter) -> Bool { bell.cancel(waiter) }
}
