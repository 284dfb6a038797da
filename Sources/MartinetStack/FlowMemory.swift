import MartinetTCP
import MartinetWire

/// What was found out about the last segment that arrived for a connection over IPv4: packets come in runs of one flow, and of the next in a run nothing of that
/// need be asked again.
struct FlowMemory {
  /// The addresses and the ports as they stand in the headers.
  private var addresses: UInt64 = 0
  private var ports: UInt32 = 0
  private var interface: UInt16 = 0
  private var addressEpoch: UInt32 = 0
  /// The connection; a slot that is used again has another generation.
  private(set) var connection = ConnectionID.none

  mutating func remember(_ flow: FlowKey, _ connection: ConnectionID, on interface: UInt16, addressEpoch: UInt32) {
    guard case .v4(let near) = flow.local.address, case .v4(let far) = flow.remote.address else { return }
    addresses = UInt64(far.rawValue) << 32 | UInt64(near.rawValue)
    ports = UInt32(flow.remote.port) << 16 | UInt32(flow.local.port)
    self.interface = interface
    self.addressEpoch = addressEpoch
    self.connection = connection
  }

  /// Whether `packet`, all of which begins with `bytes`, is a TCP segment of the same flow, whole and without IP options: one for which every question
  /// to its IP header, but that for its checksum, has the answer that it had last time.
  @inline(__always)
  func isNext(_ bytes: RawSpan, of count: Int, on interface: UInt16, addressEpoch: UInt32) -> Bool {
    guard connection != .none, self.interface == interface, self.addressEpoch == addressEpoch, bytes.byteCount >= 40
    else { return false }
    let first = bytes.uint32(at: 0)
    return first >> 24 == 0x45 && Int(first & 0xFFFF) == count && bytes.uint16(at: 6) & 0x3FFF == 0
      && bytes.uint8(at: 9) == IPProtocol.tcp && bytes.uint64(at: 12) == addresses
      && bytes.uint32(at: 20) == ports
  }
}

extension Host {
  /// The short way of a plain segment that follows another of its flow; false if it is none, or anything about it is wrong: then it has to go the long way,
  /// which says what.
  mutating func receiveNextOfFlow(_ packet: inout PageChain, _ info: ArrivalInfo, at now: Instant) -> Bool {
    guard lastFlow.connection != .none else { return false }
    guard let (segment, facts) = plainSegment(packet, info) else { return receiveOtherOfFlow(&packet, info, at: now) }
    guard isReachable(lastFlow.connection) else { return false }
    let headers = IPv4Header.minimumLength + segment.headerLength
    let connection = lastFlow.connection
    if !gathered.isEmpty {
      if gathered.connection == connection
        && gathered.goesOn(with: segment, payload: packet.count - headers, facts)
      {
        environment.pool.removeFirst(headers, from: &packet)
        gathered.append(segment, packet.take(), in: &environment.pool)
        return true
      }
      deliverGathered(at: now)
      guard isReachable(connection) else { return false }
    }
    environment.pool.removeFirst(headers, from: &packet)
    if moreFollows {
      begin(segment, packet.take(), facts, on: connection.slot, at: now)
    } else {
      receive(segment, packet.take(), facts, on: connection.slot, at: now)
    }
    return true
  }

  /// The short way through the host of a segment with other flags or options that follows another of its flow; false if it is none, or anything about it is wrong.
  /// A SYN goes the long way: it may open the next connection between the two ends.
  @inline(never)
  private mutating func receiveOtherOfFlow(_ packet: inout PageChain, _ info: ArrivalInfo, at now: Instant) -> Bool {
    var header = TCPHeader()
    guard let arrival = otherSegment(packet, info, &header), !header.isSYN || header.isACK else { return false }
    let connection = lastFlow.connection
    deliverGathered(at: now)
    guard isReachable(connection) else { return false }
    environment.pool.removeFirst(IPv4Header.minimumLength + arrival.length, from: &packet)
    receiveUnexpected(header, packet.take(), arrival.facts, on: connection.slot, at: now)
    return true
  }

  /// Reads the header of the segment in `packet`, if that is of the last flow and both checksums are right; returns how long it is.
  @inline(__always)
  private func otherSegment(
    _ packet: borrowing PageChain, _ info: ArrivalInfo, _ header: inout TCPHeader
  ) -> (length: Int, facts: ArrivalFacts)? {
    let (count, epoch) = (packet.count, interfaces.epoch)
    guard !info.isLinkGroup else { return nil }
    return environment.pool.withFirstBytes(of: packet) { bytes in
      guard lastFlow.isNext(bytes, of: count, on: info.interface, addressEpoch: epoch),
        hasRightChecksums(bytes, count, info),
        let length = try? header.read(bytes.extracting(IPv4Header.minimumLength..<bytes.byteCount))
      else { return nil }
      return (length, ArrivalFacts(bytes, info))
    }
  }

  /// Whether the checksums of a packet without IP options are right, that of its segment as far as the link does not vouch for it.
  @inline(__always)
  private func hasRightChecksums(_ bytes: RawSpan, _ count: Int, _ info: ArrivalInfo) -> Bool {
    IPv4Header.hasRightChecksum(bytes)
      && (info.trust == .vouched || IPv4Header.hasRightTransportChecksum(bytes, of: count))
  }

  /// Whether the table of flows leads to `connection`.
  @inline(__always)
  private func isReachable(_ connection: ConnectionID) -> Bool {
    connections.contains(connection.slot, connection.generation) && connections[connection.slot].isInFlows
  }

  /// The segment in `packet`, if it is plain, of the last flow, and both checksums are right.
  @inline(__always)
  private func plainSegment(
    _ packet: borrowing PageChain, _ info: ArrivalInfo
  ) -> (segment: PlainSegment, facts: ArrivalFacts)? {
    let (count, epoch) = (packet.count, interfaces.epoch)
    guard !info.isLinkGroup else { return nil }
    return environment.pool.withFirstBytes(of: packet) { bytes in
      guard lastFlow.isNext(bytes, of: count, on: info.interface, addressEpoch: epoch),
        let segment = PlainSegment(bytes, at: IPv4Header.minimumLength), hasRightChecksums(bytes, count, info)
      else { return nil }
      return (segment, ArrivalFacts(bytes, info))
    }
  }
}

extension ArrivalFacts {
  /// What an IPv4 header and the link say of a segment.
  @inline(__always)
  fileprivate init(_ bytes: RawSpan, _ info: ArrivalInfo) {
    let ecn = ECNCodepoint(rawValue: bytes.uint8(at: 1) & 3) ?? .notECT
    self.init(ecn: ecn, segmentSize: Int(info.segmentSize))
  }
}
