import Martinet
import MartinetSMPP
import Testing

@Suite("A session of SMPP 3.4, without a wire")
struct SessionTests {
  static let submit = SMPPBody.submit(message("x"))

  @Test("Each bind leads to its state on both sides, and unbind to UNBOUND")
  func states() throws {
    for state in [SMPPSessionState.boundTransmitter, .boundReceiver, .boundTransceiver] {
      for role in SMPPRole.allCases {
        var session = try SessionBench.session(role, in: state)
        #expect(session.state == state)
        try session.hear(.empty(.unbind), 1)
        #expect(try session.said() == [SMPPPDU(.empty(.unbindResponse), sequence: 1)])
        #expect(session.state == .unbound)
        #expect(session.end == .unbound(byPeer: true))
      }
    }
  }

  /// Which requests each side may send in each state (SMPP 3.4 section 2.3).
  static func allowed(_ role: SMPPRole, _ state: SMPPSessionState) -> Set<SMPPCommand> {
    let both: Set<SMPPCommand> = [.unbind, .enquireLink]
    let up: Set<SMPPCommand> = [.submit, .submitMulti, .query, .cancel, .replace, .data]
    let down: Set<SMPPCommand> = [.deliver, .alertNotification, .data]
    return switch (role, state) {
    case (.esme, .open): [.bindReceiver, .bindTransmitter, .bindTransceiver]
    case (.messageCentre, .open): [.outbind]
    case (.esme, .boundTransmitter), (.esme, .boundTransceiver): both.union(up)
    case (.messageCentre, .boundReceiver), (.messageCentre, .boundTransceiver): both.union(down)
    case (_, .boundTransmitter), (_, .boundReceiver): both
    default: []
    }
  }

  @Test(
    "Only the commands of section 2.3 are sent and taken", arguments: SMPPRole.allCases,
    [SMPPSessionState.open, .boundTransmitter, .boundReceiver, .boundTransceiver])
  func table(role: SMPPRole, state: SMPPSessionState) throws {
    let other: SMPPRole = role == .esme ? .messageCentre : .esme
    for body in Specimens.bodies where !body.command.isResponse {
      var session = try SessionBench.session(role, in: state)
      let mayBeSent = SessionTests.allowed(role, state).contains(body.command)
      let error = smppError { _ = try session.request(body, at: .seconds(1)) }
      #expect(error?.reason == (mayBeSent ? nil : .wrongState(state)), "\(body.command.name)")
      var listener = try SessionBench.session(role, in: state)
      try listener.hear(body, 5)
      let isTaken = SessionTests.allowed(other, state).contains(body.command)
      #expect(listener.statistics.misplaced == (isTaken ? 0 : 1), "\(body.command.name)")
      if !isTaken {
        let answer = try #require(try listener.said().first)
        #expect([.wrongBindState, .alreadyBound].contains(answer.status) && answer.sequence == 5)
      }
    }
  }

  @Test("The window holds back what is beyond it, and opens with each response")
  func window() throws {
    let knobs = SMPPConfiguration.with { $0.window = 3 }
    var session = try SessionBench.session(.esme, in: .boundTransmitter, knobs)
    var sequences: [UInt32] = []
    for _ in 0..<3 { sequences.append(try session.request(SessionTests.submit, at: .seconds(1))) }
    #expect(sequences == [2, 3, 4])
    #expect(!session.hasRoom)
    let error = smppError { _ = try session.request(SessionTests.submit, at: .seconds(1)) }
    #expect(error?.reason == .windowFull(3))
    try session.hear(.submitResponse(SMPPMessageResponse("m")), 3)
    #expect(session.hasRoom)
    guard case .settled(3, .success(let pdu)) = session.takeEvents().first else {
      Issue.record("the response settled nothing")
      return
    }
    #expect(pdu.body == .submitResponse(SMPPMessageResponse("m")))
    try session.hear(.submitResponse(SMPPMessageResponse("m")), 3)
    #expect(session.statistics.strayResponses == 1)
  }

  @Test("The response_timer settles a request; a response that comes later is a stray, and the session goes on")
  func responseTimer() throws {
    var session = try SessionBench.session(.esme, in: .boundTransmitter)
    let sequence = try session.request(SessionTests.submit, at: .seconds(1))
    #expect(session.nextDeadline == .seconds(11))
    session.expire(at: .milliseconds(10_999))
    #expect(session.takeEvents().isEmpty)
    session.expire(at: .seconds(11))
    guard case .settled(sequence, .failure(let unsettled)) = session.takeEvents().first else {
      Issue.record("the timer settled nothing")
      return
    }
    #expect(unsettled.reason == .responseTimedOut(.seconds(10)))
    try session.hear(.submitResponse(SMPPMessageResponse("late")), sequence)
    #expect(session.statistics.strayResponses == 1 && session.end == nil)
  }

  @Test(
    "A response of another command, a generic_nack and one that can't be read settle their request as what they are")
  func objections() throws {
    let cases: [(SMPPPDU, SMPPError.Reason)] = [
      (SMPPPDU(.empty(.cancelResponse), sequence: 2), .unexpectedResponse(.cancelResponse)),
      (SMPPPDU(.empty(.genericNack), status: .invalidCommand, sequence: 2), .rejected(.invalidCommand)),
      (SMPPPDU(.empty(.submitResponse), status: .queueFull, sequence: 2), .refused(.queueFull)),
      (SMPPPDU(.empty(.submitResponse), sequence: 2), .malformedResponse(.truncated(.messageID))),
    ]
    for (pdu, reason) in cases {
      var session = try SessionBench.session(.esme, in: .boundTransmitter)
      _ = try session.request(SessionTests.submit, at: .seconds(1))
      session.receive(try pdu.octets(), at: .seconds(2))
      guard case .settled(2, .failure(let unsettled)) = session.takeEvents().first else {
        Issue.record("\(pdu.command.name) settled nothing")
        continue
      }
      #expect(unsettled.reason == reason)
      #expect(session.end == nil)
    }
  }

  @Test("The session_init_timer ends a session that nobody binds; a bind that is not answered ends the program's")
  func initTimers() throws {
    var centre = try SMPPSession(.messageCentre, at: .seconds(1))
    centre.expire(at: .seconds(11))
    #expect(centre.end == .notBound(within: .seconds(10)))
    var esme = try SMPPSession(.esme, at: .seconds(1))
    _ = try esme.request(.bindReceiver(SMPPBind("a", password: "b")), at: .seconds(2))
    esme.expire(at: .seconds(12))
    #expect(esme.end == .unanswered(.bindReceiver, within: .seconds(10)))
  }

  @Test("The inactivity_timer unbinds; enquire_link is no activity")
  func inactivity() throws {
    let knobs = SMPPConfiguration.with { $0.inactivityTimeout = .seconds(60) }
    var session = try SessionBench.session(.esme, in: .boundTransmitter, knobs)
    session.expire(at: .seconds(30))
    #expect(try session.said().map(\.command) == [.enquireLink])
    try session.hear(.empty(.enquireLinkResponse), 2, at: 31)
    try session.hear(.empty(.enquireLink), 9, at: 59)
    #expect(try session.said().map(\.command) == [.enquireLinkResponse])
    session.expire(at: .seconds(60))
    let unbind = try #require(try session.said().last)
    #expect(unbind.command == .unbind)
    try session.hear(.empty(.unbindResponse), unbind.sequence, at: 61)
    #expect(session.end == .inactive(for: .seconds(60)))
  }

  @Test("A silent peer is sent enquire_link, and is lost at the bound with the evidence")
  func enquireLink() throws {
    var session = try SessionBench.session(.messageCentre, in: .boundTransceiver)
    var asked: [Duration] = []
    while session.end == nil, let deadline = session.nextDeadline {
      session.expire(at: deadline)
      if try session.said().map(\.command) == [.enquireLink] { asked.append(deadline) }
    }
    #expect(asked == [.seconds(30), .seconds(60)])
    let evidence = HeartbeatEvidence(silence: .seconds(75), questions: 2)
    #expect(session.end == .socket(SocketError(.read, nil, .heartbeatLost(evidence))))
  }

  @Test("More requests than the backlog has room for are throttled until some are answered")
  func backlog() throws {
    let knobs = SMPPConfiguration.with { $0.largestBacklog = 2 }
    var session = try SessionBench.session(.messageCentre, in: .boundTransmitter, knobs)
    _ = session.takeOutput()
    for sequence in 10..<13 { try session.hear(SessionTests.submit, UInt32(sequence)) }
    #expect(try session.said() == [SMPPPDU(.empty(.submitResponse), status: .throttled, sequence: 12)])
    try session.respond(to: 10, status: .ok, .submitResponse(SMPPMessageResponse("m")), at: .seconds(2))
    try session.hear(SessionTests.submit, 13)
    #expect(try session.said() == [SMPPPDU(.submitResponse(SMPPMessageResponse("m")), sequence: 10)])
    let twice = smppError { try session.respond(to: 10, status: .ok, at: .seconds(2)) }
    #expect(twice?.reason == .notWaiting)
  }

  @Test("A second bind is refused, before the first is answered and after")
  func secondBind() throws {
    var session = try SMPPSession(.messageCentre, at: .zero)
    try session.hear(.bindReceiver(SMPPBind("a", password: "b")), 1)
    try session.hear(.bindTransmitter(SMPPBind("a", password: "b")), 2)
    try session.respond(to: 1, status: .ok, at: .seconds(1))
    try session.hear(.bindReceiver(SMPPBind("a", password: "b")), 3)
    #expect(try session.said().map(\.status) == [.alreadyBound, .ok, .alreadyBound])
    #expect(session.state == .boundReceiver)
  }

  @Test("The end settles what is unanswered, and nothing happens after it")
  func end() throws {
    var session = try SessionBench.session(.esme, in: .boundTransceiver)
    _ = try session.request(SessionTests.submit, at: .seconds(1))
    session.receiveEnd()
    let events = session.takeEvents()
    #expect(events.count == 2)
    guard case .settled(2, .failure(let unsettled)) = events.first else {
      Issue.record("the request was not settled")
      return
    }
    #expect(unsettled.reason == .ended(.closed(byPeer: true)))
    session.close()
    try session.hear(.deliver(message("x")), 4)
    #expect(session.end == .closed(byPeer: true) && session.takeEvents().isEmpty && session.nextDeadline == nil)
  }

  @Test("Knobs out of their bounds are refused")
  func knobs() {
    let wrongs: [(inout SMPPConfiguration) -> Void] = [
      { $0.window = 0 }, { $0.largestPDU = 15 }, { $0.responseTimeout = .zero }, { $0.enquireLinkInterval = .zero },
      { $0.enquireLinkBound = .seconds(30) }, { $0.inactivityTimeout = .zero }, { $0.largestBacklog = 0 },
      { $0.sessionInitTimeout = .zero }, { $0.closingTimeout = .zero },
    ]
    for wrong in wrongs {
      let error = smppError { _ = try SMPPSession(.esme, configuration: .with(wrong), at: .zero) }
      guard case .invalidArgument = error?.reason else {
        Issue.record("accepted")
        continue
      }
    }
  }
}
