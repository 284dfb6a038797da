import MartinetTCP
import MartinetWire

/// One line of a ``Transcript``.
struct TranscriptLine: Sendable {
  /// Where it stands in the source, from 1.
  let number: Int
  let time: Instant
  let action: TranscriptAction
}

enum TranscriptAction: Sendable {
  /// `>`: the connection sends this.
  case leaves(SegmentPattern)
  /// `<`: this reaches the connection.
  case arrives(SegmentPattern)
  case call(TranscriptCall)
}

/// What a program, the network or the test does or asks between two segments.
///
/// Calls that can fail take `fails does-not-exist`, `fails already-exists`, `fails closing` or `fails ended` at the end.
enum TranscriptCall: Sendable {
  /// `connect`, `connect sending N`, `listen`
  case open(passive: Bool, sending: Int)
  /// `write N`, `write N urgent`, `write N accepts M`
  case write(Int, urgent: Bool, accepted: Int, failure: String?)
  /// `read N`, `read N gets M`, `read N gets nothing`, `read N gets end`
  case read(Int, ReadOutcome?)
  /// `skip N`: the program never gets the next N octets of the stream (an urgent octet that is not inline).
  case skip(Int)
  /// `close`
  case close(failure: String?)
  /// `abort`
  case abort
  /// `shutdown input`
  case stopReceiving
  /// `orphan`
  case orphan
  /// `set NAME VALUE`: an option of the connection
  case set(String, String)
  /// `mtu N`: the path takes packets of N octets
  case pathMTU(Int)
  /// `icmp TYPE CODE seq N [mtu N]`, with `believed` or `ignored` for the answer; a claim that is believed counts
  case networkError(type: UInt8, code: UInt8, sequence: Int, mtu: Int?, believed: Bool?)
  /// `ignore`: whatever left so far is all right
  case ignore
  /// `wait`: nothing but time passes
  case wait
  /// `events NAME,NAME` or `events none`: what happened since the last such line
  case events([String])
  /// `phase ESTABLISHED`
  case phase(String)
  /// `warned KIND ATTEMPTS after SILENCE`, `warned unreachable TYPE CODE` or `warned not`: the next warning that waits
  case warned(String)
  /// `ended REASON` or `ended not`
  case ended(String)
  /// `dropped REASON` or `dropped nothing`: what became of the last segment that arrived
  case dropped(String)
  /// `status NAME VALUE NAME VALUE`
  case status([StatusExpectation])
}

enum ReadOutcome: Sendable {
  case octets(Int)
  case nothing
  case end
  case failure(String)
}

/// A figure of a connection's status and what it should be.
struct StatusExpectation: Sendable {
  let name: String
  let value: ExpectedValue
}

/// `N`, `A..B`, `>=N`, `<=N`, `none`
enum ExpectedValue: Sendable {
  case between(Int, Int)
  case none

  func matches(_ actual: Int?) -> Bool {
    switch self {
    case .between(let low, let high): actual.map { $0 >= low && $0 <= high } ?? false
    case .none: actual == nil
    }
  }
}

/// A segment as a transcript writes it: nil stands for any value.
struct SegmentPattern: Sendable {
  var flags: TCPFlags?
  var sequence: Int?
  var acknowledgement: Int?
  var window: Int?
  var rawWindow: Int?
  var length = 0
  var urgent: Int?
  var times = 1
  var reason: String?
  var isForged = false
  /// What stands in the ECN field of the IP header.
  var ecn: ECNCodepoint?
  var options: OptionsPattern?
}

/// The options of a segment as a transcript writes them.
struct OptionsPattern: Sendable {
  var maximumSegmentSize: Int?
  var windowScale: Int?
  var sackPermitted = false
  var timestamps = TimestampsPattern.absent
  var blocks: [Range<Int>] = []
  var userTimeout: Interval?
  /// A Fast Open cookie; empty for a request.
  var fastOpenCookie: [UInt8]?
  /// The counters of accurate ECN: a number for each that is there, by its order.
  var accurateECN: AccurateECNCounters?
  var allowsOthers = false
}

enum TimestampsPattern: Equatable, Sendable {
  case absent
  case refused
  case any
  case exactly(value: Int, echo: Int)
}
