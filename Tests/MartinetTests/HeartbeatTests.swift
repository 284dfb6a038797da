import Martinet
import Testing

@Suite("The heartbeat of an application")
struct HeartbeatTests {
  static func heartbeat(_ interval: Int = 10, _ bound: Int = 45) throws -> Heartbeat {
    try Heartbeat(interval: .seconds(interval), bound: .seconds(bound), from: .seconds(100))
  }

  @Test("asks after each interval of silence and gives up at its bound, with the evidence")
  func lost() throws {
    var heartbeat = try HeartbeatTests.heartbeat()
    var asked: [Duration] = []
    var evidence: HeartbeatEvidence?
    while evidence == nil {
      let now = heartbeat.deadline
      switch heartbeat.check(at: now) {
      case .ask: asked.append(now)
      case .lost(let found):
        evidence = found
        #expect(now == .seconds(145))
      case .wait: Issue.record("nothing to do at its own deadline")
      }
    }
    #expect(asked == [.seconds(110), .seconds(120), .seconds(130), .seconds(140)])
    #expect(evidence == HeartbeatEvidence(silence: .seconds(45), questions: 4))
    #expect(evidence?.description == "no heartbeat reply for 45.000 s, 4 questions unanswered")
    heartbeat.heard(at: .seconds(146))
    #expect(heartbeat.check(at: .seconds(147)) == .lost(HeartbeatEvidence(silence: .seconds(45), questions: 4)))
  }

  @Test("begins anew with everything that is heard")
  func heard() throws {
    var heartbeat = try HeartbeatTests.heartbeat()
    #expect(heartbeat.check(at: .seconds(109)) == .wait(until: .seconds(110)))
    #expect(heartbeat.check(at: .seconds(110)) == .ask)
    #expect(heartbeat.check(at: .seconds(111)) == .wait(until: .seconds(120)))
    heartbeat.heard(at: .seconds(112))
    #expect(heartbeat.deadline == .seconds(122))
    #expect(heartbeat.silence(at: .seconds(115)) == .seconds(3))
    #expect(heartbeat.check(at: .seconds(121)) == .wait(until: .seconds(122)))
  }

  @Test("of somebody who slept asks before it gives up, and gives the peer its time")
  func overslept() throws {
    var heartbeat = try HeartbeatTests.heartbeat()
    #expect(heartbeat.check(at: .seconds(5000)) == .ask)
    #expect(heartbeat.check(at: .seconds(5010)) == .ask)
    #expect(heartbeat.check(at: .seconds(5034)) == .ask)
    #expect(heartbeat.deadline == .seconds(5035))
    #expect(
      heartbeat.check(at: .seconds(5035)) == .lost(HeartbeatEvidence(silence: .seconds(4935), questions: 3)))
  }

  @Test("needs an interval, and a bound beyond it", arguments: [(0, 10), (-1, 10), (10, 10), (10, 5)])
  func bounds(interval: Int, bound: Int) {
    let error = socketError { _ = try HeartbeatTests.heartbeat(interval, bound) }
    #expect(error?.kind == .argument)
  }

  @Test("gives a program an error that says what happened, to whom and why")
  func error() {
    let endpoint = Endpoint(.v4(IPv4Address(10, 0, 0, 2)), 2775)
    let evidence = HeartbeatEvidence(silence: .seconds(45), questions: 1)
    let error = SocketError(.read, endpoint, .heartbeatLost(evidence))
    #expect(error.description == "read 10.0.0.2:2775: no heartbeat reply for 45.000 s, 1 question unanswered")
    #expect(error.kind == .socket)
  }

  @Test("drives a blocking read: a program that no longer answers is noticed although its host acknowledges")
  func blocking() throws {
    let pair = VirtualPair()
    try pair.simulation.run {
      let sockets = try pair.connected()
      var heartbeat = try Heartbeat(interval: .seconds(15), bound: .seconds(45), from: pair.client.now)
      let begin = pair.client.now
      var evidence: HeartbeatEvidence?
      while evidence == nil {
        switch heartbeat.check(at: pair.client.now) {
        case .ask: try sockets.client.outputStream.write("are you there?\n".utf8)
        case .lost(let found): evidence = found
        case .wait(let deadline):
          let error = socketError {
            _ = try sockets.client.inputStream.read(upTo: 100, within: deadline - pair.client.now)
          }
          #expect(error?.kind == .timeout)
        }
      }
      #expect(pair.client.now - begin == .seconds(45))
      #expect(evidence?.questions == 2)
      // The dead program's host has acknowledged every question.
      #expect(sockets.client.status?.endReason == nil)
      #expect(sockets.server.status?.unreadBytes == 30)
    }
  }
}

@Suite("Threads that wait for each other")
struct AnnouncementTests {
  @Test("wake each other in virtual time, and in the order of their waiting")
  func order() throws {
    let pair = VirtualPair()
    let notes = Notebook()
    let announcement = Announcement(on: pair.client)
    try pair.simulation.run {
      for name in ["a", "b"] {
        try pair.client.startThread(name) {
          let found = try? announcement.wait { notes.all.contains("now") ? true : nil }
          notes.note("\(name) \(found == true) at \(pair.client.now)")
        }
      }
      try pair.client.sleep(for: .seconds(3))
      announcement.announce()
      try pair.client.sleep(for: .seconds(1))
      notes.note("now")
      announcement.announce()
    }
    #expect(notes.all == ["now", "a true at 4.0 seconds", "b true at 4.0 seconds"])
  }

  @Test("give up at their deadline, and fail when nobody is left to wake them")
  func deadlines() throws {
    let pair = VirtualPair()
    let announcement = Announcement(on: pair.client)
    try pair.simulation.run {
      let never: () -> Bool? = { nil }
      let found = try announcement.wait(until: .seconds(7), never)
      #expect(found == nil)
      #expect(pair.client.now == .seconds(7))
      #expect(socketError { _ = try announcement.wait(never) }?.reason == .deadlock)
    }
    #expect(socketError { _ = try announcement.wait { true } }?.reason == .unregisteredThread)
  }
}
