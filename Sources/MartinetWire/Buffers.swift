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
@frozen
public struct PageRun: BitwiseCopyable, Sendable {
  public let first: PageIndex
  public let count: Int

  @inlinable
  public init(first: PageIndex, count: Int) {
    self.first = first
    self.count = count
  }

  /// The page at `index`.
  @inlinable @inline(__always)
  package subscript(index: Int) -> PageIndex { PageIndex(first.rawValue &+ UInt32(truncatingIfNeeded: index)) }

  /// The run without its first `number` pages.
  package func dropFirst(_ number: Int) -> PageRun { PageRun(first: self[number], count: count &- number) }

  /// Whether all its pages are parts of one piece of the pool's memory.
  var liesInOneChunk: Bool { count >= 0 && Int(PagePool.place(first)) &+ count <= PagePool.chunkPages }

  /// Whether `next` lies behind the `count` pages from `first` on.
  @inlinable
  public static func goesOn(from first: PageIndex, with next: PageIndex, behind count: Int) -> Bool {
    next.rawValue == first.rawValue &+ UInt32(truncatingIfNeeded: count) && !PagePool.beginsChunk(next)
  }
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
  @usableFromInline static let pageShift = 11
  @usableFromInline static let chunkShift = 5
  @usableFromInline static let chunkPages = 32

  @usableFromInline static let noChunk = UInt32.max

  /// Who reads a page is given the pool's address, not a copy of its fields.
  private let anchor = Anchor()
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
  public mutating func allocate() -> PageIndex? { takePage() }

  /// The same for who takes one for each packet.
  @inline(__always)
  mutating func takePage() -> PageIndex? {
    if open == PagePool.noChunk && !grow() {
      refusals += 1
      return nil
    }
    let chunk = open
    let free = unsafe chunks[Int(chunk)].free
    let page = chunk &<< UInt32(PagePool.chunkShift) | UInt32(truncatingIfNeeded: free.trailingZeroBitCount)
    let rest = free & (free &- 1)
    unsafe chunks[Int(chunk)].free = rest
    if rest == 0 { open = unsafe chunks[Int(chunk)].next }
    unsafe states[Int(page)] = PageState(next: .none, offset: 0, length: 0, references: 1)
    pagesInUse &+= 1
    return PageIndex(page)
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
      giveBack(1 &<< PagePool.place(page), count: 1, of: PagePool.chunk(page))
    }
  }

  /// Holds each page of `run` once more.
  @inlinable @inline(__always)
  public mutating func pin(_ run: PageRun) {
    if run.count == 1 { pin(run.first) } else { pinAll(of: run) }
  }

  /// Lets go of each page of `run` once; the last holder gives it back.
  @inlinable @inline(__always)
  public mutating func unpin(_ run: PageRun) {
    if run.count == 1 { unpin(run.first) } else { unpinAll(of: run) }
  }

  @usableFromInline
  mutating func pinAll(of run: PageRun) {
    precondition(run.liesInOneChunk, "a run of pages goes beyond its memory")
    var state = unsafe states + Int(run.first.rawValue)
    for _ in 0..<run.count {
      unsafe state.pointee.references &+= 1
      unsafe state += 1
    }
  }

  @usableFromInline
  mutating func unpinAll(of run: PageRun) {
    precondition(run.liesInOneChunk, "a run of pages goes beyond its memory")
    var state = unsafe states + Int(run.first.rawValue)
    var freed: UInt32 = 0
    var count = 0
    var bit: UInt32 = 1 &<< PagePool.place(run.first)
    for _ in 0..<run.count {
      let references = unsafe state.pointee.references
      precondition(references > 0, "a page is released more often than it was held")
      unsafe state.pointee.references = references &- 1
      if references == 1 {
        freed |= bit
        count &+= 1
      }
      bit &<<= 1
      unsafe state += 1
    }
    giveBack(freed, count: count, of: PagePool.chunk(run.first))
  }

  /// Lets go once of the pages of a chain from `first` on, as far as the one before `end`: mostly that is one, or none.
  @inline(__always)
  mutating func unpin(from first: PageIndex, before end: PageIndex) {
    if first == end { return }
    if unsafe states[Int(first.rawValue)].next == end { unpin(first) } else { unpinAll(from: first, before: end) }
  }

  @inline(never)
  private mutating func unpinAll(from first: PageIndex, before end: PageIndex) {
    var page = first
    while page != end {
      let chunk = PagePool.chunk(page)
      var freed: UInt32 = 0
      var count = 0
      repeat {
        let state = unsafe states + Int(page.rawValue)
        let references = unsafe state.pointee.references
        precondition(references > 0, "a page is released more often than it was held")
        unsafe state.pointee.references = references &- 1
        if references == 1 {
          freed |= 1 &<< PagePool.place(page)
          count &+= 1
        }
        page = unsafe state.pointee.next
      } while page != end && PagePool.chunk(page) == chunk
      giveBack(freed, count: count, of: chunk)
    }
  }

  /// Makes `count` pages of `chunk` free, which have their bits in `pages`.
  @usableFromInline
  mutating func giveBack(_ pages: UInt32, count: Int, of chunk: UInt32) {
    let free = unsafe chunks[Int(chunk)].free
    if free == 0 && count > 0 {
      unsafe chunks[Int(chunk)].next = open
      open = chunk
    }
    unsafe chunks[Int(chunk)].free = free | pages
    pagesInUse &-= count
  }

  /// The chunk of `page`.
  @inlinable @inline(__always)
  static func chunk(_ page: PageIndex) -> UInt32 { page.rawValue &>> UInt32(PagePool.chunkShift) }

  /// Where in its chunk `page` lies.
  @inlinable @inline(__always)
  static func place(_ page: PageIndex) -> UInt32 { page.rawValue & UInt32(PagePool.chunkPages - 1) }

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
}
