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
  package private(set) var firstOffset = 0

  /// The page in which the first piece begins.
  package var firstPage: PageIndex { pieceCount > 0 ? ranges[0].page : .none }

  /// A loan of nothing.
  public init() {}

  /// Lends `count` octets of `page` from `offset` on as the next piece, or as more of the piece before if they lie behind it; false if there are as many
  /// pieces as there can be.
  package mutating func append(page: PageIndex, offset: Int, count: Int, in pool: inout PagePool) -> Bool {
    precondition(offset >= 0 && count > 0 && offset + count <= PagePool.pageSize, "a piece goes beyond its page")
    if offset > 0 || pieceCount == 0 || !ranges[pieceCount - 1].extend(by: count, of: page) {
      guard pieceCount < Loan.capacity else { return false }
      ranges[pieceCount] = unsafe PinnedRange(
        start: pool.address(of: page) + offset, page: page, offset: offset, count: count)
      if pieceCount == 0 { firstOffset = offset }
      pieceCount += 1
    }
    pool.pin(page)
    self.count += count
    return true
  }

  /// Lends the first `limit` octets of `chain`, fewer if there are not so many or they lie in too many pieces. The chain keeps them.
  package mutating func append(first limit: Int, of chain: borrowing PageChain, in pool: inout PagePool) {
    var page = chain.first
    while !page.isNone && count < limit {
      let state = unsafe pool.states[Int(page.rawValue)]
      let length = min(Int(state.length), limit - count)
      if length > 0, !append(page: page, offset: Int(state.offset), count: length, in: &pool) { return }
      page = state.next
    }
  }

  /// Visits the pages of room that was lent, in order, as far as the first `limit` octets go: all but the last are full to their ends.
  package func forEachPage(upTo limit: Int, _ body: (PageIndex) -> Void) {
    var left = min(limit, count)
    var within = firstOffset
    for index in 0..<pieceCount {
      for page in ranges[index].pages where left > 0 {
        body(PageIndex(page))
        left -= PagePool.pageSize - within
        within = 0
      }
    }
  }

  /// Visits every page.
  fileprivate func forEachPage(_ body: (PageIndex) -> Void) {
    for index in 0..<pieceCount {
      for page in ranges[index].pages { body(PageIndex(page)) }
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
}

extension PagePool {
  /// Takes the pages of `loan` back; they stay with whoever else holds them.
  public mutating func release(_ loan: inout Loan) {
    loan.forEachPage { page in unpin(page) }
    loan.clear()
  }
}
