import MartinetTCP
import MartinetWire

extension TranscriptRunner {
  /// Checks what a line claims about the connection.
  mutating func check(_ call: TranscriptCall) throws(ParseError) {
    switch call {
    case .events(let names): try checkEvents(names)
    case .phase(let name):
      let phase = with { connection, _, _ in connection.phase } ?? .closed
      try expect("the phase", "\(phase.name)", name)
    case .warned(let text):
      let warning = with { connection, _, now in connection.pollWarning(at: now) } ?? nil
      try expect("the warning", warning?.text ?? "not", text)
    case .ended(let text):
      let reason = with { connection, _, _ in connection.endReason } ?? nil
      try expect("the end", reason?.text ?? "not", text)
    case .dropped(let name): try expect("what is dropped", lastDrop.map { "\($0)" } ?? "nothing", name)
    case .status(let expectations):
      for expectation in expectations { try check(expectation) }
    default: break
    }
  }

  private func expect(_ what: String, _ actual: String, _ expected: String) throws(ParseError) {
    guard actual == expected else { throw ParseError("\(what) is: \(actual)") }
  }

  private mutating func checkEvents(_ names: [String]) throws(ParseError) {
    let raised = events.names
    events = []
    let expected = names == ["none"] ? [] : names
    guard raised.sorted() == expected.sorted() else {
      throw ParseError("the events are: \(raised.isEmpty ? "none" : raised.joined(separator: ","))")
    }
  }

  private mutating func check(_ expectation: StatusExpectation) throws(ParseError) {
    guard let figure = StatusFigure.all.first(where: { $0.name == expectation.name }) else { return }
    let base = base
    let origin = (ours: base.ours, theirs: base.theirs)
    let actual = with { connection, environment, now in
      let status = connection.status(in: environment, at: now)
      let subject = StatusFigure.Subject(
        status: status, urgent: connection.urgentBytesAhead, writable: connection.writableBytes,
        deadline: connection.nextProtocolDeadline, pages: environment.pool.pagesInUse, ours: origin.ours,
        theirs: origin.theirs)
      return figure.value(subject)
    }
    guard let actual else { throw ParseError("there is no connection") }
    guard expectation.value.matches(actual) else {
      throw ParseError("\(figure.name) is \(actual.map(String.init) ?? "none"), not \(expectation.value.text)")
    }
  }
}

/// A figure that a transcript can ask for: octets, relative sequence numbers, nanoseconds or counts.
struct StatusFigure: Sendable {
  struct Subject {
    var status: ConnectionStatus
    var urgent: Int?
    var writable: Int
    var deadline: Instant
    var pages: Int
    var ours: SequenceNumber
    var theirs: SequenceNumber
  }

  let name: String
  let value: @Sendable (Subject) -> Int?

  static let names = Set(all.map(\.name))

  static let all: [StatusFigure] = [
    StatusFigure("una") { $0.status.sendUnacknowledged.distance(from: $0.ours) },
    StatusFigure("next") { $0.status.sendNext.distance(from: $0.ours) },
    StatusFigure("received") { $0.status.receiveNext.distance(from: $0.theirs) },
    StatusFigure("sendwindow") { $0.status.sendWindow },
    StatusFigure("window") { $0.status.receiveWindow },
    StatusFigure("cwnd") { $0.status.congestionWindow },
    StatusFigure("ssthresh") { $0.status.slowStartThreshold },
    StatusFigure("mss") { $0.status.segmentSize },
    StatusFigure("pathmtu") { $0.status.pathMTU },
    StatusFigure("pathsearch") { Int($0.status.pathSearch.rawValue) },
    StatusFigure("pathlimit") { $0.status.pathSearchLimit },
    StatusFigure("pathprobes") { $0.status.pathProbes },
    StatusFigure("blackholes") { $0.status.blackHoles },
    StatusFigure("inflight") { $0.status.bytesInFlight },
    StatusFigure("unsent") { $0.status.unsentBytes },
    StatusFigure("unread") { $0.status.unreadBytes },
    StatusFigure("writable") { $0.writable },
    StatusFigure("urgent") { $0.urgent },
    StatusFigure("pages") { $0.pages },
    StatusFigure("deadline") { $0.deadline == .never ? nil : Int($0.deadline.nanoseconds) },
    StatusFigure("srtt") { Int($0.status.smoothedRoundTrip.nanoseconds) },
    StatusFigure("rttvar") { Int($0.status.roundTripVariation.nanoseconds) },
    StatusFigure("minrtt") { Int($0.status.minimumRoundTrip.nanoseconds) },
    StatusFigure("rto") { Int($0.status.retransmissionTimeout.nanoseconds) },
    StatusFigure("usertimeout") { Int($0.status.userTimeout.nanoseconds) },
    StatusFigure("peerusertimeout") { Int($0.status.peerUserTimeout.nanoseconds) },
    StatusFigure("softerror") { $0.status.softError.map { Int($0.type) * 256 + Int($0.code) } },
    StatusFigure("fastretransmissions") { Int($0.status.statistics.fastRetransmissions) },
    StatusFigure("timeouts") { Int($0.status.statistics.timeoutRetransmissions) },
    StatusFigure("retransmissions") { Int($0.status.statistics.retransmissions) },
    StatusFigure("duplicates") { Int($0.status.statistics.duplicateAcknowledgements) },
    StatusFigure("challenges") { Int($0.status.statistics.challenges) },
    StatusFigure("drops") { Int($0.status.statistics.droppedSegments) },
    StatusFigure("marksreceived") { Int($0.status.statistics.marksReceived) },
    StatusFigure("marksreported") { Int($0.status.statistics.marksReported) },
    StatusFigure("notifications") { Int($0.status.statistics.congestionNotifications) },
    StatusFigure("ecn") { Int($0.status.ecn.rawValue) },
    StatusFigure("ecncapable") { $0.status.isECNCapable ? 1 : 0 },
    StatusFigure("sent") { Int($0.status.statistics.segmentsSent) },
  ]

  private init(_ name: String, value: @escaping @Sendable (Subject) -> Int?) {
    self.name = name
    self.value = value
  }
}

extension ConnectionEvents {
  var names: [String] {
    let all: [(String, ConnectionEvents)] = [
      ("connected", .connected), ("readable", .readable), ("writable", .writable), ("peerClosed", .peerClosed),
      ("urgent", .urgent), ("warning", .warning), ("allAcknowledged", .allAcknowledged), ("ended", .ended),
    ]
    return all.filter { contains($0.1) }.map(\.0)
  }
}

extension ConnectionWarning {
  var text: String {
    switch self {
    case .retransmitting(let evidence): "retransmitting \(evidence.text)"
    case .peerSilent(let evidence): "peer-silent \(evidence.text)"
    case .unreachable(let cause): "unreachable \(cause.type) \(cause.code)"
    }
  }
}

extension SilenceEvidence {
  fileprivate var text: String {
    let missing = withoutTimestamps > 0 ? " \(withoutTimestamps) without timestamps" : ""
    return "\(attempts) after \(silence.milliseconds)ms\(missing)"
  }
}

extension EndReason {
  var text: String {
    switch self {
    case .closed: "closed"
    case .refused: "refused"
    case .reset(let phase): "reset \(phase.name)"
    case .connectTimedOut: "connect-timed-out"
    case .retransmissionTimedOut: "retransmission-timed-out"
    case .userTimedOut: "user-timed-out"
    case .keepAliveTimedOut: "keep-alive-timed-out"
    case .unreachable(let cause): "unreachable \(cause.type) \(cause.code)"
    case .aborted: "aborted"
    }
  }
}

extension CallError {
  var text: String {
    switch self {
    case .doesNotExist: "does-not-exist"
    case .alreadyExists: "already-exists"
    case .closing: "closing"
    case .ended: "ended"
    }
  }
}

extension Received {
  var text: String {
    switch self {
    case .bytes(let count): "\(count) octets"
    case .nothingYet: "nothing"
    case .endOfStream: "the end of the stream"
    }
  }
}
