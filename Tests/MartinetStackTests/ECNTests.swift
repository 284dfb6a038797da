import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Congestion marks between IP and TCP (RFC 3168, RFC 9768)")
struct ECNTests {
  private static let remote = Endpoint(StackBench.theirs, 4000)
  private static let local = Endpoint(StackBench.ours, 80)

  /// A segment of the peer as an IP packet with `ecn` in its header.
  private static func packet(
    _ flags: TCPFlags, sequence: UInt32, acknowledgement: UInt32 = 0, _ text: [UInt8] = [], echo: UInt32? = nil,
    ecn: UInt8 = 0
  ) -> [UInt8] {
    var header = TCPHeader(
      sourcePort: remote.port, destinationPort: local.port, sequence: SequenceNumber(sequence),
      acknowledgement: SequenceNumber(acknowledgement), flags: flags, window: 1000)
    if let echo {
      header.options.present.insert(.timestamps)
      header.options.timestamps = TCPTimestamps(value: 4000, echo: echo)
    }
    let segment = Build.tcp(header, from: remote.address, to: local.address, text)
    return Build.ipv4(
      from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.tcp, segment, trafficClass: 0xB8 | ecn)
  }

  private static func bits(_ sighting: Sighting?) -> TCPFlags? {
    sighting?.tcp?.flags.intersection([.ae, .cwr, .ece])
  }

  @Test("What stands in the IP header of a SYN and of data reaches the connection", .proves("9768-02"))
  func marksReachTheConnection() throws {
    let bench = StackBench.onIP()
    _ = try bench.listen(on: Self.local)
    let answer = bench.answers(to: Self.packet([.syn, .ae, .cwr, .ece], sequence: 1000, ecn: 3)).first
    #expect(Self.bits(answer) == [.ae, .cwr])
    let expected = try #require(answer?.tcp?.sequence.rawValue) &+ 1
    _ = bench.answers(to: Self.packet([.ack, .cwr], sequence: 1001, acknowledgement: expected))
    let told = bench.answers(
      to: Self.packet([.ack, .ae, .ece], sequence: 1001, acknowledgement: expected, [1, 2, 3], ecn: 3)
    ).first
    #expect(Self.bits(told) == [.ae, .cwr])
    #expect(told?.tcp?.options.accurateECN.ceBytes == 3)
  }

  /// The bits of the SYNs of a connection to `remote`, as far as those that ask get no answer, and the numbers they begin with.
  private static func connect(_ bench: StackBench) throws -> (bits: [TCPFlags?], numbers: Set<UInt32>) {
    let now = bench.now
    var options = ConnectionOptions()
    options.ecn = .ask
    let handle = try bench.host.connect(to: remote, options: options, at: now)
    var syns = bench.wait(.milliseconds(1)).filter { $0.tcp?.isSYN == true }
    while let last = syns.last, bits(last) != [], syns.count < 5 {
      syns += bench.wait(.seconds(10)).filter { $0.tcp?.isSYN == true }
    }
    let syn = try #require(syns.last?.tcp)
    var header = TCPHeader(
      sourcePort: remote.port, destinationPort: syn.sourcePort, sequence: SequenceNumber(5000),
      acknowledgement: syn.sequence + 1, flags: [.syn, .ack], window: 1000)
    header.options.present.insert(.maximumSegmentSize)
    header.options.maximumSegmentSize = 1000
    let answer = Build.tcp(header, from: remote.address, to: StackBench.ours, [])
    _ = bench.answers(
      to: Build.ipv4(
        from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.tcp, answer, trafficClass: 0))
    #expect(bench.host.status(of: handle, at: bench.now)?.phase == .established)
    return (syns.map { bits($0) }, Set(syns.compactMap { $0.tcp?.sequence.rawValue }))
  }

  @Test(
    "Where only a SYN that does not ask gets an answer, two have asked, and for a while the next connections don't",
    .proves("9768-06"))
  func remembersFailure() throws {
    let bench = StackBench.onIP { $0.notificationRest = .seconds(100) }
    let asks: TCPFlags = [.ae, .cwr, .ece]
    let first = try Self.connect(bench)
    #expect(first.bits.prefix(3) == [asks, asks, []] && first.numbers.count == 1, "\(first)")
    #expect(try Self.connect(bench).bits == [[]])
    bench.wait(.seconds(101))
    #expect(try Self.connect(bench).bits.first == asks)
  }

  /// A listener whose queue of half-open connections is full.
  private static func crowded(_ ecn: ECNPreference = .answer) throws -> (StackBench, ListenerHandle) {
    let bench = StackBench.onIP {
      $0.synQueue = 1
      $0.tcp.connection.ecn = ecn
    }
    let listener = try bench.listen(on: local)
    _ = bench.answers(to: Build.segment(Endpoint(StackBench.theirs, 9), local, .syn, sequence: 77))
    return (bench, listener)
  }

  /// The form of ECN of a connection whose SYN was answered with a cookie, and the bits of that answer.
  private static func form(
    _ asks: TCPFlags, acknowledging bits: TCPFlags, timestamps: Bool, _ preference: ECNPreference = .answer
  ) throws -> (TCPFlags?, ECNMode?) {
    let (bench, listener) = try crowded(preference)
    let syn = packet(asks.union(.syn), sequence: 1000, echo: timestamps ? 0 : nil)
    let answer = try #require(bench.answers(to: syn).first)
    #expect(bench.host.statistics.synCookiesSent == 1)
    let number = try #require(answer.tcp?.sequence.rawValue) &+ 1
    let echo = timestamps ? answer.tcp?.options.timestamps.value : nil
    _ = bench.answers(to: packet(bits.union(.ack), sequence: 1001, acknowledgement: number, echo: echo))
    let accepted = bench.host.accept(listener, at: bench.now)
    let connection = try #require(accepted)
    return (Self.bits(answer), bench.host.status(of: connection, at: bench.now)?.ecn)
  }

  @Test("Accurate ECN survives a SYN cookie without a bit of it: the peer's segments say so", .proves("9768-10"))
  func accurateCookie() throws {
    for timestamps in [false, true] {
      let (answer, mode) = try Self.form([.ae, .cwr, .ece], acknowledging: .cwr, timestamps: timestamps)
      #expect(answer == .cwr && mode == .accurate)
    }
  }

  @Test("Classic ECN survives a SYN cookie in the timestamp, and is not agreed to without")
  func classicCookie() throws {
    let (answer, mode) = try Self.form([.cwr, .ece], acknowledging: [], timestamps: true)
    #expect(answer == .ece && mode == .classic)
    let (plain, none) = try Self.form([.cwr, .ece], acknowledging: [], timestamps: false)
    #expect(plain == [] && none == ECNMode.none)
    let (reduced, classic) = try Self.form([.ae, .cwr, .ece], acknowledging: [], timestamps: true, .askClassic)
    #expect(reduced == .ece && classic == .classic)
  }

  @Test("A peer that does not ask gets nothing of it back from a SYN cookie")
  func plainCookie() throws {
    let (answer, mode) = try Self.form([], acknowledging: [], timestamps: true)
    #expect(answer == [] && mode == ECNMode.none)
  }

  // MARK: Fragments

  /// The traffic class that a datagram of fragments with these ECN fields arrives with; nil if it is dropped.
  private static func reassembled(_ codepoints: [UInt8]) throws -> (UInt8?, StackBench) {
    let bench = StackBench.onIP()
    let endpoint = Endpoint(StackBench.ours, 5000)
    let handle = try bench.host.openDatagram(on: endpoint, at: bench.now)
    let payload = Build.udp(remote, endpoint, [UInt8](repeating: 7, count: 8 * codepoints.count))
    for (index, codepoint) in codepoints.enumerated() {
      let isLast = index == codepoints.count - 1
      let range = index * 8..<(isLast ? payload.count : index * 8 + 8)
      bench.feed(
        Build.ipv4(
          from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.udp, Array(payload[range]),
          identification: 5, more: !isLast, offset: index * 8, trafficClass: 0xB8 | codepoint))
    }
    return (bench.receive(from: handle)?.datagram.trafficClass, bench)
  }

  @Test(
    "A datagram met congestion if any of its fragments did", .proves("3168-13"),
    arguments: [
      ([2, 2, 2], 2), ([1, 1, 1], 1), ([0, 0, 0], 0), ([3, 3, 3], 3), ([2, 3, 2], 3), ([3, 2, 2], 3), ([1, 1, 3], 3),
    ] as [([UInt8], UInt8)])
  func fragments(codepoints: [UInt8], whole: UInt8) throws {
    #expect(try Self.reassembled(codepoints).0 == 0xB8 | whole)
  }

  @Test(
    "It is dropped if one of its fragments met congestion and another is not ECN-capable", .proves("3168-13"),
    arguments: [[0, 3, 0], [3, 2, 0], [0, 2, 3]] as [[UInt8]])
  func contradictoryFragments(codepoints: [UInt8]) throws {
    let (whole, bench) = try Self.reassembled(codepoints)
    #expect(whole == nil)
    #expect(bench.host.statistics.discarded(.contradictoryMarks) == 1)
    #expect(bench.pagesInUse == 0)
  }
}
