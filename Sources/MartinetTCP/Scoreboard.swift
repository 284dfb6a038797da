import MartinetWire

/// What is known of everything between SND.UNA and SND.NXT but the SYN, in two orders: by sequence number, and by the time of the last transmission.
///
/// A record covers a train, or what of it shares one fate; what the peer holds is joined, so that a report costs by what is news in it.
package struct Scoreboard: ~Copyable {
  /// A transmission: what of it is still in flight lies between `range.lower` and `range.upper`.
  struct Transmission: BitwiseCopyable {
    var range: SequenceRange
    var number: TransmissionNumber
    var snapshot = DeliverySnapshot()
  }

  private var records = RecordTree()
  /// All transmissions since the oldest that is still in flight, in order. An entry is passed once nothing in its range has its number.
  private var transmissions = RingBuffer<Transmission>()
  private var latest = TransmissionNumber()
  /// The octets believed to be on their way: neither held, nor lost, nor acknowledged.
  package private(set) var inFlight = 0
  /// The octets taken for lost and not yet sent again.
  package private(set) var lost = 0
  /// The octets, and the segments (RACK.segs_sacked), that the peer holds above the cumulative acknowledgement.
  package private(set) var sackedOctets = 0
  package private(set) var sackedSegments = 0
  package var rate = DeliveryRate()
  /// All octets that were ever acknowledged, cumulatively or selectively.
  package var delivered: Int { rate.delivered }

  package init() {}

  /// Begins anew, in the memory that it has.
  mutating func begin() {
    removeAll()
    latest = TransmissionNumber()
    rate = DeliveryRate()
  }

  var isEmpty: Bool { records.isEmpty }
  package var recordCount: Int { records.count }
  /// Entries in the order of time, passed ones among them.
  package var transmissionCount: Int { transmissions.count }
  package var front: TransmissionRecord? { records.isEmpty ? nil : records[records.first] }
  /// The number that the next transmission gets.
  package var nextNumber: TransmissionNumber { latest.next }

  // MARK: Sending

  /// `range` left in segments of `segmentSize` octets of payload.
  @inline(__always)
  package mutating func sent(_ range: SequenceRange, segmentSize: Int, at now: Instant) {
    if inFlight == 0 { rate.begins(at: now) }
    inFlight += range.count
    if extendTrain(range, segmentSize: segmentSize, at: now) { return }
    latest = latest.next
    records.insert(TransmissionRecord(range, segmentSize: segmentSize, number: latest, sentAt: now))
    transmissions.append(
      Transmission(range: range, number: latest, snapshot: rate.snapshot(inFlight: inFlight)))
  }

  /// Segments that leave one by one at the same instant are a train as well.
  @inline(__always)
  private mutating func extendTrain(_ range: SequenceRange, segmentSize: Int, at now: Instant) -> Bool {
    guard !records.isEmpty, transmissions.count > 0,
      records.extendLast(by: range, segmentSize: segmentSize, number: latest, at: now)
    else { return false }
    var transmission = transmissions[transmissions.count - 1]
    transmission.range.upper = range.upper
    transmission.snapshot.inFlight = inFlight
    transmissions[transmissions.count - 1] = transmission
    return true
  }

  /// The first octets taken for lost, `limit` at most.
  package func nextLost(limit: Int) -> SequenceRange? {
    guard lost > 0 else { return nil }
    let record = records[records.firstLost()]
    return SequenceRange(from: record.start, count: min(limit, Int(record.length)))
  }

  /// Whether the octet `number` is taken for lost.
  func isLost(_ number: SequenceNumber) -> Bool {
    let index = records.index(endingAfter: number)
    return index != RecordTree.none && records[index].state == .lost
  }

  /// The last segment that was sent, `limit` octets at most from its end, and the number of a FIN behind them.
  package func lastSegment(limit: Int, hasFIN: Bool = false) -> SequenceRange? {
    guard !records.isEmpty, records[records.last].state == .inFlight else { return nil }
    let record = records[records.last]
    // A FIN alone would show the peer nothing that it could report.
    let fin = hasFIN && record.length > 1 ? 1 : 0
    let edge = record.edge(notAfter: record.end - (1 + fin))
    return SequenceRange(from: SequenceNumber.later(edge, record.end - (limit + fin)), upTo: record.end)
  }

  /// `range`, within one record, was sent again in one segment of `segmentSize` octets of payload, a FIN behind them not counted; nil if all is payload.
  package mutating func resent(_ range: SequenceRange, segmentSize: Int? = nil, at now: Instant) {
    var index = records.index(endingAfter: range.lower)
    guard index != RecordTree.none, !records[index].start.isAfter(range.lower) else { return }
    index = isolate(range, in: index)
    if inFlight == 0 { rate.begins(at: now) }
    change(index, to: .inFlight)
    records[index].segmentSize = UInt16(clamping: max(1, segmentSize ?? range.count))
    records[index].segments = 1
    transmitted(index, at: now)
  }

  /// The first octet was sent again to probe a closed window: its acknowledgement is no measurement of the first sending.
  mutating func probed(at now: Instant) {
    guard let front, front.state == .inFlight else { return }
    transmitted(records.first, at: now)
  }

  private mutating func transmitted(_ index: Int, at now: Instant) {
    latest = latest.next
    records[index].number = latest
    records[index].sentAt = now
    records[index].isRetransmitted = true
    transmissions.append(
      Transmission(range: records[index].range, number: latest, snapshot: rate.snapshot(inFlight: inFlight)))
  }

  /// What the last transmission of `record` took along, unless that was so long ago that it is forgotten. Numbers have no gaps, so it is found at once.
  @inline(__always)
  private func snapshot(of record: TransmissionRecord) -> DeliverySnapshot? {
    guard let oldest = transmissions.first else { return nil }
    let index = Int(record.number.rawValue &- oldest.number.rawValue)
    return index < transmissions.count ? transmissions[index].snapshot : nil
  }

  // MARK: Acknowledgement

  /// Everything before `number` has arrived for good.
  package mutating func acknowledge(
    upTo number: SequenceNumber, _ evidence: AcknowledgementEvidence, _ rack: inout RecentAcknowledgement
  ) -> Acknowledged {
    guard records.count == 1, !records[records.first].end.isAfter(number) else {
      return acknowledgeSome(upTo: number, evidence, &rack)
    }
    // Nearly every acknowledgement of a quiet conversation is one of all there is.
    var result = Acknowledged()
    take(records[records.first], into: &result, evidence, &rack)
    removeAll()
    return result
  }

  @inline(never)
  private mutating func acknowledgeSome(
    upTo number: SequenceNumber, _ evidence: AcknowledgementEvidence, _ rack: inout RecentAcknowledgement
  ) -> Acknowledged {
    var result = Acknowledged()
    var index = records.first
    var passed = 0
    while index != RecordTree.none {
      var record = records[index]
      guard record.start.isBefore(number) else { break }
      if record.end.isAfter(number) {
        split(index, at: number)
        record = records[index]
      }
      account(record, -1)
      take(record, into: &result, evidence, &rack)
      index = index == records.last ? RecordTree.none : records.next(after: index)
      passed += 1
    }
    if index == RecordTree.none {
      // Nothing is left: no order among the rest is to be kept.
      removeAll()
      return result
    }
    for _ in 0..<passed { records.removeFirst() }
    while let oldest = transmissions.first, !oldest.range.upper.isAfter(number) { transmissions.removeFirst() }
    return result
  }

  /// All of `record` is acknowledged.
  @inline(__always)
  private mutating func take(
    _ record: TransmissionRecord, into result: inout Acknowledged, _ evidence: AcknowledgementEvidence,
    _ rack: inout RecentAcknowledgement
  ) {
    result.octets += Int(record.length)
    if record.isRetransmitted { result.lastResentAt = max(result.lastResentAt ?? record.sentAt, record.sentAt) }
    if record.state == .inFlight && !record.isRetransmitted { result.sampleSentAt = record.sentAt }
    if record.state != .sacked {
      result.largestSegment = max(result.largestSegment, record.largestSegment)
      rate.delivered(record, snapshot(of: record), evidence)
      rack.delivered(record, evidence)
    }
  }

  /// The peer holds `block`, which lies between SND.UNA and SND.NXT; returns the octets that this is news of.
  ///
  /// Only whole segments count: a peer that reports odd octets does not cut the records to pieces (CVE-2019-11478).
  package mutating func sack(
    _ block: SACKBlock, _ evidence: AcknowledgementEvidence, _ rack: inout RecentAcknowledgement
  ) -> Int {
    var news = 0
    var index = records.index(endingAfter: block.lower)
    while index != RecordTree.none && records[index].start.isBefore(block.upper) {
      let record = records[index]
      if record.state != .sacked {
        let low = record.start.isBefore(block.lower) ? record.edge(notBefore: block.lower) : record.start
        let high = record.end.isAfter(block.upper) ? record.edge(notAfter: block.upper) : record.end
        if low.isBefore(high) {
          index = isolate(SequenceRange(from: low, upTo: high), in: index)
          rate.delivered(records[index], snapshot(of: records[index]), evidence)
          rack.delivered(records[index], evidence)
          change(index, to: .sacked)
          news += high.distance(from: low)
          index = join(index)
        }
      }
      index = records.next(after: index)
    }
    return news
  }

  /// Makes one record of what the peer holds on both sides of `index`; returns where it is.
  private mutating func join(_ index: Int) -> Int {
    var place = index
    let before = records.previous(before: index)
    if before != RecordTree.none && records[before].state == .sacked {
      absorbNext(of: before)
      place = before
    }
    let after = records.next(after: place)
    if after != RecordTree.none && records[after].state == .sacked { absorbNext(of: place) }
    return place
  }

  private mutating func absorbNext(of index: Int) {
    let other = records[records.next(after: index)]
    var record = records[index]
    // Of what the peer holds no more is known to have come in one segment than that.
    record.segmentSize = max(record.largestSegment, other.largestSegment)
    record.length += other.length
    record.segments += other.segments
    record.isRetransmitted = record.isRetransmitted || other.isRetransmitted
    record.sentAt = max(record.sentAt, other.sentAt)
    records[index] = record
    records.remove(after: index)
  }

  /// Forgets what the peer said it holds, and takes it for lost: it has thrown it away (RFC 2018 section 8).
  package mutating func forgetSACK() {
    lose { record in record.state == .sacked }
  }

  mutating func removeAll() {
    records.removeAll()
    transmissions.removeAll()
    (inFlight, lost, sackedOctets, sackedSegments) = (0, 0, 0, 0)
  }

  // MARK: Loss

  /// Takes for lost what left before RACK.segment and longer ago than RACK.rtt and the reordering window (RFC 8985 section 6.2, step 5).
  ///
  /// Unlike the RFC the time returned is that of the next such segment, not of the last: each is lost in its time.
  package mutating func detectLoss(
    by rack: RecentAcknowledgement, window: Interval, recent: TransmissionNumber, at now: Instant
  ) -> Losses {
    var losses = Losses()
    while let index = oldestInFlight(), rack.overtook(records[index]) {
      let record = records[index]
      let end = record.sentAt + rack.roundTrip + window
      guard end <= now else {
        losses.nextAt = end
        break
      }
      if losses.first == nil { losses.first = record.range }
      if !recent.isAfter(record.number) { losses.includesRecent = true }
      change(index, to: .lost)
    }
    return losses
  }

  /// The first record of the oldest transmission of which any is in flight.
  private mutating func oldestInFlight() -> Int? {
    while let transmission = transmissions.first {
      var index = records.index(endingAfter: transmission.range.lower)
      while index != RecordTree.none && records[index].start.isBefore(transmission.range.upper) {
        let record = records[index]
        if record.state == .inFlight && record.number == transmission.number {
          transmissions[0].range.lower = SequenceNumber.later(record.start, transmission.range.lower)
          return index
        }
        index = records.next(after: index)
      }
      transmissions.removeFirst()
    }
    return nil
  }

  /// The first segment is lost.
  package mutating func loseFront() {
    guard let front, front.state == .inFlight else { return }
    let end = SequenceNumber.earlier(front.start + Int(front.segmentSize), front.end)
    change(isolate(SequenceRange(from: front.start, upTo: end), in: records.first), to: .lost)
  }

  /// Segments of more than `octets` are lost: the path refuses them.
  package mutating func lose(largerThan octets: Int) {
    lose { record in record.state == .inFlight && record.largestSegment > octets }
  }

  /// Everything that the peer does not hold is lost (RFC 5681 section 3.1, the timer expired).
  package mutating func loseAll() {
    lose { record in record.state == .inFlight }
  }

  /// What left before a transmission, and at `time` or before, is lost.
  package mutating func lose(before number: TransmissionNumber, sentBy time: Instant) {
    lose { record in record.state == .inFlight && number.isAfter(record.number) && record.sentAt <= time }
  }

  /// Takes for lost what `isMeant` says.
  private mutating func lose(where isMeant: (TransmissionRecord) -> Bool) {
    var index = records.first
    while index != RecordTree.none {
      if isMeant(records[index]) { change(index, to: .lost) }
      index = records.next(after: index)
    }
  }

  /// Nothing was lost after all: what was not sent again is in flight as before.
  package mutating func restoreLost() {
    while lost > 0 {
      let index = records.firstLost()
      change(index, to: .inFlight)
      latest = latest.next
      records[index].number = latest
      transmissions.append(Transmission(range: records[index].range, number: latest))
    }
  }

  // MARK: Records

  /// The ranges that the peer holds above the cumulative acknowledgement.
  package var sacked: [SequenceRange] {
    var ranges: [SequenceRange] = []
    var index = records.first
    while index != RecordTree.none {
      if records[index].state == .sacked { ranges.append(records[index].range) }
      index = records.next(after: index)
    }
    return ranges
  }

  /// Whether the peer holds a segment of at least `octets` above the cumulative acknowledgement.
  func holds(segmentOf octets: Int) -> Bool {
    var index = records.first
    while index != RecordTree.none {
      if records[index].state == .sacked && records[index].largestSegment >= octets { return true }
      index = records.next(after: index)
    }
    return false
  }

  /// Makes `range`, within the record at `index`, a record of its own; returns where it is.
  private mutating func isolate(_ range: SequenceRange, in index: Int) -> Int {
    if range.upper != records[index].end { split(index, at: range.upper) }
    guard range.lower != records[index].start else { return index }
    split(index, at: range.lower)
    return records.next(after: index)
  }

  private mutating func split(_ index: Int, at number: SequenceNumber) {
    var head = records[index]
    account(head, -1)
    let tail = head.cut(at: number)
    account(head, 1)
    account(tail, 1)
    records[index] = head
    records.insert(tail, after: index)
  }

  private mutating func change(_ index: Int, to state: TransmissionRecord.State) {
    if state == .lost { rate.lose(records[index], snapshot(of: records[index])) }
    account(records[index], -1)
    records[index].state = state
    account(records[index], 1)
  }

  /// Counts a record in, or out.
  private mutating func account(_ record: TransmissionRecord, _ sign: Int) {
    let octets = sign * Int(record.length)
    switch record.state {
    case .inFlight: inFlight += octets
    case .lost: lost += octets
    case .sacked:
      sackedOctets += octets
      sackedSegments += sign * Int(record.segments)
    }
  }
}
