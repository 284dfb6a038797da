import MartinetStack
import Synchronization

/// What may come in any shard of a stack. Who waits for it waits here, and looks in all of them again when it rings.
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

  init(shards: Int) {
    let bell = Bell()
    self.bell = bell
    ropes = (0..<shards).map { _ in
      let hangs = Flag()
      let waiter = CallbackWaiter {
        // First: who looks after the ring has to hang it up again.
        hangs.isSet.store(false, ordering: .releasing)
        bell.ring()
      }
      return Rope(waiter: waiter, hangs: hangs)
    }
  }

  /// Looks in one shard after the other, each time beginning with another, until one has something; with none, `waiter` is registered.
  ///
  /// - Parameter look: where it finds nothing it registers, in the same turn, the waiter that its second argument then gives.
  func look<Found, Failure: Error>(
    otherwise waiter: Waiter?, in look: (Int, () -> Waiter?) throws(Failure) -> Found?
  ) throws(Failure) -> Found? {
    let start = Int(looks.add(1, ordering: .relaxed).oldValue % UInt(ropes.count))
    while true {
      let rings = bell.rings
      for offset in ropes.indices {
        let shard = (start + offset) % ropes.count
        let found = try look(shard) { waiter == nil ? nil : self.ropeToHang(in: shard) }
        if let found { return found }
      }
      guard let waiter else { return nil }
      if !bell.hasRung(since: rings, otherwise: waiter) { return nil }
    }
  }

  /// Nil while it still hangs in `shard`.
  private func ropeToHang(in shard: Int) -> Waiter? {
    let rope = ropes[shard]
    return rope.hangs.isSet.exchange(true, ordering: .acquiringAndReleasing) ? nil : rope.waiter
  }

  /// Cancels a registration; false if the waiter was taken out to be fired.
  func cancel(_ waiter: Waiter) -> Bool { bell.cancel(waiter) }
}
