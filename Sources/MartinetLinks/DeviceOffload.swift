import CMartinetLinux
import MartinetWire

// What stands before each packet of a device whose kernel shares the work with us: who sums, who cuts.

extension martinet_vnet_header {
  /// Says what the kernel still has to do about `departure`; nil if that cannot be said.
  ///
  /// - Parameter frameHeader: the octets before the IP header.
  package init?(for departure: borrowing Departure, frameHeader: Int) {
    self.init()
    guard case .partial(let start, let offset) = departure.duty else {
      // A train's checksums can't be complete before it is cut.
      if departure.segmentSize > 0 { return nil }
      return
    }
    flags = UInt8(MARTINET_CHECKSUM_MISSING)
    checksum_start = UInt16(frameHeader + start)
    checksum_offset = UInt16(offset)
    guard departure.segmentSize > 0 else { return }
    guard let size = UInt16(exactly: departure.segmentSize), offset == 16 else { return nil }
    header_length = UInt16(departure.headerEnd - departure.headerStart)
    segment_size = size
    let isIPv4 = departure.header[departure.headerStart + frameHeader] >> 4 == 4
    segmentation = UInt8(isIPv4 ? MARTINET_SEGMENTATION_TCP4 : MARTINET_SEGMENTATION_TCP6)
    let flagsOfTCP = departure.header[Departure.transportStart + 13]
    if TCPFlags(rawValue: UInt16(flagsOfTCP)).contains(.cwr) { segmentation |= UInt8(MARTINET_SEGMENTATION_CWR) }
  }
}

extension ReceiveSlot {
  /// Takes `count` octets, the vnet header among them; false if the kernel says what it must not.
  package func arrived(withHeader count: Int, frameHeader: Int) -> Bool {
    guard count > Int(MARTINET_VNET_HEADER) else { return false }
    arrived(count - Int(MARTINET_VNET_HEADER))
    switch Int32(header.pointee.segmentation) & ~MARTINET_SEGMENTATION_CWR {
    case MARTINET_SEGMENTATION_NONE: break
    case MARTINET_SEGMENTATION_TCP4, MARTINET_SEGMENTATION_TCP6, MARTINET_SEGMENTATION_UDP:
      guard header.pointee.segment_size > 0 else { return false }
      isTrain(of: header.pointee.segment_size)
    default: return false
    }
    let transport = SimpleTransport(beginning.bytes, frameHeader: frameHeader)
    if Int32(header.pointee.flags) & MARTINET_CHECKSUM_MISSING != 0 {
      let start = Int(header.pointee.checksum_start)
      let offset = Int(header.pointee.checksum_offset)
      if transport == SimpleTransport(start: start, checksumOffset: offset) {
        vouch(.partial(start: start, offset: offset))
      } else {
        // It is about something that this host would not look for there.
        return completeChecksum(start: start, offset: offset)
      }
    } else if Int32(header.pointee.flags) & MARTINET_CHECKSUM_VERIFIED != 0, transport != nil {
      vouch(.complete)
    }
    return true
  }

  /// Puts a missing checksum into its place; false if that is not inside the packet.
  private func completeChecksum(start: Int, offset: Int) -> Bool {
    guard start + offset + 2 <= received else { return false }
    var sum = Checksum()
    var position = 0
    forEachRun { run in
      if position + run.count > start { sum.add(run.bytes.extracting(max(0, start - position)..<run.count)) }
      position += run.count
    }
    let checksum = Checksum.field(sum.finish(), offset: offset)
    put(UInt8(checksum >> 8), at: start + offset)
    put(UInt8(truncatingIfNeeded: checksum), at: start + offset + 1)
    return true
  }

  private func put(_ octet: UInt8, at position: Int) {
    var before = 0
    forEachRoom(upTo: received) { room in
      if position >= before && position < before + room.count { room[position - before] = octet }
      before += room.count
    }
  }
}

/// Where the transport header of a packet without extension headers stands, and where in it the checksum of TCP or UDP.
private struct SimpleTransport: Equatable {
  let start: Int
  let checksumOffset: Int

  init(start: Int, checksumOffset: Int) {
    self.start = start
    self.checksumOffset = checksumOffset
  }

  /// nil for anything else, fragments included.
  init?(_ packet: RawSpan, frameHeader: Int) {
    guard packet.byteCount >= frameHeader + IPv4Header.minimumLength else { return nil }
    let number: UInt8
    switch packet.uint8(at: frameHeader) >> 4 {
    case 4:
      // More fragments, or an offset.
      guard packet.uint16(at: frameHeader + 6) & 0x3FFF == 0 else { return nil }
      start = frameHeader + Int(packet.uint8(at: frameHeader) & 0xF) * 4
      number = packet.uint8(at: frameHeader + 9)
    case 6:
      start = frameHeader + IPv6Header.encodedLength
      number = packet.uint8(at: frameHeader + 6)
    default: return nil
    }
    guard number == IPProtocol.tcp || number == IPProtocol.udp, let offset = IPProtocol.checksumOffset(of: number)
    else { return nil }
    checksumOffset = offset
  }
}
