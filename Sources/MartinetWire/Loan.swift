/// Octets in a pool's pages, or room for some, that somebody reads or fills outside of the pool's lock.
///
/// The pages are pinned for so long. A loan has no deinitialiser, since only its pool can take the pages back: give it to
/// ``PagePool/release(_:)``.
@safe
public struct Loan: ~Copyable {
  /// The most pieces of a loan.
  public static let capacity = 64

  private var ranges = InlineArray<64, PinnedRange>(
    repeating: unsafe PinnedRange(start: nil, page: .none, offset: 0, count: 0))
  /// The contiguous pieces of the loan.
  public private(set) var pieceCount = 0
  /// The octets that are lent.
  public private(set) var count = 0
  /// Where in its page the first piece begins.
  package var firstOffset: Int { pieceCount > 0 ? Int(ranges[0].offset) : 0 }

  /// The page in which the first piece begins.
  package var firstPage: PageIndex { pieceCount > 0 ? ranges[0].page : .none }

  /// A loan of nothing.
  public init() {}

  /// Lends `count` octets of `page` from `offset` on as the next piece, or as more of the piece before if they lie behind it; nothing if there are as
  /// many pieces as there can be. The page stays its holder's, too.
  package mutating func append(page: PageIndex, offset: Int, count: Int, in pool: inout PagePool) {
    precondition(offset >= 0 && count > 0 && offset + count <= PagePool.pageSize, "a piece goes beyond its page")
    guard pieceCount < Loan.capacity else { return }
    pool.pin(page)
    append(unsafe PinnedRange(start: pool.address(of: page) + offset, page: page, offset: offset, count: count))
  }

  /// Lends the first `count` octets of the pages of `run`, each of which is held once for the loan.
  package mutating func append(_ run: PageRun, count: Int, in pool: borrowing PagePool) {
    let full = run.count * PagePool.pageSize
    precondition(count > full - PagePool.pageSize && count <= full, "a piece is not as long as its pages")
    append(unsafe PinnedRange(start: pool.address(of: run.first), page: run.first, offset: 0, count: count))
  }

  private mutating func append(_ range: PinnedRange) {
    count += range.count
    if range.offset == 0 && pieceCount > 0 && ranges[pieceCount - 1].extend(by: range.count, of: range.page) { return }
    precondition(pieceCount < Loan.capacity, "a loan has no room for another piece")
    ranges[pieceCount] = range
    pieceCount += 1
  }

  /// Lends the first `limit` octets of `chain`, fewer if there are not so many or they lie in too many pieces. They leave the chain, and their pages
  /// with them.
  package mutating func take(first limit: Int, of chain: inout PageChain, in pool: inout PagePool) {
    while count < limit && pieceCount < Loan.capacity, let range = pool.takeRun(atMost: limit - count, of: &chain) {
      append(range)
    }
  }

  /// Visits the first `limit` of the octets as contiguous pieces, in order.
  public func forEachPiece(upTo limit: Int = Int.max, _ body: (RawSpan) -> Void) {
    var left = min(limit, count)
    for index in 0..<pieceCount where left > 0 {
      let range = ranges[index]
      let bytes = unsafe UnsafeRawBufferPointer(start: range.start, count: min(left, range.count))
      unsafe body(bytes.bytes)
      left -= range.count
    }
  }

  /// Has `body` fill the pieces in order, until it leaves one that is not full; returns how many octets were filled.
  public func fill(_ body: (inout OutputRawSpan) -> Void) -> Int {
    var filled = 0
    for index in 0..<pieceCount {
      let range = ranges[index]
      let room = unsafe UnsafeMutableRawBufferPointer(
        start: UnsafeMutableRawPointer(mutating: range.start), count: range.count)
      var target = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
      body(&target)
      let count = unsafe target.finalize(for: room)
      filled += count
      if count < range.count { break }
    }
    return filled
  }

  fileprivate mutating func clear() {
    pieceCount = 0
    count = 0
  }

  /// The piece at `index`.
  fileprivate func range(at index: Int) -> PinnedRange { ranges[index] }
}

extension PagePool {
  /// Takes the pages of `loan` back; they stay with whoever else holds them.
  public mutating func release(_ loan: inout Loan) {
    for index in 0..<loan.pieceCount { unpin(loan.range(at: index).pages) }
    loan.clear()
  }

  /// Takes the pages of `loan` back but for those with its first `octets`: `body` has what held them for the loan.
  package mutating func release(_ loan: inout Loan, behind octets: Int, _ body: (PageRun) -> Void) {
    precondition(octets >= 0 && octets <= loan.count, "more octets are kept than were lent")
    var left = octets
    for index in 0..<loan.pieceCount {
      let range = loan.range(at: index)
      let kept = left == 0 ? 0 : range.part(from: 0, count: min(left, range.count)).pages.count
      if kept > 0 { body(PageRun(first: range.page, count: kept)) }
      unpin(range.pages.dropFirst(kept))
      left -= min(left, range.count)
    }
    loan.clear()
  }

  /// Takes octets that lie side by side off the front of `chain`, `most` at most, with a hold on each of their pages; nil if there are none.
  fileprivate mutating func takeRun(atMost most: Int, of chain: inout PageChain) -> PinnedRange? {
    guard most > 0 && !chain.isEmpty else { return nil }
    let run = run(from: chain.first)
    let range = unsafe PinnedRange(
      start: run.start, page: chain.first, offset: Int(states[Int(chain.first.rawValue)].offset),
      count: min(most, run.count))
    chain.octets &-= range.count
    if range.count == run.count {
      chain.first = run.next
      if run.next.isNone { chain.last = .none }
      return range
    }
    // Where the range ends within a page, that is both the last of the range and the first of what is left.
    let end = Int(range.offset) + range.count
    chain.first = PageIndex(range.page.rawValue + UInt32(truncatingIfNeeded: end >> PagePool.pageShift))
    let within = UInt16(truncatingIfNeeded: end & (PagePool.pageSize - 1))
    if within > 0 {
      pin(chain.first)
      let state = unsafe states + Int(chain.first.rawValue)
      unsafe state.pointee.length -= within - state.pointee.offset
      unsafe state.pointee.offset = within
    }
    return range
  }
}
