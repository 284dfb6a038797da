import Martinet
import MartinetSMPP
import Testing

@Suite("SMPP between two hosts, in virtual time")
struct ConnectionTests {
  let pair = SMPPPair()
  let notes = Notebook()

  /// Serves `session` in a thread of its own: each message is noted and called by its text.
  func serve(_ session: SMPPConnection) throws {
    try pair.server.startThread("server") { [notes] in
      let end = session.serve { request in
        guard case .submit(let message) = request.body else { return .refused(.invalidCommand) }
        notes.note(String(decoding: message.payload, as: UTF8.self))
        return .accepted("id-" + String(decoding: message.payload, as: UTF8.self))
      }
      notes.note("\(end)")
    }
  }

  @Test(
    "A program binds, submits and unbinds, and both sides say so",
    arguments: [SMPPClient.Kind.transmitter, .transceiver])
  func submit(kind: SMPPClient.Kind) throws {
    try pair.simulation.run {
      let (client, session, _) = try pair.bound(kind)
      #expect(client.connection.state == (kind == .transmitter ? .boundTransmitter : .boundTransceiver))
      #expect(session.state == client.connection.state)
      try serve(session)
      #expect(try client.submit(message("salut")) == "id-salut")
      try client.unbind()
      #expect(client.connection.end == .unbound(byPeer: false))
      try client.connection.waitUntilClosed()
      try session.waitUntilClosed()
    }
    #expect(notes.all == ["salut", "the peer unbound"])
  }

  @Test("The bind's answer names the message centre and its version")
  func bindResponse() throws {
    try pair.simulation.run {
      let server = try pair.listen()
      let client = try pair.connect()
      let session = try server.accept()
      let response = try client.bind(.receiver, as: SMPPPair.program)
      #expect(response.systemID == "martinet")
      #expect(response.parameters == [SMPPParameter(.interfaceVersion, octet: 0x34)])
      client.close()
      try session.waitUntilClosed()
    }
  }

  @Test("Who is not known, or has another password, is refused and disconnected, and may say so")
  func authentication() throws {
    try pair.simulation.run {
      let server = try pair.listen()
      for (bind, status) in [
        (SMPPBind("bird", password: "wrong"), SMPPStatus.invalidPassword),
        (SMPPBind("cat", password: "secret"), .invalidSystemID),
      ] {
        let client = try pair.connect()
        let session = try server.accept()
        let error = smppError { try client.bind(.transceiver, as: bind) }
        #expect(error?.reason == .refused(status))
        #expect(client.connection.end == .bindRefused(status))
        #expect(error?.description == "bind_transceiver 10.0.0.2:2775: refused: \(status)")
        try client.connection.waitUntilClosed()
        try session.waitUntilClosed()
      }
    }
  }

  @Test(
    "The message centre delivers, and learns that the program has it",
    arguments: [SMPPClient.Kind.receiver, .transceiver])
  func deliver(kind: SMPPClient.Kind) throws {
    try pair.simulation.run {
      let (client, session, _) = try pair.bound(kind)
      try pair.client.startThread("program") { [notes] in
        while let received = try? client.receive() {
          notes.note(String(decoding: received.payload, as: UTF8.self))
        }
      }
      for text in ["un", "deux"] { try session.request(.deliver(message(text))) }
      var alert = SMPPAlert()
      alert.source = SMPPAddress("1")
      try session.request(.alertNotification(alert))
      var data = SMPPData()
      data.parameters = [SMPPParameter(.messagePayload, Array("trois".utf8))]
      #expect(smppError { try session.request(.data(data)) }?.reason == .refused(.systemError))
      try session.unbind()
    }
    #expect(notes.all == ["un", "deux"])
  }

  @Test("Alerts that nobody takes do not pile up")
  func alerts() throws {
    try pair.simulation.run {
      let (client, session, _) = try pair.bound(client: .with { $0.largestBacklog = 4 })
      for _ in 0..<20 { try session.request(.alertNotification(SMPPAlert())) }
      try pair.client.sleep(for: .seconds(1))
      #expect(client.connection.alertsDropped == 12)
      for _ in 0..<8 {
        let alert = try client.connection.nextRequest(within: .zero)
        #expect(alert?.isAnswerable == false)
      }
      let none = try client.connection.nextRequest(within: .zero)
      #expect(none?.isAnswerable == nil)
      try client.unbind()
    }
  }

  @Test("A program that bound as a transmitter may not be delivered to, and a receiver may not submit")
  func wrongStates() throws {
    try pair.simulation.run {
      let (client, session, server) = try pair.bound(.transmitter)
      #expect(smppError { try session.request(.deliver(message("x"))) }?.reason == .wrongState(.boundTransmitter))
      try client.unbind()
      let receiver = try pair.connect()
      let other = try server.accept()
      try receiver.bind(.receiver, as: SMPPPair.program)
      #expect(smppError { _ = try receiver.submit(message("x")) }?.reason == .wrongState(.boundReceiver))
      try receiver.unbind()
      try other.waitUntilClosed()
    }
  }

  @Test("As many messages as the window allows are in flight at once", arguments: [1, 4, 10])
  func window(size: Int) throws {
    let pair = SMPPPair(delay: .milliseconds(50))
    try pair.simulation.run {
      let (client, session, _) = try pair.bound(client: .with { $0.window = size })
      try pair.server.startThread("server") { _ = session.serve { _ in .accepted("m") } }
      let begin = pair.client.now
      var pending: [SMPPPendingRequest] = []
      for number in 0..<20 {
        pending.append(try client.beginSubmitting(message("\(number)")))
        #expect(client.connection.outstandingRequests <= size)
      }
      for request in pending { #expect(try request.messageID() == "m") }
      // A round trip of 100 ms for each window full.
      let trips = (20 + size - 1) / size
      let time = pair.client.now - begin
      #expect(time >= .milliseconds(100 * trips) && time < .milliseconds(100 * trips + 60))
      try client.unbind()
    }
  }

  @Test("Several threads submit at once, and each gets its own answer")
  func threads() throws {
    try pair.simulation.run {
      let (client, session, _) = try pair.bound()
      try pair.server.startThread("server") {
        _ = session.serve { request in
          guard case .submit(let message) = request.body else { return .refused(.invalidCommand) }
          return .accepted(String(decoding: message.text, as: UTF8.self))
        }
      }
      let results = Notebook()
      for name in 0..<8 {
        try pair.client.startThread("program \(name)") {
          for number in 0..<5 {
            let text = "\(name).\(number)"
            if (try? client.submit(message(text))) == text { results.note(text) }
          }
        }
      }
      try pair.client.sleep(for: .seconds(60))
      #expect(Set(results.all).count == 40)
      try client.unbind()
    }
  }

  @Test("A request that is not answered in time fails alone; its late answer harms nobody")
  func responseTimeout() throws {
    try pair.simulation.run {
      let (client, session, _) = try pair.bound(client: .with { $0.responseTimeout = .seconds(5) })
      let begin = pair.client.now
      let error = smppError { _ = try client.submit(message("slow")) }
      #expect(error?.reason == .responseTimedOut(.seconds(5)))
      #expect(error?.description == "submit_sm 10.0.0.2:2775: no response within 5.0 seconds")
      #expect(pair.client.now - begin == .seconds(5))
      let slow = try #require(try session.nextRequest())
      try slow.reply(.accepted("late"))
      try serve(session)
      #expect(try client.submit(message("quick")) == "id-quick")
      #expect(client.connection.statistics.strayResponses == 1)
      try client.unbind()
    }
  }

  @Test("unbind waits for what is in flight")
  func unbindWaits() throws {
    try pair.simulation.run {
      let (client, session, _) = try pair.bound()
      let pending = try client.beginSubmitting(message("last"))
      try pair.server.startThread("server") { [pair] in
        try? pair.server.sleep(for: .seconds(3))
        _ = session.serve { _ in .accepted("done") }
      }
      try client.unbind()
      #expect(try pending.messageID() == "done")
      #expect(smppError { _ = try client.submit(message("x")) }?.reason == .ended(.unbound(byPeer: false)))
    }
  }

  @Test("A client that nobody holds any more is closed, and its peer notices")
  func dropped() throws {
    try pair.simulation.run {
      let server = try pair.listen()
      var client: SMPPClient? = try pair.connect()
      let session = try server.accept()
      try client?.bind(.transceiver, as: SMPPPair.program)
      client = nil
      try session.waitUntilClosed()
      #expect(session.end == .closed(byPeer: true))
      #expect(server.sessionCount == 0)
    }
  }

  @Test("A server with no room left resets the next connection, and has room again after an end")
  func sessionLimit() throws {
    try pair.simulation.run {
      let server = try pair.listen(sessions: 1)
      try pair.server.startThread("server") { try? server.run { _, _ in .done } }
      let first = try pair.connect()
      try first.bind(.transceiver, as: SMPPPair.program)
      let second = try pair.connect()
      let error = smppError { try second.bind(.transceiver, as: SMPPPair.program) }
      guard case .ended(.socket(let failure)) = error?.reason, case .reset = failure.reason else {
        Issue.record("\(error.map { "\($0)" } ?? "no error")")
        return
      }
      #expect(server.refusedConnections == 1)
      try first.unbind()
      try first.connection.waitUntilClosed()
      try pair.client.sleep(for: .seconds(1))
      let third = try pair.connect()
      try third.bind(.transceiver, as: SMPPPair.program)
      try third.unbind()
      server.close()
    }
  }
}
