/// The number of a page of a ``PagePool``.
@frozen
public struct PageIndex: Equatable, Sendable {
  public let rawValue: UInt32
  @inlinable public init(_ rawValue: UInt32) { self.rawValue = rawValue }
  /// No page.
  @inlinable public static var none: PageIndex { PageIndex(UInt32.max) }
  @inlinable public var isNone: Bool { rawValue == UInt32.max }
}

/// A list of pages, each with a run of bytes, that one owner holds: a packet, or bytes waiting to be read.
///
/// A chain has no deinitialiser, since only its pool can take the pages back: give it to
/// ``PagePool/release(_:)`` or append it to another chain.
@frozen
public struct PageChain: ~Copyable {
  @usableFromInline var first: PageIndex
  @usableFromInline var last: PageIndex
  @usableFromInline var octets: Int

  /// An empty chain: it holds no page.
  @inlinable
  public init() {
    first = .none
    last = .none
    octets = 0
  }

  /// The octets in the chain.
  @inlinable public var count: Int { octets }
  @inlinable public var isEmpty: Bool { octets == 0 }
  /// The page in which the chain begins.
  package var firstPage: PageIndex { first }
}

extension PageChain {
  /// A chain put aside in a collection that can't hold what can't be copied. Exactly one chain must be made of it again.
  @frozen
  public struct Parked: BitwiseCopyable {
    @usableFromInline let first: PageIndex
    @usableFromInline let last: PageIndex
    public let count: Int

    @usableFromInline
    init(first: PageIndex, last: PageIndex, count: Int) {
      self.first = first
      self.last = last
      self.count = count
    }
  }

  /// Puts the chain aside.
  @inlinable
  public consuming func parked() -> Parked {
    Parked(first: first, last: last, count: octets)
  }

  /// The chain that was put aside.
  @inlinable
  public init(_ parked: Parked) {
    first = parked.first
    last = parked.last
    octets = parked.count
  }

  /// Takes what the chain holds and leaves it empty.
  @inlinable
  public mutating func take() -> PageChain {
    var taken = PageChain()
    swap(&taken, &self)
    return taken
  }
}

// How chains come to be, grow and shrink.

extension PageChain {
  /// A chain of `page` alone, which nobody else holds and of which the first `count` octets count.
  @inline(__always)
  init(_ page: PageIndex, count: Int, in pool: borrowing PagePool) {
    unsafe pool.states[Int(page.rawValue)].length = UInt16(truncatingIfNeeded: count)
    (first, last, octets) = (page, page, count)
  }
}

extension PagePool {
  /// A chain with room for `capacity` octets, all of them counted, contents undefined; nil at the limit.
  public mutating func allocateChain(capacity: Int) -> PageChain? {
    if capacity <= PagePool.pageSize {
      guard capacity > 0 else { return PageChain() }
      guard let page = allocate() else { return nil }
      return PageChain(page, count: capacity, in: self)
    }
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
    unpin(from: chain.first, before: .none)
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
  @inlinable @inline(__always)
  public mutating func removeFirst(_ count: Int, from chain: inout PageChain) {
    precondition(count >= 0 && count <= chain.count, "more octets are removed than there are")
    // A header nearly always has the rest of its packet behind it in its page.
    if count > 0 && count < chain.count {
      let state = unsafe states + Int(chain.first.rawValue)
      let length = unsafe Int(state.pointee.length)
      if count < length {
        unsafe state.pointee.offset &+= UInt16(truncatingIfNeeded: count)
        unsafe state.pointee.length = UInt16(truncatingIfNeeded: length &- count)
        chain.octets &-= count
        return
      }
    } else if count > 0 && chain.first == chain.last {
      unpin(chain.first)
      chain = PageChain()
      return
    }
    removePages(count, from: &chain)
  }

  @usableFromInline
  mutating func removePages(_ count: Int, from chain: inout PageChain) {
    if count == chain.count {
      empty(&chain)
      return
    }
    var missing = count
    var page = chain.first
    while true {
      let state = unsafe states + Int(page.rawValue)
      let length = unsafe Int(state.pointee.length)
      if length > missing {
        unsafe state.pointee.offset &+= UInt16(truncatingIfNeeded: missing)
        unsafe state.pointee.length = UInt16(truncatingIfNeeded: length &- missing)
        break
      }
      missing &-= length
      page = unsafe state.pointee.next
    }
    unpin(from: chain.first, before: page)
    chain.first = page
    chain.octets &-= count
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
    unpin(from: unsafe states[Int(page.rawValue)].next, before: .none)
    unsafe states[Int(page.rawValue)].next = .none
    chain.last = page
    chain.octets = count
  }

  private mutating func empty(_ chain: inout PageChain) {
    unpin(from: chain.first, before: .none)
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
