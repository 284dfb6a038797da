import MartinetTCP
import MartinetWire

/// Full segments of one connection that came one behind the other in one batch, to be taken in as one arrival.
///
/// Only what says the same is put together: same acknowledgement, window, ECN and timestamps, no other option, no flag but ACK. The last may be shorter and
/// may have PSH; nothing joins behind it.
struct GatheredText: ~Copyable {
  /// The first segment; whether there is PSH the last one says.
  private var first = PlainSegment()
  private var payload = PageChain()
  /// The payload octets of each segment but the last.
  private var segmentSize = 0
  private(set) var ecn = ECNCodepoint.notECT
  private(set) var connection = ConnectionID.none
  private var isOver = false

  var isEmpty: Bool { payload.isEmpty }

  mutating func begin(
    _ segment: PlainSegment, _ payload: consuming PageChain, _ ecn: ECNCodepoint, _ connection: ConnectionID
  ) {
    first = segment
    segmentSize = payload.count
    self.payload = payload
    self.ecn = ecn
    self.connection = connection
    isOver = false
  }

  /// Whether a segment of the same connection is the next of the train.
  func goesOn(with next: PlainSegment, payload count: Int, _ facts: ArrivalFacts) -> Bool {
    !isOver && count > 0 && count <= segmentSize && payload.count + count <= Interfaces.longestTrain
      && facts.segmentSize == 0 && facts.ecn == ecn && next.sequence == first.sequence + payload.count
      && next.acknowledgement == first.acknowledgement && next.window == first.window
      && next.hasTimestamps == first.hasTimestamps && next.timestamps == first.timestamps && !next.isFinal
  }

  mutating func append(_ next: PlainSegment, _ tail: consuming PageChain, in pool: inout PagePool) {
    isOver = tail.count < segmentSize || next.isPushed
    first.isPushed = first.isPushed || next.isPushed
    pool.append(tail, to: &payload)
  }

  /// The train as one segment, and what it was made of.
  var train: (segment: PlainSegment, facts: ArrivalFacts) {
    (first, ArrivalFacts(ecn: ecn, segmentSize: payload.count > segmentSize ? segmentSize : 0))
  }

  /// Takes its text out.
  mutating func takeText() -> PageChain { payload.take() }
}

extension Host {
  /// Takes in a plain segment of a connection that is in the table of flows: by itself, or to wait for the next one of its batch.
  ///
  /// Only a full one waits that is in order, with nothing out of order behind it, since whatever fills a gap is acknowledged at once (RFC 5681 section 3.2).
  mutating func begin(
    _ segment: PlainSegment, _ payload: consuming PageChain, _ facts: ArrivalFacts, on slot: UInt32, at now: Instant
  ) {
    if moreFollows && !payload.isEmpty && facts.segmentSize == 0 && !segment.isPushed && !segment.isFinal
      && connections[slot].connection.expects(segment.sequence, payload: payload.count)
    {
      gathered.begin(segment, payload, facts.ecn, connections[slot].connection.id)
    } else {
      receive(segment, payload, facts, on: slot, at: now)
    }
  }

  /// Hands what was gathered to its connection.
  @inline(__always)
  mutating func deliverGathered(at now: Instant) {
    if !gathered.isEmpty { deliverTrain(at: now) }
  }

  @inline(never)
  private mutating func deliverTrain(at now: Instant) {
    let (segment, facts) = gathered.train
    let payload = gathered.takeText()
    guard connections.contains(gathered.connection.slot, gathered.connection.generation) else {
      drop(payload, .noConnection)
      return
    }
    receive(segment, payload, facts, on: gathered.connection.slot, at: now)
  }
}
