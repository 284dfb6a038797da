import Martinet
import MartinetSMPP
import Testing

@Suite("The PDUs of SMPP 3.4")
struct PDUTests {
  /// What a bound session makes of octets: its events and what it answers.
  static func hear(
    _ octets: [UInt8], _ role: SMPPRole = .messageCentre, _ state: SMPPSessionState = .boundTransceiver
  ) throws -> (session: SMPPSession, events: [SMPPSession.Event], answer: [UInt8]) {
    var session = try SessionBench.session(role, in: state)
    session.receive(octets, at: .seconds(1))
    return (session, session.takeEvents(), session.takeOutput())
  }

  @Test("Every command has a specimen in these tests")
  func complete() {
    #expect(Set(Specimens.bodies.map(\.command)) == Set(SMPPCommand.allCases))
  }

  @Test("What is written is read back unchanged", arguments: Specimens.bodies)
  func roundTrip(body: SMPPBody) throws {
    let pdu = SMPPPDU(body, sequence: 77)
    let octets = try pdu.octets()
    #expect(try SMPPPDU(octets) == pdu)
  }

  @Test("A submit_sm has the fields of section 4.4.1 in their order")
  func submitOctets() throws {
    var message = SMPPMessage(from: SMPPAddress("12", ton: 1, npi: 2), to: SMPPAddress("34", ton: 3, npi: 4), [0xAA])
    message.serviceType = "S"
    (message.esmClass, message.protocolID, message.priority, message.registeredDelivery) = (5, 6, 7, 8)
    (message.replaceIfPresent, message.dataCoding, message.defaultMessage) = (9, 10, 11)
    message.parameters = [SMPPParameter(.sourcePort, [0x0B, 0xB8])]
    let body: [UInt8] =
      [0x53, 0, 1, 2, 0x31, 0x32, 0, 3, 4, 0x33, 0x34, 0, 5, 6, 7, 0, 0, 8, 9, 10, 11, 1, 0xAA]
      + [0x02, 0x0A, 0x00, 0x02, 0x0B, 0xB8]
    let octets = try SMPPPDU(.submit(message), sequence: 0x0102_0304).octets()
    #expect(octets == [0, 0, 0, UInt8(16 + body.count), 0, 0, 0, 4, 0, 0, 0, 0, 1, 2, 3, 4] + body)
  }

  @Test("A response that refuses has no body, and what some send all the same is passed over")
  func refusals() throws {
    let octets = try SMPPPDU(.submitResponse(SMPPMessageResponse("")), status: .throttled, sequence: 3).octets()
    let expected = SMPPPDU(.empty(.submitResponse), status: .throttled, sequence: 3)
    #expect(try SMPPPDU(octets) == expected)
    #expect(try SMPPPDU(expected.octets()) == expected)
  }

  @Test(
    "Every truncation is refused with the response of its command, and the session goes on", arguments: Specimens.bodies
  )
  func truncations(body: SMPPBody) throws {
    let whole = try SMPPPDU(body, sequence: 9).octets()
    for count in 16..<whole.count {
      var octets = Array(whole.prefix(count))
      (octets[2], octets[3]) = (UInt8(count >> 8), UInt8(count & 0xFF))
      guard (try? SMPPPDU(octets)) == nil else { continue }
      let role: SMPPRole = SessionBench.sender(of: body.command) == .esme ? .messageCentre : .esme
      let (session, _, answer) = try PDUTests.hear(octets, role)
      #expect(session.end == nil)
      #expect(session.statistics.malformed == 1)
      if body.command.isResponse {
        #expect(answer.isEmpty)
      } else {
        let pdu = try SMPPPDU(answer)
        #expect(pdu.command == body.command.response ?? .genericNack)
        #expect(pdu.status != .ok && pdu.sequence == 9)
      }
    }
  }

  @Test("Seeded mutations never trap, and what is answered to them is always a PDU", arguments: Specimens.bodies)
  func mutations(body: SMPPBody) throws {
    let whole = try SMPPPDU(body, sequence: 9).octets()
    var chance = SeededChance(state: UInt64(body.command.rawValue) + 1)
    for _ in 0..<400 {
      var octets = whole
      for _ in 0..<Int.random(in: 1...4, using: &chance) {
        octets[Int.random(in: 0..<octets.count, using: &chance)] = UInt8.random(in: 0...255, using: &chance)
      }
      for role in SMPPRole.allCases {
        let (session, _, answer) = try PDUTests.hear(octets + whole, role)
        var rest = answer[...]
        while !rest.isEmpty {
          let length = Int(rest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
          #expect(throws: Never.self) { try SMPPPDU(Array(rest.prefix(length))) }
          rest = rest.dropFirst(length)
        }
        if case .malformed(.commandLength) = session.end { #expect(!answer.isEmpty) }
      }
    }
  }

  static let wrongs: [(SMPPFormatError, SMPPStatus, SMPPBody)] = [
    (.tooLong(.systemID, limit: 16), .invalidSystemID, .bindReceiver(SMPPBind("abcdefghijklmnop", password: ""))),
    (.tooLong(.password, limit: 9), .invalidPassword, .bindReceiver(SMPPBind("a", password: "123456789"))),
    (.character(.systemID), .invalidSystemID, .bindReceiver(SMPPBind("\u{20AC}", password: ""))),
    (.character(.systemID), .invalidSystemID, .bindReceiver(SMPPBind("a\0b", password: ""))),
    (
      .tooLong(.destination, limit: 21), .invalidDestination,
      .submit(SMPPMessage(from: SMPPAddress(), to: SMPPAddress(String(repeating: "1", count: 21)), []))
    ),
    (
      .tooLong(.message, limit: 254), .invalidMessageLength,
      .submit(SMPPMessage(from: SMPPAddress(), to: SMPPAddress(), [UInt8](repeating: 1, count: 255)))
    ),
    (
      .time(.validityPeriod), .invalidExpiry,
      .submit(
        {
          var message = SMPPMessage()
          message.validityPeriod = "tomorrow"
          return message
        }())
    ),
    (.value(.destinationCount, 0), .invalidDestinationCount, .submitMulti(SMPPMultiMessage(SMPPMessage(), to: []))),
    (
      .parameterLength(.messagePayload), .invalidParameterLength,
      .data(
        {
          var data = SMPPData()
          data.parameters = [SMPPParameter(.messagePayload, [UInt8](repeating: 0, count: 65536))]
          return data
        }())
    ),
  ]

  @Test("A field beyond the specification's bounds is not sent", arguments: wrongs)
  func bounds(error: SMPPFormatError, status: SMPPStatus, body: SMPPBody) {
    #expect(throws: error) { try SMPPPDU(body, sequence: 1).octets() }
    #expect(error.status == status)
  }

  @Test("A string without an end, a bad time, a bad flag and octets too many are refused with the field's status")
  func badFields() throws {
    let zeros = [UInt8](repeating: 0, count: 10)
    func refused(_ command: SMPPCommand, _ body: [UInt8]) throws -> SMPPStatus {
      let octets =
        [0, 0, 0, UInt8(16 + body.count), 0, 0, UInt8(command.rawValue >> 8), UInt8(command.rawValue & 0xFF)]
        + [UInt8](repeating: 0, count: 7) + [1] + body
      return try SMPPPDU(PDUTests.hear(octets).answer).status
    }
    let unterminated = [UInt8](repeating: 0x31, count: 60)
    #expect(try refused(.submit, unterminated) == .invalidServiceType)
    #expect(try refused(.submit, [0, 0, 0] + unterminated) == .invalidSource)
    #expect(try refused(.submit, zeros + [0x31, 0] + zeros) == .invalidSchedule)
    #expect(try refused(.submit, zeros + [0, 0x31, 0] + zeros) == .invalidExpiry)
    #expect(try refused(.submit, [UInt8](repeating: 0, count: 17) + [255]) == .invalidCommandLength)
    #expect(try refused(.submitMulti, [0, 0, 0, 0, 1, 3, 0]) == .invalidDestinationFlag)
    #expect(try refused(.enquireLink, [7]) == .invalidCommandLength)
  }

  @Test("A command nobody knows gets a generic_nack with its number; a response nobody knows gets nothing")
  func unknownCommands() throws {
    let request: [UInt8] = [0, 0, 0, 16, 0, 0, 0x7F, 0, 0, 0, 0, 0, 0, 0, 0, 42]
    let heard = try PDUTests.hear(request)
    #expect(try SMPPPDU(heard.answer) == SMPPPDU(.empty(.genericNack), status: .invalidCommand, sequence: 42))
    #expect(heard.session.end == nil)
    var response = request
    response[4] = 0x80
    #expect(try PDUTests.hear(response).answer == [])
  }

  @Test("A wrong length ends the session after a generic_nack", arguments: [0, 15, 70_001, UInt32.max])
  func lengths(length: UInt32) throws {
    let octets =
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> UInt32($0)) } + [0, 0, 0, 21, 0, 0, 0, 0, 0, 0, 0, 5]
    let heard = try PDUTests.hear(octets)
    #expect(try SMPPPDU(heard.answer) == SMPPPDU(.empty(.genericNack), status: .invalidCommandLength, sequence: 5))
    #expect(heard.session.end == .malformed(.commandLength(length, limit: 70_000)))
    #expect(try SMPPPDU(PDUTests.hear(Array(octets.prefix(4))).answer).sequence == 0)
  }

  @Test("PDUs are cut out of the stream wherever its pieces end")
  func framing() throws {
    let stream = try Specimens.bodies.prefix(3).flatMap { try SMPPPDU($0, sequence: 1).octets() }
    for size in [1, 2, 7, 16, 50, 1000] {
      var session = try SessionBench.session(.messageCentre, in: .boundTransceiver)
      for start in stride(from: 0, to: stream.count, by: size) {
        session.receive(Array(stream[start..<min(start + size, stream.count)]), at: .zero)
      }
      #expect(session.statistics.misplaced == 3, "in pieces of \(size)")
    }
  }

  @Test("Statuses and tags have the names of the specification; others keep their number")
  func names() {
    #expect(SMPPStatus.throttled.description == "allowed message limits exceeded (ESME_RTHROTTLED)")
    #expect(SMPPStatus(rawValue: 0x400).description == "status 0x400")
    #expect(SMPPTag.messagePayload.description == "message_payload")
    #expect(SMPPTag(rawValue: 0x1400).description == "tag 0x1400")
    #expect(SMPPCommand.submitResponse.name == "submit_sm_resp")
    #expect(SMPPCommand.submitMultiResponse.name == "submit_multi_resp")
  }
}

/// Chance from a seed (xorshift64*).
struct SeededChance: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }
}
