import MartinetWire

/// One transmission of a run of sequence numbers that is not yet acknowledged.
package struct TransmissionRecord: BitwiseCopyable {
  package enum State: UInt8, BitwiseCopyable {
    /// Sent, and nothing is known of it.
    case inFlight
    /// The peer holds it (RFC 2018), but may still throw it away.
    case sacked
    /// Taken for lost and waiting to be sent again.
    case lost
  }

  var start: SequenceNumber
  /// The octets of sequence space, a FIN counted.
  var length: UInt32
  /// The payload octets of each segment that it left in.
  var segmentSize: UInt16
  var sentAt: Instant
  var state = State.inFlight
  var isRetransmitted = false

  var end: SequenceNumber { start + Int(length) }

  /// The last edge between two of its segments that is not after `number`.
  func edge(notAfter number: SequenceNumber) -> SequenceNumber {
    let octets = number.distance(from: start)
    return start + (octets - octets % Int(max(1, segmentSize)))
  }

  /// The first edge between two of its segments, or its end, that is not before `number`.
  func edge(notBefore number: SequenceNumber) -> SequenceNumber {
    SequenceNumber.earlier(edge(notAfter: number + (Int(max(1, segmentSize)) - 1)), end)
  }
}

/// What is known of everything between SND.UNA and SND.NXT but the SYN: a record per transmission, in order.
package struct Scoreboard {
  private var records = RingBuffer<TransmissionRecord>(
    filler: TransmissionRecord(start: SequenceNumber(0), length: 0, segmentSize: 0, sentAt: .zero))
  /// The ranges that the peer holds above the cumulative acknowledgement.
  package private(set) var sacked = SequenceRanges()
  /// The octets believed to be on their way ("pipe", RFC 6675 section 4).
  package private(set) var inFlight = 0
  /// The octets taken for lost and not yet sent again.
  package private(set) var lost = 0
  /// No record before this one is lost.
  private var lostFrom = SequenceNumber(0)
  /// Records before this one were examined for loss already.
  private var examinedUpTo = SequenceNumber(0)
  /// When the latest transmission left that the peer is known to hold, of those that went out once.
  private var newestDelivered = Instant.zero

  package init() {}

  var isEmpty: Bool { records.isEmpty }
  package var recordCount: Int { records.count }
  package var front: TransmissionRecord? { records.first }

  /// What a cumulative acknowledgement showed.
  package struct Acknowledged {
    /// When the newest record was sent that went out once and was not reported before: a sample by Karn's rule.
    package var sampleSentAt: Instant?
    /// Octets that leave the flight.
    package var octets = 0
    /// When any of it was sent again for the last time; nil if all of it was sent once.
    package var lastResentAt: Instant?
    /// Whether any of it had been sent more than once.
    package var includesRetransmission: Bool { lastResentAt != nil }
  }

  // MARK: Sending

  /// `range` left in segments of `segmentSize` octets of payload.
  package mutating func sent(_ range: SequenceRange, segmentSize: Int, at now: Instant) {
    if records.isEmpty {
      lostFrom = range.lower
      examinedUpTo = range.lower
    }
    records.append(
      TransmissionRecord(
        start: range.lower, length: UInt32(range.count), segmentSize: UInt16(clamping: segmentSize), sentAt: now))
    inFlight += range.count
  }

  /// The first octets taken for lost, `limit` at most.
  package mutating func nextLost(limit: Int) -> SequenceRange? {
    guard lost > 0 else { return nil }
    var index = indexOfRecord(at: lostFrom)
    while index < records.count && records[index].state != .lost { index += 1 }
    guard index < records.count else { return nil }
    lostFrom = records[index].start
    return SequenceRange(from: lostFrom, count: min(limit, Int(records[index].length)))
  }

  /// `range`, the start of a record, was sent again.
  package mutating func resent(_ range: SequenceRange, at now: Instant) {
    let index = indexOfRecord(at: range.lower)
    guard index < records.count, records[index].start == range.lower else { return }
    if range.count < Int(records[index].length) { split(index, at: range.upper) }
    change(index, to: .inFlight)
    records[index].segmentSize = UInt16(clamping: range.count)
    records[index].sentAt = now
    records[index].isRetransmitted = true
  }

  /// The first octet was sent again to probe a closed window: its acknowledgement is no measurement of the first sending.
  mutating func probed(at now: Instant) {
    guard !records.isEmpty else { return }
    records[0].sentAt = now
    records[0].isRetransmitted = true
  }

  // MARK: Acknowledgement

  /// Everything before `number` has arrived for good.
  package mutating func acknowledge(upTo number: SequenceNumber) -> Acknowledged {
    var result = Acknowledged()
    while let record = records.first, record.start.isBefore(number) {
      let octets = min(Int(record.length), number.distance(from: record.start))
      if record.state == .inFlight { inFlight -= octets }
      if record.state == .lost { lost -= octets }
      result.octets += octets
      if record.isRetransmitted { result.lastResentAt = max(result.lastResentAt ?? record.sentAt, record.sentAt) }
      if record.state == .inFlight && !record.isRetransmitted { result.sampleSentAt = record.sentAt }
      if octets == Int(record.length) {
        records.removeFirst()
      } else {
        records[0].start = number
        records[0].length -= UInt32(octets)
      }
    }
    if records.isEmpty { records.removeAll() }
    if !sacked.isEmpty { sacked.removeAll(before: number) }
    lostFrom = SequenceNumber.later(lostFrom, number)
    examinedUpTo = SequenceNumber.later(examinedUpTo, number)
    return result
  }

  /// The peer holds `block`, which lies between SND.UNA and SND.NXT; returns the octets that this is news of.
  ///
  /// Only whole segments count: a peer that reports odd octets does not cut the records to pieces (CVE-2019-11478).
  package mutating func sack(_ block: SACKBlock) -> Int {
    var news = 0
    var position = block.lower
    while let gap = sacked.firstGap(in: block, from: position) {
      news += mark(gap)
      position = gap.upper
    }
    return news
  }

  private mutating func mark(_ range: SequenceRange) -> Int {
    var news = 0
    var index = indexOfRecord(at: range.lower)
    while index < records.count && records[index].start.isBefore(range.upper) {
      let record = records[index]
      let low = record.start.isBefore(range.lower) ? record.edge(notBefore: range.lower) : record.start
      let high = record.end.isAfter(range.upper) ? record.edge(notAfter: range.upper) : record.end
      index += 1
      guard low.isBefore(high) else { continue }
      if high != record.end { split(index - 1, at: high) }
      if low != record.start {
        split(index - 1, at: low)
        index += 1
      }
      let held = SequenceRange(from: low, upTo: high)
      news += held.count
      sacked.insert(held)
      if !record.isRetransmitted { newestDelivered = max(newestDelivered, record.sentAt) }
      change(index - 1, to: .sacked)
    }
    return news
  }

  /// Forgets what the peer said it holds: it has thrown it away (RFC 2018 section 8).
  package mutating func forgetSACK() {
    for index in 0..<records.count where records[index].state == .sacked {
      change(index, to: .inFlight)
    }
    sacked.removeAll()
  }

  mutating func removeAll() {
    records.removeAll()
    sacked.removeAll()
    inFlight = 0
    lost = 0
  }

  // MARK: Loss

  /// The first segment is lost.
  package mutating func loseFront() {
    guard let front = records.first, front.state == .inFlight else { return }
    if front.length > front.segmentSize { split(0, at: front.start + Int(max(1, front.segmentSize))) }
    change(0, to: .lost)
    lostFrom = front.start
  }

  /// Whether the first record was sent again, and something that left more than `margin` after that has arrived before it.
  func frontWasLostAgain(margin: Interval) -> Bool {
    guard let front = records.first, front.state == .inFlight, front.isRetransmitted else { return false }
    return newestDelivered > front.sentAt + margin
  }

  /// Segments of more than `octets` are lost: the path refuses them.
  package mutating func lose(largerThan octets: Int) {
    for index in 0..<records.count where records[index].state == .inFlight {
      let size = min(Int(records[index].length), Int(records[index].segmentSize))
      if size > octets { change(index, to: .lost) }
    }
    if let front = records.first { lostFrom = front.start }
  }

  /// Everything that the peer does not hold is lost (RFC 5681 section 3.1, the timer expired).
  package mutating func loseAll() {
    for index in 0..<records.count where records[index].state == .inFlight {
      change(index, to: .lost)
    }
    if let front = records.first { lostFrom = front.start }
  }

  /// Takes for lost what has enough octets or ranges above it that the peer holds (IsLost, RFC 6675 section 4);
  /// returns the first range that this is news of.
  package mutating func detectLoss(threshold: Int, segmentSize: Int) -> SequenceRange? {
    guard let edge = lossEdge(threshold: threshold, segmentSize: segmentSize), edge.isAfter(examinedUpTo) else {
      return nil
    }
    var index = indexOfRecord(at: examinedUpTo)
    var found: SequenceRange?
    while index < records.count && !records[index].end.isAfter(edge) {
      // What was sent again is not known to be lost by what overtook its first transmission.
      if records[index].state == .inFlight && !records[index].isRetransmitted {
        if found == nil {
          found = SequenceRange(from: records[index].start, upTo: records[index].end)
          if lost == 0 { lostFrom = records[index].start }
        }
        change(index, to: .lost)
      }
      index += 1
    }
    examinedUpTo = edge
    return found
  }

  /// The number up to which everything not held is lost.
  private func lossEdge(threshold: Int, segmentSize: Int) -> SequenceNumber? {
    var octets = 0
    var index = sacked.count - 1
    while index >= 0 {
      octets += sacked[index].count
      if octets > (threshold - 1) * segmentSize || sacked.count - index >= threshold {
        return sacked[index].lower
      }
      index -= 1
    }
    return nil
  }

  // MARK: Records

  /// The index of the record that holds `number`, or the count.
  private func indexOfRecord(at number: SequenceNumber) -> Int {
    var low = 0
    var high = records.count
    while low < high {
      let middle = (low + high) / 2
      if records[middle].end.isAfter(number) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private mutating func split(_ index: Int, at number: SequenceNumber) {
    var tail = records[index]
    let headLength = UInt32(number.distance(from: tail.start))
    tail.start = number
    tail.length -= headLength
    records[index].length = headLength
    records.insert(tail, at: index + 1)
  }

  private mutating func change(_ index: Int, to state: TransmissionRecord.State) {
    let record = records[index]
    guard record.state != state else { return }
    switch record.state {
    case .inFlight: inFlight -= Int(record.length)
    case .lost: lost -= Int(record.length)
    case .sacked: break
    }
    switch state {
    case .inFlight: inFlight += Int(record.length)
    case .lost: lost += Int(record.length)
    case .sacked: break
    }
    records[index].state = state
  }
}
