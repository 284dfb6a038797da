import MartinetWire

/// What arrived with which codepoint: r.cep, r.ceb, r.e0b and r.e1b of a receiver, or what its peer knows of them (RFC 9768 section 3.2).
struct MarkCounters: Equatable {
  static let initialPackets: UInt32 = 5

  /// Packets with a mark.
  var packets = MarkCounters.initialPackets
  /// Octets of payload that came with a mark, with ECT(0) and with ECT(1).
  var marked: UInt32 = 0
  var ect0: UInt32 = 1
  var ect1: UInt32 = 1

  /// The counters in an option are the lower 24 bits.
  static let optionMask: UInt32 = 0xFF_FFFF

  /// The ACE field (RFC 9768 section 3.2.2).
  var code: UInt8 { UInt8(packets & 7) }

  mutating func count(_ codepoint: ECNCodepoint, octets: Int) {
    let octets = UInt32(truncatingIfNeeded: octets)
    switch codepoint {
    case .notECT: break
    case .ect0: ect0 &+= octets
    case .ect1: ect1 &+= octets
    case .congestionExperienced: marked &+= octets
    }
  }

  /// Follows a counter of an option; the increment, or zero if the option is older than what is known.
  static func follow(_ counter: inout UInt32, to field: UInt32?) -> Int {
    guard let field else { return 0 }
    let increment = (field &- counter) & optionMask
    guard increment < 1 << 23 else { return 0 }
    counter &+= increment
    return Int(increment)
  }
}

/// Which counters of ours the peer was told in options, and when it is to be told again (RFC 9768 section 3.2.3.3).
struct AccurateOptionState {
  /// Which of the counters: for the option as a whole, in bits.
  struct Fields: OptionSet {
    let rawValue: UInt8
    static let ect0 = Fields(rawValue: 1)
    static let marked = Fields(rawValue: 2)
    static let ect1 = Fields(rawValue: 4)
    static let all: Fields = [.ect0, .marked, .ect1]
  }

  /// Counters that ever moved, and those that moved since they were last told.
  var moved: Fields = []
  var untold: Fields = []
  /// Segments at the start that have the option whatever moved, to test the path (section 3.2.3.2.1).
  var demanded: UInt8 = 0
  /// Whether the first data with the option have yet to leave, and where they begin.
  var awaitsData = false
  private var firstCarrier: SequenceNumber?
  /// Those data were lost, perhaps for the option's sake: it does not stand in what leaves after them (section 3.2.3.2.2).
  private var isGivenUp = false

  var isDue: Bool { (!untold.isEmpty || demanded > 0) && !isGivenUp }

  /// New data leave with the option.
  mutating func leaves(with number: SequenceNumber) {
    if awaitsData { firstCarrier = number }
    awaitsData = false
  }

  /// What begins with `number` is sent again, and everything before `unacknowledged` has arrived.
  mutating func repeats(_ number: SequenceNumber, unacknowledged: SequenceNumber) {
    guard let carrier = firstCarrier else { return }
    if carrier == number { isGivenUp = true }
    if carrier == number || carrier.isBefore(unacknowledged) { firstCarrier = nil }
  }

  mutating func count(_ codepoint: ECNCodepoint) {
    let field: Fields =
      switch codepoint {
      case .notECT: []
      case .ect0: .ect0
      case .ect1: .ect1
      case .congestionExperienced: .marked
      }
    moved.formUnion(field)
    untold.formUnion(field)
  }

  /// The octets of an option with so many counters, filled up to whole words.
  static func length(_ count: Int) -> Int { (2 + 3 * count + 3) & ~3 }

  /// How many counters an option in that order must have so that all of `fields` are among them.
  private static func count(of fields: Fields, startingWithECT1: Bool) -> Int {
    let (first, last): (Fields, Fields) = startingWithECT1 ? (.ect1, .ect0) : (.ect0, .ect1)
    if fields.contains(last) { return 3 }
    if fields.contains(.marked) { return 2 }
    return fields.contains(first) ? 1 : 0
  }

  /// The order and number of counters that fit into `room` octets; nil if the option is not due, or if what moved does not fit: then it is left
  /// out altogether.
  func plan(room: Int) -> (startsWithECT1: Bool, count: Int)? {
    guard isDue else { return nil }
    let startsWithECT1 = moved.contains(.ect1) && !moved.contains(.ect0)
    let wanted = moved.isEmpty ? .all : moved
    var count = AccurateOptionState.count(of: wanted, startingWithECT1: startsWithECT1)
    let least = AccurateOptionState.count(of: untold, startingWithECT1: startsWithECT1)
    while count > least && AccurateOptionState.length(count) > room { count -= 1 }
    return AccurateOptionState.length(count) <= room ? (startsWithECT1, count) : nil
  }
}

extension AccurateECNCounters {
  init(_ counters: MarkCounters, startsWithECT1: Bool, count: Int) {
    self.init(startsWithECT1: startsWithECT1)
    let mask = MarkCounters.optionMask
    let (first, last) = startsWithECT1 ? (counters.ect1, counters.ect0) : (counters.ect0, counters.ect1)
    let fields = (count > 0 ? first & mask : nil, count > 2 ? last & mask : nil)
    ceBytes = count > 1 ? counters.marked & mask : nil
    (ect1Bytes, ect0Bytes) = startsWithECT1 ? (fields.0, fields.1) : (fields.1, fields.0)
  }
}
