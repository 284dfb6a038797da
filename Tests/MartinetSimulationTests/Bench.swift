import MartinetSimulation
import MartinetTCP
import MartinetWire

/// A packet as a host received it.
struct Arrival: Equatable {
  var time: Int64
  var bytes: [UInt8]
}

extension Network {
  /// What the tap of `host` saw arrive since the last call.
  mutating func arrivals(at host: HostID) -> [Arrival] {
    var arrivals: [Arrival] = []
    while takeCaptured(
      of: host,
      { packet, bytes in
        guard packet.direction == .received else { return }
        var octets: [UInt8] = []
        for offset in 0..<bytes.byteCount { octets.append(bytes.uint8(at: offset)) }
        arrivals.append(Arrival(time: packet.time.nanoseconds, bytes: octets))
      })
    {}
    return arrivals
  }

  mutating func inject(_ packet: [UInt8], into wire: WireID, _ direction: WireDirection) {
    packet.withOctets(0..<packet.count) { inject($0, into: wire, direction) }
  }
}

/// Two hosts without addresses, a wire between them, and packets of the test's own making.
struct Bench: ~Copyable {
  var network: Network
  let left: HostID
  let right: HostID
  let wire: WireID

  init(_ impairment: Impairment, seed: UInt64 = 1, mtu: Int = 1500) {
    network = Network(seed: seed)
    left = network.addHost()
    right = network.addHost()
    wire = network.connect(.host(left), .host(right), by: WireDescription(impairment, mtu: mtu))
    network.tap(right)
    network.tap(left)
  }

  /// A packet that is no IP packet and says its number in its first two octets.
  static func packet(_ number: Int, octets: Int = 1000) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: octets)
    bytes[0] = UInt8(number >> 8 & 0xFF)
    bytes[1] = UInt8(number & 0xFF)
    return bytes
  }

  mutating func send(_ bytes: [UInt8], _ direction: WireDirection = .toRight) {
    network.inject(bytes, into: wire, direction)
  }

  /// Sends `count` packets, one every `interval` nanoseconds, and lets everything arrive.
  mutating func sendSeries(_ count: Int, every interval: Int64, octets: Int = 1000) {
    for number in 0..<count {
      network.advance(to: Instant(nanoseconds: Int64(number) * interval))
      send(Bench.packet(number, octets: octets))
    }
    finish()
  }

  mutating func finish() {
    while network.step() {}
  }

  mutating func arrivals(at host: HostID) -> [Arrival] { network.arrivals(at: host) }

  /// The numbers of the packets that came to the right, in order.
  mutating func numbers() -> [Int] {
    arrivals(at: right).map { Int($0.bytes[0]) << 8 | Int($0.bytes[1]) }
  }

  var statistics: ChannelStatistics { network.statistics(of: wire, .toRight) }
}
