import MartinetWire

/// The octets that a program has written and the peer has not acknowledged, in pages; the first octet is the one at
/// SND.UNA, or behind the SYN.
package struct SendQueue {
  /// All pages but the last are full, so that a position finds its page by division.
  private var pages = RingBuffer<PageIndex>(filler: .none)
  /// The octets of the first page that are acknowledged.
  private var headOffset = 0
  package private(set) var count = 0

  package init() {}

  /// Copies as much of `bytes` as the pool has pages for; returns how much.
  package mutating func append(_ bytes: RawSpan, to pool: inout PagePool) -> Int {
    var copied = 0
    while copied < bytes.byteCount {
      let end = headOffset + count
      let within = end % PagePool.pageSize
      if within == 0 {
        guard let page = pool.allocate() else { break }
        pages.append(page)
      }
      let length = min(bytes.byteCount - copied, PagePool.pageSize - within)
      pool.write(bytes.extracting(copied..<(copied + length)), to: pages[pages.count - 1], at: within)
      copied += length
      count += length
    }
    return copied
  }

  /// Forgets the first `octets`: they are acknowledged.
  package mutating func removeFirst(_ octets: Int, in pool: inout PagePool) {
    precondition(octets <= count, "more octets are acknowledged than were written")
    headOffset += octets
    count -= octets
    while headOffset >= PagePool.pageSize {
      if let page = pages.first { pool.unpin(page) }
      pages.removeFirst()
      headOffset -= PagePool.pageSize
    }
    if count == 0 { removeAll(in: &pool) }
  }

  /// Appends up to `length` octets from `offset` on to `departure`; returns how many found room.
  package func gather(from offset: Int, length: Int, into departure: inout Departure, in pool: inout PagePool) -> Int {
    precondition(offset >= 0 && length >= 0 && offset + length <= count, "octets are sent that nobody wrote")
    var position = headOffset + offset
    var remaining = length
    while remaining > 0 {
      let within = position % PagePool.pageSize
      let taken = min(remaining, PagePool.pageSize - within)
      let page = pages[position / PagePool.pageSize]
      guard departure.append(page: page, offset: within, count: taken, in: &pool) else { break }
      position += taken
      remaining -= taken
    }
    return length - remaining
  }

  /// Gives every page back.
  package mutating func removeAll(in pool: inout PagePool) {
    for index in 0..<pages.count { pool.unpin(pages[index]) }
    pages.removeAll()
    headOffset = 0
    count = 0
  }
}
