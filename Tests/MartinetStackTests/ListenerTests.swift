import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Listeners")
struct ListenerTests {
  private static let local = Endpoint(StackBench.ours, 80)

  private static func bench(
    backlog: Int = 5, configure: (inout HostConfiguration) -> Void = { _ in }
  ) throws -> (StackBench, ListenerHandle) {
    let bench = StackBench.onIP(configure: configure)
    return (bench, try bench.listen(on: local, backlog: backlog))
  }

  @Test("A SYN is answered, and the connection offered when its handshake is complete")
  func handshake() throws {
    let (bench, listener) = try Self.bench()
    var peer = RawPeer(bench, port: 5000, to: Self.local)
    let answer = try #require(peer.send(.syn).first)
    #expect(answer.tcp?.flags == [.syn, .ack])
    #expect(answer.hasRightChecksum)
    #expect(bench.accept(listener) == nil && bench.events().isEmpty)
    peer.send(.ack)
    guard case .listener(listener)? = bench.events().first else {
      Issue.record("no event")
      return
    }
    let handle = try #require(bench.accept(listener))
    #expect(bench.phase(handle) == .established)
    #expect(bench.status(handle)?.remote == peer.end && bench.status(handle)?.local == Self.local)
    #expect(bench.accept(listener) == nil)
  }

  @Test("Connections are accepted in the order in which their handshakes were completed", .proves("JSS-08"))
  func order() throws {
    let (bench, listener) = try Self.bench()
    var peers = (0..<4).map { RawPeer(bench, port: 5000 + UInt16($0), to: Self.local) }
    for index in 0..<4 { peers[index].send(.syn) }
    for index in [2, 0, 3, 1] { peers[index].send(.ack) }
    let ports = (0..<4).compactMap { _ in bench.accept(listener).flatMap { bench.status($0)?.remote.port } }
    #expect(ports == [5002, 5000, 5003, 5001])
  }

  @Test("What arrives before accept is kept for whoever accepts", .proves("JSS-09"))
  func earlyData() throws {
    let (bench, listener) = try Self.bench()
    var peer = RawPeer(bench, port: 5000, to: Self.local)
    peer.open()
    peer.send([.ack, .psh], [1, 2, 3])
    peer.send([.ack, .fin])
    _ = bench.events()
    let handle = try #require(bench.accept(listener))
    guard case .connection(handle, let events)? = bench.events().first else {
      Issue.record("no event for what waited")
      return
    }
    #expect(events.contains(.readable) && events.contains(.peerClosed))
    #expect(try bench.read(handle) == [1, 2, 3])
    #expect(bench.phase(handle) == .closeWait)
  }

  @Test("A connection that is reset before anybody accepted it is not offered", .proves("JSS-10"))
  func resetBeforeAccept() throws {
    let (bench, listener) = try Self.bench()
    var peer = RawPeer(bench, port: 5000, to: Self.local)
    peer.open()
    peer.send([.ack, .psh], [1, 2, 3])
    peer.send([.rst, .ack])
    #expect(bench.accept(listener) == nil)
    #expect(bench.connectionCount == 0)
    #expect(bench.pagesInUse == 0)
  }

  // MARK: Bounds

  @Test(
    "With a full accept queue a SYN is dropped, a last ACK ignored and the SYN,ACK repeated, and all goes on after accept",
    .proves("JSS-15", "JSS-16"))
  func backlog() throws {
    let (bench, listener) = try Self.bench(backlog: 2)
    var peers = (0..<4).map { RawPeer(bench, port: 5000 + UInt16($0), to: Self.local) }
    for index in 0..<3 { peers[index].send(.syn) }
    peers[0].send(.ack)
    peers[1].send(.ack)
    #expect(peers[2].send(.ack).isEmpty)
    #expect(peers[3].send(.syn).isEmpty)
    #expect(bench.discarded(.acceptQueueFull) == 2)
    let repeated = peers[2].hear(bench.wait(.milliseconds(1500)))
    #expect(repeated.contains { $0.tcp?.flags == [.syn, .ack] })
    // An established connection is not disturbed.
    let first = try #require(bench.accept(listener))
    peers[0].send([.ack, .psh], [9])
    #expect(try bench.read(first) == [9])
    peers[2].send(.ack)
    let ports = (0..<3).compactMap { _ in bench.accept(listener).flatMap { bench.status($0)?.remote.port } }
    #expect(ports == [5001, 5002])
    peers[3].next = 1000
    #expect(peers[3].send(.syn).first?.tcp?.flags == [.syn, .ack])
  }

  @Test("Where it is configured a full accept queue refuses with RST")
  func refusal() throws {
    let (bench, _) = try Self.bench(backlog: 1) { $0.refusesWhenFull = true }
    var first = RawPeer(bench, port: 5000, to: Self.local)
    first.open()
    var second = RawPeer(bench, port: 5001, to: Self.local)
    #expect(second.send(.syn).first?.tcp?.flags == [.rst, .ack])
  }

  @Test(
    "Half-open connections are bounded: without cookies the oldest makes room, and established ones are untouched",
    .proves("4987-01", "4987-05"))
  func synFlood() throws {
    let (bench, listener) = try Self.bench {
      $0.synQueue = 16
      $0.synCookies = false
    }
    var friend = RawPeer(bench, port: 4000, to: Self.local)
    friend.open()
    let handle = try #require(bench.accept(listener))
    for number in 0..<2000 {
      let source = Endpoint(.v4(IPv4Address(10, 0, 0, UInt8(3 + number % 200))), UInt16(1000 + number))
      bench.feed(Build.segment(source, Self.local, .syn, sequence: UInt32(number)))
      _ = bench.drain()
    }
    #expect(bench.connectionCount == 17)
    #expect(bench.statistics.halfOpenRecycled == 2000 - 16)
    friend.send([.ack, .psh], [1, 2])
    #expect(try bench.read(handle) == [1, 2])
    var late = RawPeer(bench, port: 4001, to: Self.local)
    late.open()
    #expect(bench.accept(listener) != nil)
  }

  @Test("Where the oldest is not to be recycled, the newest SYN is dropped", .proves("4987-01"))
  func refusingNew() throws {
    let (bench, _) = try Self.bench {
      $0.synQueue = 4
      $0.synCookies = false
      $0.synQueueRecyclesOldest = false
    }
    var peers = (0..<5).map { RawPeer(bench, port: 5000 + UInt16($0), to: Self.local) }
    for index in 0..<4 { #expect(peers[index].send(.syn).count == 1) }
    #expect(peers[4].send(.syn).isEmpty)
    #expect(bench.discarded(.synQueueFull) == 1)
  }

  @Test("A half-open connection is given up after five repetitions of its SYN,ACK", .proves("4987-04"))
  func halfOpenTimeout() throws {
    let (bench, _) = try Self.bench()
    var peer = RawPeer(bench, port: 5000, to: Self.local)
    peer.send(.syn)
    #expect(bench.connectionCount == 1)
    let repeated = bench.wait(.seconds(600))
    #expect(repeated.count { $0.tcp?.flags == [.syn, .ack] } == 5)
    #expect(bench.connectionCount == 0)
    #expect(bench.pagesInUse == 0)
  }

  // MARK: Who hears what

  @Test(
    "A listener at one address does not hear SYNs to another; beside a wildcard it goes first", .proves("JSS-19"))
  func specific() throws {
    let bench = StackBench.onIP()
    let second = IPAddress.v4(IPv4Address(10, 0, 0, 7))
    bench.host.addAddress(IPPrefix(second, 24), to: InterfaceID(rawValue: 0), at: bench.now)
    let one = try bench.listen(on: Self.local, sharesPort: true)
    var stranger = RawPeer(bench, port: 5000, to: Endpoint(second, 80))
    #expect(stranger.send(.syn).first?.tcp?.flags == [.rst, .ack])
    let all = try bench.listen(on: Endpoint(.v4(.any), 80), sharesPort: true)
    var first = RawPeer(bench, port: 5001, to: Self.local)
    first.open()
    var other = RawPeer(bench, port: 5002, to: Endpoint(second, 80))
    other.open()
    #expect(bench.accept(one).flatMap { bench.status($0)?.remote.port } == 5001)
    #expect(bench.accept(all).flatMap { bench.status($0)?.remote.port } == 5002)
  }

  @Test("A wildcard of both families hears both")
  func bothFamilies() throws {
    let bench = StackBench.onIP()
    let listener = try bench.listen(onPort: 80, backlog: 5)
    var four = RawPeer(bench, port: 5000, to: Self.local)
    four.open()
    var six = RawPeer(bench, port: 5001, to: Endpoint(.v6(StackBench.ours6), 80))
    six.open()
    let ports = (0..<2).compactMap { _ in bench.accept(listener).flatMap { bench.status($0)?.remote.port } }
    #expect(ports == [5000, 5001])
    bench.close(listener)
    var late = RawPeer(bench, port: 5003, to: Endpoint(.v6(StackBench.ours6), 80))
    #expect(late.send(.syn).first?.tcp?.flags == [.rst, .ack])
  }

  @Test(
    "A second listener at the same place is an error and changes nothing", .proves("9293-MUST-41", "JSS-05"),
    arguments: [
      Endpoint(StackBench.ours, 80), Endpoint(.v4(.any), 80),
    ])
  func conflicts(_ second: Endpoint) throws {
    let (bench, listener) = try Self.bench()
    #expect(throws: HostError.addressInUse) { _ = try bench.listen(on: second) }
    #expect(throws: HostError.addressInUse) { _ = try bench.listen(onPort: 80, backlog: 1) }
    var peer = RawPeer(bench, port: 5000, to: Self.local)
    peer.open()
    #expect(bench.accept(listener) != nil)
    _ = try bench.listen(on: Endpoint(.v6(.any), 80))
  }

  @Test("Listening is allowed while a connection of the same port is being opened", .proves("9293-MUST-42"))
  func portInUseByConnection() throws {
    let bench = StackBench.onIP()
    let handle = try bench.connect(to: Endpoint(StackBench.theirs, 99), from: Self.local)
    #expect(bench.phase(handle) == .synSent)
    let listener = try bench.listen(on: Self.local)
    var peer = RawPeer(bench, port: 5000, to: Self.local)
    peer.open()
    #expect(bench.accept(listener) != nil)
    #expect(bench.phase(handle) == .synSent)
  }

  @Test("Port 0 is an ephemeral port; an address of others is an error")
  func ephemeral() throws {
    let bench = StackBench.onIP()
    let listener = try bench.listen(on: Endpoint(StackBench.ours, 0))
    let local = try #require(bench.local(of: listener))
    #expect((49152...65535).contains(local.port))
    #expect(throws: HostError.addressNotAvailable) { _ = try bench.listen(on: Endpoint(StackBench.theirs, 80)) }
  }

  @Test(
    "Closing a listener resets who waits, forgets who is half-open, and leaves the accepted alone",
    .proves("JSS-13", "JSS-20"))
  func closing() throws {
    let (bench, listener) = try Self.bench()
    var peers = (0..<3).map { RawPeer(bench, port: 5000 + UInt16($0), to: Self.local) }
    peers[0].open()
    let handle = try #require(bench.accept(listener))
    peers[1].open()
    peers[2].send(.syn)
    bench.close(listener)
    let sent = bench.drain()
    #expect(sent.map { $0.tcp?.destinationPort } == [5001])
    #expect(sent.first?.tcp?.isRST == true)
    #expect(bench.connectionCount == 1)
    peers[0].send([.ack, .psh], [4])
    #expect(try bench.read(handle) == [4])
    #expect(peers[2].send(.ack).first?.tcp?.flags == .rst)
    _ = try bench.listen(on: Self.local)
    #expect(bench.accept(listener) == nil && bench.local(of: listener) == nil)
  }
}
