import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("How connections end, and what a host does for them on the way")
struct LifeTests {
  private static let local = Endpoint(StackBench.ours, 80)

  /// Lets the host close first, so that TIME-WAIT is its own.
  private static func leaveInTimeWait(_ bench: StackBench, _ listener: ListenerHandle, port: UInt16) throws -> RawPeer {
    var peer = RawPeer(bench, port: port, to: local)
    peer.open()
    let handle = try #require(bench.accept(listener))
    bench.close(handle)
    peer.hear(bench.drain())
    peer.send([.fin, .ack])
    return peer
  }

  @Test("After TIME-WAIT nothing is left of a connection")
  func timeWaitEnds() throws {
    let bench = StackBench.onIP()
    let listener = try bench.listen(on: Self.local)
    _ = try Self.leaveInTimeWait(bench, listener, port: 5000)
    #expect(bench.connectionCount == 1)
    bench.wait(.seconds(59))
    #expect(bench.connectionCount == 1)
    bench.wait(.seconds(2))
    #expect(bench.connectionCount == 0)
    #expect(bench.pagesInUse == 0)
    #expect(bench.nextDeadline == .never)
  }

  @Test(
    "A connection in TIME-WAIT is a small record, and answers as the connection would",
    .proves("9293-MUST-13", "1337-01"))
  func timeWaitIsSmall() throws {
    let bench = StackBench.onIP()
    let listener = try bench.listen(on: Self.local)
    var peer = try Self.leaveInTimeWait(bench, listener, port: 5000)
    #expect(bench.host.timeWaitRecordCount == 1 && bench.connectionCount == 1)
    bench.wait(.seconds(40))
    // A FIN that comes again is acknowledged again, and starts 2 MSL anew.
    peer.next &-= 1
    let again = try #require(peer.send([.fin, .ack]).first?.tcp)
    #expect(again.flags == .ack && again.acknowledgement == SequenceNumber(peer.next))
    #expect(bench.host.timeWaitRecordCount == 1 && bench.connectionCount == 1)
    bench.wait(.seconds(40))
    // A RST does not end TIME-WAIT.
    #expect(peer.send([.rst]).isEmpty)
    #expect(bench.host.timeWaitRecordCount == 1 && bench.connectionCount == 1)
    // What acknowledges nothing that was sent is answered within a budget, and as long as some of that is spent there is more than a record.
    peer.expected &+= 1000
    #expect(peer.send(.ack).first?.tcp?.flags == .ack)
    #expect(bench.host.timeWaitRecordCount == 0 && bench.connectionCount == 1)
    bench.wait(.seconds(21))
    #expect(bench.connectionCount == 0 && bench.pagesInUse == 0 && bench.nextDeadline == .never)
  }

  @Test("Where nothing may be kept in TIME-WAIT nothing is")
  func noTimeWait() throws {
    let bench = StackBench.onIP { $0.timeWait = 0 }
    let listener = try bench.listen(on: Self.local)
    _ = try Self.leaveInTimeWait(bench, listener, port: 5000)
    #expect(bench.connectionCount == 0 && bench.statistics.timeWaitRecycled == 1 && bench.pagesInUse == 0)
  }

  @Test("TIME-WAIT is capped: the oldest goes, and new connections work", .proves("ATK-27"))
  func timeWaitCap() throws {
    let bench = StackBench.onIP { $0.timeWait = 100 }
    let listener = try bench.listen(on: Self.local)
    for port in 2000..<3000 as Range<UInt16> { _ = try Self.leaveInTimeWait(bench, listener, port: port) }
    #expect(bench.connectionCount == 100)
    #expect(bench.statistics.timeWaitRecycled == 900)
    var peer = RawPeer(bench, port: 2000, to: Self.local)
    peer.open()
    #expect(bench.accept(listener) != nil)
  }

  @Test(
    "A SYN beyond what was seen opens the next incarnation, whose sequence numbers are beyond the last's",
    .proves("6191-02", "6191-05", "9293-MAY-2"))
  func reuse() throws {
    let bench = StackBench.onIP()
    let listener = try bench.listen(on: Self.local)
    let old = try Self.leaveInTimeWait(bench, listener, port: 5000)
    var next = RawPeer(bench, port: 5000, to: Self.local)
    next.next = old.next &+ 100_000
    let answer = try #require(next.send(.syn).first?.tcp)
    #expect(answer.flags == [.syn, .ack])
    #expect(answer.sequence.isAfter(SequenceNumber(old.expected)))
    next.send(.ack)
    #expect(bench.accept(listener).flatMap { bench.phase($0) } == .established)
    #expect(bench.connectionCount == 1)
  }

  @Test("An old SYN leaves TIME-WAIT as it is", .proves("6191-04", "9293-MAY-2"))
  func noReuse() throws {
    let bench = StackBench.onIP()
    let listener = try bench.listen(on: Self.local)
    let old = try Self.leaveInTimeWait(bench, listener, port: 5000)
    var late = RawPeer(bench, port: 5000, to: Self.local)
    late.next = old.next &- 1000
    #expect(!late.send(.syn).contains { $0.tcp?.isSYN == true })
    #expect(bench.connectionCount == 1 && bench.accept(listener) == nil)
  }

  @Test(
    "A SYN with a later timestamp opens the next incarnation; timestamps of a pair of hosts only grow",
    .proves("6191-01", "6191-06", "9293-SHLD-4"))
  func reuseByTimestamp() throws {
    let bench = StackBench.onIP()
    var values: [UInt32] = []
    for port in [80, 81, 82] as [UInt16] {
      _ = try bench.connect(to: Endpoint(StackBench.theirs, port))
      let options = try #require(bench.drain().first?.tcp).options
      values.append(options.timestamps.value)
      bench.now = bench.now + .milliseconds(10)
    }
    #expect(values[1] &- values[0] == 10 && values[2] &- values[1] == 10)
    _ = try bench.connect(to: Endpoint(.v4(IPv4Address(10, 0, 0, 77)), 80))
    let other = try #require(bench.drain().first?.tcp).options.timestamps.value
    #expect(abs(Int(other) - Int(values[2])) > 1000)
  }

  @Test("Closing with octets unread sends RST")
  func closeWithUnread() throws {
    let bench = StackBench.onIP()
    let listener = try bench.listen(on: Self.local)
    var peer = RawPeer(bench, port: 5000, to: Self.local)
    peer.open()
    let handle = try #require(bench.accept(listener))
    peer.send([.ack, .psh], [1, 2, 3])
    bench.close(handle)
    #expect(bench.drain().contains { $0.tcp?.isRST == true })
    #expect(bench.connectionCount == 0 && bench.pagesInUse == 0)
  }

  @Test("Closing while the handshake is under way sends nothing", .proves("9293-P-32"))
  func closeInSynSent() throws {
    let bench = StackBench.onIP()
    let handle = try bench.connect(to: Endpoint(StackBench.theirs, 80))
    _ = bench.drain()
    bench.close(handle)
    #expect(bench.drain().isEmpty && bench.connectionCount == 0)
  }

  @Test("The host says whether something is still unacknowledged")
  func unfinishedBusiness() throws {
    let bench = StackBench.onIP()
    let listener = try bench.listen(on: Self.local)
    var peer = RawPeer(bench, port: 5000, to: Self.local)
    peer.open()
    let handle = try #require(bench.accept(listener))
    #expect(!bench.hasUnfinishedBusiness)
    try bench.write([1, 2, 3], on: handle)
    #expect(bench.hasUnfinishedBusiness)
    peer.hear(bench.drain())
    peer.send(.ack)
    #expect(!bench.hasUnfinishedBusiness)
    bench.close(handle)
    peer.hear(bench.drain())
    #expect(bench.hasUnfinishedBusiness)
    peer.send(.ack)
    #expect(!bench.hasUnfinishedBusiness)
  }

  // MARK: Two hosts

  private static func transfer(
    _ count: Int, over link: LinkDescription, address: IPAddress = Pair.address2, losing: @escaping (Int) -> Bool
  ) throws {
    let pair = Pair(link: link)
    let listener = try pair.two.listen(on: Endpoint(address, 9000))
    let sender = try pair.one.connect(to: Endpoint(address, 9000))
    pair.run(.seconds(1))
    pair.loses = losing
    let receiver = try #require(pair.two.accept(listener))
    let text = StreamPattern.ours.octets(from: 0, count: count)
    var written = 0
    var read: [UInt8] = []
    for _ in 0..<10_000 where read.count < count {
      if written < count { written += try pair.one.write(Array(text[written...]), on: sender) }
      pair.run(.milliseconds(20))
      read += try pair.two.read(receiver, room: 1 << 20)
    }
    #expect(read == text)
    pair.one.close(sender)
    pair.two.close(receiver)
    pair.loses = { _ in false }
    pair.run(.minutes(3))
    #expect(pair.one.connectionCount == 0 && pair.two.connectionCount == 0)
    #expect(pair.one.pagesInUse == 0 && pair.two.pagesInUse == 0)
  }

  @Test(
    "A stream crosses between two hosts, over IP and Ethernet, whole and with loss", arguments: [false, true], [0, 11])
  func streams(_ isEthernet: Bool, _ loss: Int) throws {
    var link = LinkDescription(name: InterfaceName("x"), mtu: 1500)
    if isEthernet { link.kind = .ethernet(StackBench.ourMAC) }
    for address in [Pair.address2, .v6(StackBench.theirs6)] {
      try Self.transfer(300_000, over: link, address: address) { loss > 0 && $0 % loss == 3 }
    }
  }

  @Test(
    "A peer that crashed and came back answers the next data, or keep-alive probe, with RST", .proves("ATK-51"),
    arguments: [false, true])
  func restartedPeer(_ waitsForProbe: Bool) throws {
    let pair = Pair(link: LinkDescription(name: InterfaceName("x"), mtu: 1500))
    let listener = try pair.two.listen(on: Endpoint(Pair.address2, 9000))
    var options = ConnectionOptions()
    options.keepAlive = waitsForProbe
    let handle = try pair.one.connect(to: Endpoint(Pair.address2, 9000), options: options)
    pair.run(.seconds(1))
    #expect(pair.two.accept(listener) != nil)
    pair.restartTwo()
    if !waitsForProbe { try pair.one.write([1, 2, 3], on: handle) }
    pair.run(waitsForProbe ? .seconds(7300) : .seconds(1))
    #expect(pair.one.status(handle)?.endReason == .reset(in: .established))
    guard case .connection(handle, let events)? = pair.one.events().last else {
      Issue.record("no event")
      return
    }
    #expect(events.contains(.ended))
    #expect(pair.one.pagesInUse == 0)
  }

  @Test(
    "A hundred thousand timers that are due at once are run once each, and none of what was closed", .proves("ATK-50"))
  func timerStorm() throws {
    let count = 100_000
    let bench = StackBench.onIP { $0.resetBurst = 1 }
    var handles: [ConnectionHandle] = []
    for number in 0..<count {
      let remote = Endpoint(.v4(IPv4Address(10, 0, 0, UInt8(2 + number / 50_000))), UInt16(1 + number % 50_000))
      handles.append(try bench.connect(to: remote, from: Endpoint(StackBench.ours, 1000)))
    }
    #expect(bench.drain().count == count)
    for handle in handles[0..<1000] { bench.abort(handle) }
    bench.now = bench.now + .seconds(1)
    bench.host.expire(at: bench.now)
    #expect(bench.drain().count == count - 1000)
    #expect(bench.nextDeadline > bench.now)
    #expect(bench.connectionCount == count - 1000)
  }

  @Test("A host talks to itself by its own address and by loopback, and nothing leaves")
  func loopback() throws {
    for address in [StackBench.ours, .v4(.loopback), .v6(.loopback), .v6(StackBench.ours6)] {
      let bench = StackBench.onIP()
      let listener = try bench.listen(on: Endpoint(address, 80))
      let client = try bench.connect(to: Endpoint(address, 80))
      #expect(bench.drain().isEmpty)
      let server = try #require(bench.accept(listener))
      let text = StreamPattern.ours.octets(from: 0, count: 100_000)
      try bench.write(text, on: client)
      #expect(bench.drain().isEmpty)
      var read: [UInt8] = []
      for _ in 0..<200 where read.count < text.count {
        read += try bench.read(server)
        #expect(bench.wait(.milliseconds(50)).isEmpty)
      }
      #expect(read == text)
      bench.close(client)
      bench.close(server)
      bench.wait(.minutes(3))
      #expect(bench.connectionCount == 0 && bench.pagesInUse == 0)
    }
  }

  // MARK: What a link does for the host

  @Test("A link that completes checksums gets the sum of the pseudo-header, one that does not the whole checksum")
  func partialChecksums() throws {
    let bench = StackBench()
    var link = LinkDescription(name: InterfaceName("tun"), mtu: 1500)
    link.completesChecksums = true
    bench.addInterface(link)
    _ = try bench.connect(to: Endpoint(StackBench.theirs, 80))
    let sent = try #require(bench.drain().first)
    #expect(sent.duty == .partial(start: 20, offset: 16))
    #expect(!sent.hasRightChecksum)
    var bytes = sent.bytes
    bytes.withMutableOctets(0..<bytes.count) { Checksum.complete(&$0, start: 20, offset: 16) }
    #expect(Sighting(bytes).hasRightChecksum)
  }

  @Test(
    "A link that cuts trains gets them whole, unless their checksums would have to be complete",
    arguments: [true, false])
  func trains(completesChecksums: Bool) throws {
    let bench = StackBench()
    var link = LinkDescription(name: InterfaceName("tun"), mtu: 1500)
    link.completesChecksums = completesChecksums
    link.maximumTrain = 61440
    bench.addInterface(link)
    let handle = try bench.connect(to: Endpoint(StackBench.theirs, 80))
    var peer = RawPeer(bench, port: 80, to: try #require(bench.status(handle)).local)
    peer.answerOpening()
    try bench.write([UInt8](repeating: 1, count: 14600), on: handle)
    let sent = bench.drain()
    #expect(completesChecksums ? sent.count < 10 : sent.allSatisfy { $0.text.count <= 1460 && $0.hasRightChecksum })
    #expect(sent.map { $0.text.count }.reduce(0, +) == 14600)
  }
}
