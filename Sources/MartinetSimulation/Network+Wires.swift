import MartinetStack
import MartinetTCP
import MartinetWire

// What can be done to wires, and seen on them.
extension Network {
  /// What a direction of `wire` does to packets that enter from now on.
  public mutating func setImpairment(_ impairment: Impairment, of wire: WireID, _ direction: WireDirection? = nil) {
    apply(.impairment(impairment, direction), to: wire)
  }

  public func impairment(of wire: WireID, _ direction: WireDirection) -> Impairment {
    channels[Network.channel(wire, direction)].impairment
  }

  /// Cuts `wire` in silence, in one direction or both: what is in flight vanishes, too.
  public mutating func cut(_ wire: WireID, _ direction: WireDirection? = nil) {
    apply(.condition(.cut, direction), to: wire)
  }

  /// Lets nothing pass until ``heal(_:_:)``.
  public mutating func partition(_ wire: WireID, _ direction: WireDirection? = nil) {
    apply(.condition(.partitioned, direction), to: wire)
  }

  /// Makes `wire` whole again, in one direction or both.
  public mutating func heal(_ wire: WireID, _ direction: WireDirection? = nil) {
    apply(.condition(.whole, direction), to: wire)
  }

  public func condition(of wire: WireID, _ direction: WireDirection) -> WireCondition {
    channels[Network.channel(wire, direction)].condition
  }

  /// Lets `change` happen to `wire` at `time`, or at once if that is past.
  public mutating func schedule(_ change: WireChange, of wire: WireID, at time: Instant) {
    schedule.append((wire, change))
    events.plan(.change, target: Int32(schedule.count - 1), at: max(time, now))
  }

  /// Lets `filter` decide about every packet of a direction that its impairment would let arrive; nil takes the filter away.
  public mutating func setFilter(of wire: WireID, _ direction: WireDirection, _ filter: PacketFilter?) {
    filters[Network.channel(wire, direction)] = filter
  }

  public func statistics(of wire: WireID, _ direction: WireDirection) -> ChannelStatistics {
    channels[Network.channel(wire, direction)].statistics
  }

  /// The octets that wait for the transmitter of a direction.
  public mutating func queuedOctets(of wire: WireID, _ direction: WireDirection) -> Int {
    channels[Network.channel(wire, direction)].queuedOctets(at: now)
  }

  /// The packets in flight on all wires.
  public var packetsInFlight: Int { frames.count }

  /// Puts octets of the caller's making into a direction of `wire`, as if the node at its beginning had sent them.
  public mutating func inject(_ packet: RawSpan, into wire: WireID, _ direction: WireDirection) {
    let channel = Network.channel(wire, direction)
    lastSerial += 1
    guard let frame = frames.allocate(octets: packet.byteCount) else {
      lose(.noMemory, on: channel, serial: lastSerial)
      return
    }
    frames.withMutableBytes(of: frame) { $0.copy(packet, at: 0) }
    transmit(frame, into: channel, serial: lastSerial)
  }

  // MARK: Watching

  /// Begins to record what `host` sends and receives, in order; at most `capacity` octets wait to be taken.
  public mutating func tap(_ host: HostID, capacity: Int = 1 << 30) {
    guard stations[host.number].tap == nil else { return }
    stations[host.number].tap = captures.count
    captures.append(CaptureQueue(capacity: capacity))
  }

  /// Shows the oldest packet that the tap of `host` recorded to `body` and forgets it; false if there is none.
  public mutating func takeCaptured(of host: HostID, _ body: (CapturedPacket, RawSpan) -> Void) -> Bool {
    guard let tap = stations[host.number].tap else { return false }
    return captures[tap].take(body)
  }

  /// The packets that the tap of `host` had no room for.
  public func capturesLost(of host: HostID) -> UInt64 {
    guard let tap = stations[host.number].tap else { return 0 }
    return captures[tap].lost
  }

  /// The oldest loss that was recorded since ``recordsLosses`` was set; nil if there is none.
  public mutating func pollLoss() -> LostPacket? {
    losses.popFirst()
  }

  // MARK: Effects

  mutating func apply(_ change: WireChange, to wire: WireID) {
    for direction in WireDirection.allCases {
      let channel = Network.channel(wire, direction)
      switch change {
      case .condition(let condition, let only):
        if only == nil || only == direction { channels[channel].condition = condition }
      case .impairment(let impairment, let only):
        if only == nil || only == direction { channels[channel].impairment = impairment }
      }
    }
  }
}
