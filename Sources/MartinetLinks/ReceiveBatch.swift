import CMartinetLinux
import MartinetWire

/// Room for the packets of one wake-up, which a link reads straight into the pages of the host's pool.
///
/// Under the host's lock call ``reserve(from:)``; outside it let the link read; under the lock again ``take(_:from:)`` each packet. Pages that
/// were not needed stay reserved for the next wake-up. Used by one thread at a time, which is why nothing asks, for each access, whether there is another.
public final class ReceiveBatch: @unchecked Sendable {
  /// The most packets of one wake-up.
  public let capacity: Int
  /// The octets of the largest packet.
  public let size: Int
  /// The packets that the link has read and nobody has taken yet begin at 0; this is where they end.
  @exclusivity(unchecked) public private(set) var count = 0
  @exclusivity(unchecked) package private(set) var slots: [ReceiveSlot]
  /// The slots that have all their pages: the first so many.
  @exclusivity(unchecked) private(set) var reserved = 0
  /// Behind the first so many slots all have their pages.
  @exclusivity(unchecked) private var incomplete: Int
  /// A link had better stop after so many octets, though there are slots left: what is read is to be still in a processor's cache when it is taken.
  private static let mostOctets = 1 << 20
  /// Those of the packets that were read, where the link says so.
  @exclusivity(unchecked) private var octets = 0

  /// - Parameters:
  ///   - packets: the most packets of one wake-up, at least 1.
  ///   - size: the ``Link/readSize`` of the link.
  public init(packets: Int, size: Int) {
    precondition(packets > 0 && size > 0, "a batch has room for at least one octet")
    capacity = packets
    incomplete = packets
    self.size = size
    slots = (0..<packets).map { _ in ReceiveSlot(size: size) }
  }

  /// Takes the pages that are missing; fewer than all if the pool is exhausted.
  public func reserve(from pool: inout PagePool) {
    precondition(count == 0, "packets of the last wake-up have not been taken")
    for index in 0..<incomplete where !slots[index].reserve(from: &pool) { return reserveSome(from: &pool) }
    incomplete = 0
    reserved = capacity
  }

  /// The pool is exhausted: the slots that have all their pages come first.
  private func reserveSome(from pool: inout PagePool) {
    incomplete = capacity
    reserved = 0
    for index in 0..<capacity where slots[index].reserve(from: &pool) {
      swapSlots(reserved, index)
      reserved += 1
    }
  }

  /// The packet with number `index`, in the pages that it needs; call it once for each of 0 ..< ``count``, in order.
  public func take(_ index: Int, from pool: inout PagePool) -> Packet {
    precondition(index < count, "a packet is taken that nobody read")
    let slot = slots[index]
    if index == count - 1 {
      incomplete = max(incomplete, count)
      octets = 0
      count = 0
      reserved = 0
    }
    return Packet(slot.takePages(from: &pool), trust: slot.trust, segmentSize: slot.segmentSize)
  }

  /// Gives all reserved pages back.
  public func release(to pool: inout PagePool) {
    for slot in slots { slot.release(to: &pool) }
    incomplete = capacity
    count = 0
    reserved = 0
  }

  /// Keeps of what the link has read the packets that `keeps` says yes to, in their order; the pages of the others stay reserved.
  package func filter(_ keeps: (ReceiveSlot) -> Bool) {
    var kept = 0
    for index in 0..<count where keeps(slots[index]) {
      swapSlots(kept, index)
      kept += 1
    }
    count = kept
    // Where none is left nobody takes the last one.
    if kept == 0 { octets = 0 }
  }

  /// Whether the link has stopped before it had nothing more.
  public var mayHaveMore: Bool { count == capacity || octets >= ReceiveBatch.mostOctets }

  /// How many packets ``append(_:)`` still takes.
  public var room: Int { reserved - count }

  /// Takes a copy of a packet that a link has elsewhere; there must be ``room``, and at most ``size`` octets.
  public func append(_ packet: RawSpan) {
    precondition(room > 0 && packet.byteCount <= size, "a packet is put where there is no room")
    let slot = slots[count]
    slot.arrived(packet.byteCount)
    packet.withUnsafeBytes { octets in
      var position = 0
      slot.forEachRoom(upTo: octets.count) { room in
        room.copyMemory(from: UnsafeRawBufferPointer(rebasing: octets[position..<position + room.count]))
        position += room.count
      }
    }
    count += 1
  }

  /// Whether a link that has read `number` packets of together `octets` octets should read another.
  package func takesMore(_ number: Int, octets: Int) -> Bool { number < reserved && octets < ReceiveBatch.mostOctets }

  /// What the link has read: the first `number` slots, of together `octets` octets.
  package func finish(_ number: Int, octets: Int) {
    count = number
    self.octets = octets
  }

  func swapSlots(_ one: Int, _ other: Int) {
    if one != other { slots.swapAt(one, other) }
  }
}
