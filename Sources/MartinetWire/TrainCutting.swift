// Trains for links that cannot cut them: the engine and the IP layer work once for a train, and each packet costs its header and its checksum only.

/// How far a train has been cut.
public struct TrainCursor: BitwiseCopyable, Sendable {
  /// The payload octets that have left.
  public fileprivate(set) var offset = 0
  /// Where the next octet is: the piece of the payload, and how far in it.
  fileprivate var range = 0
  fileprivate var within = 0
  public init() {}
}

extension Departure {
  /// How many packets the departure stands for.
  public var packetCount: Int {
    segmentSize > 0 ? max(1, (payloadCount + segmentSize - 1) / segmentSize) : 1
  }

  /// Makes this slot, which holds no pages, the next packet of `train`, whose header is IP and TCP with the IP header's checksum right; the TCP checksum is left to do.
  ///
  /// FIN and PSH are those of the last packet. CWR stands in the first only (RFC 3168 section 6.1.2), unless `repeatsCWR`: with accurate ECN it is part
  /// of a counter (RFC 9768 section 3.2.2).
  public mutating func cut(
    from train: borrowing Departure, _ cursor: inout TrainCursor, repeatsCWR: Bool = false, in pool: inout PagePool
  ) {
    reset()
    let count = min(train.segmentSize, train.payloadCount &- cursor.offset)
    let isFirst = cursor.offset == 0
    let isLast = cursor.offset &+ count == train.payloadCount
    let start = train.headerStart
    headerStart = start
    headerEnd = train.headerEnd
    header = train.header
    interface = train.interface
    let skipped = UInt32(truncatingIfNeeded: cursor.offset)
    appendPieces(of: train, count, &cursor, in: &pool)
    let isFull = train.headerIsOfSegments && count == train.segmentSize
    let length = self.count
    withHeaderBytes { bytes in
      let sequence = bytes.bytes.uint32(at: Departure.transportStart &+ 4)
      bytes.store(sequence &+ skipped, at: Departure.transportStart &+ 4)
      if !isLast || !(isFirst || repeatsCWR) {
        let kept: UInt8 = (isLast ? 0xFF : ~0x09) & (isFirst || repeatsCWR ? 0xFF : ~0x80)
        bytes.store(bytes.bytes.uint8(at: Departure.transportStart &+ 13) & kept, at: Departure.transportStart &+ 13)
      }
      if !isFull { Departure.setInternetLength(length, at: start, in: &bytes) }
    }
  }

  /// Has the IP header say of each full segment how long it is, and not of the train, so that ``cut(from:_:repeatsCWR:in:)`` finds it right in nearly all.
  public mutating func prepareForCutting() {
    let length = headerEnd - headerStart + segmentSize
    let start = headerStart
    withHeaderBytes { Departure.setInternetLength(length, at: start, in: &$0) }
    headerIsOfSegments = true
  }

  private mutating func appendPieces(
    of train: borrowing Departure, _ count: Int, _ cursor: inout TrainCursor, in pool: inout PagePool
  ) {
    var missing = count
    while missing > 0 {
      let range = train.range(at: cursor.range)
      let taken = min(missing, range.count &- cursor.within)
      append(range.part(from: cursor.within, count: taken), in: &pool)
      missing &-= taken
      cursor.within &+= taken
      if cursor.within == range.count {
        cursor.range &+= 1
        cursor.within = 0
      }
    }
    cursor.offset &+= count
  }

  /// Writes what an IP header at `start` says of the packet's length.
  private static func setInternetLength(_ length: Int, at start: Int, in bytes: inout MutableRawSpan) {
    if bytes.bytes.uint8(at: start) >> 4 == 4 {
      let old = bytes.bytes.uint16(at: start + 2)
      let new = UInt16(truncatingIfNeeded: length)
      let checksum = Checksum.update(bytes.bytes.uint16(at: start + 10), replacing: old, with: new)
      bytes.store(new, at: start + 2)
      bytes.store(checksum, at: start + 10)
    } else {
      bytes.store(UInt16(truncatingIfNeeded: length - IPv6Header.encodedLength), at: start + 4)
    }
  }
}
