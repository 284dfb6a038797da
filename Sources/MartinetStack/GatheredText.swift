import MartinetTCP
import MartinetWire

/// Full segments of one connection that came one behind the other in one batch, to be taken in as one arrival.
///
/// Only what says the same is put together: same acknowledgement, window, ECN and timestamps, no other option, no flag but ACK. The last may be shorter and
/// may have PSH; nothing joins behind it.
struct GatheredText: ~Copyable {
  /// The header of the first segment; PSH comes from the last.
  private(set) var header: TCPHeader
  private(set) var facts: PacketFacts
  private(set) var slot = SlotList.none
  private(set) var generation: UInt32 = 0
  private var flow: FlowKey
  private var payload = PageChain()
  /// The payload octets of each segment but the last.
  private var segmentSize = 0
  private var isOver = false

  init() {
    let nobody = Endpoint(.v4(.any), 0)
    header = TCPHeader(
      sourcePort: 0, destinationPort: 0, sequence: SequenceNumber(0), acknowledgement: SequenceNumber(0), flags: [],
      window: 0)
    facts = PacketFacts(
      source: nobody.address, destination: nobody.address, protocolNumber: IPProtocol.tcp, trafficClass: 0, hopLimit: 0,
      headerLength: 0, interface: 0, isGroup: false, trust: .unverified, segmentSize: 0)
    flow = FlowKey(local: nobody, remote: nobody)
  }

  var isEmpty: Bool { payload.isEmpty }

  /// Whether a segment can be part of a train at all: text with ACK, perhaps PSH, perhaps timestamps.
  static func isPlainText(_ header: TCPHeader, payload: Int, _ facts: PacketFacts) -> Bool {
    payload > 0 && facts.segmentSize == 0 && header.isACK && header.flags.isSubset(of: [.ack, .psh])
      && header.options.present.isSubset(of: .timestamps)
  }

  mutating func begin(
    _ header: TCPHeader, _ payload: consuming PageChain, _ facts: PacketFacts, _ flow: FlowKey, _ slot: UInt32,
    _ generation: UInt32
  ) {
    self.header = header
    self.facts = facts
    self.flow = flow
    self.slot = slot
    self.generation = generation
    segmentSize = payload.count
    self.payload = payload
    isOver = false
  }

  /// Whether a segment is the next of the train.
  func goesOn(with next: TCPHeader, payload count: Int, _ facts: PacketFacts, _ flow: FlowKey) -> Bool {
    guard !isEmpty, !isOver, count <= segmentSize, payload.count + count <= Interfaces.longestTrain,
      GatheredText.isPlainText(next, payload: count, facts), flow == self.flow
    else { return false }
    return next.sequence == header.sequence + payload.count && next.acknowledgement == header.acknowledgement
      && next.window == header.window && next.options.present == header.options.present
      && next.options.timestamps == header.options.timestamps && facts.trafficClass == self.facts.trafficClass
  }

  mutating func append(_ next: TCPHeader, _ tail: consuming PageChain, in pool: inout PagePool) {
    isOver = tail.count < segmentSize || next.flags.contains(.psh)
    header.flags.formUnion(next.flags)
    pool.append(tail, to: &payload)
  }

  /// Takes the text out, and says in ``facts`` what it was made of.
  mutating func take() -> PageChain {
    facts.segmentSize = payload.count > segmentSize ? UInt16(clamping: segmentSize) : 0
    return payload.take()
  }
}

extension Host {
  /// Whether a segment may wait for the next one of its batch: a full one that is in order, with nothing out of order behind it, since whatever fills a gap is
  /// acknowledged at once (RFC 5681 section 3.2).
  func mayBegin(_ header: TCPHeader, payload: Int, _ facts: PacketFacts, on slot: UInt32) -> Bool {
    GatheredText.isPlainText(header, payload: payload, facts) && !header.flags.contains(.psh)
      && connections[slot].connection.expects(header, payload: payload)
  }

  /// Hands what was gathered to its connection.
  mutating func deliverGathered(at now: Instant) {
    guard !gathered.isEmpty else { return }
    let payload = gathered.take()
    guard connections.contains(gathered.slot, gathered.generation) else {
      drop(payload, .noConnection)
      return
    }
    receive(gathered.header, payload, gathered.facts, on: gathered.slot, at: now)
  }
}
