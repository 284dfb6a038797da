import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("ARP")
struct ARPTests {
  private static let mine = StackBench.ourMAC
  private static let peer = StackBench.theirMAC

  private static func frame(_ packet: ARPPacket, to destination: MACAddress = .broadcast) -> [UInt8] {
    Build.frame(EtherType.arp, from: packet.senderHardware, to: destination, Build.arp(packet))
  }

  private static func request(
    from sender: IPv4Address = StackBench.theirs4, _ hardware: MACAddress = peer, for target: IPv4Address
  ) -> [UInt8] {
    frame(ARPPacket(.request, senderHardware: hardware, sender: sender, target: target))
  }

  private static func reply(
    from sender: IPv4Address = StackBench.theirs4, _ hardware: MACAddress = peer,
    to target: IPv4Address = StackBench.ours4
  ) -> [UInt8] {
    frame(
      ARPPacket(.reply, senderHardware: hardware, sender: sender, targetHardware: mine, target: target), to: mine)
  }

  /// A bench that can send datagrams to port 9 of any host.
  private static func bench(configure: (inout HostConfiguration) -> Void = { _ in }) throws -> (
    StackBench, DatagramHandle
  ) {
    let bench = StackBench.onEthernet(configure: configure)
    return (bench, try bench.open(Endpoint(StackBench.ours, 5000)))
  }

  private static func send(
    _ text: UInt8, on bench: StackBench, _ handle: DatagramHandle, to address: IPv4Address = StackBench.theirs4
  ) throws {
    try bench.send([text], to: Endpoint(.v4(address), 9), from: handle)
  }

  @Test("A request for our address is answered to whoever asked, and only to him", .proves("826-01", "826-02"))
  func answer() throws {
    let bench = StackBench.onEthernet()
    let answers = bench.answers(to: Self.request(for: StackBench.ours4))
    #expect(answers.count == 1)
    let answer = try #require(answers.first)
    #expect(answer.frame == EthernetHeader(destination: Self.peer, source: Self.mine, etherType: EtherType.arp))
    #expect(
      answer.arp
        == ARPPacket(
          .reply, senderHardware: Self.mine, sender: StackBench.ours4, targetHardware: Self.peer,
          target: StackBench.theirs4))
    #expect(bench.pagesInUse == 0)
  }

  @Test("Whoever asks for us is known from then on", .proves("826-01"))
  func learning() throws {
    let (bench, handle) = try Self.bench()
    bench.feed(Self.request(for: StackBench.ours4))
    _ = bench.drain()
    try Self.send(1, on: bench, handle)
    let sent = bench.drain()
    #expect(sent.count == 1 && sent.first?.udp != nil)
    #expect(sent.first?.frame?.destination == Self.peer)
  }

  @Test("A known sender's new address is believed, whatever the message is for", .proves("826-01", "826-04"))
  func merge() throws {
    let (bench, handle) = try Self.bench()
    bench.feed(Self.request(for: StackBench.ours4))
    _ = bench.drain()
    let other = MACAddress(2, 0, 0, 0, 0, 9)
    #expect(bench.answers(to: Self.request(from: StackBench.theirs4, other, for: StackBench.theirs4)).isEmpty)
    try Self.send(1, on: bench, handle)
    #expect(bench.drain().first?.frame?.destination == other)
  }

  @Test("Answers that nobody asked for, and talk between others, make no entries", .proves("826-04"))
  func poisoning() throws {
    let (bench, handle) = try Self.bench()
    bench.feed(Self.reply())
    bench.feed(Self.request(for: IPv4Address(10, 0, 0, 50)))
    try Self.send(1, on: bench, handle)
    let sent = bench.drain()
    #expect(sent.count == 1 && sent.first?.arp?.operation == .request)
  }

  @Test("A question goes to everybody, with no target hardware address", .proves("826-02", "1122-28"))
  func question() throws {
    let (bench, handle) = try Self.bench()
    try Self.send(1, on: bench, handle)
    let sent = bench.drain()
    #expect(sent.count == 1)
    #expect(sent.first?.frame?.destination == .broadcast)
    #expect(
      sent.first?.arp
        == ARPPacket(.request, senderHardware: Self.mine, sender: StackBench.ours4, target: StackBench.theirs4))
  }

  @Test("What waits for the address leaves when it is known: the latest packets, at least one", .proves("1122-27"))
  func waiting() throws {
    let (bench, handle) = try Self.bench { $0.unresolvedPackets = 2 }
    for text in 1...5 as ClosedRange<UInt8> { try Self.send(text, on: bench, handle) }
    #expect(bench.drain().count == 1)
    let sent = bench.answers(to: Self.reply())
    #expect(sent.map { $0.body } == [[4], [5]])
    #expect(sent.allSatisfy { $0.frame?.destination == Self.peer })
    #expect(bench.discarded(.unresolvedQueueFull) == 3)
    #expect(bench.pagesInUse == 0)
  }

  @Test("One destination is asked for at most once a second, three times", .proves("1122-26"))
  func rate() throws {
    let (bench, handle) = try Self.bench()
    var times: [Instant] = []
    for _ in 0..<35 {
      try Self.send(1, on: bench, handle)
      for sighting in bench.drain() where sighting.arp != nil { times.append(bench.now) }
      for sighting in bench.wait(.milliseconds(100)) where sighting.arp != nil { times.append(bench.now) }
    }
    #expect(times.count >= 3)
    for (one, next) in zip(times, times.dropFirst()) { #expect(next - one >= .milliseconds(1000)) }
    #expect(bench.discarded(.neighbourUnresolved) > 0)
  }

  @Test("An entry that was not confirmed for long is asked again, and forgotten if nobody answers", .proves("1122-26"))
  func staleEntries() throws {
    let (bench, handle) = try Self.bench()
    try Self.send(1, on: bench, handle)
    _ = bench.drain()
    bench.feed(Self.reply())
    #expect(bench.drain().count == 1)
    bench.wait(.seconds(50))
    try Self.send(2, on: bench, handle)
    var sent = bench.drain()
    #expect(sent.count == 1 && sent.first?.udp != nil)
    sent = bench.wait(.seconds(10))
    let questions = sent.compactMap { $0.frame }
    #expect(questions.map { $0.destination } == [Self.peer, Self.peer, Self.peer])
    try Self.send(3, on: bench, handle)
    #expect(bench.drain().first?.arp?.operation == .request)
  }

  @Test(
    "Messages of another kind, cut off, or from a group's hardware address are ignored", .proves("826-03"),
    arguments: [0, 1, 2, 3, 4, 5, 6])
  func malformed(_ variant: Int) {
    let bench = StackBench.onEthernet()
    var frame = Self.request(for: StackBench.ours4)
    switch variant {
    case 0: frame[14 + 1] = 6
    case 1: frame[14 + 2] = 9
    case 2: frame[14 + 4] = 8
    case 3: frame[14 + 5] = 16
    case 4: frame[14 + 8] = 0xFF
    case 5: frame.removeLast(3)
    default: frame[14 + 7] = 3
    }
    #expect(bench.answers(to: frame).isEmpty)
    #expect(bench.discarded(.arpIgnored) == 1)
    #expect(bench.pagesInUse == 0)
  }

  @Test("The cache is bounded: a flood of askers pushes out the oldest", .proves("826-05"))
  func bound() throws {
    let (bench, handle) = try Self.bench { $0.neighbours = 16 }
    for number in 0..<200 as Range<UInt8> {
      bench.feed(
        Self.request(
          from: IPv4Address(10, 0, 0, 40 + number), MACAddress(UInt64(number) + 1 << 8), for: StackBench.ours4))
      _ = bench.drain()
    }
    #expect(bench.discarded(.neighbourLimit) == 200 - 16)
    try Self.send(1, on: bench, handle, to: IPv4Address(10, 0, 0, 239))
    #expect(bench.drain().first?.udp != nil)
    try Self.send(1, on: bench, handle, to: IPv4Address(10, 0, 0, 41))
    #expect(bench.drain().first?.arp != nil)
  }

  @Test("A scan of addresses that nobody has does not push out who is there", .proves("4861-14"))
  func scan() throws {
    let (bench, handle) = try Self.bench { $0.neighbours = 16 }
    bench.feed(Self.request(for: StackBench.ours4))
    _ = bench.drain()
    for number in 0..<100 as Range<UInt8> {
      try Self.send(1, on: bench, handle, to: IPv4Address(10, 0, 0, 100 + number))
    }
    _ = bench.drain()
    try Self.send(1, on: bench, handle)
    #expect(bench.drain().first?.frame?.destination == Self.peer)
  }

  @Test(
    "Frames to other stations are not ours; a broadcast frame with a packet for us alone is none either",
    .proves("1122-29", "1122-25"))
  func frames() {
    let bench = StackBench.onEthernet()
    let echo = Build.ipv4(
      from: StackBench.theirs4, to: StackBench.ours4, protocolNumber: IPProtocol.icmp,
      Build.icmp(.echoRequest(identifier: 1, sequence: 1), []))
    bench.feed(Self.request(for: StackBench.ours4))
    _ = bench.drain()
    func frame(to destination: MACAddress) -> [UInt8] {
      Build.frame(EtherType.ipv4, from: Self.peer, to: destination, echo)
    }
    #expect(bench.answers(to: frame(to: MACAddress(2, 0, 0, 0, 0, 77))).isEmpty)
    #expect(bench.discarded(.frameForAnother) == 1)
    #expect(bench.answers(to: frame(to: .broadcast)).isEmpty)
    #expect(bench.discarded(.notForUs) == 1)
    #expect(bench.answers(to: frame(to: Self.mine)).count == 1)
    bench.feed(Build.frame(0x88CC, from: Self.peer, to: Self.mine, [1, 2, 3]))
    #expect(bench.discarded(.unknownEtherType) == 1)
  }
}
