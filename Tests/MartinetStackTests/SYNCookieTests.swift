import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("SYN cookies")
struct SYNCookieTests {
  private static let local = Endpoint(StackBench.ours, 80)

  /// A listener whose queue of half-open connections one stranger fills.
  private static func crowded(
    backlog: Int = 5, configure: (inout HostConfiguration) -> Void = { _ in }
  ) throws -> (StackBench, ListenerHandle) {
    let bench = StackBench.onIP {
      $0.synQueue = 1
      configure(&$0)
    }
    let listener = try bench.listen(on: local, backlog: backlog)
    _ = bench.answers(to: Build.segment(Endpoint(StackBench.theirs, 9), local, .syn, sequence: 77))
    return (bench, listener)
  }

  /// A segment of a peer with the options that modern systems offer.
  private static func segment(
    _ port: UInt16, _ flags: TCPFlags, sequence: UInt32, acknowledgement: UInt32 = 0, echo: UInt32? = nil,
    _ text: [UInt8] = []
  ) -> [UInt8] {
    let isSYN = flags.contains(.syn)
    var header = TCPHeader(
      sourcePort: port, destinationPort: local.port, sequence: SequenceNumber(sequence),
      acknowledgement: SequenceNumber(acknowledgement), flags: flags, window: 1000)
    if let echo {
      header.options.present.insert(.timestamps)
      header.options.timestamps = TCPTimestamps(value: 4000, echo: echo)
    }
    if isSYN {
      header.options.present.formUnion([.maximumSegmentSize, .windowScale, .sackPermitted])
      header.options.maximumSegmentSize = 1430
      header.options.windowScale = WindowScale(clamping: 9)
    }
    return Build.ip(
      from: StackBench.theirs, to: StackBench.ours, protocolNumber: IPProtocol.tcp,
      Build.tcp(header, from: StackBench.theirs, to: StackBench.ours, text))
  }

  @Test(
    "A SYN that finds the queue full is answered and forgotten; its ACK makes a connection with its MSS, window scale and SACK",
    .proves("4987-03"))
  func timestamps() throws {
    let (bench, listener) = try Self.crowded()
    let before = bench.connectionCount
    let answer = try #require(bench.answers(to: Self.segment(5000, .syn, sequence: 100, echo: 0)).first?.tcp)
    #expect(answer.flags == [.syn, .ack] && answer.acknowledgement.rawValue == 101)
    #expect(answer.options.has(.windowScale) && answer.options.has(.sackPermitted) && answer.options.has(.timestamps))
    #expect(answer.options.timestamps.echo == 4000)
    #expect(bench.connectionCount == before && bench.pagesInUse == 0)
    #expect(bench.nextDeadline != .never)
    bench.wait(.milliseconds(500))
    let number = answer.sequence.rawValue &+ 1
    let echo = answer.options.timestamps.value
    bench.feed(Self.segment(5000, [.ack, .psh], sequence: 101, acknowledgement: number, echo: echo, [1, 2, 3]))
    let handle = try #require(bench.accept(listener))
    let status = try #require(bench.status(handle))
    #expect(status.phase == .established && status.hasTimestamps && status.hasSelectiveAcknowledgement)
    #expect(status.sendWindow == 1000 << 9 && status.segmentSize == 1400 - 12)
    #expect(try bench.read(handle) == [1, 2, 3])
    // What is sent later never turns the clock back (RFC 7323 section 5.3).
    let later = try #require(bench.drain().first { $0.tcp?.destinationPort == 5000 }?.tcp)
    #expect(Int32(bitPattern: later.options.timestamps.value &- echo) >= 500)
    #expect(bench.statistics.synCookiesSent == 1 && bench.statistics.synCookiesAccepted == 1)
  }

  @Test("Without timestamps a cookie leaves nothing but the MSS", .proves("4987-03"))
  func withoutTimestamps() throws {
    let (bench, listener) = try Self.crowded()
    let answer = try #require(bench.answers(to: Self.segment(5000, .syn, sequence: 100)).first?.tcp)
    #expect(answer.options.present == .maximumSegmentSize)
    bench.feed(Self.segment(5000, .ack, sequence: 101, acknowledgement: answer.sequence.rawValue &+ 1))
    let status = try #require(bench.accept(listener).flatMap { bench.status($0) })
    #expect(status.phase == .established && !status.hasTimestamps && !status.hasSelectiveAcknowledgement)
    #expect(status.sendWindow == 1000 && status.segmentSize == 1400)
  }

  @Test(
    "Each MSS becomes the largest of eight that is no larger; the smallest is a floor",
    arguments: [(40, 88), (535, 88), (536, 536), (1399, 1360), (1460, 1460), (9000, 8960)])
  func sizes(_ offered: Int, _ taken: Int) throws {
    let bench = StackBench.onIP(mtu: 9000) { $0.synQueue = 0 }
    let listener = try bench.listen(on: Self.local)
    let peer = Endpoint(StackBench.theirs, 5000)
    let answer = try #require(
      bench.answers(to: Build.segment(peer, Self.local, .syn, sequence: 1, mss: UInt16(offered))).first?.tcp)
    bench.feed(
      Build.segment(peer, Self.local, .ack, sequence: 2, acknowledgement: answer.sequence.rawValue &+ 1))
    #expect(bench.accept(listener).flatMap { bench.status($0)?.segmentSize } == taken)
  }

  @Test("While the queue has room no cookie is made, and no option lost", .proves("4987-06"))
  func notUnderPressure() throws {
    let bench = StackBench.onIP()
    let listener = try bench.listen(on: Self.local)
    let answer = try #require(bench.answers(to: Self.segment(5000, .syn, sequence: 100)).first?.tcp)
    #expect(answer.options.has(.windowScale) && answer.options.has(.sackPermitted))
    #expect(bench.connectionCount == 1 && bench.statistics.synCookiesSent == 0)
    bench.feed(Self.segment(5000, .ack, sequence: 101, acknowledgement: answer.sequence.rawValue &+ 1))
    #expect(bench.accept(listener).flatMap { bench.status($0)?.segmentSize } == 1430)
  }

  // MARK: Forgery

  @Test("A number that is no cookie of that flow, or not in that place, is answered with RST", .proves("4987-03"))
  func forged() throws {
    let (bench, listener) = try Self.crowded()
    let answer = try #require(bench.answers(to: Self.segment(5000, .syn, sequence: 100)).first?.tcp)
    let number = answer.sequence.rawValue &+ 1
    let forgeries = [
      Self.segment(5000, .ack, sequence: 101, acknowledgement: number &+ 1),
      Self.segment(5000, .ack, sequence: 101, acknowledgement: number ^ 0x2000_0000),
      Self.segment(5000, .ack, sequence: 101, acknowledgement: number ^ 0x1000_0000),
      Self.segment(5000, .ack, sequence: 102, acknowledgement: number),
      Self.segment(5001, .ack, sequence: 101, acknowledgement: number),
      Self.segment(5000, .ack, sequence: 101, acknowledgement: number, echo: 3),
    ]
    for forgery in forgeries { #expect(bench.answers(to: forgery).map { $0.tcp?.flags } == [.rst]) }
    var random = SystemRandomNumberGenerator()
    for _ in 0..<10_000 {
      let guess = UInt32.random(in: .min ... .max, using: &random)
      if guess != number { bench.feed(Self.segment(5000, .ack, sequence: 101, acknowledgement: guess)) }
      _ = bench.drain()
    }
    // Sixteen numbers of all would do: one guess in 2^28.
    #expect(bench.accept(listener) == nil && bench.statistics.synCookiesAccepted == 0)
  }

  @Test("A cookie is good for its period of 64 s and the next", .proves("4987-03"))
  func lifetime() throws {
    for (wait, isGood) in [(60, true), (127, false), (3600, false)] {
      let (bench, listener) = try Self.crowded { $0.tcp.synAckRetransmissions = 0 }
      // The bench begins at 1000 s, 40 s into a period.
      let answer = try #require(bench.answers(to: Self.segment(5000, .syn, sequence: 100)).first?.tcp)
      bench.wait(.seconds(Int64(wait)))
      let answers = bench.answers(
        to: Self.segment(5000, .ack, sequence: 101, acknowledgement: answer.sequence.rawValue &+ 1))
      #expect((bench.accept(listener) != nil) == isGood)
      #expect(answers.map { $0.tcp?.flags } == (isGood ? [] : [.rst]))
    }
  }

  @Test("A listener that gave out no cookie takes none, however right")
  func neverAsked() throws {
    let (bench, listener) = try Self.crowded()
    let other = Endpoint(StackBench.ours, 81)
    let quiet = try bench.listen(on: other)
    let answer = try #require(bench.answers(to: Self.segment(5000, .syn, sequence: 100)).first?.tcp)
    let number = answer.sequence.rawValue &+ 1
    let peer = Endpoint(StackBench.theirs, 5000)
    let answers = bench.answers(to: Build.segment(peer, other, .ack, sequence: 101, acknowledgement: number))
    #expect(answers.first?.tcp?.flags == .rst && bench.accept(quiet) == nil && bench.accept(listener) == nil)
  }

  // MARK: Bounds

  @Test("A full accept queue ignores the ACK of a cookie, and takes it when there is room")
  func acceptQueue() throws {
    let (bench, listener) = try Self.crowded(backlog: 1)
    let numbers = try (0..<2).map {
      try #require(bench.answers(to: Self.segment(5000 + UInt16($0), .syn, sequence: 100)).first?.tcp).sequence
        .rawValue &+ 1
    }
    let acknowledgements = (0..<2).map {
      Self.segment(5000 + UInt16($0), [.ack, .psh], sequence: 101, acknowledgement: numbers[$0], [7])
    }
    bench.feed(acknowledgements[0])
    _ = bench.drain()
    #expect(bench.answers(to: acknowledgements[1]).isEmpty)
    #expect(bench.discarded(.acceptQueueFull) == 1)
    #expect(bench.accept(listener) != nil && bench.accept(listener) == nil)
    bench.feed(acknowledgements[1])
    let handle = try #require(bench.accept(listener))
    #expect(try bench.read(handle) == [7])
  }

  @Test("Cookies beyond the limit are not sent, and counted")
  func rateLimit() throws {
    let (bench, _) = try Self.crowded {
      $0.synCookiesPerSecond = 10
      $0.synCookieBurst = 5
    }
    for port in UInt16(1000)..<1100 { bench.feed(Self.segment(port, .syn, sequence: 1)) }
    #expect(bench.drain().count == 5)
    #expect(bench.statistics.synCookiesSent == 5 && bench.discarded(.rateLimited) == 95)
    bench.now = bench.now + .seconds(1)
    #expect(bench.answers(to: Self.segment(1200, .syn, sequence: 1)).count == 1)
  }

  @Test(
    "Clients get through a flood of 100,000 spoofed SYNs in a second; it leaves a bounded queue, and nothing in the end",
    .proves("4987-07", "4987-01"))
  func flood() throws {
    let bench = StackBench.onIP()
    let listener = try bench.listen(on: Self.local, backlog: 50)
    var friends: [RawPeer] = []
    var answers = 0
    for number in 0..<100_000 {
      let source = Endpoint(.v4(IPv4Address(10, 0, 0, UInt8(3 + number % 250))), UInt16(1000 + number / 250))
      bench.feed(Build.segment(source, Self.local, .syn, sequence: UInt32(number), mss: 1460))
      answers += bench.drain().count
      bench.now = bench.now + .microseconds(10)
      if number % 20_000 == 10_000 {
        var friend = RawPeer(bench, port: 4000 + UInt16(friends.count), to: Self.local)
        friend.open()
        friends.append(friend)
      }
    }
    #expect(answers == 100_000)
    #expect(bench.statistics.synCookiesAccepted == 5)
    #expect(bench.connectionCount == HostConfiguration().synQueue + 5)
    for index in friends.indices {
      let handle = try #require(bench.accept(listener))
      friends[index].send([.ack, .psh], [UInt8(index)])
      #expect(try bench.read(handle) == [UInt8(index)])
      bench.abort(handle)
    }
    bench.wait(.seconds(600))
    #expect(bench.connectionCount == 0 && bench.pagesInUse == 0)
  }
}
