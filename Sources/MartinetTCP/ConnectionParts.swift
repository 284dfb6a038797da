import MartinetWire

/// The send sequence variables (RFC 9293 section 3.3.1).
struct SendVariables {
  /// SND.UNA
  var una: SequenceNumber
  /// SND.NXT
  var nxt: SequenceNumber
  /// ISS
  let iss: SequenceNumber
  /// SND.WND, in octets, scaled.
  @Narrow<UInt32> var wnd = 0
  /// SND.WL1 and SND.WL2
  var wl1 = SequenceNumber(0)
  var wl2 = SequenceNumber(0)
  /// SND.UP: the number behind the last urgent octet, as long as it is not acknowledged.
  var up: SequenceNumber?
  /// MAX.SND.WND: the largest window the peer ever offered (RFC 5961 section 5.2).
  @Narrow<UInt32> var maximumWindow = 0
  /// Snd.Wind.Shift (RFC 7323 section 2.3)
  var scale = WindowScale.none
  /// SendMSS: what the peer offered, or the default (RFC 9293 section 3.7.1).
  @Narrow<UInt16> var peerSegmentSize: Int

  init(_ iss: SequenceNumber, peerSegmentSize: Int) {
    self.iss = iss
    una = iss
    nxt = iss
    self.peerSegmentSize = peerSegmentSize
  }

  /// What is sent and not acknowledged.
  var outstanding: SequenceRange { SequenceRange(from: una, upTo: nxt) }
}

/// The receive sequence variables (RFC 9293 section 3.3.1).
struct ReceiveVariables {
  /// RCV.NXT
  var nxt = SequenceNumber(0)
  /// IRS
  var irs = SequenceNumber(0)
  /// RCV.NXT + RCV.WND: the right edge that the peer was shown; it never moves left (RFC 9293 section 3.8.6).
  var edge = SequenceNumber(0)
  /// RCV.UP: the number behind the last urgent octet, as long as it was not read.
  var up: SequenceNumber?
  /// Rcv.Wind.Shift (RFC 7323 section 2.3)
  var scale = WindowScale.none
  /// TS.Recent and when it was taken (RFC 7323 section 4.3)
  var timestampRecent: UInt32 = 0
  var timestampRecentAt = Instant.zero
  /// Last.ACK.sent (RFC 7323 section 4.3)
  var lastAckSent = SequenceNumber(0)
  /// The number of the peer's FIN, once it is known.
  var fin: SequenceNumber?
  /// The largest payload seen in one segment: the estimate of RMSS (RFC 5681 section 2).
  @Narrow<UInt32> var segmentSize = 0

  /// RCV.WND
  var wnd: Int { max(0, edge.distance(from: nxt)) }
}

/// What both sides agreed on in the handshake.
struct Negotiated {
  var timestamps = false
  var sack = false
  var windowScaling = false
}

/// What is owed to the peer by way of acknowledgement (RFC 9293 section 3.8.6.3).
struct AcknowledgementDebt {
  /// Full segments that arrived since an acknowledgement left.
  @Narrow<UInt32> var segments = 0
  /// Octets that arrived since.
  @Narrow<UInt32> var octets = 0
  /// An acknowledgement is to leave at once, and why.
  var immediate: TransmissionReason?
  /// Duplicate acknowledgements to leave one by one, for peers that count them (RFC 5681 section 3.2).
  @Narrow<UInt8> var duplicates = 0
  /// Segments of the start of the flow that are still acknowledged at once.
  @Narrow<UInt32> var quick = 0
  /// A duplicate that the next SACK option reports (RFC 2883 section 4).
  var duplicateRange: SequenceRange?

  mutating func clear() {
    segments = 0
    octets = 0
    immediate = nil
    if duplicates > 0 { duplicates -= 1 }
  }
}

/// Where loss recovery stands.
struct RecoveryState {
  var mode = RecoveryPhase.open
  /// "recover" (RFC 6582 section 3.2): the highest number sent when loss was detected.
  var recover: SequenceNumber
  /// Consecutive duplicate acknowledgements.
  var duplicates = 0
  /// Whether a partial acknowledgement has come in this recovery.
  var sawPartial = false
  /// What was outstanding when recovery began, or at the last partial acknowledgement: so many octets can cause duplicates.
  var flightSize = 0
  /// Retransmissions by the timer since something was acknowledged.
  var timeouts = 0
  /// Since when nothing was acknowledged, as far as giving up goes.
  var silentSince = Instant.never
  /// The segment at SND.UNA leaves whatever the congestion window says.
  var front: TransmissionReason?
  /// The first transmission after the last response to loss.
  var began = TransmissionNumber()
  /// How much may leave in fast recovery with SACK.
  var rate = ProportionalRate()
  /// Whether the timeout that was answered last was one.
  var doubt = TimeoutDoubt.none
  /// New octets that may leave to find out, whatever the congestion window says.
  var freshAllowance = 0
  /// Whether the window is one that was lately made use of.
  var validation = WindowValidation()
  /// Octets that the acknowledgement in hand brought news of.
  var deliveredNow = 0

  init(_ iss: SequenceNumber) {
    recover = iss
  }
}

/// The budget of answers to doubtful segments (RFC 5961 section 7). Each connection has its own, so that none can be
/// observed through another (CVE-2016-5696).
struct ChallengeBudget {
  private var since = Instant.zero
  private var spent = 0

  mutating func spend(limit: Int, interval: Interval, at now: Instant) -> Bool {
    if spent == 0 || now - since >= interval {
      since = now
      spent = 0
    }
    guard spent < limit else { return false }
    spent += 1
    return true
  }
}

/// Probing of an idle peer (RFC 9293 section 3.8.4).
struct KeepAliveState {
  /// When anything last came from the peer.
  var lastHeard: Instant
  @Narrow<UInt32> var unanswered = 0
  var probeDue = false
}

/// Yes or no, packed.
struct ConnectionFlags: OptionSet {
  let rawValue: UInt32
  /// A SYN, or SYN,ACK, is to leave.
  static let synDue = ConnectionFlags(rawValue: 1)
  /// The program closed its half: a FIN follows the queue.
  static let finQueued = ConnectionFlags(rawValue: 2)
  /// The FIN left at least once.
  static let finSent = ConnectionFlags(rawValue: 4)
  /// What arrives is acknowledged and thrown away.
  static let inputShut = ConnectionFlags(rawValue: 8)
  /// The program is gone.
  static let orphaned = ConnectionFlags(rawValue: 16)
  /// A zero-window probe is to leave.
  static let probeDue = ConnectionFlags(rawValue: 32)
  /// The silly-window override has come: what fits leaves.
  static let overrideDue = ConnectionFlags(rawValue: 64)
  /// The program was told it has no room, and wants to hear when there is.
  static let writerWaits = ConnectionFlags(rawValue: 128)
  /// An RST ends the connection on the wire.
  static let resetDue = ConnectionFlags(rawValue: 256)
  /// R1 was reported for the present silence.
  static let warned = ConnectionFlags(rawValue: 512)
  /// What leaves next goes by limited transmit (RFC 3042).
  static let limitedTransmit = ConnectionFlags(rawValue: 1024)
  /// Our SYN is acknowledged.
  static let synAcknowledged = ConnectionFlags(rawValue: 2048)
  /// The octet at SND.NXT - 1 left as a probe of a closed window.
  static let probing = ConnectionFlags(rawValue: 4096)
  /// Our SYN left more than once, alone or with its ACK, so that its acknowledgement times neither (Karn).
  static let synRepeated = ConnectionFlags(rawValue: 8192)
  /// The next segment tells the peer of our user timeout (RFC 5482 section 3).
  static let userTimeoutDue = ConnectionFlags(rawValue: 16384)
  /// Our SYN carried text (RFC 7413).
  static let textInSYN = ConnectionFlags(rawValue: 32768)
  /// The peer did not take all of that text, and it did not leave again yet.
  static let textRefused = ConnectionFlags(rawValue: 131072)
  /// The program fills room in the send queue: nothing else is appended meanwhile.
  static let roomLent = ConnectionFlags(rawValue: 262144)
  /// What gets through is being found out: there is a search for the path MTU.
  static let searchesPath = ConnectionFlags(rawValue: 1 << 19)
  /// The connection is over.
  static let ended = ConnectionFlags(rawValue: 1 << 31)
  /// The peer's SYN had a valid cookie: text moves before the handshake is complete (RFC 7413).
  static let fastOpened = ConnectionFlags(rawValue: 65536)

  // What is asked with each segment. No literals of several flags: where the compiler does not see through one it takes an array.

  /// Those of which only ``synAcknowledged`` may be set where a segment goes the short way.
  static let asksForLongWay = ConnectionFlags(rawValue: synAcknowledged.rawValue | probing.rawValue)
  /// Those of which only ``synAcknowledged`` is set as long as nothing but text is outstanding.
  static let tellsWhatIsOutstanding = ConnectionFlags(rawValue: synAcknowledged.rawValue | finSent.rawValue)
  /// Those of which only ``finQueued`` is set while the FIN waits to leave.
  static let tellsOfFIN = ConnectionFlags(rawValue: finQueued.rawValue | finSent.rawValue)
  /// Those of which only ``synAcknowledged`` is set while neither SYN nor FIN nor RST nor probe can be what leaves next.
  static let tellsOfSegments = ConnectionFlags(
    rawValue: synAcknowledged.rawValue | finQueued.rawValue | finSent.rawValue | segmentDue.rawValue | ended.rawValue)
  /// Which of those are set once the FIN has left behind all text.
  static let finHasLeft = ConnectionFlags(
    rawValue: synAcknowledged.rawValue | finQueued.rawValue | finSent.rawValue)
  /// Segments that leave before all others, and probes.
  static let segmentDue = ConnectionFlags(rawValue: synDue.rawValue | resetDue.rawValue | probeDue.rawValue)
}
