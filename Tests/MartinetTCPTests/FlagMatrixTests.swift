import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

/// All combinations of the eight flags of RFC 9293, in all eleven states, at three places in the sequence space, with a good and a bad ACK.
@Suite("Every combination of flags in every state (RFC 9293 section 3.10.7)")
struct FlagMatrixTests {
  /// A segment as the oracle sees it.
  struct Probe {
    enum Place: CaseIterable { case leftEdge, inWindow, outside }
    var flags: TCPFlags
    var place: Place
    var acknowledgesAll: Bool
    func has(_ flag: TCPFlags) -> Bool { flags.contains(flag) }
  }

  /// The state after `probe`, by RFC 9293 section 3.10.7 with RFC 5961 and RFC 1337; a SYN with FIN opens nothing.
  private func expected(_ probe: Probe, in phase: Phase) -> Phase {
    switch phase {
    case .closed: .closed
    case .listen:
      probe.has(.syn) && !probe.has(.rst) && !probe.has(.ack) && !probe.has(.fin) ? .synReceived : .listen
    case .synSent: afterSynSent(probe)
    default: afterOthers(probe, in: phase)
    }
  }

  private func afterSynSent(_ probe: Probe) -> Phase {
    if probe.has(.ack) && !probe.acknowledgesAll { return .synSent }
    if probe.has(.rst) { return probe.has(.ack) ? .closed : .synSent }
    guard probe.has(.syn), !probe.has(.fin) else { return .synSent }
    return probe.has(.ack) ? .established : .synReceived
  }

  private func afterOthers(_ probe: Probe, in phase: Phase) -> Phase {
    if probe.place == .outside { return phase }
    if probe.has(.rst) {
      guard probe.place == .leftEdge, phase != .timeWait else { return phase }
      return phase == .synReceived ? .listen : .closed
    }
    if probe.has(.syn) { return phase == .synReceived ? .listen : phase }
    guard probe.has(.ack), probe.acknowledgesAll else { return phase }
    let acknowledged = afterAck(phase)
    guard probe.has(.fin), probe.place == .leftEdge else { return acknowledged }
    return switch acknowledged {
    case .established: .closeWait
    case .finWait1, .finWait2: .timeWait
    default: acknowledged
    }
  }

  private func afterAck(_ phase: Phase) -> Phase {
    switch phase {
    case .synReceived: .established
    case .finWait1: .finWait2
    case .closing: .timeWait
    case .lastAck: .closed
    default: phase
    }
  }

  @Test(
    "No combination of flags leads anywhere that the state diagram does not", .proves("ATK-32"),
    arguments: Phase.allCases)
  func matrix(phase: Phase) {
    for rawFlags in 0..<256 as Range<UInt16> {
      for place in Probe.Place.allCases {
        for acknowledgesAll in [true, false] {
          let probe = Probe(
            flags: TCPFlags(rawValue: rawFlags), place: place, acknowledgesAll: acknowledgesAll)
          play(probe, in: phase)
        }
      }
    }
  }

  private func play(_ probe: Probe, in phase: Phase) {
    var bench = ConnectionBench(passive: phase == .listen || phase == .synReceived)
    bench.lead(to: phase)
    guard bench.connection.phase == phase else {
      Issue.record("\(phase.name) is not reached but \(bench.connection.phase.name)")
      return
    }
    let payload: [UInt8] = probe.flags.rawValue % 3 == 0 ? [1, 2, 3] : []
    let sent = bench.arrive(probe.flags, payload: payload) { header in
      switch probe.place {
      case .leftEdge: break
      case .inWindow: header.sequence += 10
      case .outside: header.sequence += 3_000_000
      }
      if probe.has(.ack) && !probe.acknowledgesAll { header.acknowledgement += 1000 }
      header.urgentPointer = 9
    }
    let reached = bench.connection.phase
    if reached != expected(probe, in: phase) {
      Issue.record(
        "\(phase.name) + flags \(probe.flags.rawValue) \(probe.place) ack \(probe.acknowledgesAll): \(reached.name)")
    }
    if probe.has(.rst) && sent.contains(where: { $0.header.isRST }) {
      Issue.record("\(phase.name): a RST is answered with a RST")
    }
    if sent.count > 2 { Issue.record("\(phase.name): one segment is answered by \(sent.count)") }
  }

  @Test("A SYN with FIN opens no connection, from either side", .proves("ATK-32"))
  func synFin() throws {
    try Transcript(
      """
      0.000  listen
      0.000 < SYN.FIN seq 0 win 65535 <mss 1460>
             phase LISTEN
             dropped unacceptableInState
      """
    ).run()
    try Transcript(
      """
      0.000  connect
      0.000 > SYN seq 0
      0.100 < SYN.FIN.ACK seq 0 ack 1 win 65535 <mss 1460>
             phase SYN-SENT
      """
    ).run()
  }
}
