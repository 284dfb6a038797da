import MartinetTCP
import MartinetWire

/// The choice of ephemeral ports: the hash-based one of RFC 6056 section 3.3.4, whose sequences towards different destinations have nothing
/// to do with each other.
struct PortChooser: ~Copyable {
  private let anchor = Anchor()
  private var counters = InlineArray<32, UInt32>(repeating: 0)
  private let range: ClosedRange<UInt16>

  init(range: ClosedRange<UInt16>) {
    self.range = range
  }

  /// How many ports there are to choose from.
  var count: Int { Int(range.upperBound) - Int(range.lowerBound) + 1 }

  /// The port to try next, `start` being what the secret makes of the flow.
  mutating func next(_ start: (offset: UInt32, counter: Int)) -> UInt16 {
    let number = start.offset &+ counters[start.counter]
    counters[start.counter] &+= 1
    return range.lowerBound + UInt16(Int(number) % count)
  }
}

extension Host {
  /// A flow from a port of `local` to `remote` that no connection uses, or one in TIME-WAIT that gives way, and which nobody listens to or holds (RFC 6056
  /// section 3.1); nil if there is none. Where the host is one shard of several, it passes over the ports that would make the flow another's.
  mutating func ephemeralFlow(local: IPAddress, remote: Endpoint, at now: Instant) -> (FlowKey, WholeFlowHash)? {
    let start = secrets.portStart(local: local, remote: remote)
    for _ in 0..<ports.count {
      let port = ports.next(start)
      let end = Endpoint(local, port)
      if end == remote || port == 0 { continue }
      let flow = FlowKey(local: end, remote: remote)
      if !share.owns(flow) || heldPorts.isUsed(port) { continue }
      let hash = flows.wholeHash(of: flow)
      if !isFree(flow, hash.forTable, at: now) || listenerSlot(for: end) != nil { continue }
      return (flow, hash)
    }
    return nil
  }

  /// A port that nobody listens to or holds; nil if there is none.
  mutating func ephemeralListeningPort(local: IPAddress) -> UInt16? {
    let start = secrets.portStart(local: local, remote: Endpoint(local.anyOfFamily, 0))
    for _ in 0..<ports.count {
      let port = ports.next(start)
      if port != 0 && !listenedPorts.isUsed(port) && !heldPorts.isUsed(port) { return port }
    }
    return nil
  }

  /// A port that no UDP endpoint uses; nil if there is none.
  mutating func ephemeralDatagramPort(local: IPAddress) -> UInt16? {
    let start = secrets.portStart(local: local, remote: Endpoint(local.anyOfFamily, 1))
    for _ in 0..<ports.count {
      let port = ports.next(start)
      if port != 0 && !datagramPorts.isUsed(port) { return port }
    }
    return nil
  }
}
