/// What the pool keeps about one page: who holds it, and which bytes of it count in the chain it is part of.
@usableFromInline
struct PageState {
  @usableFromInline var next: PageIndex = .none
  @usableFromInline var offset: UInt16 = 0
  @usableFromInline var length: UInt16 = 0
  @usableFromInline var references: UInt32 = 0
}

/// 32 pages that lie one behind the other, and which of them nobody holds.
@safe @usableFromInline
struct PageChunk {
  @unsafe @usableFromInline let start: UnsafeMutableRawPointer
  /// A bit for each free page: those of which the numbers follow each other also lie side by side, whatever the order in which they came back.
  @usableFromInline var free = UInt32.max
  /// The next chunk with free pages.
  @usableFromInline var next = PagePool.noChunk

  init(start: UnsafeMutableRawPointer) {
    unsafe self.start = start
  }
}

/// Pages that lie one behind the other.
package struct PageRun {
  package let first: PageIndex
  package let count: Int
}

/// Room in a page of a chain, which the chain's owner may fill outside of the pool's lock for as long as it holds the chain.
@safe
public struct PageRoom: BitwiseCopyable {
  @unsafe public let start: UnsafeMutableRawPointer
  public let count: Int
}

/// The one bounded store of payload memory of a host, in pages of 2,048 octets.
///
/// A page is taken when there is a byte to put into it and given back with its last holder. At the limit the pool refuses
/// the new and counts the refusal. Pages never move, so a link may read them outside the host's lock while it
/// holds them pinned. Where there is a choice pages are given out that lie side by side: what is written, sent or read over several of
/// them is one run of octets.
@safe
public struct PagePool: ~Copyable {
  /// The octets of a page.
  @inlinable public static var pageSize: Int { 2048 }
  @usableFromInline static let chunkShift = 5
  @usableFromInline static let chunkPages = 32

  @usableFromInline static let noChunk = UInt32.max

  @usableFromInline var chunks: UnsafeMutablePointer<PageChunk>
  @usableFromInline var states: UnsafeMutablePointer<PageState>
  private var chunkCount = 0
  /// The first of the chunks with free pages: what came back last is given out first, since it is likeliest to be in a cache.
  private var open = PagePool.noChunk
  /// The most pages there may be.
  public let limit: Int
  /// The pages that somebody holds.
  public private(set) var pagesInUse = 0
  /// How often the pool had to refuse a page.
  public private(set) var refusals: UInt64 = 0

  /// A pool of at most `limit` pages (rounded up to a multiple of 32); memory is taken as it is needed.
  public init(limit: Int) {
    let chunkLimit = max(1, (limit + PagePool.chunkPages - 1) / PagePool.chunkPages)
    self.limit = chunkLimit * PagePool.chunkPages
    unsafe chunks = .allocate(capacity: chunkLimit)
    unsafe states = .allocate(capacity: chunkLimit * PagePool.chunkPages)
  }

  deinit {
    for index in 0..<chunkCount {
      unsafe chunks[index].start.deallocate()
    }
    unsafe chunks.deallocate()
    unsafe states.deallocate()
  }

  // MARK: Pages

  /// Takes a page, held once; nil at the limit.
  public mutating func allocate() -> PageIndex? {
    guard let run = allocateRun(atMost: 1) else { return nil }
    return run.first
  }

  /// Takes as many pages side by side as there are at hand, `most` at most, each held once and linked to the next; nil at the limit.
  package mutating func allocateRun(atMost most: Int) -> PageRun? {
    if open == PagePool.noChunk && !grow() {
      refusals += 1
      return nil
    }
    let chunk = open
    let free = unsafe chunks[Int(chunk)].free
    let skipped = UInt32(truncatingIfNeeded: free.trailingZeroBitCount)
    let count = min(most, (~(free &>> skipped)).trailingZeroBitCount)
    let taken = (UInt32.max &>> UInt32(truncatingIfNeeded: PagePool.chunkPages &- count)) &<< skipped
    unsafe chunks[Int(chunk)].free = free & ~taken
    if free == taken { open = unsafe chunks[Int(chunk)].next }
    let first = chunk &<< UInt32(PagePool.chunkShift) | skipped
    var page = first
    for _ in 0..<count {
      unsafe states[Int(page)] = PageState(next: PageIndex(page &+ 1), offset: 0, length: 0, references: 1)
      page &+= 1
    }
    unsafe states[Int(page &- 1)].next = .none
    pagesInUse &+= count
    return PageRun(first: PageIndex(first), count: count)
  }

  /// Makes a chunk of free pages; only called when there is none.
  private mutating func grow() -> Bool {
    guard chunkCount * PagePool.chunkPages < limit else { return false }
    let start = UnsafeMutableRawPointer.allocate(
      byteCount: PagePool.chunkPages * PagePool.pageSize, alignment: 64)
    unsafe (chunks + chunkCount).initialize(
      to: PageChunk(start: start))
    unsafe (states + chunkCount * PagePool.chunkPages).initialize(repeating: PageState(), count: PagePool.chunkPages)
    open = UInt32(chunkCount)
    chunkCount += 1
    return true
  }

  /// Holds `page` once more.
  @inlinable
  public mutating func pin(_ page: PageIndex) {
    unsafe states[Int(page.rawValue)].references &+= 1
  }

  /// Lets go of `page` once; the last holder gives it back.
  @inlinable
  public mutating func unpin(_ page: PageIndex) {
    let references = unsafe states[Int(page.rawValue)].references
    precondition(references > 0, "a page is released more often than it was held")
    unsafe states[Int(page.rawValue)].references = references - 1
    if references == 1 {
      giveBack(page)
    }
  }

  /// Lets go once of the pages of `chain` before `end`.
  mutating func unpin(_ chain: borrowing PageChain, before end: PageIndex) {
    var page = chain.first
    while page != end {
      let next = unsafe states[Int(page.rawValue)].next
      unpin(page)
      page = next
    }
  }

  @usableFromInline
  mutating func giveBack(_ page: PageIndex) {
    let chunk = page.rawValue &>> UInt32(PagePool.chunkShift)
    let free = unsafe chunks[Int(chunk)].free
    if free == 0 {
      unsafe chunks[Int(chunk)].next = open
      open = chunk
    }
    unsafe chunks[Int(chunk)].free = free | 1 &<< (page.rawValue & UInt32(PagePool.chunkPages - 1))
    pagesInUse &-= 1
  }

  /// Where the bytes of `page` begin; stable for as long as the page is held.
  @unsafe @inlinable
  public func address(of page: PageIndex) -> UnsafeMutableRawPointer {
    let number = Int(page.rawValue)
    let within = (number & (PagePool.chunkPages - 1)) * PagePool.pageSize
    return unsafe chunks[number >> PagePool.chunkShift].start + within
  }

  /// Copies all of `source` into `page` from `offset` on, and into the pages that lie behind it in the same run. The bytes must fit.
  public mutating func write(_ source: RawSpan, to page: PageIndex, at offset: Int) {
    let room = PagePool.pageSize * (PagePool.chunkPages - Int(page.rawValue) & (PagePool.chunkPages - 1))
    precondition(offset >= 0 && offset + source.byteCount <= room, "a write goes beyond its pages")
    unsafe source.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress {
        unsafe (address(of: page) + offset).copyMemory(from: base, byteCount: bytes.count)
      }
    }
  }

  /// Reads `range` of `page` in place.
  @inlinable
  public func withBytes<Result: ~Copyable, Failure: Error>(
    of page: PageIndex, _ range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= PagePool.pageSize, "a read goes beyond its page")
    let bytes = unsafe UnsafeRawBufferPointer(start: address(of: page) + range.lowerBound, count: range.count)
    return try unsafe body(bytes.bytes)
  }

  // MARK: Chains

  /// A chain with room for `capacity` octets, all of them counted, contents undefined; nil at the limit.
  public mutating func allocateChain(capacity: Int) -> PageChain? {
    var chain = PageChain()
    var missing = capacity
    while missing > 0 {
      guard let run = allocateRun(atMost: (missing &+ PagePool.pageSize &- 1) / PagePool.pageSize) else {
        release(chain)
        return nil
      }
      var page = Int(run.first.rawValue)
      let last = page &+ run.count &- 1
      while page < last {
        unsafe states[page].length = UInt16(PagePool.pageSize)
        page &+= 1
      }
      let full = (run.count &- 1) &* PagePool.pageSize
      let length = min(missing &- full, PagePool.pageSize)
      unsafe states[last].length = UInt16(truncatingIfNeeded: length)
      link(run.first, to: &chain, count: full &+ length)
      chain.last = PageIndex(UInt32(truncatingIfNeeded: last))
      missing &-= full &+ length
    }
    return chain
  }

  /// A chain that holds a copy of `bytes`; nil at the limit.
  public mutating func chain(copying bytes: RawSpan) -> PageChain? {
    guard let chain = allocateChain(capacity: bytes.byteCount) else { return nil }
    var position = 0
    forEachRoom(of: chain) { room in
      unsafe bytes.extracting(position..<(position + room.count)).withUnsafeBytes { source in
        if let base = source.baseAddress { unsafe room.start.copyMemory(from: base, byteCount: source.count) }
      }
      position += room.count
    }
    return chain
  }

  /// A chain that holds a copy of the first `count` octets of `source`, or of all if there are fewer; nil at the limit.
  public mutating func chain(copyingFirst count: Int, of source: borrowing PageChain) -> PageChain? {
    let total = min(count, source.count)
    guard let chain = allocateChain(capacity: total) else { return nil }
    var page = chain.first
    var position = 0
    while position < total {
      let length = min(total - position, PagePool.pageSize)
      let room = unsafe UnsafeMutableRawBufferPointer(start: address(of: page), count: length)
      var target = unsafe room.mutableBytes
      copy(source, from: position, into: &target)
      page = unsafe states[Int(page.rawValue)].next
      position += length
    }
    return chain
  }

  /// Makes `page`, of which the first `count` octets were filled, the end of `chain`, which holds it from here on.
  public mutating func append(_ page: PageIndex, count: Int, to chain: inout PageChain) {
    precondition(count >= 0 && count <= PagePool.pageSize, "more octets count than a page has")
    unsafe states[Int(page.rawValue)].next = .none
    unsafe states[Int(page.rawValue)].offset = 0
    unsafe states[Int(page.rawValue)].length = UInt16(count)
    link(page, to: &chain, count: count)
  }

  private mutating func link(_ page: PageIndex, to chain: inout PageChain, count: Int) {
    if chain.last.isNone {
      chain.first = page
    } else {
      unsafe states[Int(chain.last.rawValue)].next = page
    }
    chain.last = page
    chain.octets += count
  }

  /// Gives all pages of `chain` back.
  public mutating func release(_ chain: consuming PageChain) {
    var page = chain.first
    while !page.isNone {
      let next = unsafe states[Int(page.rawValue)].next
      unpin(page)
      page = next
    }
  }

  /// Moves all bytes of `tail` to the end of `chain`; a tail that fits into the room left in the last page is copied there, so
  /// that a peer's tiny segments do not each hold a page.
  public mutating func append(_ tail: consuming PageChain, to chain: inout PageChain) {
    if tail.first.isNone { return }
    if !chain.last.isNone && tail.count <= PagePool.pageSize / 4 {
      let last = unsafe states[Int(chain.last.rawValue)]
      let end = Int(last.offset) + Int(last.length)
      let source = unsafe states[Int(tail.first.rawValue)]
      if last.references == 1 && tail.first == tail.last && end + tail.count <= PagePool.pageSize {
        unsafe (address(of: chain.last) + end).copyMemory(
          from: address(of: tail.first) + Int(source.offset), byteCount: tail.count)
        unsafe states[Int(chain.last.rawValue)].length += UInt16(tail.count)
        chain.octets += tail.count
        release(tail)
        return
      }
    }
    if chain.last.isNone {
      chain.first = tail.first
    } else {
      unsafe states[Int(chain.last.rawValue)].next = tail.first
    }
    chain.last = tail.last
    chain.octets += tail.count
  }

  /// Drops the first `count` octets of `chain`, and the pages that hold nothing else.
  public mutating func removeFirst(_ count: Int, from chain: inout PageChain) {
    precondition(count >= 0 && count <= chain.count, "more octets are removed than there are")
    var missing = count
    while missing > 0 {
      let page = chain.first
      let state = unsafe states[Int(page.rawValue)]
      if Int(state.length) > missing {
        unsafe states[Int(page.rawValue)].offset = state.offset + UInt16(missing)
        unsafe states[Int(page.rawValue)].length = state.length - UInt16(missing)
        missing = 0
      } else {
        missing -= Int(state.length)
        chain.first = state.next
        unpin(page)
      }
    }
    chain.octets -= count
    if chain.first.isNone { chain.last = .none }
    if chain.count == 0 && !chain.first.isNone { empty(&chain) }
  }

  /// Keeps the first `count` octets of `chain` and gives the pages behind them back.
  public mutating func keepFirst(_ count: Int, of chain: inout PageChain) {
    precondition(count >= 0 && count <= chain.count, "more octets are kept than there are")
    if count == 0 {
      empty(&chain)
      return
    }
    var page = chain.first
    var remaining = count
    while true {
      let length = Int(unsafe states[Int(page.rawValue)].length)
      if length >= remaining { break }
      remaining -= length
      page = unsafe states[Int(page.rawValue)].next
    }
    unsafe states[Int(page.rawValue)].length = UInt16(remaining)
    var behind = unsafe states[Int(page.rawValue)].next
    unsafe states[Int(page.rawValue)].next = .none
    while !behind.isNone {
      let next = unsafe states[Int(behind.rawValue)].next
      unpin(behind)
      behind = next
    }
    chain.last = page
    chain.octets = count
  }

  private mutating func empty(_ chain: inout PageChain) {
    var page = chain.first
    while !page.isNone {
      let next = unsafe states[Int(page.rawValue)].next
      unpin(page)
      page = next
    }
    chain = PageChain()
  }

  /// A chain that holds a copy of the octets of `chain` from `offset` on; nil at the limit.
  public mutating func copy(of chain: borrowing PageChain, from offset: Int) -> PageChain? {
    var result = PageChain()
    var position = offset
    while position < chain.count {
      guard let page = allocate() else {
        release(result)
        return nil
      }
      var filled = 0
      let target = unsafe address(of: page)
      forEachRun(of: chain, from: position, count: PagePool.pageSize) { run in
        unsafe run.withUnsafeBytes { source in
          if let start = source.baseAddress {
            unsafe (target + filled).copyMemory(from: start, byteCount: source.count)
          }
        }
        filled += run.byteCount
      }
      unsafe states[Int(page.rawValue)].length = UInt16(filled)
      link(page, to: &result, count: filled)
      position += filled
    }
    return result
  }
}
