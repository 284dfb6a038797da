extension Checksum {
  /// Adds the octets `offset ..< offset + count` of `chain`, or as many of them as there are.
  public mutating func add(
    _ chain: borrowing PageChain, from offset: Int = 0, count: Int = Int.max, in pool: borrowing PagePool
  ) {
    var sum = self
    pool.forEachRun(of: chain, from: offset, count: count) { sum.add($0) }
    self = sum
  }

  /// Puts the checksum of the octets from `start` to the end into the field `offset` octets behind `start`, which holds the
  /// sum of the pseudo-header: what a link owes to a departure whose duty is ``ChecksumDuty/partial(start:offset:)``. A range
  /// that is not inside changes nothing.
  public static func complete(_ packet: inout MutableRawSpan, start: Int, offset: Int) {
    let count = packet.byteCount
    guard start >= 0, offset >= 0, start <= count, offset <= count - start - 2 else { return }
    var sum = Checksum()
    sum.add(packet.bytes.extracting(start..<count))
    packet.store(Checksum.field(sum.finish(), offset: offset), at: start + offset)
  }

  /// What stands in the checksum field of a transport header: UDP, whose field has offset 6, sends a computed zero as all ones
  /// (RFC 768), since zero means that there is none.
  public static func field(_ checksum: UInt16, offset: Int) -> UInt16 {
    checksum == 0 && offset == 6 ? 0xFFFF : checksum
  }
}

extension Departure {
  /// The octets of transport header and payload.
  public var transportCount: Int { headerEnd - Departure.transportStart + payloadCount }

  /// Writes the checksum over transport header and payload, and over a pseudo-header except for ICMP of IPv4.
  public mutating func completeTransportChecksum(source: IPAddress, destination: IPAddress, protocolNumber: UInt8) {
    guard let offset = IPProtocol.checksumOffset(of: protocolNumber) else { return }
    var sum = Checksum()
    if protocolNumber != IPProtocol.icmp {
      sum.addPseudoHeader(
        source: source, destination: destination, protocolNumber: protocolNumber, length: transportCount)
    }
    completeTransportChecksum(behind: sum, fieldOffset: offset)
  }

  /// Writes the checksum of TCP; `pseudoHeader` is the sum of the pseudo-header but for the length.
  public mutating func completeSegmentChecksum(behind pseudoHeader: Checksum) {
    var sum = pseudoHeader
    sum.add(doubleWord: UInt32(truncatingIfNeeded: transportCount))
    completeTransportChecksum(behind: sum, fieldOffset: 16)
  }

  @inline(__always)
  private mutating func completeTransportChecksum(behind pseudoHeader: Checksum, fieldOffset offset: Int) {
    var sum = pseudoHeader
    let end = headerEnd
    withHeaderBytes { header in
      header.store(UInt16(0), at: Departure.transportStart &+ offset)
      sum.add(header.bytes.extracting(Departure.transportStart..<end))
    }
    forEachPayloadRun { sum.add($0) }
    let checksum = Checksum.field(sum.finish(), offset: offset)
    withHeaderBytes { $0.store(checksum, at: Departure.transportStart &+ offset) }
    duty = .complete
  }

  /// Leaves the transport checksum to the link: writes the sum of the pseudo-header into the field and states the duty. The IP
  /// header must be in place, and no frame header before it.
  public mutating func deferTransportChecksum(source: IPAddress, destination: IPAddress, protocolNumber: UInt8) {
    guard let offset = IPProtocol.checksumOffset(of: protocolNumber) else { return }
    var sum = Checksum()
    if protocolNumber != IPProtocol.icmp {
      sum.addPseudoHeader(
        source: source, destination: destination, protocolNumber: protocolNumber, length: transportCount)
    }
    let folded = sum.folded
    withHeaderBytes { $0.store(folded, at: Departure.transportStart + offset) }
    duty = .partial(start: Departure.transportStart - headerStart, offset: offset)
  }
}
