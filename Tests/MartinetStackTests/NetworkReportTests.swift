import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("ICMP errors and connections")
struct NetworkReportTests {
  private static let router4 = IPv4Address(10, 0, 0, 254)
  private static let router6 = IPv6Address(high: 0xFD77 << 48, low: 254)

  /// An established connection of either family with `octets` in flight, and the packets that carry them.
  private final class Talk {
    let bench: StackBench
    let handle: ConnectionHandle
    var peer: RawPeer
    var sent: [Sighting] = []

    init(
      isIPv6: Bool = false, mtu: Int = 1500, octets: Int = 1460 * 4, isEstablished: Bool = true,
      configure: (inout HostConfiguration) -> Void = { _ in }
    ) throws {
      bench = StackBench.onIP(mtu: mtu, configure: configure)
      let remote = isIPv6 ? IPAddress.v6(StackBench.theirs6) : StackBench.theirs
      handle = try bench.connect(to: Endpoint(remote, 80))
      peer = RawPeer(bench, port: 80, to: try #require(bench.status(handle)).local)
      guard isEstablished else {
        sent = peer.hear(bench.drain())
        return
      }
      peer.answerOpening()
      try bench.write([UInt8](repeating: 1, count: octets), on: handle)
      sent = bench.drain()
      _ = bench.events()
    }

    var first: [UInt8] { sent[0].packet }
    var phase: Phase? { bench.phase(handle) }
    var status: ConnectionStatus? { bench.status(handle) }

    /// Feeds an ICMP error that quotes `packet`, by default the first one in flight.
    func report(_ message: ICMPMessage, quoting packet: [UInt8]? = nil, octets: Int = 28) {
      let quoted = Array((packet ?? first).prefix(octets))
      bench.feed(
        Build.ipv4(
          from: NetworkReportTests.router4, to: StackBench.ours4, protocolNumber: IPProtocol.icmp,
          Build.icmp(message, quoted)))
    }

    func report(_ message: ICMPv6Message, quoting packet: [UInt8]? = nil, octets: Int = 1000) {
      let quoted = Array((packet ?? first).prefix(octets))
      bench.feed(
        Build.ipv6(
          from: NetworkReportTests.router6, to: StackBench.ours6, nextHeader: IPProtocol.icmpv6,
          Build.icmp(message, quoted, from: .v6(NetworkReportTests.router6), to: .v6(StackBench.ours6))))
    }
  }

  // MARK: Whose error it is

  @Test("An error reaches the connection that its quotation names", .proves("9293-MUST-54", "1122-16"))
  func delivery() throws {
    let talk = try Talk()
    talk.report(.destinationUnreachable(code: 1, nextHopMTU: 0))
    #expect(talk.status?.softError == UnreachableCause(isIPv6: false, type: 3, code: 1))
    guard case .connection(talk.handle, let events)? = talk.bench.events().first else {
      Issue.record("no event")
      return
    }
    #expect(events.contains(.warning))
  }

  @Test(
    "A quotation that matches no connection of ours is ignored", .proves("9293-MUST-54", "5927-06", "5927-07"),
    arguments: [0, 1, 2, 3, 4])
  func foreignQuotes(_ variant: Int) throws {
    let talk = try Talk(isEstablished: false)
    var packet = talk.first
    var octets = 28
    switch variant {
    case 0: packet[21] ^= 1  // source port
    case 1: packet[23] ^= 1  // destination port
    case 2: packet[15] = 99  // source address: not ours
    case 3: packet[19] = 99  // destination address
    default: octets = 27  // less than eight octets of the segment
    }
    talk.report(.destinationUnreachable(code: 3, nextHopMTU: 0), quoting: packet, octets: octets)
    #expect(talk.phase == .synSent)
    #expect(talk.status?.softError == nil)
    #expect(talk.bench.discarded(.icmpQuoteUnknown) == 1)
    #expect(talk.bench.pagesInUse == 0)
  }

  @Test("A quotation of a sequence number that is not in flight is ignored", .proves("5927-01", "ATK-36"))
  func sequenceCheck() throws {
    for offset in [-1, 1460 * 4, 1460 * 4 + 1, 1 << 30] {
      let talk = try Talk()
      var packet = talk.first
      let header = try #require(talk.sent[0].tcp)
      let forged = (header.sequence + offset).rawValue
      for index in 0..<4 { packet[24 + index] = UInt8(truncatingIfNeeded: forged >> UInt32(24 - 8 * index)) }
      talk.report(.destinationUnreachable(code: 1, nextHopMTU: 0), quoting: packet)
      talk.report(.destinationUnreachable(code: 4, nextHopMTU: 600), quoting: packet)
      #expect(talk.status?.softError == nil)
      #expect(talk.status?.segmentSize == 1460)
    }
  }

  // MARK: Hard and soft

  @Test(
    "Hard errors end a connection that is being opened", .proves("9293-SHLD-26", "5927-02"),
    arguments: [ICMPMessage.Unreachable.protocolNumber, ICMPMessage.Unreachable.port])
  func hardBeforeEstablished(_ code: UInt8) throws {
    let talk = try Talk(isEstablished: false)
    talk.report(.destinationUnreachable(code: code, nextHopMTU: 0))
    #expect(talk.phase == .closed)
    #expect(talk.status?.endReason == .unreachable(UnreachableCause(isIPv6: false, type: 3, code: code)))
    let six = try Talk(isIPv6: true, isEstablished: false)
    six.report(.destinationUnreachable(code: 4))
    #expect(six.phase == .closed)
  }

  @Test("Hard errors are soft for a connection that is established", .proves("5927-02", "ATK-36"))
  func hardWhenEstablished() throws {
    for code in [2, 3] as [UInt8] {
      let talk = try Talk()
      talk.report(.destinationUnreachable(code: code, nextHopMTU: 0))
      #expect(talk.phase == .established)
    }
    let six = try Talk(isIPv6: true, octets: 1440)
    six.report(.destinationUnreachable(code: 1))
    six.report(.destinationUnreachable(code: 4))
    #expect(six.phase == .established)
  }

  @Test("An ICMPv6 error of a type that nobody knows is the connection's to judge", .proves("4443-01"))
  func unknownError() throws {
    let talk = try Talk(isIPv6: true, octets: 1440)
    talk.report(ICMPv6Message.other(type: 100, code: 7))
    #expect(talk.status?.softError == UnreachableCause(isIPv6: true, type: 100, code: 7))
    #expect(talk.phase == .established)
    // One that is no error tells nobody anything.
    let other = try Talk(isIPv6: true, octets: 1440)
    other.report(ICMPv6Message.other(type: 200, code: 7))
    #expect(other.status?.softError == nil)
    #expect(other.bench.drain().isEmpty)
  }

  @Test("Soft errors never end a connection", .proves("9293-MUST-56"))
  func soft() throws {
    for isEstablished in [false, true] {
      let talk = try Talk(isEstablished: isEstablished)
      for message in [
        .destinationUnreachable(code: 0, nextHopMTU: 0), .destinationUnreachable(code: 1, nextHopMTU: 0),
        .destinationUnreachable(code: 5, nextHopMTU: 0), .timeExceeded(code: 0), .timeExceeded(code: 1),
        .parameterProblem(code: 0, pointer: 0),
      ] as [ICMPMessage] {
        talk.report(message)
        #expect(talk.status?.softError != nil)
        #expect(talk.phase == (isEstablished ? .established : .synSent))
      }
      let six = try Talk(isIPv6: true, octets: 1440, isEstablished: isEstablished)
      for message in [
        .destinationUnreachable(code: 0), .destinationUnreachable(code: 3), .timeExceeded(code: 0),
        .parameterProblem(code: 0, pointer: 0),
      ] as [ICMPv6Message] {
        six.report(message)
        #expect(six.status?.softError != nil)
        #expect(six.phase == (isEstablished ? .established : .synSent))
      }
    }
  }

  @Test("Source quench is discarded: no window changes", .proves("9293-MUST-55", "5927-03", "6633-02"))
  func sourceQuench() throws {
    let talk = try Talk()
    let before = try #require(talk.status)
    talk.report(ICMPMessage.other(type: 4, code: 0))
    let after = try #require(talk.status)
    #expect(after.congestionWindow == before.congestionWindow && after.softError == nil)
    #expect(after.slowStartThreshold == before.slowStartThreshold)
    #expect(talk.bench.discarded(.icmpIgnored) == 1)
  }

  // MARK: Path MTU

  /// Lets the retransmission of what did not get through happen; returns the sizes of what leaves.
  private static func sizes(_ sightings: [Sighting]) -> [Int] { sightings.map { $0.packet.count } }

  @Test(
    "Fragmentation needed lowers the path MTU, and what did not fit leaves again in smaller pieces", .proves("1191-01"))
  func fragmentationNeeded() throws {
    let talk = try Talk()
    talk.report(.destinationUnreachable(code: 4, nextHopMTU: 1000))
    #expect(talk.status?.segmentSize == 960)
    let again = talk.bench.wait(.seconds(2))
    #expect(!again.isEmpty)
    #expect(again.allSatisfy { $0.packet.count <= 1000 && $0.ipv4?.doesNotFragment == true })
    // Another connection to the same host begins with what is known.
    _ = try talk.bench.connect(to: Endpoint(StackBench.theirs, 81))
    #expect(talk.bench.statistics.icmpErrorsSent == 0)
  }

  @Test("A report never raises the path MTU", .proves("1191-03", "8201-01"))
  func neverRaised() throws {
    let talk = try Talk()
    talk.report(.destinationUnreachable(code: 4, nextHopMTU: 1000))
    talk.report(.destinationUnreachable(code: 4, nextHopMTU: 1400))
    talk.report(.destinationUnreachable(code: 4, nextHopMTU: 9000))
    #expect(talk.status?.segmentSize == 960)
    let six = try Talk(isIPv6: true, octets: 1440 * 2)
    six.report(.packetTooBig(mtu: 1300))
    six.report(.packetTooBig(mtu: 1400))
    #expect(six.status?.segmentSize == 1240)
  }

  @Test(
    "Absurd claims shrink no segment below the floor", .proves("5927-05", "1191-03", "ATK-36", "ATK-53"),
    arguments: [1, 67, 68, 300])
  func floor(_ claim: UInt16) throws {
    let talk = try Talk()
    talk.report(.destinationUnreachable(code: 4, nextHopMTU: claim))
    #expect(talk.status?.segmentSize == 552 - 40)
    // The path is narrower than that: routers may cut what the host does not.
    let again = talk.bench.wait(.seconds(2))
    #expect(again.allSatisfy { $0.ipv4?.doesNotFragment == false && $0.packet.count <= 552 })
    #expect(again.contains { $0.ipv4?.identification != 0 })
    let low = try Talk { $0.minimumPathMTU = 0 }
    low.report(.destinationUnreachable(code: 4, nextHopMTU: 1))
    #expect(low.status?.segmentSize == 68 - 40)
  }

  @Test("A router that does not tell its MTU is guessed at, and the guesses come down", .proves("1191-02"))
  func plateaus() throws {
    let talk = try Talk()
    var sizes: [Int] = []
    var packet = talk.first
    for _ in 0..<3 {
      talk.report(.destinationUnreachable(code: 4, nextHopMTU: 0), quoting: packet)
      sizes.append(try #require(talk.status).segmentSize + 40)
      let again = talk.bench.wait(.milliseconds(100)).first { $0.tcp?.sequence == talk.sent[0].tcp?.sequence }
      packet = try #require(again).packet
    }
    #expect(sizes == [1492, 1006, 552])
  }

  @Test("Packet too big lowers the path MTU of IPv6, not below 1280", .proves("8201-01"))
  func packetTooBig() throws {
    let six = try Talk(isIPv6: true, octets: 1440 * 3)
    for mtu in [0, 1, 68, 1279] as [UInt32] {
      six.report(.packetTooBig(mtu: mtu))
      #expect(six.status?.segmentSize == 1440)
    }
    six.report(.packetTooBig(mtu: 1280))
    #expect(six.status?.segmentSize == 1220)
    let again = six.bench.wait(.seconds(2))
    #expect(!again.isEmpty && again.allSatisfy { $0.packet.count <= 1280 })
  }

  @Test("A claim that quotes what we did not send lowers nothing", .proves("8201-02", "5927-07"))
  func foreignClaims() throws {
    let six = try Talk(isIPv6: true, octets: 1440)
    var packet = six.first
    packet[23] = 77
    six.report(.packetTooBig(mtu: 1280), quoting: packet)
    #expect(six.status?.segmentSize == 1440)
  }

  @Test("No segment is larger than the peer's MSS, whatever the path", .proves("8201-05"))
  func peersLimit() throws {
    let talk = try Talk(mtu: 9000, octets: 20_000)
    #expect(talk.sent.allSatisfy { $0.text.count <= 1460 })
    talk.report(.destinationUnreachable(code: 4, nextHopMTU: 4000))
    #expect(talk.status?.segmentSize == 1460)
  }

  @Test(
    "A claim of less than was acknowledged lowers nothing until its segment expires, for nobody", .proves("5927-04"))
  func doubtfulClaims() throws {
    let talk = try Talk(octets: 1460)
    talk.peer.expected = (try #require(talk.sent[0].tcp).sequence + 1460).rawValue
    talk.peer.send(.ack)
    try talk.bench.write([UInt8](repeating: 1, count: 1460 * 2), on: talk.handle)
    talk.sent = talk.bench.drain()
    talk.report(.destinationUnreachable(code: 4, nextHopMTU: 600))
    #expect(talk.status?.segmentSize == 1460)
    let second = try talk.bench.connect(to: Endpoint(StackBench.theirs, 81))
    #expect(talk.bench.status(second)?.pathMTU == 1500)
    // Nothing arrives: the segment expires, and the claim is borne out, for all.
    let again = talk.bench.wait(.milliseconds(400)).filter { !$0.text.isEmpty }
    #expect(talk.status?.segmentSize == 560)
    #expect(again.contains { $0.packet.count == 600 })
    let third = try talk.bench.connect(to: Endpoint(StackBench.theirs, 82))
    #expect(talk.bench.status(third)?.pathMTU == 600)
  }

  @Test("Without path MTU discovery packets of IPv4 may be fragmented, and each has a number", .proves("8201-07"))
  func discoveryOff() throws {
    let talk = try Talk { $0.tcp.connection.pathMTUDiscovery = .off }
    talk.report(.destinationUnreachable(code: 4, nextHopMTU: 600))
    #expect(talk.status?.segmentSize == 1460)
    #expect(talk.sent.count == 4 && talk.sent.allSatisfy { $0.ipv4?.doesNotFragment == false })
    #expect(Set(talk.sent.map { $0.ipv4?.identification }).count == 4)
    let six = try Talk(isIPv6: true, octets: 1220 * 2) { $0.tcp.connection.pathMTUDiscovery = .off }
    #expect(six.sent.count == 2 && six.sent.allSatisfy { $0.packet.count == 1280 })
    // A program that turns it on again gets what the host knows.
    let known = six.bench.host.options(of: six.handle)
    var options = try #require(known)
    options.pathMTUDiscovery = .icmp
    try six.bench.host.setOptions(options, of: six.handle, at: six.bench.now)
    #expect(six.status?.pathMTU == 1500)
  }

  @Test("All connections of the path learn of it", .proves("8201-04"))
  func sharedPath() throws {
    let talk = try Talk()
    let second = try talk.bench.connect(to: Endpoint(StackBench.theirs, 81))
    var peer = RawPeer(talk.bench, port: 81, to: try #require(talk.bench.status(second)).local)
    peer.answerOpening()
    talk.report(.destinationUnreachable(code: 4, nextHopMTU: 1000))
    try talk.bench.write([UInt8](repeating: 2, count: 3000), on: second)
    let sent = peer.hear(talk.bench.drain())
    #expect(!sent.isEmpty && sent.allSatisfy { $0.packet.count <= 1000 })
  }

  @Test("After ten minutes larger packets are tried again", .proves("1191-04", "8201-03"))
  func ageing() throws {
    let talk = try Talk()
    talk.report(.destinationUnreachable(code: 4, nextHopMTU: 1000))
    talk.peer.hear(talk.bench.wait(.seconds(1)))
    talk.peer.expected = (try #require(talk.sent[0].tcp).sequence + 1460 * 4).rawValue
    talk.peer.send(.ack)
    talk.bench.wait(.minutes(9))
    try talk.bench.write([UInt8](repeating: 2, count: 960 * 2), on: talk.handle)
    #expect(talk.peer.hear(talk.bench.drain()).allSatisfy { $0.packet.count <= 1000 })
    talk.peer.send(.ack)
    talk.bench.wait(.minutes(2))
    try talk.bench.write([UInt8](repeating: 2, count: 1460 * 2), on: talk.handle)
    #expect(talk.peer.hear(talk.bench.drain()).contains { $0.packet.count == 1500 })
  }
}
