import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Segments that belong to no connection, or to nobody")
struct SegmentJudgementTests {
  private static let local = Endpoint(StackBench.ours, 80)
  private static let remote = Endpoint(StackBench.theirs, 5000)

  @Test("A SYN to a port that nobody listens to is refused at once")
  func closedPort() throws {
    let bench = StackBench.onIP()
    let answer = try #require(
      bench.answers(to: Build.segment(Self.remote, Self.local, .syn, sequence: 77, [1, 2, 3])).first)
    let header = try #require(answer.tcp)
    #expect(header.flags == [.rst, .ack])
    #expect(header.sequence == SequenceNumber(0) && header.acknowledgement == SequenceNumber(81))
    #expect(header.sourcePort == 80 && header.destinationPort == 5000)
    #expect(answer.hasRightChecksum)
    #expect(bench.pagesInUse == 0)
  }

  @Test("An ACK out of nowhere gets a RST with its own acknowledgement; a RST gets nothing", .proves("ATK-03"))
  func stray() throws {
    let bench = StackBench.onIP()
    let answer = try #require(
      bench.answers(to: Build.segment(Self.remote, Self.local, .ack, sequence: 5, acknowledgement: 123)).first)
    #expect(answer.tcp?.flags == .rst && answer.tcp?.sequence == SequenceNumber(123))
    #expect(bench.answers(to: Build.segment(Self.remote, Self.local, .rst, sequence: 5)).isEmpty)
    #expect(bench.answers(to: Build.segment(Self.remote, Self.local, [.rst, .ack], sequence: 5)).isEmpty)
    #expect(bench.connectionCount == 0)
  }

  @Test("A listener answers a stray ACK with RST and ignores what is neither SYN, ACK nor RST", .proves("9293-P-03"))
  func strayAtListener() throws {
    let bench = StackBench.onIP()
    let listener = try bench.listen(on: Self.local)
    for flags in [.rst, .fin, [], .psh, [.syn, .fin], [.syn, .rst]] as [TCPFlags] {
      #expect(bench.answers(to: Build.segment(Self.remote, Self.local, flags, sequence: 5)).isEmpty)
    }
    for flags in [.ack, [.syn, .ack], [.fin, .ack]] as [TCPFlags] {
      let answer = bench.answers(to: Build.segment(Self.remote, Self.local, flags, sequence: 5, acknowledgement: 9))
      #expect(answer.first?.tcp?.flags == .rst && answer.first?.tcp?.sequence == SequenceNumber(9))
    }
    #expect(bench.connectionCount == 0)
    #expect(bench.accept(listener) == nil)
  }

  @Test("Resets are limited by a bucket of tokens", .proves("ATK-03"))
  func rateLimit() {
    let bench = StackBench.onIP {
      $0.resetBurst = 7
      $0.resetsPerSecond = 10
    }
    for port in 1...100 as ClosedRange<UInt16> {
      bench.feed(Build.segment(Endpoint(StackBench.theirs, port), Self.local, .syn))
    }
    #expect(bench.drain().count == 7)
    #expect(bench.discarded(.rateLimited) == 93)
    #expect(bench.pagesInUse == 0)
  }

  @Test("A segment from the very end that it is sent to makes no connection and no answer", .proves("ATK-01"))
  func land() throws {
    for local in [Self.local, Endpoint(.v6(StackBench.ours6), 80)] {
      let bench = StackBench.onIP()
      let listener = try bench.listen(on: local)
      #expect(bench.answers(to: Build.segment(local, local, .syn, sequence: 5)).isEmpty)
      #expect(bench.discarded(.landAttack) == 1)
      // The same from another of our ports: an address of ours does not come from a wire.
      #expect(bench.answers(to: Build.segment(Endpoint(local.address, 81), local, .syn)).count == 0)
      #expect(bench.connectionCount == 0 && bench.accept(listener) == nil)
      #expect(bench.pagesInUse == 0)
    }
  }

  @Test("A SYN to a broadcast or multicast address is ignored", .proves("9293-MUST-57", "1122-37"))
  func groups() throws {
    let bench = StackBench.onIP()
    _ = try bench.listen(onPort: 80, backlog: 5)
    for address in [IPv4Address.limitedBroadcast, IPv4Address(10, 0, 0, 255), IPv4Address(224, 0, 0, 1)] {
      #expect(bench.answers(to: Build.segment(Self.remote, Endpoint(.v4(address), 80), .syn)).isEmpty)
    }
    let six = Build.segment(
      Endpoint(.v6(StackBench.theirs6), 5000), Endpoint(.v6(.allNodes), 80), .syn)
    #expect(bench.answers(to: six).isEmpty)
    #expect(bench.discarded(.synToGroup) == 4)
    #expect(bench.connectionCount == 0)
  }

  @Test(
    "A SYN from an address that no host has is ignored", .proves("9293-MUST-63"),
    arguments: [
      IPv6Address.any, .allNodes, .loopback, IPv6Address(high: 0, low: 0xFFFF_0A00_0002),
    ])
  func invalidSources(_ source: IPv6Address) throws {
    let bench = StackBench.onIP()
    _ = try bench.listen(onPort: 80, backlog: 5)
    let syn = Build.segment(Endpoint(.v6(source), 5000), Endpoint(.v6(StackBench.ours6), 80), .syn)
    #expect(bench.answers(to: syn).isEmpty)
    #expect(bench.connectionCount == 0)
  }

  @Test("A segment with a wrong checksum changes nothing but a counter", .proves("9293-MUST-3", "ATK-48"))
  func badChecksum() throws {
    let bench = StackBench.onIP()
    let listener = try bench.listen(on: Self.local)
    var packet = Build.segment(Self.remote, Self.local, .syn)
    packet[30] ^= 1
    #expect(bench.answers(to: packet).isEmpty)
    #expect(bench.connectionCount == 0)
    var peer = RawPeer(bench, port: 5000, to: Self.local)
    peer.open()
    let handle = try #require(bench.accept(listener))
    for flags in [.ack, [.ack, .psh], .rst, [.rst, .ack], [.fin, .ack], .syn] as [TCPFlags] {
      var spoilt = peer.segment(flags, [1, 2, 3])
      spoilt[spoilt.count - 1] ^= 1
      #expect(bench.answers(to: spoilt).isEmpty)
    }
    #expect(bench.discarded(.badTransportChecksum) == 7)
    let status = try #require(bench.status(handle))
    #expect(status.phase == .established && status.unreadBytes == 0)
    #expect(status.receiveNext == SequenceNumber(peer.next))
    #expect(bench.pagesInUse == 0)
  }

  @Test("A checksum is believed only of a link that vouches for it")
  func vouching() throws {
    var packet = Build.segment(Self.remote, Self.local, .syn)
    packet[36] ^= 1
    for vouches in [false, true] {
      let bench = StackBench()
      var link = LinkDescription(name: InterfaceName("ip0"), mtu: 1500)
      link.vouchesForChecksums = vouches
      bench.addInterface(link)
      bench.feed(packet, trust: .vouched)
      #expect(bench.drain().count == (vouches ? 1 : 0))
    }
  }

  @Test("TCP headers that run past the segment are dropped", .proves("ATK-29"))
  func malformed() throws {
    let bench = StackBench.onIP()
    _ = try bench.listen(on: Self.local)
    let segment = Array(Build.segment(Self.remote, Self.local, .syn)[20...])
    for length in 0..<segment.count {
      var cut = Array(segment[0..<length])
      if length >= 18 {
        cut[16] = 0
        cut[17] = 0
        let sum = Build.transportChecksum(
          cut, from: StackBench.theirs, to: StackBench.ours, protocolNumber: IPProtocol.tcp)
        cut[16] = UInt8(sum >> 8)
        cut[17] = UInt8(sum & 255)
      }
      bench.feed(
        Build.ipv4(from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.tcp, cut))
    }
    #expect(bench.drain().isEmpty)
    #expect(bench.connectionCount == 0 && bench.pagesInUse == 0)
  }
}
