import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire
import Testing

@Suite("Segments that come in one batch")
struct GatheredTextTests {
  /// A host with one open connection whose arrivals are traced.
  private final class Receiver {
    let bench: StackBench
    var peer: RawPeer
    private(set) var handle: ConnectionHandle
    private(set) var text: [UInt8] = []
    private(set) var acknowledgements: [UInt32] = []

    init(receiveBuffer: Int = 60_000) throws {
      bench = StackBench.onIP { $0.tcp.connection.receiveBufferSize = receiveBuffer }
      let listener = try bench.listen(on: Endpoint(.v4(.any), 80))
      peer = RawPeer(bench, port: 5000, to: Endpoint(StackBench.ours, 80))
      peer.open()
      handle = try #require(bench.accept(listener))
      bench.host.setTracing(true)
    }

    /// Feeds the packets as one batch, or one by one as if nothing was known of the next; then reads, and hears what is answered.
    func take(_ packets: [[UInt8]], asBatch: Bool) throws {
      for (index, packet) in packets.enumerated() {
        bench.feed(packet, moreFollows: asBatch && index + 1 < packets.count)
      }
      // The stream may be over, or not have anything.
      if let read = try? bench.read(handle, room: 1 << 20) { text += read }
      for sighting in bench.drain() {
        if let header = sighting.tcp, header.isACK { acknowledgements.append(header.acknowledgement.rawValue) }
      }
    }

    /// The payloads of the arrivals that the connection saw.
    func arrivals() -> [Int] {
      var arrivals: [Int] = []
      while let event = bench.host.pollTrace() {
        if case .received(let segment) = event.kind { arrivals.append(segment.payload) }
      }
      return arrivals
    }
  }

  private static let full = [UInt8](repeating: 7, count: 1000)

  /// A segment of the peer at `offset` from what it sends next.
  private func segment(
    _ peer: RawPeer, at offset: Int, _ text: [UInt8] = full, flags: TCPFlags = .ack, acknowledging delta: UInt32 = 0,
    window: UInt16 = 65535, timestamps: TCPTimestamps? = nil, congested: Bool = false
  ) -> [UInt8] {
    var packet = Build.segment(
      peer.end, peer.host, flags, sequence: peer.next &+ UInt32(truncatingIfNeeded: offset),
      acknowledgement: peer.expected &+ delta, window: window, text, timestamps: timestamps)
    if congested {
      packet[1] = 3
      packet[10] = 0
      packet[11] = 0
      let checksum = packet.withOctets(0..<20) { Checksum.of($0) }
      packet[10] = UInt8(checksum >> 8)
      packet[11] = UInt8(checksum & 255)
    }
    return packet
  }

  @Test("Full segments in order are one arrival with one acknowledgement, up to one that is shorter or has PSH")
  func trains() throws {
    let receiver = try Receiver()
    let peer = receiver.peer
    try receiver.take(
      [
        segment(peer, at: 0), segment(peer, at: 1000), segment(peer, at: 2000, flags: [.ack, .psh]),
        segment(peer, at: 3000), segment(peer, at: 4000, [UInt8](repeating: 8, count: 10)), segment(peer, at: 4010),
      ], asBatch: true)
    #expect(receiver.arrivals() == [3000, 1010, 1000])
    #expect(receiver.acknowledgements == [peer.next + 5010])
    // With the two of the handshake.
    #expect(receiver.bench.status(receiver.handle)?.statistics.segmentsReceived == 8)
    #expect(receiver.text.count == 5010)
  }

  @Test("What the receiver must see apart stays apart")
  func apart() throws {
    let first = TCPTimestamps(value: 100, echo: 1)
    typealias Variant = (String, (RawPeer) -> [UInt8])
    let variants: [Variant] = [
      ("FIN", { segment($0, at: 1000, flags: [.ack, .fin]) }),
      ("URG", { segment($0, at: 1000, flags: [.ack, .urg]) }),
      ("CWR", { segment($0, at: 1000, flags: [.ack, .cwr]) }),
      ("ECE", { segment($0, at: 1000, flags: [.ack, .ece]) }),
      ("a mark", { segment($0, at: 1000, timestamps: first, congested: true) }),
      ("another acknowledgement", { segment($0, at: 1000, acknowledging: UInt32.max, timestamps: first) }),
      ("another window", { segment($0, at: 1000, window: 999, timestamps: first) }),
      ("later timestamps", { segment($0, at: 1000, timestamps: TCPTimestamps(value: 101, echo: 1)) }),
      ("no timestamps", { segment($0, at: 1000) }),
      ("a gap", { segment($0, at: 1001, timestamps: first) }),
      ("a repetition", { segment($0, at: 0, timestamps: first) }),
      ("a larger one", { segment($0, at: 1000, [UInt8](repeating: 7, count: 1001), timestamps: first) }),
      ("a pure acknowledgement", { segment($0, at: 1000, [], timestamps: first) }),
    ]
    for (name, second) in variants {
      let receiver = try Receiver()
      try receiver.take([segment(receiver.peer, at: 0, timestamps: first), second(receiver.peer)], asBatch: true)
      #expect(receiver.arrivals().count == 2, "\(name)")
    }
    let receiver = try Receiver()
    try receiver.take(
      [segment(receiver.peer, at: 0, timestamps: first), segment(receiver.peer, at: 1000, timestamps: first)],
      asBatch: true)
    #expect(receiver.arrivals() == [2000])
  }

  @Test("What fills a gap is not put off, and what comes behind a reset finds nothing")
  func gaps() throws {
    let receiver = try Receiver()
    let peer = receiver.peer
    try receiver.take([segment(peer, at: 2000)], asBatch: true)
    try receiver.take([segment(peer, at: 0), segment(peer, at: 1000)], asBatch: true)
    #expect(receiver.arrivals() == [1000, 1000, 1000])
    #expect(receiver.text.count == 3000)
    try receiver.take(
      [segment(peer, at: 3000), segment(peer, at: 4000, [], flags: .rst), segment(peer, at: 4000)], asBatch: true)
    #expect(receiver.arrivals().prefix(2) == [1000, 0])
    #expect(receiver.bench.status(receiver.handle)?.endReason != nil)
  }

  @Test("A segment with a wrong checksum is in no train")
  func checksum() throws {
    let receiver = try Receiver()
    var wrong = segment(receiver.peer, at: 1000)
    wrong[wrong.count - 1] ^= 1
    try receiver.take([segment(receiver.peer, at: 0), wrong], asBatch: true)
    #expect(receiver.text.count == 1000)
    #expect(receiver.bench.discarded(.badTransportChecksum) == 1)
  }

  @Test("A connection that is gone when its text is handed over leaves no page behind")
  func gone() throws {
    let receiver = try Receiver()
    let before = receiver.bench.pagesInUse
    receiver.bench.feed(segment(receiver.peer, at: 0), moreFollows: true)
    receiver.bench.abort(receiver.handle)
    _ = receiver.bench.drain()
    receiver.bench.feed([0], moreFollows: false)
    #expect(receiver.bench.pagesInUse == before)
    #expect(receiver.bench.discarded(.noConnection) == 1)
  }

  @Test(
    "In batches or one by one, the same packets bring the same octets and the same end",
    arguments: 1...40 as ClosedRange<UInt64>)
  func equivalence(seed: UInt64) throws {
    var chance = Chance(seed)
    let together = try Receiver()
    let apart = try Receiver()
    var position = 0
    for _ in 0..<40 {
      var batch: [[UInt8]] = []
      for _ in 0..<Int(1 + chance.below(12)) {
        let count = chance.below(8) == 0 ? Int(1 + chance.below(1000)) : 1000
        let text = (0..<count).map { UInt8(truncatingIfNeeded: (position + $0) &* 31 >> 3) }
        let flags: TCPFlags = chance.below(6) == 0 ? [.ack, .psh] : .ack
        let packet = segment(
          together.peer, at: position, text, flags: flags, window: chance.below(10) == 0 ? 1000 : 65535,
          congested: chance.below(10) == 0)
        switch chance.below(12) {
        case 0: batch += [packet, packet]
        case 1 where !batch.isEmpty: batch.insert(packet, at: batch.count - 1)
        default: batch.append(packet)
        }
        position += count
      }
      try together.take(batch, asBatch: true)
      try apart.take(batch, asBatch: false)
      #expect(together.text.count == apart.text.count)
      #expect(together.acknowledgements.last == apart.acknowledgements.last)
    }
    let end = segment(together.peer, at: position, [1, 2, 3], flags: [.ack, .fin])
    try together.take([end], asBatch: true)
    try apart.take([end], asBatch: false)
    #expect(together.text.count == position + 3)
    #expect(together.text == apart.text)
    #expect(together.bench.phase(together.handle) == .closeWait)
    #expect(apart.bench.phase(apart.handle) == .closeWait)
    #expect(together.acknowledgements.count <= apart.acknowledgements.count)
    let counted = [together, apart].map { $0.bench.status($0.handle)?.statistics.segmentsReceived }
    #expect(counted[0] == counted[1])
    #expect(together.arrivals().count < apart.arrivals().count)
  }

  /// Small numbers from a seed.
  private struct Chance {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func below(_ limit: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % limit
    }
  }
}
