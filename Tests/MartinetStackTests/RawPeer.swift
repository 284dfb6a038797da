import MartinetStack
import MartinetTCP
import MartinetTestSupport
import MartinetWire

/// The other end of a connection, played segment by segment.
struct RawPeer {
  let bench: StackBench
  var end: Endpoint
  var host: Endpoint
  /// What the peer sends next, and what it expects next.
  var next: UInt32 = 1000
  var expected: UInt32 = 0
  var window: UInt16 = 65535

  init(_ bench: StackBench, port: UInt16, to host: Endpoint, from address: IPAddress? = nil) {
    self.bench = bench
    let family = host.address.isIPv4 ? StackBench.theirs : IPAddress.v6(StackBench.theirs6)
    end = Endpoint(address ?? family, port)
    self.host = host
  }

  /// Sends a segment that takes `text` and the sequence numbers of its flags; returns what the host answers.
  @discardableResult
  mutating func send(_ flags: TCPFlags, _ text: [UInt8] = []) -> [Sighting] {
    let answers = bench.answers(to: segment(flags, text))
    next &+= UInt32(text.count) + (flags.contains(.syn) ? 1 : 0) + (flags.contains(.fin) ? 1 : 0)
    return hear(answers)
  }

  func segment(_ flags: TCPFlags, _ text: [UInt8] = []) -> [UInt8] {
    Build.segment(
      end, host, flags, sequence: next, acknowledgement: flags.contains(.ack) ? expected : 0, window: window,
      text,
      mss: flags.contains(.syn) ? 1460 : nil)
  }

  /// Keeps what of `sightings` is for this peer, and notes how far its octets reach.
  @discardableResult
  mutating func hear(_ sightings: [Sighting]) -> [Sighting] {
    let mine = sightings.filter {
      $0.tcp?.destinationPort == end.port && $0.destination == end.address && $0.tcp?.sourcePort == host.port
    }
    for sighting in mine {
      guard let header = sighting.tcp, !header.isRST else { continue }
      expected = (header.sequence + header.sequenceLength(payload: sighting.text.count)).rawValue
    }
    return mine
  }

  /// Opens a connection to a listener with three segments.
  mutating func open() {
    send(.syn)
    send(.ack)
  }

  /// Takes the SYN of a connection that the host opens, and answers it.
  mutating func answerOpening() {
    hear(bench.drain())
    send([.syn, .ack])
  }
}

/// Two hosts back to back, 10.0.0.1 and 10.0.0.2, with nothing but the wire between them.
final class Pair {
  let one: StackBench
  private(set) var two: StackBench
  private let link: LinkDescription
  private let configuration: HostConfiguration
  static let address1 = IPAddress.v4(IPv4Address(10, 0, 0, 1))
  static let address2 = IPAddress.v4(IPv4Address(10, 0, 0, 2))
  /// Says of each packet, counted from 0, whether it is lost.
  var loses: (Int) -> Bool = { _ in false }
  private(set) var packets = 0

  init(link: LinkDescription, configure: (inout HostConfiguration) -> Void = { _ in }) {
    var configuration = HostConfiguration()
    configure(&configuration)
    self.configuration = configuration
    self.link = link
    one = StackBench(configuration: configuration, secret: HostSecret(1, 2))
    one.addInterface(link)
    two = Pair.second(link, configuration, secret: HostSecret(3, 4))
  }

  private static func second(
    _ link: LinkDescription, _ configuration: HostConfiguration, secret: HostSecret
  ) -> StackBench {
    let bench = StackBench(configuration: configuration, secret: secret)
    var link = link
    if link.kind != .ip { link.kind = .ethernet(StackBench.theirMAC) }
    bench.addInterface(link, ipv4: IPPrefix(Pair.address2, 24), ipv6: IPPrefix(.v6(StackBench.theirs6), 64))
    return bench
  }

  /// Host two crashes, and comes back with nothing of what it knew.
  func restartTwo() {
    let now = two.now
    two = Pair.second(link, configuration, secret: HostSecret(5, 6))
    two.now = now
  }

  private func carry(_ sightings: [Sighting], to bench: StackBench) -> Bool {
    for sighting in sightings {
      defer { packets += 1 }
      if !loses(packets) { bench.feed(sighting.bytes) }
    }
    return !sightings.isEmpty
  }

  /// Lets `interval` pass for both.
  func run(_ interval: Interval) {
    let end = one.now + interval
    while true {
      let first = one.drain()
      let second = two.drain()
      let moved = carry(first, to: two)
      if carry(second, to: one) || moved { continue }
      let next = min(one.host.nextDeadline, two.host.nextDeadline)
      guard next <= end else { break }
      for bench in [one, two] {
        bench.now = max(bench.now, next)
        bench.host.expire(at: bench.now)
      }
    }
    one.now = end
    two.now = end
  }
}
