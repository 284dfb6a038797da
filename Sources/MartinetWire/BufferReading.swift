// How the octets of chains are read: in place, run by run, or as a copy.

/// Octets of a chain that lie side by side, and the page of the chain behind them.
@safe @usableFromInline
struct PageSpan: BitwiseCopyable {
  @unsafe @usableFromInline var start: UnsafeMutableRawPointer
  @usableFromInline var count: Int
  @usableFromInline let next: PageIndex

  init(start: UnsafeMutableRawPointer, count: Int, next: PageIndex) {
    unsafe self.start = start
    self.count = count
    self.next = next
  }
}

extension PagePool {
  /// Reads the first run of contiguous octets of `chain` in place: all of a packet of up to a page.
  @inlinable @inline(__always)
  public func withFirstBytes<Result: ~Copyable, Failure: Error>(
    of chain: borrowing PageChain, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if chain.first.isNone {
      let nothing = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
      return try unsafe body(nothing.bytes)
    }
    let state = unsafe states[Int(chain.first.rawValue)]
    let bytes = unsafe UnsafeRawBufferPointer(
      start: address(of: chain.first) + Int(state.offset), count: Int(state.length))
    return try unsafe body(bytes.bytes)
  }

  /// The most octets that ``withLeadingBytes(of:count:_:)`` gathers.
  public static let gatherCapacity = 256

  /// Reads at least the first `count` octets of `chain` in one piece, or all if there are fewer: in place if they lie together,
  /// else from a copy of at most ``gatherCapacity`` octets.
  @inlinable @inline(__always)
  public func withLeadingBytes<Result: ~Copyable, Failure: Error>(
    of chain: borrowing PageChain, count: Int, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let wanted = min(count, chain.count, PagePool.gatherCapacity)
    if chain.first.isNone || Int(unsafe states[Int(chain.first.rawValue)].length) >= wanted {
      return try withFirstBytes(of: chain, body)
    }
    var gathered = InlineArray<256, UInt8>(repeating: 0)
    var elements = gathered.mutableSpan
    var target = unsafe elements.mutableBytes
    let copied = copy(chain, from: 0, into: &target)
    return try body(target.bytes.extracting(0..<copied))
  }

  /// Copies octets of `chain` from `offset` on into `target`, as many as there are and fit, `limit` at most; returns how many.
  @discardableResult
  public func copy(
    _ chain: borrowing PageChain, from offset: Int, limit: Int = Int.max, into target: inout MutableRawSpan
  ) -> Int {
    let room = min(target.byteCount, limit, chain.count - offset)
    guard room > 0, offset == 0, room <= Int(unsafe states[Int(chain.first.rawValue)].length) else {
      return copyRuns(of: chain, from: offset, limit: limit, into: &target)
    }
    unsafe target.withUnsafeMutableBytes { bytes in
      let source = unsafe address(of: chain.first) + Int(states[Int(chain.first.rawValue)].offset)
      if let base = bytes.baseAddress { unsafe base.copyMemory(from: source, byteCount: room) }
    }
    return room
  }

  private func copyRuns(
    of chain: borrowing PageChain, from offset: Int, limit: Int, into target: inout MutableRawSpan
  ) -> Int {
    var copied = 0
    let room = min(target.byteCount, limit)
    unsafe target.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      forEachRun(of: chain, from: offset, count: room) { run in
        unsafe run.withUnsafeBytes { source in
          if let start = source.baseAddress {
            unsafe (base + copied).copyMemory(from: start, byteCount: source.count)
          }
        }
        copied += run.byteCount
      }
    }
    return copied
  }

  /// Visits the octets `offset ..< offset + count` of `chain` as contiguous runs, in order; stops where the chain ends.
  @inlinable @inline(__always)
  public func forEachRun(
    of chain: borrowing PageChain, from offset: Int, count: Int, _ body: (RawSpan) -> Void
  ) {
    var skip = offset
    var remaining = count
    var page = chain.first
    while !page.isNone && remaining > 0 {
      let run = run(from: page)
      if skip < run.count {
        let taken = min(run.count &- skip, remaining)
        unsafe body(UnsafeRawBufferPointer(start: run.start + skip, count: taken).bytes)
        remaining &-= taken
        skip = 0
      } else {
        skip &-= run.count
      }
      page = run.next
    }
  }

  /// Visits the counted octets of `chain` as room to be filled, in order.
  public func forEachRoom(of chain: borrowing PageChain, _ body: (PageRoom) -> Void) {
    var page = chain.first
    while !page.isNone {
      let run = run(from: page)
      body(unsafe PageRoom(start: run.start, count: run.count))
      page = run.next
    }
  }

  /// Whether what lies before `page` in memory is no page of the pool.
  @inlinable @inline(__always)
  static func beginsChunk(_ page: PageIndex) -> Bool { page.rawValue & UInt32(PagePool.chunkPages - 1) == 0 }

  /// The octets that lie side by side from those of `page` on, which is part of a chain, and the page of the chain behind them.
  @usableFromInline
  func run(from page: PageIndex) -> PageSpan {
    var state = unsafe states + Int(page.rawValue)
    let offset = unsafe Int(state.pointee.offset)
    let start = unsafe address(of: page) + offset
    var end = unsafe offset &+ Int(state.pointee.length)
    var next = unsafe state.pointee.next
    var following = page.rawValue &+ 1
    while end & (PagePool.pageSize &- 1) == 0 && next.rawValue == following && !PagePool.beginsChunk(next) {
      unsafe state += 1
      if unsafe state.pointee.offset != 0 { break }
      unsafe end &+= Int(state.pointee.length)
      next = unsafe state.pointee.next
      following &+= 1
    }
    return unsafe PageSpan(start: start, count: end &- offset, next: next)
  }
}
