import MartinetWire

/// The transmissions of a connection in their order, by a number that goes round.
package struct TransmissionNumber: Equatable, BitwiseCopyable, Sendable {
  package var rawValue: UInt32 = 0

  package init() {}

  func isAfter(_ other: TransmissionNumber) -> Bool { Int32(bitPattern: rawValue &- other.rawValue) > 0 }
  var next: TransmissionNumber {
    var next = self
    next.rawValue &+= 1
    return next
  }
}

/// A run of sequence numbers that is not yet acknowledged and of which the same is known.
package struct TransmissionRecord: BitwiseCopyable {
  package enum State: UInt8, BitwiseCopyable {
    /// Sent, and nothing is known of it.
    case inFlight
    /// The peer holds it (RFC 2018), but may still throw it away.
    case sacked
    /// Taken for lost and waiting to be sent again.
    case lost
  }

  package var start: SequenceNumber
  /// The octets of sequence space, a FIN counted.
  package var length: UInt32
  /// How many segments they left in.
  var segments: UInt32
  /// The payload octets of each of them.
  var segmentSize: UInt16
  package var state = State.inFlight
  package var isRetransmitted = false
  /// Which transmission was its last, and when that left.
  package var number: TransmissionNumber
  package var sentAt: Instant

  package init(_ range: SequenceRange, segmentSize: Int, number: TransmissionNumber, sentAt: Instant) {
    start = range.lower
    length = UInt32(range.count)
    self.segmentSize = UInt16(clamping: max(1, segmentSize))
    self.number = number
    self.sentAt = sentAt
    segments = 0
    countSegments()
  }

  var end: SequenceNumber { start + Int(length) }
  var range: SequenceRange { SequenceRange(from: start, upTo: end) }
  /// The octets of the largest of its segments.
  var largestSegment: UInt16 { UInt16(truncatingIfNeeded: min(length, UInt32(segmentSize))) }

  /// Takes in `range`, if it follows and left in the same transmission and in segments of the same size; whether it did.
  mutating func extend(by range: SequenceRange, segmentSize size: Int, number: TransmissionNumber, at now: Instant)
    -> Bool
  {
    guard self.number == number, sentAt == now, state == .inFlight, !isRetransmitted, end == range.lower,
      Int(segmentSize) == size, length == segments &* UInt32(segmentSize)
    else { return false }
    let octets = UInt32(range.count)
    length += octets
    segments += octets == UInt32(segmentSize) ? 1 : (octets + UInt32(segmentSize) - 1) / UInt32(segmentSize)
    return true
  }

  /// Counts the segments by their size. Where several sizes were joined that is the least that there can be.
  mutating func countSegments() {
    segments =
      length <= UInt32(segmentSize) ? min(length, 1) : (length + UInt32(segmentSize) - 1) / UInt32(segmentSize)
  }

  /// The last edge between two of its segments that is not after `number`.
  func edge(notAfter number: SequenceNumber) -> SequenceNumber {
    let octets = number.distance(from: start)
    return start + (octets - octets % Int(segmentSize))
  }

  /// The first edge between two of its segments, or its end, that is not before `number`.
  func edge(notBefore number: SequenceNumber) -> SequenceNumber {
    SequenceNumber.earlier(edge(notAfter: number + (Int(segmentSize) - 1)), end)
  }

  /// Keeps what is before `number` and returns the rest.
  mutating func cut(at number: SequenceNumber) -> TransmissionRecord {
    var tail = self
    let head = UInt32(number.distance(from: start))
    tail.start = number
    tail.length -= head
    length = head
    tail.countSegments()
    countSegments()
    return tail
  }
}
