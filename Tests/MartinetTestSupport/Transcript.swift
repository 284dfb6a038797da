import MartinetTCP
import MartinetWire

/// A test of one connection that reads like a conversation.
///
/// ```
/// 0.000  connect
/// 0.000 > SYN seq 0 win 65535 <mss 1460,sackOK,ts,ws 5>
/// 0.100 < SYN.ACK seq 0 ack 1 win 65535 <mss 1460>
/// 0.100 > ACK seq 1 ack 1
///         phase ESTABLISHED
/// 0.200  write 1000
/// 0.200 > PSH.ACK seq 1 ack 1 length 1000
/// 0.300 < ACK seq 1 ack 1001
/// ```
///
/// The left margin has the time in seconds; a line without one happens at the time of the line before, `+0.1` a tenth of a second
/// after it. `>` is a segment that the connection sends, `<` one that reaches it, everything else a call or a
/// question (``TranscriptCall``). `#` begins a comment. Time is virtual: between two lines every deadline of the connection
/// is kept. Each segment that leaves has to be expected by a line within ``tolerance`` of its time, in order; one that
/// nobody expects fails the transcript at the line where it was noticed.
///
/// Sequence numbers are relative: ours to our initial sequence number, the peer's to the peer's, so that the SYN has 0 and
/// the first octet 1. Each transcript runs twice, the second time with numbers that wrap around within the first
/// octets. Windows are in octets, scaled as both SYNs agreed. Payload is ``StreamPattern`` by position and is verified.
///
/// A segment is its flags (`SYN.ACK`, `none`, `*` for any) and its fields in any order:
/// `seq N`, `ack N`, `win N`, `rawwin N` (as it stands in the header), `length N` (0 if absent), `urg N`,
/// `times N` (so many in a row, each following the one before), `(reason)` for why it leaves,
/// `forged` for octets that the peer never wrote, and options in `<…>`: `mss N`, `ws N`, `sackOK`, `ts` or
/// `ts VALUE ECHO`, `sack A-B C-D`, `nots`, `uto 90s`,
/// `fo` or `fo HEX` for Fast Open, `ecn0 E0B CEB E1B` or `ecn1 E1B CEB E0B` for accurate ECN. The ECN field of the IP header is `ect0`, `ect1`,
/// `ce` or `noect`. For `>`, fields that are absent may have any value, options have to
/// be exactly those listed, in any order, with `*` for whatever else. For `<`, an absent `win` repeats the last one,
/// and timestamps are filled in when both SYNs had them, unless `nots` stands in the list.
public struct Transcript: Sendable {
  /// How far from the time in its line a segment may leave.
  public var tolerance = Interval.milliseconds(1)
  /// The congestion control, where it is not the default.
  var congestion: CongestionAlgorithm?
  let source: [String]

  /// A transcript of a connection with Reno's congestion control, whose windows are easily counted.
  public static func reno(_ text: String) -> Transcript {
    var transcript = Transcript(text)
    transcript.congestion = .reno
    return transcript
  }

  public init(_ text: String) {
    source = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// Plays the transcript; throws a ``TranscriptFailure`` that prints it with the first wrong line marked.
  ///
  /// - Parameters:
  ///   - configure: changes the host's knobs before the connection opens.
  ///   - open: changes what the host decides for the connection; its sequence numbers are the transcript's own.
  public func run(
    configure: (inout Configuration) -> Void = { _ in }, open: (inout OpenParameters) -> Void = { _ in }
  ) throws {
    let lines = try TranscriptParser.parse(source)
    var configuration = Configuration()
    // The window of a transcript is what its buffer leaves.
    configuration.connection.maximumReceiveBufferSize = 0
    configuration.connection.maximumSendBufferSize = 0
    if let congestion { configuration.connection.congestion = congestion }
    configure(&configuration)
    for base in SequenceBase.all {
      var parameters = base.parameters(options: configuration.connection)
      open(&parameters)
      parameters.initialSequence = base.ours
      var runner = TranscriptRunner(configuration: configuration, parameters: parameters, base: base)
      runner.tolerance = tolerance
      try runner.play(lines, of: source)
    }
  }
}

/// Where the sequence spaces of both sides begin.
struct SequenceBase: Sendable {
  let ours: SequenceNumber
  let theirs: SequenceNumber

  /// Numbers in the middle of the circle, and numbers that wrap around within the first octets of both streams.
  static let all = [
    SequenceBase(ours: SequenceNumber(1_000_000), theirs: SequenceNumber(2_000_000_000)),
    SequenceBase(ours: SequenceNumber(0xFFFF_FF00), theirs: SequenceNumber(0xFFFF_FFFE)),
  ]

  func parameters(options: ConnectionOptions) -> OpenParameters {
    OpenParameters(
      id: ConnectionID(slot: 1, generation: 1), local: Endpoint(.v4(IPv4Address(10, 0, 0, 1)), 49152),
      remote: Endpoint(.v4(IPv4Address(10, 0, 0, 2)), 80), initialSequence: ours, timestampOffset: 0xFFFF_FF9C,
      pathMTU: 1500, linkMTU: 1500, options: options)
  }
}

/// What was wrong with a transcript, as the transcript itself with the first wrong line marked.
public struct TranscriptFailure: Error, CustomStringConvertible {
  /// The number of the wrong line, from 1; one past the end if something was left over.
  public let line: Int
  /// What is wrong.
  public let message: String
  /// What really happened, in the language of transcripts.
  public var history: [String] = []
  var source: [String] = []

  init(line: Int, message: String) {
    self.line = line
    self.message = message
  }

  public var description: String {
    var text = "line \(line): \(message)\n"
    for (index, line) in source.enumerated() {
      text += (index + 1 == self.line ? "=> " : "   ") + line + "\n"
    }
    if line > source.count { text += "=> (the end)\n" }
    if !history.isEmpty {
      text += "what really happened:\n" + history.suffix(40).map { "   \($0)\n" }.joined()
    }
    return text
  }
}
