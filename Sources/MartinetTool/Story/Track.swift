import MartinetTCP
import MartinetWire

/// A segment that has left and whose fate is open.
struct OpenFlight {
  var number: Int
  var departure: Instant
  var summary: SegmentSummary
  var range: Range<Int>
  var reason: TransmissionReason

  /// Whether a segment that arrived can be this one: nothing on the way changes these fields.
  func isSame(as other: SegmentSummary) -> Bool {
    let one = summary
    guard one.sequence == other.sequence, one.flags == other.flags, one.payload == other.payload,
      one.acknowledgement == other.acknowledgement, one.options.present == other.options.present,
      one.options.sackCount == other.options.sackCount
    else { return false }
    if one.options.has(.timestamps) && one.options.timestamps != other.options.timestamps { return false }
    for index in 0..<Int(one.options.sackCount) where one.options.sackBlocks[index] != other.options.sackBlocks[index] {
      return false
    }
    return true
  }
}

/// What is remembered of one direction of a connection.
struct Track {
  private var origin: SequenceNumber?
  private var firstTimestamp: UInt32?
  /// The sequence number, counted from the SYN, behind the last octet that left.
  private(set) var highest = 0
  /// In order of departure.
  var open: [OpenFlight] = []

  /// `number` counted from the first sequence number of this direction, also beyond 2^32.
  mutating func relative(_ number: SequenceNumber) -> Int {
    guard let origin else {
      origin = number
      return 0
    }
    return highest + number.distance(from: origin + highest)
  }

  mutating func relative(timestamp: UInt32) -> Int {
    guard let firstTimestamp else {
      firstTimestamp = timestamp
      return 0
    }
    return Int(Int32(bitPattern: timestamp &- firstTimestamp))
  }

  /// Notes octets that leave; says whether all of them left before.
  mutating func note(_ range: Range<Int>) -> Bool {
    if range.isEmpty { return false }
    if range.upperBound <= highest { return true }
    highest = range.upperBound
    return false
  }

  /// Takes out the flight that arrived as `summary`, and those before it, which a wire that keeps the order has lost.
  mutating func arrive(
    _ summary: SegmentSummary, at instant: Instant, within transit: Interval
  ) -> (arrived: OpenFlight, lost: [OpenFlight])? {
    let match = open.firstIndex { instant - $0.departure <= transit && $0.isSame(as: summary) }
    guard let match else { return nil }
    let arrived = open[match]
    let lost = Array(open[..<match])
    open.removeFirst(match + 1)
    return (arrived, lost)
  }
}
