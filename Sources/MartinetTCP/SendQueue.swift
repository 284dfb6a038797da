import MartinetWire

/// The octets that a program has written and the peer has not acknowledged, in pages; the first octet is the one at
/// SND.UNA, or behind the SYN.
package struct SendQueue: ~Copyable {
  /// All pages but the last are full, so that a position finds its page by division.
  private var pages = RingBuffer<PageIndex>()
  /// The octets of the first page that are acknowledged.
  private var headOffset = 0
  package private(set) var count = 0

  package init() {}

  /// The page of the octet at `position` behind the head of the first page, and where it is in that.
  @inline(__always)
  private static func place(_ position: Int) -> (page: Int, within: Int) {
    // Positions are never negative: as numbers without a sign their division takes a shift.
    let (page, within) = UInt(bitPattern: position).quotientAndRemainder(dividingBy: UInt(PagePool.pageSize))
    return (Int(bitPattern: page), Int(bitPattern: within))
  }

  /// Pages for so many, as far as there are any side by side.
  @inline(__always)
  private static func pages(_ missing: Int, of pool: inout PagePool) -> PageRun? {
    if missing > 1 { return pool.allocateRun(atMost: missing) }
    guard let page = pool.allocate() else { return nil }
    return PageRun(first: page, count: 1)
  }

  /// Begins anew, in the memory that it has; no page may be left.
  mutating func begin() {
    precondition(pages.isEmpty, "a queue begins anew that has pages")
    (headOffset, count) = (0, 0)
  }

  /// Copies as much of `bytes` as the pool has pages for; returns how much.
  @inline(__always)
  package mutating func append(_ bytes: RawSpan, to pool: inout PagePool) -> Int {
    // A quiet conversation writes a little into an empty queue.
    guard count == 0, bytes.byteCount > 0, bytes.byteCount <= PagePool.pageSize else {
      return appendAny(bytes, to: &pool)
    }
    guard let page = pool.allocate() else { return 0 }
    pool.write(bytes, to: page, at: 0)
    pages.append(page)
    count = bytes.byteCount
    return count
  }

  @inline(never)
  private mutating func appendAny(_ bytes: RawSpan, to pool: inout PagePool) -> Int {
    var copied = 0
    let within = SendQueue.place(headOffset + count).within
    if within > 0 && bytes.byteCount > 0 {
      copied = min(bytes.byteCount, PagePool.pageSize - within)
      pool.write(bytes.extracting(0..<copied), to: pages[pages.count - 1], at: within)
    }
    while copied < bytes.byteCount {
      let missing = SendQueue.place(bytes.byteCount - copied + PagePool.pageSize - 1).page
      guard let run = SendQueue.pages(missing, of: &pool) else { break }
      let length = min(bytes.byteCount - copied, run.count * PagePool.pageSize)
      pool.write(bytes.extracting(copied..<(copied + length)), to: run.first, at: 0)
      if run.count == 1 { pages.append(run.first) } else { pages.append(run.count) { index in run[index] } }
      copied += length
    }
    count += copied
    return copied
  }

  /// Lends room for `limit` octets behind the last one, fewer if the pool has not so many pages. The octets count only once they are committed.
  package func lend(_ limit: Int, to loan: inout Loan, in pool: inout PagePool) {
    let within = (headOffset + count) % PagePool.pageSize
    if within > 0, limit > 0, let last = pages.last {
      loan.append(page: last, offset: within, count: min(limit, PagePool.pageSize - within), in: &pool)
    }
    while loan.count < limit, loan.pieceCount < Loan.capacity {
      let missing = (limit - loan.count + PagePool.pageSize - 1) / PagePool.pageSize
      guard let run = pool.allocateRun(atMost: missing) else { break }
      loan.append(run, count: min(limit - loan.count, run.count * PagePool.pageSize), in: pool)
    }
  }

  /// Whether there is a page for another octet.
  func offersRoom(in pool: borrowing PagePool) -> Bool {
    (headOffset + count) % PagePool.pageSize > 0 || pool.pagesInUse < pool.limit
  }

  /// Appends the first `octets` of a loan, which were filled, without a copy: their pages go over to the queue, and those behind them back to the
  /// pool. Meanwhile octets may have been acknowledged, but none appended.
  package mutating func commit(_ octets: Int, of loan: inout Loan, to pool: inout PagePool) {
    guard octets > 0 else { return }
    let beginsInLast = count > 0 && loan.firstOffset > 0
    if count == 0 { headOffset = loan.firstOffset }
    precondition(
      (headOffset + count) % PagePool.pageSize == loan.firstOffset
        && (!beginsInLast || pages.last == loan.firstPage), "octets were appended where room was lent")
    if beginsInLast { pool.unpin(loan.firstPage) }
    var held = beginsInLast ? 1 : 0
    pool.release(&loan, behind: octets) { run in
      pages.append(run.count - held) { index in run[held + index] }
      held = 0
    }
    count += octets
  }

  /// Forgets the first `octets`: they are acknowledged.
  @inline(__always)
  package mutating func removeFirst(_ octets: Int, in pool: inout PagePool) {
    precondition(octets <= count, "more octets are acknowledged than were written")
    headOffset += octets
    count -= octets
    if count == 0 {
      // A connection that is busy needs the ring's memory again: it goes when the connection rests.
      if pages.count == 1 { pool.unpin(pages[0]) } else { unpin(pages.count, in: &pool) }
      pages.removeFirst(pages.count)
      headOffset = 0
    } else if headOffset >= PagePool.pageSize {
      let passed = headOffset / PagePool.pageSize
      unpin(passed, in: &pool)
      pages.removeFirst(passed)
      headOffset -= passed * PagePool.pageSize
    }
  }

  /// Appends up to `length` octets from `offset` on to `departure`; returns how many found room.
  @inline(__always)
  package func gather(from offset: Int, length: Int, into departure: inout Departure, in pool: inout PagePool) -> Int {
    precondition(offset >= 0 && length >= 0 && offset + length <= count, "octets are sent that nobody wrote")
    var (index, within) = SendQueue.place(headOffset + offset)
    if length > 0 && within + length <= PagePool.pageSize {
      return departure.append(page: pages[index], offset: within, count: length, in: &pool) ? length : 0
    }
    var remaining = length
    while remaining > 0 {
      let run = run(at: index, upTo: within + remaining)
      let taken = min(remaining, run.count * PagePool.pageSize - within)
      guard departure.append(page: run.first, offset: within, count: taken, in: &pool) else { break }
      index += run.count
      within = 0
      remaining -= taken
    }
    return length - remaining
  }

  /// The pages from the one at `index` on that lie side by side, as far as `octets` reach.
  @inline(__always)
  private func run(at index: Int, upTo octets: Int) -> PageRun {
    let first = pages[index]
    var count = 1
    while count &* PagePool.pageSize < octets, PageRun.goesOn(from: first, with: pages[index + count], behind: count) {
      count &+= 1
    }
    return PageRun(first: first, count: count)
  }

  /// Lets go of the first `number` pages.
  @inline(__always)
  private func unpin(_ number: Int, in pool: inout PagePool) {
    var index = 0
    while index < number {
      let run = run(at: index, upTo: (number - index) * PagePool.pageSize)
      pool.unpin(run)
      index += run.count
    }
  }

  /// Gives every page back.
  package mutating func removeAll(in pool: inout PagePool) {
    unpin(pages.count, in: &pool)
    pages.removeAll()
    headOffset = 0
    count = 0
  }
}
