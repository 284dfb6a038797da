import MartinetWire

/// Places sequence numbers in a stream of any length.
struct StreamPosition {
  private var origin: SequenceNumber?
  private var highest = 0

  /// The place of `number`, counted from the SYN, which is 0; the first number that comes is that of the SYN.
  mutating func place(_ number: SequenceNumber) -> Int {
    guard let origin else {
      origin = number
      return 0
    }
    let place = highest + number.distance(from: origin + highest)
    highest = max(highest, place)
    return place
  }

  /// The place of an acknowledgement number, which moves nothing; nil before the SYN.
  func placeOfAcknowledgement(_ number: SequenceNumber) -> Int? {
    guard let origin else { return nil }
    return highest + number.distance(from: origin + highest)
  }
}
