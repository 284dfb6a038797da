import MartinetStack
import MartinetTCP
import MartinetWire

// The way of a packet: out of a host, into a channel, and out of it at the other end.
extension Network {
  /// Puts the departure of host `index` onto its wire.
  mutating func send(from index: Int, _ station: Station) {
    let interface = Int(departure.interface)
    guard interface < station.channels.count else { return }
    let channel = station.channels[interface]
    lastSerial += 1
    guard let frame = frames.allocate(octets: departure.count) else {
      lose(.noMemory, on: channel, serial: lastSerial)
      return
    }
    frames.fill(frame, with: departure)
    record(.sent, host: index, interface: interface, frame, serial: lastSerial)
    transmit(frame, into: channel, serial: lastSerial)
  }

  /// Gives `frame` to a channel; the frame belongs to the channel from here on.
  mutating func transmit(_ frame: FrameIndex, into channel: Int, serial: UInt64) {
    let header = linkHeader(of: channel)
    let octets = frames.octets(of: frame)
    switch channels[channel].admit(octets: octets, linkHeader: header, at: now) {
    case .lost(let cause):
      frames.release(frame)
      lose(cause, on: channel, serial: serial)
    case .passes(var passage):
      guard consultFilter(of: channel, about: frame, &passage) else {
        frames.release(frame)
        lose(.filtered, on: channel, serial: serial)
        return
      }
      carry(frame, over: channel, passage, header: header, serial: serial)
    }
  }

  private mutating func carry(
    _ frame: FrameIndex, over channel: Int, _ passage: Passage, header: Int, serial: UInt64
  ) {
    let duplicate = channels[channel].carry(frame, in: &frames, passage, linkHeader: header)
    events.plan(.arrival, target: Int32(channel), frame: frame, serial: serial, at: passage.arrival)
    if let duplicate {
      events.plan(.arrival, target: Int32(channel), frame: duplicate, serial: serial, at: passage.arrival)
    }
  }

  /// Lets the filter of a channel change what happens to a packet; false if the packet is lost.
  private func consultFilter(of channel: Int, about frame: FrameIndex, _ passage: inout Passage) -> Bool {
    guard let filter = filters[channel] else { return true }
    let number = channels[channel].statistics.entered
    switch frames.withBytes(of: frame, { filter($0, number) }) {
    case .passes: break
    case .isLost: return false
    case .isHeld(let interval): passage.arrival = passage.arrival + interval
    case .isDuplicated: passage.isDuplicated = true
    case .isCorrupted: passage.isCorrupted = true
    }
    return true
  }

  /// A packet comes out of its channel.
  mutating func arrive(_ event: Event) {
    let channel = Int(event.target)
    if let obstacle = channels[channel].emerge(octets: frames.octets(of: event.frame)) {
      frames.release(event.frame)
      lose(obstacle, on: channel, serial: event.serial)
      return
    }
    let port = destinations[channel]
    switch port.node {
    case .host(let id): deliver(event, to: id.number, interface: port.number)
    case .router(let id): route(event, through: id.number, from: port.number)
    case .ethernetSwitch(let id): forward(event, through: id.number, from: port.number)
    }
  }

  private mutating func deliver(_ event: Event, to index: Int, interface: Int) {
    record(.received, host: index, interface: interface, event.frame, serial: event.serial)
    let station = stations[index]
    let chain = frames.withBytes(of: event.frame) { station.host.environment.pool.chain(copying: $0) }
    frames.release(event.frame)
    guard let chain else {
      lose(.receiverFull, on: Int(event.target), serial: event.serial)
      return
    }
    station.host.receive(Packet(chain), on: InterfaceID(rawValue: UInt16(interface)), at: now)
    settle(index)
  }

  private mutating func forward(_ event: Event, through index: Int, from port: Int) {
    let frame = event.frame
    defer { frames.release(frame) }
    let (target, source) = frames.withBytes(of: frame) { Network.addresses(of: $0) }
    guard let target, let source else { return }
    switches[index].learn(source, on: port)
    if let known = switches[index].port(of: target) {
      if known != port { forwardCopy(of: event, into: switches[index].channels[known]) }
      return
    }
    for other in switches[index].channels.indices where other != port {
      forwardCopy(of: event, into: switches[index].channels[other])
    }
  }

  private mutating func forwardCopy(of event: Event, into channel: Int) {
    guard let copy = frames.duplicate(event.frame) else {
      lose(.noMemory, on: channel, serial: event.serial)
      return
    }
    transmit(copy, into: channel, serial: event.serial)
  }

  private static func addresses(of frame: RawSpan) -> (target: MACAddress?, source: MACAddress?) {
    guard frame.byteCount >= 14 else { return (nil, nil) }
    let target = UInt64(frame.uint32(at: 0)) << 16 | UInt64(frame.uint16(at: 4))
    let source = UInt64(frame.uint32(at: 6)) << 16 | UInt64(frame.uint16(at: 10))
    return (MACAddress(target), MACAddress(source))
  }

  // MARK: Bookkeeping

  /// The octets before the IP packet on a channel.
  private func linkHeader(of channel: Int) -> Int {
    mediums[channel / 2] == .ethernet ? 14 : 0
  }

  private mutating func record(
    _ direction: CaptureDirection, host: Int, interface: Int, _ frame: FrameIndex, serial: UInt64
  ) {
    guard let tap = stations[host].tap else { return }
    let packet = CapturedPacket(
      time: now, host: HostID(number: host), interface: InterfaceID(rawValue: UInt16(interface)), direction: direction,
      serial: serial, count: frames.octets(of: frame))
    Network.append(packet, frame, of: frames, to: &captures[tap])
  }

  private static func append(
    _ packet: CapturedPacket, _ frame: FrameIndex, of frames: borrowing FrameStore, to queue: inout CaptureQueue
  ) {
    frames.withBytes(of: frame) { queue.append(packet, bytes: $0) }
  }

  mutating func lose(_ cause: PacketLoss, on channel: Int, serial: UInt64) {
    channels[channel].statistics.count(cause)
    guard recordsLosses, losses.count < Network.lossCapacity else { return }
    let direction = WireDirection(rawValue: UInt8(channel & 1)) ?? .toRight
    losses.append(
      LostPacket(time: now, wire: WireID(number: channel / 2), direction: direction, serial: serial, cause: cause))
  }
}
