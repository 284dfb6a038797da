import CMartinetLinux
import MartinetWire

/// Pages that were reserved for one packet, as the system's calls want them.
final class ReceiveSlot {
  /// The reserved pages; empty when the slot has none.
  var chain = PageChain()
  let pieces: UnsafeMutablePointer<iovec>
  private(set) var pieceCount = 0
  /// The octets that the link has put into the pages.
  var received = 0

  init(pieces capacity: Int) {
    pieces = .allocate(capacity: capacity)
    pieces.initialize(repeating: iovec(), count: capacity)
  }

  deinit {
    pieces.deallocate()
  }

  var isReserved: Bool { pieceCount > 0 }

  func reserve(_ size: Int, from pool: inout PagePool) -> Bool {
    guard let pages = pool.allocateChain(capacity: size) else { return false }
    chain = pages
    pool.forEachRoom(of: chain) { room in
      pieces[pieceCount] = iovec(iov_base: room.start, iov_len: room.count)
      pieceCount += 1
    }
    return true
  }

  func takeChain() -> PageChain {
    pieceCount = 0
    var taken = PageChain()
    swap(&taken, &chain)
    return taken
  }

  /// The beginning of what was received: as much of it as lies in the first page.
  var beginning: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: pieces[0].iov_base, count: min(received, Int(pieces[0].iov_len)))
  }

  /// Visits the received octets in order.
  func forEachRun(_ body: (UnsafeRawBufferPointer) -> Void) {
    forEachRoom(upTo: received) { body(UnsafeRawBufferPointer($0)) }
  }

  /// Visits the first `count` octets of the reserved pages in order, to be filled.
  func forEachRoom(upTo count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
    var left = count
    for index in 0..<pieceCount where left > 0 {
      let length = min(left, Int(pieces[index].iov_len))
      body(UnsafeMutableRawBufferPointer(start: pieces[index].iov_base, count: length))
      left -= length
    }
  }
}

/// Room for the packets of one wake-up, which a link reads straight into the pages of the host's pool.
///
/// Under the host's lock call ``reserve(from:)``; outside it let the link read; under the lock again ``take(_:trimming:)`` each packet. Pages that
/// were not needed stay reserved for the next wake-up. Used by one thread at a time.
public final class ReceiveBatch: @unchecked Sendable {
  /// The most packets of one wake-up.
  public let capacity: Int
  /// The octets of the largest packet.
  public let size: Int
  /// The packets that the link has read and nobody has taken yet begin at 0; this is where they end.
  public private(set) var count = 0
  private(set) var slots: [ReceiveSlot]
  /// The slots that have pages: the first so many.
  private(set) var reserved = 0

  /// - Parameters:
  ///   - packets: the most packets of one wake-up, at least 1.
  ///   - size: the ``Link/readSize`` of the link.
  public init(packets: Int, size: Int) {
    precondition(packets > 0 && size > 0, "a batch has room for at least one octet")
    capacity = packets
    self.size = size
    let pages = (size + PagePool.pageSize - 1) / PagePool.pageSize
    slots = (0..<packets).map { _ in ReceiveSlot(pieces: pages) }
  }

  /// Takes the pages that are missing; fewer than all if the pool is exhausted.
  public func reserve(from pool: inout PagePool) {
    precondition(count == 0, "packets of the last wake-up have not been taken")
    while reserved < capacity, slots[reserved].reserve(size, from: &pool) {
      reserved += 1
    }
  }

  /// The packet with number `index`, of its true length; call it once for each of 0 ..< ``count``, in order.
  public func take(_ index: Int, trimming pool: inout PagePool) -> Packet {
    precondition(index < count && slots[index].isReserved, "a packet is taken that nobody read")
    var chain = slots[index].takeChain()
    pool.keepFirst(slots[index].received, of: &chain)
    if index == count - 1 { closeRanks() }
    return Packet(chain)
  }

  /// Gives all reserved pages back.
  public func release(to pool: inout PagePool) {
    for slot in slots where slot.isReserved {
      pool.release(slot.takeChain())
    }
    count = 0
    reserved = 0
  }

  /// Moves the slots that still have pages to the front.
  private func closeRanks() {
    var front = 0
    for index in count..<reserved {
      slots.swapAt(front, index)
      front += 1
    }
    reserved -= count
    count = 0
  }

  /// How many packets ``append(_:)`` still takes.
  public var room: Int { reserved - count }

  /// Takes a copy of a packet that a link has elsewhere; there must be ``room``, and at most ``size`` octets.
  public func append(_ packet: RawSpan) {
    precondition(room > 0 && packet.byteCount <= size, "a packet is put where there is no room")
    let slot = slots[count]
    slot.received = packet.byteCount
    packet.withUnsafeBytes { octets in
      var position = 0
      slot.forEachRoom(upTo: octets.count) { room in
        room.copyMemory(from: UnsafeRawBufferPointer(rebasing: octets[position..<position + room.count]))
        position += room.count
      }
    }
    count += 1
  }

  /// What the link has read: the first `number` slots.
  func finish(_ number: Int) {
    count = number
  }

  func swapSlots(_ one: Int, _ other: Int) {
    if one != other { slots.swapAt(one, other) }
  }
}
