import MartinetSimulation
import MartinetTCP
import MartinetWire
import Testing

@Suite("An Ethernet switch")
struct SwitchTests {
  /// Hosts around a switch; the frames are of the test's making.
  struct Ring: ~Copyable {
    var network = Network(seed: 1)
    var hosts: [HostID] = []
    var wires: [WireID] = []

    init(_ count: Int, capacity: Int = 1024) {
      let hub = network.addSwitch(capacity: capacity)
      for _ in 0..<count {
        let host = network.addHost()
        hosts.append(host)
        wires.append(network.connect(.host(host), .ethernetSwitch(hub)))
        network.tap(host)
      }
    }

    mutating func send(from index: Int, source: UInt8, to target: [UInt8]) {
      let frame: [UInt8] = target + [2, 0, 0, 0, 9, source] + [0x88, 0xB5] + [UInt8](repeating: 7, count: 46)
      frame.withOctets(0..<frame.count) { network.inject($0, into: wires[index], .toRight) }
      while network.step() {}
    }

    mutating func received() -> [Int] {
      var counts: [Int] = []
      for host in hosts {
        var count = 0
        while network.takeCaptured(of: host, { packet, _ in if packet.direction == .received { count += 1 } }) {}
        counts.append(count)
      }
      return counts
    }
  }

  static func address(_ number: UInt8) -> [UInt8] { [2, 0, 0, 0, 9, number] }

  @Test("An unknown address is flooded, a known one goes out at its port only")
  func learning() {
    var ring = Ring(4)
    ring.send(from: 0, source: 1, to: SwitchTests.address(2))
    #expect(ring.received() == [0, 1, 1, 1])
    ring.send(from: 1, source: 2, to: SwitchTests.address(1))
    #expect(ring.received() == [1, 0, 0, 0])
    ring.send(from: 0, source: 1, to: SwitchTests.address(2))
    #expect(ring.received() == [0, 1, 0, 0])
  }

  @Test("Broadcast and multicast go everywhere but back")
  func groups() {
    var ring = Ring(3)
    ring.send(from: 2, source: 3, to: [255, 255, 255, 255, 255, 255])
    #expect(ring.received() == [1, 1, 0])
    ring.send(from: 1, source: 2, to: [0x33, 0x33, 0, 0, 0, 1])
    #expect(ring.received() == [1, 0, 1])
  }

  @Test("An address that moved is found at its new port")
  func moving() {
    var ring = Ring(3)
    ring.send(from: 0, source: 1, to: SwitchTests.address(9))
    ring.send(from: 2, source: 1, to: SwitchTests.address(9))
    _ = ring.received()
    ring.send(from: 1, source: 2, to: SwitchTests.address(1))
    #expect(ring.received() == [0, 0, 1])
  }

  @Test("A frame to the port it came from goes nowhere, and a truncated one neither")
  func nowhere() {
    var ring = Ring(3)
    ring.send(from: 0, source: 1, to: SwitchTests.address(9))
    _ = ring.received()
    ring.send(from: 0, source: 2, to: SwitchTests.address(1))
    #expect(ring.received() == [0, 0, 0])
    let stub: [UInt8] = [1, 2, 3]
    stub.withOctets(0..<3) { ring.network.inject($0, into: ring.wires[0], .toRight) }
    while ring.network.step() {}
    #expect(ring.received() == [0, 0, 0])
    #expect(ring.network.packetsInFlight == 0)
  }

  @Test("What the table has no room for is flooded")
  func fullTable() {
    var ring = Ring(3, capacity: 1)
    ring.send(from: 0, source: 1, to: SwitchTests.address(9))
    ring.send(from: 1, source: 2, to: SwitchTests.address(9))
    _ = ring.received()
    ring.send(from: 2, source: 3, to: SwitchTests.address(2))
    #expect(ring.received() == [1, 1, 0])
  }
}
