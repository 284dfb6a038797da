import Martinet
import MartinetSMPP
import Testing

@Suite("A peer that dies in silence is noticed by enquire_link")
struct SilenceTests {
  let pair = SMPPPair()
  static let knobs = SMPPConfiguration.with {
    $0.enquireLinkInterval = .seconds(12)
    $0.enquireLinkBound = .seconds(45)
  }

  @Test("Both sides of a cut wire notice it at their bound, with the cause, and blocked calls end with it")
  func cut() throws {
    try pair.simulation.run {
      let (client, session, server) = try pair.bound(client: SilenceTests.knobs, server: SilenceTests.knobs)
      try pair.client.sleep(for: .seconds(100))
      #expect(client.connection.end == nil && session.end == nil)
      #expect(client.connection.statistics.enquireLinksSent > 3)
      pair.simulation.withNetwork { $0.cut(pair.wire) }
      let begin = pair.client.now
      let error = smppError { _ = try client.receive() }
      let waited = pair.client.now - begin
      // What was heard last was heard within the last interval.
      #expect(waited > .seconds(33) && waited <= .seconds(45))
      guard case .ended(.socket(let failure)) = error?.reason, case .heartbeatLost(let evidence) = failure.reason else {
        Issue.record("\(error.map { "\($0)" } ?? "no error")")
        return
      }
      #expect(evidence == HeartbeatEvidence(silence: .seconds(45), questions: 3))
      #expect(
        error?.description == """
          SMPP receive 10.0.0.2:2775: the session has ended: read 10.0.0.2:2775: no heartbeat reply for 45.000 s, \
          3 questions unanswered
          """)
      try session.waitUntilClosed()
      #expect(pair.client.now - begin <= .seconds(46))
      guard case .socket(let other) = session.end, case .heartbeatLost = other.reason else {
        Issue.record("the server's side ended with \(session.end.map { "\($0)" } ?? "nothing")")
        return
      }
      try client.connection.waitUntilClosed()
      #expect(server.sessionCount == 0)
    }
  }

  @Test("A writer that is blocked by a full buffer keeps nobody from noticing")
  func blockedWriter() throws {
    try pair.simulation.run {
      var knobs = SilenceTests.knobs
      knobs.window = 10_000
      knobs.responseTimeout = .seconds(1000)
      let (client, session, _) = try pair.bound(client: knobs, server: SilenceTests.knobs)
      try client.connection.socket.setSendBufferSize(4096)
      pair.simulation.withNetwork { $0.cut(pair.wire) }
      let begin = pair.client.now
      var pending: [SMPPPendingRequest] = []
      for _ in 0..<1000 {
        pending.append(try client.beginSubmitting(message(String(repeating: "x", count: 200))))
      }
      let error = smppError { _ = try pending[0].response() }
      guard case .ended(.socket(let failure)) = error?.reason, case .heartbeatLost = failure.reason else {
        Issue.record("\(error.map { "\($0)" } ?? "no error")")
        return
      }
      #expect(pair.client.now - begin <= .seconds(45))
      try session.waitUntilClosed()
      try client.connection.waitUntilClosed()
    }
  }

  @Test("A program that hangs behind a host that lives is noticed as well")
  func hangingProgram() throws {
    try pair.simulation.run {
      let listener = try ServerSocket(port: 2775, on: pair.server)
      let client = try pair.connect(SilenceTests.knobs)
      let socket = try listener.accept()
      // A message centre that answers the bind and then no more, while its host acknowledges everything.
      try pair.server.startThread("centre") {
        _ = try? socket.inputStream.read(upTo: 1000)
        let response = try? SMPPPDU(.bindReceiverResponse(SMPPBindResponse("stone")), sequence: 1).octets()
        try? socket.outputStream.write(response ?? [])
      }
      try client.bind(.receiver, as: SMPPPair.program)
      let begin = pair.client.now
      let error = smppError { _ = try client.receive() }
      guard case .ended(.socket(let failure)) = error?.reason, case .heartbeatLost(let evidence) = failure.reason else {
        Issue.record("\(error.map { "\($0)" } ?? "no error")")
        return
      }
      #expect(pair.client.now - begin == .seconds(45) && evidence.questions == 3)
      #expect(socket.status?.unreadBytes == 48)
      try client.connection.waitUntilClosed()
    }
  }

  @Test("A wire that comes back in time is no loss")
  func healed() throws {
    try pair.simulation.run {
      let (client, session, _) = try pair.bound(client: SilenceTests.knobs, server: SilenceTests.knobs)
      pair.simulation.withNetwork { $0.partition(pair.wire) }
      try pair.client.sleep(for: .seconds(20))
      pair.simulation.withNetwork { $0.heal(pair.wire) }
      try pair.client.sleep(for: .seconds(200))
      #expect(client.connection.end == nil && session.end == nil)
      try client.unbind()
    }
  }
}

@Suite("A peer that talks nonsense")
struct NonsenseTests {
  let pair = SMPPPair()

  /// What a server says to `octets` until it closes, and how long that took.
  func say(_ octets: [UInt8], _ knobs: SMPPConfiguration = SMPPConfiguration()) throws -> (
    heard: [UInt8], seconds: Duration, end: SMPPEnd?
  ) {
    var heard: [UInt8] = []
    let server = try pair.listen(knobs)
    let socket = try Socket(host: SMPPPair.serverName, port: 2775, on: pair.client)
    let session = try server.accept()
    let begin = pair.client.now
    try socket.outputStream.write(octets)
    while let more = try socket.inputStream.read(upTo: 1000) { heard += more }
    let seconds = pair.client.now - begin
    socket.close()
    try session.waitUntilClosed()
    return (heard, seconds, session.end)
  }

  @Test("A length that can't be gets a generic_nack, which arrives although much is left unread, and the end")
  func wrongLength() throws {
    try pair.simulation.run {
      let result = try say(Array("GET / HTTP/1.1\r\n".utf8) + [UInt8](repeating: 7, count: 20_000))
      let expected = SMPPPDU(.empty(.genericNack), status: .invalidCommandLength, sequence: 0x2E31_0D0A)
      #expect(try SMPPPDU(result.heard) == expected)
      #expect(result.end == .malformed(.commandLength(0x4745_5420, limit: 70_000)))
      #expect(result.seconds < .seconds(1))
    }
  }

  @Test("Who connects and does not bind is disconnected by the session_init_timer")
  func notBound() throws {
    try pair.simulation.run {
      let result = try say([0, 0, 0])
      #expect(result.heard == [])
      #expect(result.end == .notBound(within: .seconds(10)))
      #expect(result.seconds >= .seconds(9) && result.seconds < .seconds(11))
    }
  }

  @Test("Requests before the bind are refused")
  func early() throws {
    try pair.simulation.run {
      let result = try say(try SMPPPDU(.submit(message("x")), sequence: 4).octets())
      #expect(try SMPPPDU(result.heard) == SMPPPDU(.empty(.submitResponse), status: .wrongBindState, sequence: 4))
    }
  }

  @Test("Who asks without end and takes no answer is not read from without end")
  func flood() throws {
    try pair.simulation.run {
      let server = try pair.listen()
      let socket = try Socket(host: SMPPPair.serverName, port: 2775, on: pair.client)
      let session = try server.accept()
      try socket.outputStream.write(SMPPPDU(.bindTransceiver(SMPPPair.program), sequence: 1).octets())
      let question = try SMPPPDU(.empty(.enquireLink), sequence: 2).octets()
      let questions = Array(repeatElement(question, count: 4096).joined())
      try pair.client.startThread("flood") {
        // Fails when the server gives up.
        while (try? socket.outputStream.write(questions)) != nil {}
      }
      try pair.client.sleep(for: .seconds(20))
      let count = session.statistics.enquireLinksReceived
      #expect(count > 65_536)
      try pair.client.sleep(for: .seconds(20))
      // Both buffers are full, and so is the queue of answers.
      #expect(session.statistics.enquireLinksReceived == count)
      socket.abort()
      try session.waitUntilClosed()
    }
  }
}
