import MartinetTCP
import MartinetWire

// What routers do.
extension Network {
  /// Adds a router whose ICMP errors come from `addresses`, at most one of each family.
  public mutating func addRouter(_ addresses: [IPAddress]) -> RouterID {
    routers.append(Router(addresses: addresses))
    return RouterID(number: routers.count - 1)
  }

  /// Lets `router` send what goes to `prefix` into `wire`, if it is at the end of it.
  public mutating func addRoute(_ prefix: IPPrefix, of router: RouterID, over wire: WireID) {
    for (port, channel) in routers[router.number].channels.enumerated() where channel / 2 == wire.number {
      routers[router.number].add(prefix, port: port)
    }
  }

  /// A packet has come to router `index`.
  mutating func route(_ event: Event, through index: Int, from port: Int) {
    guard let packet = frames.withBytes(of: event.frame, { RoutedPacket($0) }) else {
      frames.release(event.frame)
      return
    }
    let router = routers[index]
    guard packet.hopLimit > 1 else { return refuse(event, .hopLimitExceeded, packet, by: router, at: port) }
    guard let way = router.port(toward: packet.destination) else {
      return refuse(event, .noRoute, packet, by: router, at: port)
    }
    let channel = router.channels[way]
    guard channels[channel].condition != .partitioned else {
      return refuse(event, .unreachable, packet, by: router, at: port)
    }
    let mtu = effectiveMTU(of: channel)
    if packet.octets > mtu {
      guard packet.mayBeFragmented else { return refuse(event, .tooBig(mtu: mtu), packet, by: router, at: port) }
      return fragment(event, into: channel, mtu: mtu)
    }
    frames.withMutableBytes(of: event.frame) { FrameEdits.countHop(&$0) }
    transmit(event.frame, into: channel, serial: event.serial)
  }

  /// The largest IP packet that passes a channel.
  private func effectiveMTU(of channel: Int) -> Int {
    let limit = channels[channel].impairment.mtu
    let mtu = mtus[channel / 2]
    return limit > 0 ? min(limit, mtu) : mtu
  }

  /// Drops a packet and tells its sender, through the port that it came from.
  private mutating func refuse(
    _ event: Event, _ notice: RouterNotice, _ packet: RoutedPacket, by router: Router, at port: Int
  ) {
    defer { frames.release(event.frame) }
    guard packet.mayBeAnswered, let own = router.address(inFamilyOf: packet.source) else { return }
    let header = packet.source.isIPv4 ? 20 : 40
    // RFC 1812 section 4.3.2.3 and RFC 4443 section 2.4: as much as fits into 576 or 1,280 octets.
    let quoted = min(frames.octets(of: event.frame), (packet.source.isIPv4 ? 576 : 1280) - header - 8)
    guard let frame = frames.derive(octets: header + 8 + quoted, from: event.frame, 0..<quoted, at: header + 8) else {
      return
    }
    frames.withMutableBytes(of: frame) {
      Network.write(notice, to: packet.source, from: own, octets: 8 + quoted, &$0)
    }
    lastSerial += 1
    transmit(frame, into: router.channels[port], serial: lastSerial)
  }

  /// Cuts an IPv4 packet and sends the pieces (RFC 791 section 3.2).
  private mutating func fragment(_ event: Event, into channel: Int, mtu: Int) {
    defer { frames.release(event.frame) }
    guard let header = frames.withBytes(of: event.frame, { try? IPv4Header.parse($0) }),
      let plan = FragmentPlan(payload: header.payloadLength, mtu: mtu, headerLength: IPv4Header.minimumLength)
    else { return }
    for index in 0..<plan.count {
      let piece = plan[index]
      let start = header.headerLength + piece.offset
      guard var part = header.fragment(piece),
        let frame = frames.derive(
          octets: part.totalLength, from: event.frame, start..<start + piece.count, at: IPv4Header.minimumLength)
      else {
        lose(.noMemory, on: channel, serial: event.serial)
        return
      }
      part.timeToLive -= 1
      frames.withMutableBytes(of: frame) { part.encode(into: &$0, at: 0) }
      transmit(frame, into: channel, serial: event.serial)
    }
  }

  private static func write(
    _ notice: RouterNotice, to target: IPAddress, from own: IPAddress, octets: Int, _ bytes: inout MutableRawSpan
  ) {
    let start = bytes.byteCount - octets
    var sum = Checksum()
    switch (own, target) {
    case (.v4(let source), .v4(let destination)):
      let header = IPv4Header(
        totalLength: bytes.byteCount, protocolNumber: IPProtocol.icmp, source: source, destination: destination)
      header.encode(into: &bytes, at: 0)
      notice.icmp.encode(into: &bytes, at: start)
    case (.v6(let source), .v6(let destination)):
      let header = IPv6Header(
        payloadLength: octets, nextHeader: IPProtocol.icmpv6, source: source, destination: destination)
      header.encode(into: &bytes, at: 0)
      notice.icmpv6.encode(into: &bytes, at: start)
      sum.addPseudoHeader(source: own, destination: target, protocolNumber: IPProtocol.icmpv6, length: octets)
    default:
      return
    }
    sum.add(bytes.bytes.extracting(start..<bytes.byteCount))
    bytes.store(sum.finish(), at: start + 2)
  }
}
