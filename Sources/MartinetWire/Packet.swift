/// What is known of the checksums of a packet that a link hands in.
public enum ChecksumTrust: UInt8, Sendable {
  /// Nobody looked: the host verifies every checksum.
  case unverified
  /// The link vouches for the transport checksum (it was verified, or never crossed a wire).
  case vouched
}

/// A packet that came in from a link: an IP packet, or a frame on links that have them, in pages of the host's pool.
///
/// A packet larger than the path's segment size is a train: segments of ``segmentSize`` payload octets that a link put together.
@frozen
public struct Packet: ~Copyable {
  public var chain: PageChain
  public var trust: ChecksumTrust
  /// The payload octets of each segment of a train; 0 if the packet is a single segment.
  public var segmentSize: UInt16

  @inlinable
  public init(_ chain: consuming PageChain, trust: ChecksumTrust = .unverified, segmentSize: UInt16 = 0) {
    self.chain = chain
    self.trust = trust
    self.segmentSize = segmentSize
  }
}

/// A run of octets in pages side by side that a departure holds pinned.
@safe
public struct PinnedRange: BitwiseCopyable {
  @usableFromInline let start: UnsafeRawPointer?
  /// The page in which it begins, where in that, and how many octets of it and the pages behind it count.
  public let page: PageIndex
  let offset: UInt16
  private var octets: UInt32

  init(start: UnsafeRawPointer?, page: PageIndex, offset: Int, count: Int) {
    unsafe self.start = start
    self.page = page
    self.offset = UInt16(truncatingIfNeeded: offset)
    octets = UInt32(truncatingIfNeeded: count)
  }

  public var count: Int { Int(octets) }

  /// The pages that it has octets of.
  @inline(__always)
  var pages: PageRun {
    let last = (UInt32(offset) &+ max(1, octets) &- 1) &>> UInt32(PagePool.pageShift)
    return PageRun(first: page, count: Int(last) &+ 1)
  }

  /// Goes on with the first `count` octets of `next`, and of the pages behind it, if that is the page behind and everything before it is
  /// part of the range; whether it does.
  mutating func extend(by count: Int, of next: PageIndex) -> Bool {
    let end = Int(offset) &+ self.count
    guard end & (PagePool.pageSize - 1) == 0, octets > 0, count > 0,
      next.rawValue == page.rawValue &+ UInt32(truncatingIfNeeded: end &>> PagePool.pageShift),
      !PagePool.beginsChunk(next)
    else { return false }
    octets &+= UInt32(truncatingIfNeeded: count)
    return true
  }

  /// `count` octets of it from `offset` on, which must be inside.
  func part(from offset: Int, count: Int) -> PinnedRange {
    precondition(offset >= 0 && count >= 0 && offset + count <= self.count, "a part goes beyond its range")
    let within = Int(self.offset) &+ offset
    let page = PageIndex(self.page.rawValue &+ UInt32(truncatingIfNeeded: within &>> PagePool.pageShift))
    return unsafe PinnedRange(
      start: start.map { unsafe $0 + offset }, page: page, offset: within & (PagePool.pageSize - 1), count: count)
  }
}

/// What the link still has to do about the transport checksum of a departure.
public enum ChecksumDuty: Sendable, Equatable {
  /// Nothing: the checksum is complete.
  case complete
  /// The field at `offset` behind `start` holds the pseudo-header's sum; the link sums from `start` (octets from the
  /// beginning of the IP header) to the end and puts the complement there.
  case partial(start: Int, offset: Int)
}

/// A packet that is to leave: its headers in place, its payload as pinned page ranges.
///
/// A link writes headers and ranges in one gathered call outside the host's lock and then gives the departure back to the
/// host, which unpins the pages. A departure is a reusable slot: the owner keeps a few and lets the host fill them.
public struct Departure: ~Copyable {
  /// Room for Ethernet with a VLAN tag, the largest fixed IP header with a fragment header, and a TCP header.
  @inlinable public static var headerCapacity: Int { 192 }
  /// Where the transport header begins; the IP header is put before it.
  @inlinable public static var transportStart: Int { 80 }
  /// A train of 64 KiB, each end anywhere in a page, and one spare.
  @inlinable public static var rangeCapacity: Int { 36 }

  private let anchor = Anchor()
  /// The header octets; ``headerStart`` ..< ``headerEnd`` count.
  public var header = InlineArray<192, UInt8>(repeating: 0)
  public var headerStart = Departure.transportStart
  public var headerEnd = Departure.transportStart
  @usableFromInline var ranges = InlineArray<36, PinnedRange>(
    repeating: unsafe PinnedRange(start: nil, page: .none, offset: 0, count: 0))
  public private(set) var rangeCount = 0
  /// The payload octets behind the header.
  public private(set) var payloadCount = 0
  /// The payload octets of each segment if this is a train for the link to cut; 0 for a single packet.
  public var segmentSize = 0
  /// Whether the IP header of a train speaks of its full segments.
  var headerIsOfSegments = false
  public var duty = ChecksumDuty.complete
  /// The number of the interface that the packet leaves by.
  public var interface: UInt16 = 0

  public init() {}

  /// All octets of the packet.
  public var count: Int { headerEnd - headerStart + payloadCount }

  /// Makes the slot empty. Its ranges must have been released.
  public mutating func reset() {
    headerStart = Departure.transportStart
    headerEnd = Departure.transportStart
    rangeCount = 0
    payloadCount = 0
    segmentSize = 0
    headerIsOfSegments = false
    duty = .complete
  }

  /// Pins `count` octets from `offset` in `page` on, which may go on in the pages that lie behind it, as the next piece of the payload, or as more of
  /// the piece before if they lie behind that; false if the departure has no room for another piece.
  public mutating func append(page: PageIndex, offset: Int, count: Int, in pool: inout PagePool) -> Bool {
    let range = unsafe PinnedRange(
      start: pool.address(of: page) + offset, page: page, offset: offset, count: count)
    if offset == 0 && rangeCount > 0 && ranges[rangeCount &- 1].extend(by: count, of: page) {
      pool.pin(range.pages)
      payloadCount &+= count
      return true
    }
    guard rangeCount < Departure.rangeCapacity else { return false }
    if offset &+ count <= PagePool.pageSize { pool.pin(page) } else { pool.pin(range.pages) }
    add(range)
    return true
  }

  /// Pins all octets of `chain` as the next pieces of the payload; false, with nothing pinned, if the departure has no room for so many
  /// pieces. The chain stays its owner's.
  public mutating func append(_ chain: borrowing PageChain, in pool: inout PagePool) -> Bool {
    let (countBefore, payloadBefore) = (rangeCount, payloadCount)
    let lastBefore = rangeCount > 0 ? ranges[rangeCount - 1] : nil
    var page = chain.first
    while !page.isNone {
      let state = unsafe pool.states[Int(page.rawValue)]
      guard append(page: page, offset: Int(state.offset), count: Int(state.length), in: &pool) else {
        pool.unpin(from: chain.first, before: page)
        (rangeCount, payloadCount) = (countBefore, payloadBefore)
        if let lastBefore { ranges[countBefore - 1] = lastBefore }
        return false
      }
      page = state.next
    }
    return true
  }

  /// Pins `range`, which another departure holds, as the next piece of the payload. A departure has as many places as any other.
  @inline(__always)
  mutating func append(_ range: PinnedRange, in pool: inout PagePool) {
    precondition(rangeCount < Departure.rangeCapacity, "a departure has no room for another piece")
    pool.pin(range.pages)
    add(range)
  }

  @inline(__always)
  private mutating func add(_ range: PinnedRange) {
    ranges[rangeCount] = range
    rangeCount &+= 1
    payloadCount &+= range.count
  }

  /// The piece of the payload at `index`.
  func range(at index: Int) -> PinnedRange {
    precondition(index >= 0 && index < rangeCount, "a departure has no such piece")
    return ranges[index]
  }

  /// Unpins every range and empties the slot.
  public mutating func release(to pool: inout PagePool) {
    for index in 0..<rangeCount { pool.unpin(ranges[index].pages) }
    reset()
  }

  /// Gives `body` all octets of the header's room, for writing.
  @inlinable
  public mutating func withHeaderBytes<Result>(_ body: (inout MutableRawSpan) -> Result) -> Result {
    var elements = header.mutableSpan
    var bytes = unsafe elements.mutableBytes
    return body(&bytes)
  }

  /// Visits the payload as contiguous runs, in order. Needs no pool: the ranges are pinned.
  @inlinable
  public func forEachPayloadRun(_ body: (RawSpan) -> Void) {
    for index in 0..<rangeCount {
      let range = ranges[index]
      let bytes = unsafe UnsafeRawBufferPointer(start: range.start, count: range.count)
      unsafe body(bytes.bytes)
    }
  }

  /// Copies header and payload into `target`, which must have room for ``count`` octets.
  public func copy(into target: inout MutableRawSpan) {
    precondition(count <= target.byteCount, "a departure is copied into too little room")
    unsafe target.withUnsafeMutableBytes { bytes in
      if let place = bytes.baseAddress { unsafe copy(to: place) }
    }
  }

  /// Copies header and payload to `target` and the places behind it, which must be enough.
  @unsafe @inline(__always)
  fileprivate func copy(to target: UnsafeMutableRawPointer) {
    var place = unsafe target
    let octets = headerEnd &- headerStart
    unsafe header.span.withUnsafeBytes { header in
      if let start = header.baseAddress, octets > 0 {
        unsafe place.copyMemory(from: start + headerStart, byteCount: octets)
      }
    }
    unsafe place += octets
    for index in 0..<rangeCount {
      let range = ranges[index]
      if let start = unsafe range.start { unsafe place.copyMemory(from: start, byteCount: range.count) }
      unsafe place += range.count
    }
  }
}

extension PagePool {
  /// A chain that holds a copy of the header octets of `departure`; nil at the limit.
  public mutating func chain(copyingHeaderOf departure: borrowing Departure) -> PageChain? {
    unsafe chain(copying: departure.header.span.bytes.extracting(departure.headerStart..<departure.headerEnd))
  }

  /// A chain that holds a copy of all octets of `departure`, as a link would have read them; nil at the limit.
  public mutating func chain(copying departure: borrowing Departure) -> PageChain? {
    let count = departure.count
    guard count > 0 else { return PageChain() }
    if count <= PagePool.pageSize {
      guard let page = takePage() else { return nil }
      unsafe departure.copy(to: address(of: page))
      return PageChain(page, count: count, in: self)
    }
    guard let packet = allocateChain(capacity: count) else { return nil }
    var room = run(from: packet.first)
    unsafe departure.header.span.withUnsafeBytes { header in
      let range = departure.headerStart..<departure.headerEnd
      unsafe fill(&room, from: UnsafeRawBufferPointer(rebasing: header[range]))
    }
    for index in 0..<departure.rangeCount {
      let range = departure.range(at: index)
      unsafe fill(&room, from: UnsafeRawBufferPointer(start: range.start, count: range.count))
    }
    return packet
  }

  /// Copies all of `source` into `room` and the runs of pages behind it in the chain, which must be enough; moves `room` on.
  private func fill(_ room: inout PageSpan, from source: UnsafeRawBufferPointer) {
    guard var start = source.baseAddress else { return }
    var missing = source.count
    while missing > 0 {
      if room.count == 0 { room = run(from: room.next) }
      let count = min(missing, room.count)
      unsafe room.start.copyMemory(from: start, byteCount: count)
      unsafe start += count
      unsafe room.start += count
      room.count &-= count
      missing &-= count
    }
  }
}

extension MutableRawSpan {
  /// Copies all of `source` to `offset` and the places behind it. The octets must fit.
  public mutating func copy(_ source: RawSpan, at offset: Int) {
    precondition(
      offset >= 0 && offset <= byteCount && source.byteCount <= byteCount - offset, "a copy goes beyond its target")
    unsafe withUnsafeMutableBytes { target in
      unsafe source.withUnsafeBytes { bytes in
        if let base = target.baseAddress, let start = bytes.baseAddress {
          unsafe (base + offset).copyMemory(from: start, byteCount: bytes.count)
        }
      }
    }
  }
}

extension Array where Element == UInt8 {
  /// Reads `range` of the array in place.
  @inlinable
  public func withOctets<Result: ~Copyable, Failure: Error>(
    _ range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(span.bytes.extracting(range))
  }

  /// Writes `range` of the array in place.
  @inlinable
  public mutating func withMutableOctets<Result: ~Copyable, Failure: Error>(
    _ range: Range<Int>, _ body: (inout MutableRawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var elements = mutableSpan
    var octets = unsafe elements.mutableBytes
    var part = octets._mutatingExtracting(range)
    return try body(&part)
  }
}
