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

/// A run of octets in a page that a departure holds pinned.
@safe
public struct PinnedRange: BitwiseCopyable {
  @usableFromInline let start: UnsafeRawPointer?
  public let count: Int
  public let page: PageIndex

  @inlinable
  init(start: UnsafeRawPointer?, count: Int, page: PageIndex) {
    unsafe self.start = start
    self.count = count
    self.page = page
  }

  /// `count` octets of it from `offset` on, which must be inside.
  func part(from offset: Int, count: Int) -> PinnedRange {
    precondition(offset >= 0 && count >= 0 && offset + count <= self.count, "a part goes beyond its range")
    return unsafe PinnedRange(start: start.map { unsafe $0 + offset }, count: count, page: page)
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
  public static let headerCapacity = 192
  /// Where the transport header begins; the IP header is put before it.
  public static let transportStart = 80
  /// A train of 64 KiB, each end anywhere in a page, and one spare.
  public static let rangeCapacity = 36

  private let anchor = Anchor()
  /// The header octets; ``headerStart`` ..< ``headerEnd`` count.
  public var header = InlineArray<192, UInt8>(repeating: 0)
  public var headerStart = Departure.transportStart
  public var headerEnd = Departure.transportStart
  @usableFromInline var ranges = InlineArray<36, PinnedRange>(
    repeating: unsafe PinnedRange(start: nil, count: 0, page: .none))
  public private(set) var rangeCount = 0
  /// The payload octets behind the header.
  public private(set) var payloadCount = 0
  /// The payload octets of each segment if this is a train for the link to cut; 0 for a single packet.
  public var segmentSize = 0
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
    duty = .complete
  }

  /// Pins `count` octets of `page` from `offset` on as the next piece of the payload; false if the departure has no room for another piece.
  public mutating func append(page: PageIndex, offset: Int, count: Int, in pool: inout PagePool) -> Bool {
    guard rangeCount < Departure.rangeCapacity else { return false }
    pool.pin(page)
    ranges[rangeCount] = unsafe PinnedRange(start: pool.address(of: page) + offset, count: count, page: page)
    rangeCount += 1
    payloadCount += count
    return true
  }

  /// Pins all octets of `chain` as the next pieces of the payload; false, with nothing pinned, if the departure has no room for so many
  /// pieces. The chain stays its owner's.
  public mutating func append(_ chain: borrowing PageChain, in pool: inout PagePool) -> Bool {
    let countBefore = rangeCount
    let payloadBefore = payloadCount
    var page = chain.first
    while !page.isNone {
      let state = unsafe pool.states[Int(page.rawValue)]
      guard append(page: page, offset: Int(state.offset), count: Int(state.length), in: &pool) else {
        for index in countBefore..<rangeCount { pool.unpin(ranges[index].page) }
        rangeCount = countBefore
        payloadCount = payloadBefore
        return false
      }
      page = state.next
    }
    return true
  }

  /// Pins `range`, which another departure holds, as the next piece of the payload. A departure has as many places as any other.
  mutating func append(_ range: PinnedRange, in pool: inout PagePool) {
    precondition(rangeCount < Departure.rangeCapacity, "a departure has no room for another piece")
    pool.pin(range.page)
    ranges[rangeCount] = range
    rangeCount += 1
    payloadCount += range.count
  }

  /// The piece of the payload at `index`.
  func range(at index: Int) -> PinnedRange {
    precondition(index >= 0 && index < rangeCount, "a departure has no such piece")
    return ranges[index]
  }

  /// Unpins every range and empties the slot.
  public mutating func release(to pool: inout PagePool) {
    for index in 0..<rangeCount {
      pool.unpin(ranges[index].page)
    }
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
    var position = headerEnd - headerStart
    let start = headerStart
    let end = headerEnd
    unsafe header.span.withUnsafeBufferPointer { source in
      unsafe target.withUnsafeMutableBytes { bytes in
        precondition(end - start <= bytes.count, "a departure is copied into too little room")
        unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[0..<(end - start)])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(source)[start..<end]))
      }
    }
    for index in 0..<rangeCount {
      let range = ranges[index]
      unsafe target.withUnsafeMutableBytes { bytes in
        if let base = bytes.baseAddress, let start = unsafe range.start {
          precondition(position + range.count <= bytes.count, "a departure is copied into too little room")
          unsafe (base + position).copyMemory(from: start, byteCount: range.count)
        }
      }
      position += range.count
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
    guard let packet = allocateChain(capacity: departure.count) else { return nil }
    var page = packet.first
    var within = 0
    let header = unsafe departure.header.span.bytes.extracting(departure.headerStart..<departure.headerEnd)
    fill(from: header, &page, &within)
    for index in 0..<departure.rangeCount {
      let range = departure.range(at: index)
      fill(from: unsafe UnsafeRawBufferPointer(start: range.start, count: range.count).bytes, &page, &within)
    }
    return packet
  }

  /// Copies all of `source` into `page` from `within` on and into the pages behind it in the chain, which must have room; moves both on.
  private mutating func fill(from source: RawSpan, _ page: inout PageIndex, _ within: inout Int) {
    var position = 0
    while position < source.byteCount {
      if within == PagePool.pageSize {
        page = unsafe states[Int(page.rawValue)].next
        within = 0
      }
      let count = min(source.byteCount - position, PagePool.pageSize - within)
      write(source.extracting(position..<(position + count)), to: page, at: within)
      position += count
      within += count
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
