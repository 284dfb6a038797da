import MartinetWire

/// What a connection does about explicit congestion notification in its handshake.
public enum ECNPreference: UInt8, Sendable, CaseIterable {
  /// ECN is neither asked for nor agreed to.
  case off
  /// ECN is not asked for; a peer that asks gets what it asks for. DCTCP cannot do without, and asks.
  case answer
  /// Classic ECN is asked for (RFC 3168), and the most that is agreed to.
  case askClassic
  /// Accurate ECN is asked for (RFC 9768); a peer that has only the classic form gets that.
  case ask
}

/// How two ends tell each other of congestion marks.
public enum ECNMode: UInt8, Sendable, CaseIterable {
  /// Not at all.
  case none
  /// ECE until CWR (RFC 3168 section 6.1).
  case classic
  /// Counters in the header and in an option (RFC 9768).
  case accurate
}

/// Explicit congestion notification of one connection, in both roles: as the sender of data that may be marked, and as the receiver
/// that tells of marks.
struct ECNState {
  var mode = ECNMode.none

  // The handshake.

  /// The most that a SYN of ours asked for.
  var offered = ECNMode.none
  /// What the peer's first SYN asked for.
  var requested = ECNMode.none
  /// The peer's last SYN asks for something.
  var isRequested = false
  /// A SYN that asks was answered with RST, or is known to get no answer: the next does not ask.
  var isRefused = false
  /// What stood in the IP header of our first SYN or SYN,ACK.
  var sentCodepoint = ECNCodepoint.notECT
  /// What stood in the IP header of the peer's latest SYN or SYN,ACK.
  var handshakeCodepoint = ECNCodepoint.notECT
  /// Accurate: the next pure acknowledgement says what the SYN,ACK came with (RFC 9768 section 3.2.2.1), and is due before all else.
  var handshakeAcknowledgementDue = false
  /// Accurate: the next acknowledgement may say what our SYN,ACK arrived with.
  var awaitsHandshakeCode = false
  /// Our SYN arrived with a mark.
  var synWasMarked = false

  // As the sender of data.

  /// Whether new data are sent as ECN-capable.
  var mayMark = false
  /// Whether what the peer says of marks counts.
  var heeds = true
  /// The next new data tell of a smaller window (CWR).
  var reductionDue = false
  /// The window was reduced and not all of what was outstanding then is acknowledged: up to `reducedUpTo`.
  var isReduced = false
  var reducedUpTo = SequenceNumber(0)
  /// What the acknowledgement in hand says: whether there was congestion, and on how many octets.
  var isNotified = false
  var notifiedOctets: UInt32 = 0
  /// Accurate: what the peer said that it received.
  var reported = MarkCounters()
  /// Accurate: when the peer spoke when its counters were last read (TSval).
  var reportedAt: UInt32?
  /// Accurate: a counter has come in the header, or an option has.
  var sawCounter = false
  var seesOptions = false
  var ignoresOptions = false

  // As the receiver.

  /// Classic: ECE stands in every acknowledgement.
  var echoes = false
  /// DCTCP: an acknowledgement of what came before the last change of the marks, and what it says (RFC 8257 section 3.2).
  var earlier: EarlierState?
  /// Accurate: what was received.
  var counted = MarkCounters()
  /// The acknowledgement that is due acknowledges nothing and only tells of marks.
  var isFeedbackOnly = false
  /// Marks since an acknowledgement left.
  var unreportedMarks: UInt8 = 0
  /// Accurate: what the options of ours say.
  var option = AccurateOptionState()

  struct EarlierState {
    var acknowledgement: SequenceNumber
    var echoes: Bool
  }

  /// Whether segments leave one by one: whoever cuts a train leaves CWR to the first (RFC 3168 section 6.1.2), also where it is part of a counter (RFC
  /// 9768 section 3.2.2).
  var allowsNoTrain: Bool {
    reductionDue || mode == .accurate && TCPFlags(notificationCode: counted.code).contains(.cwr)
  }
}

extension ECNCodepoint {
  /// How the SYN,ACK, and the acknowledgement of it, say what a SYN or SYN,ACK came with (RFC 9768 tables 2 and 3).
  var handshakeCode: UInt8 {
    switch self {
    case .notECT: 0b010
    case .ect1: 0b011
    case .ect0: 0b100
    case .congestionExperienced: 0b110
    }
  }

  /// What a code of the handshake says; nil for those that are not in use.
  init?(handshakeCode: UInt8) {
    switch handshakeCode {
    case 0b010: self = .notECT
    case 0b011: self = .ect1
    case 0b100: self = .ect0
    case 0b110: self = .congestionExperienced
    default: return nil
    }
  }
}

extension TCPFlags {
  /// AE, CWR and ECE, the bits of the ACE field (RFC 9768 section 3.2.2).
  static let notification: TCPFlags = [.ae, .cwr, .ece]

  /// The three bits as a number.
  var notificationCode: UInt8 {
    (contains(.ae) ? 4 : 0) | (contains(.cwr) ? 2 : 0) | (contains(.ece) ? 1 : 0)
  }

  init(notificationCode code: UInt8) {
    self = []
    if code & 4 != 0 { insert(.ae) }
    if code & 2 != 0 { insert(.cwr) }
    if code & 1 != 0 { insert(.ece) }
  }
}
