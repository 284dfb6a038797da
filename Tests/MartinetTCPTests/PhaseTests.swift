import MartinetTCP
import MartinetTestSupport
import Testing

@Suite("The state diagram (RFC 9293 section 3.3.2 and figure 5)")
struct PhaseTests {
  /// Every arrow there is, as `from trigger to`.
  static let arrows = """
    closed activeOpen synSent
    closed passiveOpen listen
    listen activeOpen synSent
    listen synArrives synReceived
    listen closeCall closed
    listen abortCall closed
    synSent synAckArrives established
    synSent synArrives synReceived
    synSent closeCall closed
    synReceived ackOfSynArrives established
    synReceived closeCall finWait1
    synReceived resetOfPassiveOpen listen
    established closeCall finWait1
    established finArrives closeWait
    finWait1 ackOfFinArrives finWait2
    finWait1 finArrives closing
    finWait2 finArrives timeWait
    closeWait closeCall lastAck
    closing ackOfFinArrives timeWait
    lastAck ackOfFinArrives closed
    timeWait timeWaitExpires closed
    """

  @Test("There is every arrow of the diagram, and no other", .proves("9293-P-44"))
  func table() {
    var arrows = PhaseTests.arrows.split(separator: "\n").map(String.init)
    // A reset, an abort and giving up end every state in which there is a connection.
    for phase in Phase.allCases where phase != .closed && phase != .listen {
      for trigger in [Trigger.resetArrives, .abortCall, .gaveUp] { arrows.append("\(phase) \(trigger) closed") }
    }
    var found: [String] = []
    for phase in Phase.allCases {
      for trigger in Trigger.allCases {
        if let next = phase.after(trigger) { found.append("\(phase) \(trigger) \(next)") }
      }
    }
    #expect(found.sorted() == arrows.sorted())
  }

  /// How to get into each state; the numbers that the peer expects next, and that we do.
  static let ways: [(state: String, way: String, theirs: Int, ours: Int)] = [
    ("CLOSED", "", 1, 1),
    ("LISTEN", "0.000 listen\n", 0, 0),
    ("SYN-SENT", "0.000 connect\n0.000 > SYN seq 0\n", 0, 1),
    ("SYN-RECEIVED", ListenTests.received, 1, 1),
    ("ESTABLISHED", Opening.plain, 1, 1),
    ("FIN-WAIT-1", Opening.plain + "0.200 close\n0.200 > FIN.ACK seq 1\n", 1, 1),
    ("FIN-WAIT-2", Opening.plain + "0.200 close\n0.200 > FIN.ACK seq 1\n0.300 < ACK seq 1 ack 2\n", 1, 2),
    ("CLOSE-WAIT", Opening.plain + "0.200 < FIN.ACK seq 1 ack 1\n0.200 > ACK seq 1\n", 2, 1),
    (
      "CLOSING", Opening.plain + "0.200 close\n0.200 > FIN.ACK seq 1\n0.300 < FIN.ACK seq 1 ack 1\n0.300 > ACK seq 2\n",
      2, 2
    ),
    (
      "LAST-ACK",
      Opening.plain + "0.200 < FIN.ACK seq 1 ack 1\n0.200 > ACK seq 1\n0.200 close\n0.200 > FIN.ACK seq 1\n",
      2, 2
    ),
    (
      "TIME-WAIT",
      Opening.plain + "0.200 close\n0.200 > FIN.ACK seq 1\n0.300 < FIN.ACK seq 1 ack 2\n0.300 > ACK seq 2\n",
      2, 2
    ),
  ]

  /// A transcript checks by itself that every change of state is an arrow of the diagram, that payload is what was
  /// written, and that the pages come back.
  @Test(
    "No combination of flags leads off the diagram, in any state", .proves("9293-P-44", "ATK-32"),
    arguments: PhaseTests.ways.indices)
  func flags(index: Int) throws {
    let (state, way, theirs, ours) = PhaseTests.ways[index]
    let names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"]
    for bits in 0..<256 {
      let set = names.indices.filter { bits & 1 << $0 != 0 }.map { names[$0] }
      let flags = set.isEmpty ? "none" : set.joined(separator: ".")
      let acknowledgement = set.contains("ACK") ? "ack \(ours)" : ""
      var text = way + "\(state == "CLOSED" ? "" : "0.400 phase \(state)\n")"
      for (offset, length) in [(0, 0), (0, 7), (30, 7)] {
        text += "0.400 < \(flags) seq \(theirs + offset) \(acknowledgement) length \(length) urg 3\n0.400 ignore\n"
      }
      try Transcript(text + "0.500 ignore\n").run()
    }
  }

  @Test("A SYN with FIN opens nothing", .proves("ATK-32"))
  func synFin() throws {
    try Transcript(
      """
      0.000  listen
      0.000 < SYN.FIN seq 0 win 20000
             dropped unacceptableInState
             phase LISTEN
      """
    ).run()
  }
}
